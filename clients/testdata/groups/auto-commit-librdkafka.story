# librdkafka commits what was handed out by a timer of its own, in a group as well.
member a client=librdkafka-2 auto=1s
run 500ms
busy a
write 0 a b
run 2s
member b client=librdkafka-2 auto=1s
run 2s
offsets
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
   503ms  a: reads 0: 0:a 1:b
  1.015s  broker 1: commit v10 orders-0=2 of billing, generation 1 
  1.016s  a: auto-commit of 2 acknowledged
  2.509s  broker 1: join v9 of "" by range, claims  of generation -1
  2.511s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
    4.5s  committed: orders-0=2 (epoch 0)
