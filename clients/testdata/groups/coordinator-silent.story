# No heartbeat is answered for a session: Kafka's consumer looks for the coordinator anew and goes on with what it has.
member a
run 1s
fate heartbeat 1 lose
run 15s
write 0 a
run 1s
owners
----
     9ms  broker 1: join v9 of "" by range, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by range, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
 10.012s  client_connection_lost broker=2147483646 requests=1
 16.005s  a: reads 0: 0:a
     17s  a has [0 1 2 3], generation 1
