# KIP-848: a static member says that it will be back (-2). Who comes while its place is taken is refused for good.
member a protocol=consumer instance=desk-1
run 1s
close a
run 1s
member b protocol=consumer instance=desk-1
run 1s
fate heartbeat 6 UNRELEASED_INSTANCE_ID
member c protocol=consumer instance=desk-1
run 2s
----
     9ms  broker 1: heartbeat v1 of a (desk-1), epoch 0, topics [orders], has []
    10ms  group_joined generation=1 members=-1
    10ms  a: assigned [0 1 2 3], generation 1
    11ms  broker 1: heartbeat v1 of a (desk-1), epoch 1, has [0 1 2 3]
    17ms  a: 0 starts at 0 (assigned)
    17ms  a: 1 starts at 0 (assigned)
    17ms  a: 2 starts at 0 (assigned)
    17ms  a: 3 starts at 0 (assigned)
      1s  a: asked to give back [0 1 2 3]
  1.001s  broker 1: a leaves by -2
  1.004s  a: closed
  2.009s  broker 1: heartbeat v1 of b (desk-1), epoch 0, topics [orders], has []
   2.01s  group_joined generation=3 members=-1
   2.01s  b: assigned [0 1 2 3], generation 3
  2.011s  broker 1: heartbeat v1 of b (desk-1), epoch 3, has [0 1 2 3]
  2.017s  b: 0 starts at 0 (assigned)
  2.017s  b: 1 starts at 0 (assigned)
  2.017s  b: 2 starts at 0 (assigned)
  2.017s  b: 3 starts at 0 (assigned)
  3.009s  broker 1: heartbeat of c, epoch 0, topics [orders], has []: UNRELEASED_INSTANCE_ID
   3.01s  c: group failed: UNRELEASED_INSTANCE_ID: The instance ID is still used by another member in the consumer group. That member must leave first.
