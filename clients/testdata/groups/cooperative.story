# The cooperative protocol (KIP-429): b's partitions come in a second round, after a has given them back; a reads on meanwhile.
member a assignor=cooperative-sticky
run 1s
member b assignor=cooperative-sticky
run 2s
write 0 a
run 5s
owners
write 0 b
run 1s
close a
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
  1.009s  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation -1
  3.003s  a: reads 0: 0:a
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
      8s  a has [0 1], generation 3
      8s  b has [2 3], generation 3
  8.003s  a: reads 0: 1:b
      9s  a: asked to give back [0 1]
  9.001s  broker 1: member-1 leaves (the consumer is being closed)
  9.004s  a: closed
  9.021s  broker 1: heartbeat of member-2, generation 3: REBALANCE_IN_PROGRESS
  9.023s  broker 1: join v9 of "member-2" by cooperative-sticky, claims [2 3] of generation 3
  9.024s  group_joined generation=4 members=1
  9.025s  broker 1: generation 4 gives member-2 [0 1 2 3]
  9.026s  b: assigned [0 1], generation 4
   9.03s  b: 0 starts at 0 (assigned)
   9.03s  b: 1 starts at 0 (assigned)
  9.043s  b: reads 0: 0:a 1:b
     14s  a has [], generation 3
     14s  b has [0 1 2 3], generation 4
