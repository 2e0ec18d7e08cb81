# The application ends its work and commits before it gives partitions back: the commit is of the old generation.
member a
run 1s
hold a
member b
run 5s
write 0 a
commit a 0 1
run 1s
owners
release a
run 1s
owners
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
  1.009s  broker 1: join v9 of "" by range, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.014s  a: asked to give back [0 1 2 3]
  6.001s  broker 1: commit v10 orders-0=1 of billing, generation 1 
  6.002s  a: commit of 1 acknowledged
  6.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
      7s  a has [0 1 2 3], generation 1
      7s  b has [], generation -1
  7.001s  broker 1: join v9 of "member-1" by range, claims  of generation 1
  7.002s  group_joined generation=2 members=2
  7.002s  group_joined generation=2 members=0
  7.003s  broker 1: generation 2 gives member-1 [0 1]
  7.003s  broker 1: generation 2 gives member-2 [2 3]
  7.004s  a: assigned [0 1], generation 2
  7.004s  b: assigned [2 3], generation 2
  7.006s  a: 0 starts at 1 (committed)
  7.008s  a: 1 starts at 0 (assigned)
  7.011s  b: 2 starts at 0 (assigned)
  7.011s  b: 3 starts at 0 (assigned)
      8s  a has [0 1], generation 2
      8s  b has [2 3], generation 2
      8s  committed: orders-0=1 (epoch 0)
