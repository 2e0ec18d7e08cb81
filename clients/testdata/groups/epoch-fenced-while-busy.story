# The member is fenced while the application, which had nothing to read, is at something else: committing what it has done, say. Nothing is taken
# from it, and it does not join again, before it polls. It has max.poll.interval.ms for that.
member a protocol=consumer max-poll=20s
run 1s
leave-poll a
kick a
run 12s
owners
poll a
run 1s
owners
leave-poll a
run 25s
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
     13s  a has [0 1 2 3], generation 1
     13s  a: lost [0 1 2 3]
 13.001s  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
 13.002s  group_joined generation=3 members=-1
 13.002s  a: assigned [0 1 2 3], generation 3
 13.003s  broker 1: heartbeat v1 of a, epoch 3, has [0 1 2 3]
 13.006s  a: 0 starts at 0 (assigned)
 13.006s  a: 1 starts at 0 (assigned)
 13.006s  a: 2 starts at 0 (assigned)
 13.006s  a: 3 starts at 0 (assigned)
     14s  a has [0 1 2 3], generation 3
     34s  poll_interval_exceeded generation=3
 34.001s  broker 1: a leaves by -1
     39s  a has [0 1 2 3], generation 3
