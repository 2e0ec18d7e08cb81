# To the ends, to a time before, within and after the log.
write a b c
consumer
run 300ms
seek-to earliest
run 100ms
seek-to latest
run 100ms
write d
run 100ms
seek-to time 1
run 100ms
seek-to time 2
run 100ms
pause
write e
run 600ms
resume
run 600ms
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   302ms  moved 3 to 0 (seek)
   402ms  moved 0 to 3 (seek)
   506ms  read 3 to 4, high watermark 4: 3:d
   602ms  moved 4 to 0 (seek)
   704ms  moved 0 to 4 (seek)
  1.402s  read 4 to 5, high watermark 5: 4:e
