# The sticky assignor is eager, and remembers: b closes, and a keeps what it had.
member a assignor=sticky
run 1s
member b assignor=sticky
run 5s
member c assignor=sticky
run 5s
owners
close b
run 5s
owners
----
     9ms  broker 1: join v9 of "" by sticky, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by sticky, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
  1.009s  broker 1: join v9 of "" by sticky, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by sticky, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.014s  a: asked to give back [0 1 2 3]
  3.015s  broker 1: join v9 of "member-1" by sticky, claims  of generation 1
  3.016s  group_joined generation=2 members=2
  3.016s  group_joined generation=2 members=0
  3.017s  broker 1: generation 2 gives member-1 [0 1]
  3.017s  broker 1: generation 2 gives member-2 [2 3]
  3.018s  a: assigned [0 1], generation 2
  3.018s  b: assigned [2 3], generation 2
  3.022s  a: 0 starts at 0 (assigned)
  3.022s  a: 1 starts at 0 (assigned)
  3.025s  b: 2 starts at 0 (assigned)
  3.025s  b: 3 starts at 0 (assigned)
  6.009s  broker 1: join v9 of "" by sticky, claims  of generation -1
  6.011s  broker 1: join v9 of "member-3" by sticky, claims  of generation -1
  6.017s  broker 1: heartbeat of member-1, generation 2: REBALANCE_IN_PROGRESS
  6.017s  broker 1: heartbeat of member-2, generation 2: REBALANCE_IN_PROGRESS
  6.018s  a: asked to give back [0 1]
  6.018s  b: asked to give back [2 3]
  6.019s  broker 1: join v9 of "member-1" by sticky, claims  of generation 2
  6.019s  broker 1: join v9 of "member-2" by sticky, claims  of generation 2
   6.02s  group_joined generation=3 members=3
   6.02s  group_joined generation=3 members=0
   6.02s  group_joined generation=3 members=0
  6.021s  broker 1: generation 3 gives member-1 [0]
  6.021s  broker 1: generation 3 gives member-2 [2 3]
  6.021s  broker 1: generation 3 gives member-3 [1]
  6.022s  a: assigned [0], generation 3
  6.022s  b: assigned [2 3], generation 3
  6.022s  c: assigned [1], generation 3
  6.026s  a: 0 starts at 0 (assigned)
  6.026s  b: 2 starts at 0 (assigned)
  6.026s  b: 3 starts at 0 (assigned)
  6.029s  c: 1 starts at 0 (assigned)
     11s  a has [0], generation 3
     11s  b has [2 3], generation 3
     11s  c has [1], generation 3
     11s  b: asked to give back [2 3]
 11.001s  broker 1: member-2 leaves (the consumer is being closed)
 11.004s  b: closed
 12.021s  broker 1: heartbeat of member-1, generation 3: REBALANCE_IN_PROGRESS
 12.021s  broker 1: heartbeat of member-3, generation 3: REBALANCE_IN_PROGRESS
 12.022s  a: asked to give back [0]
 12.022s  c: asked to give back [1]
 12.023s  broker 1: join v9 of "member-1" by sticky, claims  of generation 3
 12.023s  broker 1: join v9 of "member-3" by sticky, claims  of generation 3
 12.024s  group_joined generation=4 members=2
 12.024s  group_joined generation=4 members=0
 12.025s  broker 1: generation 4 gives member-1 [0 2]
 12.025s  broker 1: generation 4 gives member-3 [1 3]
 12.026s  a: assigned [0 2], generation 4
 12.026s  c: assigned [1 3], generation 4
  12.03s  a: 0 starts at 0 (assigned)
  12.03s  a: 2 starts at 0 (assigned)
  12.03s  c: 1 starts at 0 (assigned)
  12.03s  c: 3 starts at 0 (assigned)
     16s  a has [0 2], generation 4
     16s  b has [], generation 3
     16s  c has [1 3], generation 4
