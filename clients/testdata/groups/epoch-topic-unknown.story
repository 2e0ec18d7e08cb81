# KIP-848: the coordinator names topics by ids. One that the metadata does not have yet is asked for.
member a protocol=consumer
run 1s
recreate
member b protocol=consumer
run 12s
owners
dump a
----
     9ms  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
    10ms  group_joined generation=1 members=-1
    10ms  a: assigned [0 1 2 3], generation 1
    11ms  broker 1: heartbeat v1 of a, epoch 1, has [0 1 2 3]
    17ms  a: 0 starts at 0 (assigned)
    17ms  a: 1 starts at 0 (assigned)
    17ms  a: 2 starts at 0 (assigned)
    17ms  a: 3 starts at 0 (assigned)
  1.009s  broker 1: heartbeat v1 of b, epoch 0, topics [orders], has []
   1.01s  group_joined generation=2 members=-1
  5.014s  a: asked to give back [0 1 2 3]
  5.014s  a: assigned [], generation 1
  5.015s  broker 1: heartbeat v1 of a, epoch 1, has []
  5.016s  group_joined generation=2 members=-1
  5.016s  a: assigned [1 3], generation 2
  5.017s  broker 1: heartbeat v1 of a, epoch 2, has [1 3]
   5.02s  a: 1 starts at 0 (assigned)
   5.02s  a: 3 starts at 0 (assigned)
  6.012s  b: assigned [0 2], generation 2
  6.013s  broker 1: heartbeat v1 of b, epoch 2, has [0 2]
  6.019s  b: 0 starts at 0 (assigned)
  6.019s  b: 2 starts at 0 (assigned)
     13s  a has [1 3], generation 2
     13s  b has [0 2], generation 2
     13s  consumer: 1 fetches under way
member "v0EV-Pv9T8ycxsZIFL5mMg" of billing: stable, generation 2
orders-1 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
orders-3 fetching, position 0 (epoch 0), high watermark 0, leader epoch 0
