# KIP-848: one heartbeat joins; b gets its partitions when a has given them back and said so.
write 0 a b
member a protocol=consumer auto=10s
run 1s
owners
member b protocol=consumer
run 8s
owners
offsets
close b
run 8s
owners
----
     9ms  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
    10ms  group_joined generation=1 members=-1
    10ms  a: assigned [0 1 2 3], generation 1
    11ms  broker 1: heartbeat v1 of a, epoch 1, has [0 1 2 3]
    17ms  a: 0 starts at 0 (assigned)
    17ms  a: 1 starts at 0 (assigned)
    17ms  a: 2 starts at 0 (assigned)
    17ms  a: 3 starts at 0 (assigned)
    19ms  a: reads 0: 0:a 1:b
      1s  a has [0 1 2 3], generation 1
  1.009s  broker 1: heartbeat v1 of b, epoch 0, topics [orders], has []
   1.01s  group_joined generation=2 members=-1
  5.015s  broker 1: commit v10 orders-0=2 orders-1=0 orders-2=0 orders-3=0 of billing, generation 1 
  5.016s  a: auto-commit of 2 acknowledged
  5.016s  a: auto-commit of 0 acknowledged
  5.016s  a: auto-commit of 0 acknowledged
  5.016s  a: auto-commit of 0 acknowledged
  5.016s  a: asked to give back [0 2]
  5.016s  a: assigned [], generation 1
  5.017s  broker 1: heartbeat v1 of a, epoch 1, has [1 3]
  5.018s  group_joined generation=2 members=-1
  6.012s  b: assigned [0 2], generation 2
  6.013s  broker 1: heartbeat v1 of b, epoch 2, has [0 2]
  6.014s  b: 0 starts at 2 (committed)
  6.014s  b: 2 starts at 0 (committed)
      9s  a has [1 3], generation 2
      9s  b has [0 2], generation 2
      9s  committed: orders-0=2 (epoch 0) orders-1=0 (epoch 0) orders-2=0 (epoch 0) orders-3=0 (epoch 0)
      9s  b: asked to give back [0 2]
  9.001s  broker 1: b leaves by -1
  9.004s  b: closed
  10.02s  group_joined generation=3 members=-1
 10.021s  broker 1: commit v10 orders-1=0 orders-3=0 of billing, generation 3 
 10.022s  a: auto-commit of 0 acknowledged
 10.022s  a: auto-commit of 0 acknowledged
 10.022s  a: assigned [0 2], generation 3
 10.023s  broker 1: heartbeat v1 of a, epoch 3, has [0 1 2 3]
 10.024s  a: 0 starts at 2 (committed)
 10.024s  a: 2 starts at 0 (committed)
     17s  a has [0 1 2 3], generation 3
     17s  b has [], generation 2
