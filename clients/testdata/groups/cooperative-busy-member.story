# The group waits for a member that works for long, but nobody stops reading meanwhile: a is asked for its partitions at its next poll.
member a assignor=cooperative-sticky
run 1s
busy a
write 0 x
run 1s
member b assignor=cooperative-sticky
run 8s
owners
poll a
run 5s
owners
----
     9ms  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by cooperative-sticky, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
  1.005s  a: reads 0: 0:x
  2.009s  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
  2.011s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  6.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  9.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
     10s  a has [0 1 2 3], generation 1
     10s  b has [], generation -1
 10.001s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1 2 3] of generation 1
 10.002s  group_joined generation=2 members=2
 10.002s  group_joined generation=2 members=0
 10.003s  broker 1: generation 2 gives member-1 [0 1]
 10.003s  broker 1: generation 2 gives member-2 []
 10.004s  a: asked to give back [2 3]
 10.004s  a: assigned [], generation 2
 10.004s  b: assigned [], generation 2
 10.005s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 2
 13.003s  broker 1: heartbeat of member-2, generation 2: REBALANCE_IN_PROGRESS
 13.005s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation 2
 13.006s  group_joined generation=3 members=2
 13.006s  group_joined generation=3 members=0
 13.007s  broker 1: generation 3 gives member-1 [0 1]
 13.007s  broker 1: generation 3 gives member-2 [2 3]
 13.008s  a: assigned [], generation 3
 13.008s  b: assigned [2 3], generation 3
 13.015s  b: 2 starts at 0 (assigned)
 13.015s  b: 3 starts at 0 (assigned)
     15s  a has [0 1], generation 3
     15s  b has [2 3], generation 3
