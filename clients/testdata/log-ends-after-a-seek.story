# The seek overtakes the answer that brings b and the high watermark 2. It is thrown away; the answers from then on are silent about both.
write a
consumer ends=true
run 700ms
write b
seek 2 0
run 1200ms
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 1, high watermark 1: 0:a
   514ms  the log ends at 1 (at position 1, asked at 12ms)
   700ms  moved 1 to 2 (seek)
  1.208s  the log ends at 2 (at position 2, asked at 706ms)
   1.71s  the log ends at 2 (at position 2, asked at 1.208s)
