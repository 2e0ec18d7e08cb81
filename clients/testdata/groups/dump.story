# What a consumer says of its membership.
member a
run 1s
hold a
member b
run 3s
dump a
dump b
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
      4s  consumer: 0 fetches under way
member "member-1" of billing: stable, generation 1
the application was asked for partitions and has not given them back
orders-0 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
orders-1 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
orders-2 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
orders-3 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
      4s  consumer: 0 fetches under way
member "member-2" of billing: joining, generation -1
