# The next heartbeat goes to the new coordinator at once, and says everything.
member a protocol=consumer
run 1s
coordinator 2
run 12s
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
  5.013s  broker 1: heartbeat of a, epoch 1: NOT_COORDINATOR
  5.014s  client_connection_lost broker=2147483646 requests=0
   5.02s  broker 2: heartbeat v1 of a, epoch 1, topics [orders], has [0 1 2 3]
     13s  a has [0 1 2 3], generation 1
