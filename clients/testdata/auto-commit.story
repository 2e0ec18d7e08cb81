# Kafka's consumer commits in poll what earlier polls returned, changed or not.
write a b c
consumer group=billing auto=1s max=2 poll=manual
run 500ms
poll
run 700ms
poll
run 100ms
write d
run 900ms
poll
run 100ms
poll
run 1500ms
offsets
close
run 100ms
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  available
   500ms  read 0 to 2, high watermark 3: 0:a 1:b
    1.2s  read 2 to 3, high watermark 3: 2:c
  1.201s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  1.202s  offset_committed partition=0 offset=2
  1.202s  auto-commit of 2 acknowledged
  1.302s  available
    2.2s  read 3 to 4, high watermark 4: 3:d
  2.201s  broker 1: commit v10 orders-0=3 of billing, generation -1 
  2.202s  offset_committed partition=0 offset=3
  2.202s  auto-commit of 3 acknowledged
  3.201s  broker 1: commit v10 orders-0=4 of billing, generation -1 
  3.202s  offset_committed partition=0 offset=4
  3.202s  auto-commit of 4 acknowledged
    3.8s  committed: orders-0=4 (epoch 0)
  3.801s  broker 1: commit v10 orders-0=4 of billing, generation -1 
  3.802s  offset_committed partition=0 offset=4
  3.802s  auto-commit of 4 acknowledged
  3.804s  closed
    3.9s  committed: orders-0=4 (epoch 0)
