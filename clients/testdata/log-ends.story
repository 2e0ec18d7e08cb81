write a
consumer ends=true reset=latest
run 1200ms
write b
run 1200ms
pause
run 800ms
leader 2
run 100ms
----
    10ms  the log ends at 1 (listed, asked at 8ms)
    10ms  moved -1 to 1 (assigned)
   512ms  the log ends at 1 (at position 1, asked at 10ms)
  1.014s  the log ends at 1 (at position 1, asked at 512ms)
  1.206s  read 1 to 2, high watermark 2: 1:b
  1.708s  the log ends at 2 (at position 2, asked at 1.206s)
   2.21s  the log ends at 2 (at position 2, asked at 1.708s)
  2.712s  the log ends at 2 (at position 2, asked at 2.21s)
