# The committed offset's epoch finds that the log was cut below it since (KIP-320).
write a b c d
consumer group=billing
run 200ms
commit 4
run 100ms
cut 2
leader 2
write x y z
consumer group=billing
run 500ms
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 4, high watermark 4: 0:a 1:b 2:c 3:d
   201ms  broker 1: commit v10 orders-0=4 of billing, generation -1 
   202ms  offset_committed partition=0 offset=4
   202ms  commit of 4 acknowledged
   310ms  moved -1 to 4 (committed)
   315ms  consumer_truncated partition=0 from=4 to=2
   315ms  moved 4 to 2 (truncated)
   316ms  consumer_truncated partition=0 from=4 to=2
   316ms  moved 4 to 2 (truncated)
   317ms  read 2 to 5, high watermark 5: 2:x 3:y 4:z
