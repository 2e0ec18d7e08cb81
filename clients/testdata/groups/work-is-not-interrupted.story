# a works for long: it is asked for its partitions only when it polls, and the group waits for it. The heartbeats go on.
member a
run 1s
busy a
write 0 a
run 10ms
member b
run 10s
owners
poll a
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
  1.005s  a: reads 0: 0:a
  1.019s  broker 1: join v9 of "" by range, claims  of generation -1
  1.021s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  6.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  9.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  11.01s  a has [0 1 2 3], generation 1
  11.01s  b has [], generation -1
  11.01s  a: asked to give back [0 1 2 3]
 11.011s  broker 1: join v9 of "member-1" by range, claims  of generation 1
 11.012s  group_joined generation=2 members=2
 11.012s  group_joined generation=2 members=0
 11.013s  broker 1: generation 2 gives member-1 [0 1]
 11.013s  broker 1: generation 2 gives member-2 [2 3]
 11.014s  a: assigned [0 1], generation 2
 11.014s  b: assigned [2 3], generation 2
 11.018s  a: 0 starts at 0 (assigned)
 11.018s  a: 1 starts at 0 (assigned)
 11.021s  b: 2 starts at 0 (assigned)
 11.021s  b: 3 starts at 0 (assigned)
 11.047s  a: reads 0: 0:a
  12.01s  a has [0 1], generation 2
  12.01s  b has [2 3], generation 2
