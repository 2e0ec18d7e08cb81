# Without the truncation check the shorter log only shows as an offset out of range.
write a b
consumer no-truncation-check=true
run 100ms
cut 1
leader 2
run 1s
write x
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 2, high watermark 2: 0:a 1:b
   113ms  offset_reset partition=0 from=2 to=0
   113ms  moved 2 to 0 (reset)
   115ms  read 0 to 1, high watermark 1: 0:a
  1.109s  read 1 to 2, high watermark 2: 1:x
