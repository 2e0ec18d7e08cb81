# The new leader has cut what the consumer read, and written something else.
write a b c d
consumer
run 100ms
cut 2
leader 2
write x y z
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 4, high watermark 4: 0:a 1:b 2:c 3:d
   111ms  consumer_truncated partition=0 from=4 to=2
   111ms  moved 4 to 2 (truncated)
   113ms  read 2 to 5, high watermark 5: 2:x 3:y 4:z
