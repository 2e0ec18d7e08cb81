# A poll that waits commits too. A commit that fails is not retried; the next one comes after retry.backoff.ms.
write a b
consumer group=billing auto=1s
run 500ms
commit-fate 1 COORDINATOR_LOAD_IN_PROGRESS
run 2s
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 2, high watermark 2: 0:a 1:b
  1.001s  broker 1: commit v10 orders-0=2 of billing, generation -1 COORDINATOR_LOAD_IN_PROGRESS
  1.002s  auto-commit of 2 failed COORDINATOR_LOAD_IN_PROGRESS
  1.103s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  1.104s  offset_committed partition=0 offset=2
  1.104s  auto-commit of 2 acknowledged
  2.103s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  2.104s  offset_committed partition=0 offset=2
  2.104s  auto-commit of 2 acknowledged
    2.5s  committed: orders-0=2 (epoch 0)
