# KIP-848: the epoch may rise while a commit is on its way; it is tried again under the new one.
member a protocol=consumer
run 1s
commit-fate 1 STALE_MEMBER_EPOCH
commit a 0 0
run 1s
offsets
----
     9ms  broker 1: heartbeat v1 of a, epoch 0, topics [orders], has []
    10ms  group_joined generation=1 members=-1
    10ms  a: assigned [0 1 2 3], generation 1
    11ms  broker 1: heartbeat v1 of a, epoch 1, has [0 1 2 3]
    17ms  a: 0 starts at 0 (assigned)
    17ms  a: 1 starts at 0 (assigned)
    17ms  a: 2 starts at 0 (assigned)
    17ms  a: 3 starts at 0 (assigned)
  1.001s  broker 1: commit v10 orders-0=0 of billing, generation 1 STALE_MEMBER_EPOCH
    1.1s  broker 1: commit v10 orders-0=0 of billing, generation 1 
  1.101s  a: commit of 0 acknowledged
      2s  committed: orders-0=0 (epoch 0)
