# librdkafka counts itself out.
member a client=librdkafka-2
run 1s
fate heartbeat 1 lose
run 15s
expire
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
 10.012s  a: lost [0 1 2 3]
 10.013s  broker 1: join v9 of "" by range, claims  of generation -1
 10.015s  broker 1: join v9 of "member-2" by range, claims  of generation -1
 16.001s  group_joined generation=2 members=1
 16.002s  broker 1: generation 2 gives member-2 [0 1 2 3]
 16.003s  a: assigned [0 1 2 3], generation 2
 16.007s  a: 0 starts at 0 (assigned)
 16.007s  a: 1 starts at 0 (assigned)
 16.007s  a: 2 starts at 0 (assigned)
 16.007s  a: 3 starts at 0 (assigned)
     17s  a has [0 1 2 3], generation 2
