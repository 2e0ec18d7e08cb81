# The same without the switch: what b had is lost, and its share comes in a second round.
member a assignor=cooperative-sticky
run 1s
member b assignor=cooperative-sticky
run 6s
busy b
write 2 x
run 10ms
kick b
run 6s
owners
poll b
run 4s
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
  1.009s  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.015s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1 2 3] of generation 1
  3.016s  group_joined generation=2 members=2
  3.016s  group_joined generation=2 members=0
  3.017s  broker 1: generation 2 gives member-1 [0 1]
  3.017s  broker 1: generation 2 gives member-2 []
  3.018s  a: asked to give back [2 3]
  3.018s  a: assigned [], generation 2
  3.018s  b: assigned [], generation 2
  3.019s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 2
  6.017s  broker 1: heartbeat of member-2, generation 2: REBALANCE_IN_PROGRESS
  6.019s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation 2
   6.02s  group_joined generation=3 members=2
   6.02s  group_joined generation=3 members=0
  6.021s  broker 1: generation 3 gives member-1 [0 1]
  6.021s  broker 1: generation 3 gives member-2 [2 3]
  6.022s  a: assigned [], generation 3
  6.022s  b: assigned [2 3], generation 3
  6.029s  b: 2 starts at 0 (assigned)
  6.029s  b: 3 starts at 0 (assigned)
  7.003s  b: reads 2: 0:x
  9.021s  broker 1: heartbeat of member-1, generation 3: REBALANCE_IN_PROGRESS
  9.021s  broker 1: heartbeat of member-2, generation 3: UNKNOWN_MEMBER_ID
  9.023s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 3
  9.024s  group_joined generation=4 members=1
  9.025s  broker 1: generation 4 gives member-1 [0 1 2 3]
  9.026s  a: assigned [2 3], generation 4
   9.03s  a: 2 starts at 0 (assigned)
   9.03s  a: 3 starts at 0 (assigned)
  9.059s  a: reads 2: 0:x
  13.01s  a has [0 1 2 3], generation 4
  13.01s  b has [2 3], generation 3
  13.01s  b: lost [2 3]
 13.011s  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
 13.013s  broker 1: join v9 of "member-3" by cooperative-sticky, claims  of generation -1
 15.025s  broker 1: heartbeat of member-1, generation 4: REBALANCE_IN_PROGRESS
 15.027s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1 2 3] of generation 4
 15.028s  group_joined generation=5 members=2
 15.028s  group_joined generation=5 members=0
 15.029s  broker 1: generation 5 gives member-1 [0 1]
 15.029s  broker 1: generation 5 gives member-3 []
  15.03s  a: asked to give back [2 3]
  15.03s  a: assigned [], generation 5
  15.03s  b: assigned [], generation 5
 15.031s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 5
  17.01s  a has [0 1], generation 5
  17.01s  b has [], generation 5
