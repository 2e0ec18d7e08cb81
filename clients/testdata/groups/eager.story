# The eager protocol: everybody gives everything back before it joins again. a hears of b by a heartbeat.
write 0 a b c
member a auto=5s
run 1s
member b auto=5s
run 5s
owners
offsets
write 0 d
write 2 e
run 1s
close b
run 5s
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
    23ms  a: reads 0: 0:a 1:b 2:c
  1.009s  broker 1: join v9 of "" by range, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.015s  broker 1: commit v10 orders-0=3 orders-1=0 orders-2=0 orders-3=0 of billing, generation 1 
  3.016s  a: auto-commit of 3 acknowledged
  3.016s  a: auto-commit of 0 acknowledged
  3.016s  a: auto-commit of 0 acknowledged
  3.016s  a: auto-commit of 0 acknowledged
  3.016s  a: asked to give back [0 1 2 3]
  3.017s  broker 1: join v9 of "member-1" by range, claims  of generation 1
  3.018s  group_joined generation=2 members=2
  3.018s  group_joined generation=2 members=0
  3.019s  broker 1: generation 2 gives member-1 [0 1]
  3.019s  broker 1: generation 2 gives member-2 [2 3]
   3.02s  a: assigned [0 1], generation 2
   3.02s  b: assigned [2 3], generation 2
  3.022s  a: 0 starts at 3 (committed)
  3.022s  a: 1 starts at 0 (committed)
  3.022s  b: 2 starts at 0 (committed)
  3.022s  b: 3 starts at 0 (committed)
      6s  a has [0 1], generation 2
      6s  b has [2 3], generation 2
      6s  committed: orders-0=3 (epoch 0) orders-1=0 (epoch 0) orders-2=0 (epoch 0) orders-3=0 (epoch 0)
  6.007s  a: reads 0: 3:d
  6.009s  b: reads 2: 0:e
  7.001s  broker 1: commit v10 orders-2=1 orders-3=0 of billing, generation 2 
  7.002s  b: auto-commit of 1 acknowledged
  7.002s  b: auto-commit of 0 acknowledged
  7.002s  b: asked to give back [2 3]
  7.003s  broker 1: member-2 leaves (the consumer is being closed)
  7.006s  b: closed
  8.021s  broker 1: commit v10 orders-0=4 orders-1=0 of billing, generation 2 
  8.022s  a: auto-commit of 4 acknowledged
  8.022s  a: auto-commit of 0 acknowledged
  9.019s  broker 1: heartbeat of member-1, generation 2: REBALANCE_IN_PROGRESS
  9.021s  broker 1: commit v10 orders-0=4 orders-1=0 of billing, generation 2 
  9.022s  a: auto-commit of 4 acknowledged
  9.022s  a: auto-commit of 0 acknowledged
  9.022s  a: asked to give back [0 1]
  9.023s  broker 1: join v9 of "member-1" by range, claims  of generation 2
  9.024s  group_joined generation=3 members=1
  9.025s  broker 1: generation 3 gives member-1 [0 1 2 3]
  9.026s  a: assigned [0 1 2 3], generation 3
  9.028s  a: 0 starts at 4 (committed)
  9.028s  a: 1 starts at 0 (committed)
  9.028s  a: 2 starts at 1 (committed)
  9.028s  a: 3 starts at 0 (committed)
     12s  a has [0 1 2 3], generation 3
     12s  b has [], generation 2
