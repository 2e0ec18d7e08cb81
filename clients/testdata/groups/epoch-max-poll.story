# KIP-848: left for want of a poll, a sends nothing until the next one.
member a protocol=consumer max-poll=6s
run 1s
busy a
write 0 a
run 20s
commit a 0 1
poll a
run 1s
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
  1.011s  a: reads 0: 0:a
  7.011s  poll_interval_exceeded generation=1
  7.012s  broker 1: a leaves by -1
     21s  a: commit of 1 failed UNKNOWN_MEMBER_ID
     21s  a: lost [0 1 2 3]
 21.001s  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
 21.002s  group_joined generation=3 members=-1
 21.002s  a: assigned [0 1 2 3], generation 3
 21.003s  broker 1: heartbeat v1 of a, epoch 3, has [0 1 2 3]
 21.006s  a: 0 starts at 0 (assigned)
 21.006s  a: 1 starts at 0 (assigned)
 21.006s  a: 2 starts at 0 (assigned)
 21.006s  a: 3 starts at 0 (assigned)
 21.093s  a: reads 0: 0:a
     22s  a has [0 1 2 3], generation 3
