# KIP-848: the coordinator does not know a any more, or has fenced its epoch. What it had is lost, and it joins with epoch 0 under the same id.
member a protocol=consumer
run 1s
kick a
run 6s
owners
fate heartbeat 6 FENCED_MEMBER_EPOCH
run 6s
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
  5.013s  broker 1: heartbeat of a, epoch 1: UNKNOWN_MEMBER_ID
  5.014s  a: lost [0 1 2 3]
  5.015s  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
  5.016s  group_joined generation=3 members=-1
  5.016s  a: assigned [0 1 2 3], generation 3
  5.017s  broker 1: heartbeat v1 of a, epoch 3, has [0 1 2 3]
   5.02s  a: 0 starts at 0 (assigned)
   5.02s  a: 1 starts at 0 (assigned)
   5.02s  a: 2 starts at 0 (assigned)
   5.02s  a: 3 starts at 0 (assigned)
      7s  a has [0 1 2 3], generation 3
 10.019s  broker 1: heartbeat of a, epoch 3: FENCED_MEMBER_EPOCH
  10.02s  a: lost [0 1 2 3]
 10.021s  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
 10.022s  group_joined generation=4 members=-1
 10.022s  a: assigned [0 1 2 3], generation 4
 10.023s  broker 1: heartbeat v1 of a, epoch 4, has [0 1 2 3]
 10.026s  a: 0 starts at 0 (assigned)
 10.026s  a: 1 starts at 0 (assigned)
 10.026s  a: 2 starts at 0 (assigned)
 10.026s  a: 3 starts at 0 (assigned)
     13s  a has [0 1 2 3], generation 4
