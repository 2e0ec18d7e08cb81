# Nothing committed: auto.offset.reset. A second consumer of the group goes on where the first committed.
write a b c
consumer group=billing
run 200ms
commit 2
run 100ms
offsets
consumer group=billing
run 200ms
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   201ms  broker 1: commit v10 orders-0=2 of billing, generation -1 
   202ms  offset_committed partition=0 offset=2
   202ms  commit of 2 acknowledged
   300ms  committed: orders-0=2 (epoch 0)
   310ms  moved -1 to 2 (committed)
   317ms  read 2 to 3, high watermark 3: 2:c
