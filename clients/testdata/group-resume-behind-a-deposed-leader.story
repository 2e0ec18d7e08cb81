# What is committed was read under a newer leader than the metadata tell. The one that they tell has less, and knows nothing of it: it is not asked (KIP-320).
write a b
depose
write c d
consumer group=billing
run 200ms
commit 4@1
run 100ms
metadata stale
consumer group=billing
run 1s
metadata current
run 1s
write e
run 1s
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 4, high watermark 4: 0:a 1:b 2:c 3:d
   201ms  broker 1: commit v10 orders-0=4 of billing, generation -1 
   202ms  offset_committed partition=0 offset=4
   202ms  commit of 4 acknowledged
   310ms  moved -1 to 4 (committed)
  2.302s  read 4 to 5, high watermark 5: 4:e
