# Kafka's default list rebalances eagerly: range knows no other way.
member a assignor=range,cooperative-sticky
run 1s
member b assignor=range,cooperative-sticky
run 5s
owners
----
     9ms  broker 1: join v9 of "" by range,cooperative-sticky, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by range,cooperative-sticky, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
  1.009s  broker 1: join v9 of "" by range,cooperative-sticky, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by range,cooperative-sticky, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.014s  a: asked to give back [0 1 2 3]
  3.015s  broker 1: join v9 of "member-1" by range,cooperative-sticky, claims  of generation 1
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
      6s  a has [0 1], generation 2
      6s  b has [2 3], generation 2
