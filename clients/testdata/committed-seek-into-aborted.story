# Begun in the middle of an aborted transaction: the leader names it all the same.
write-as 7 a b
write p
write-as 7 c
mark 7 abort
consumer committed=true poll=manual
run 1s
seek 1 0
run 1s
poll
----
    10ms  moved -1 to 0 (assigned)
    12ms  available
      1s  moved 0 to 1 (seek)
  1.002s  available
      2s  read 1 to 5, high watermark 5: 2:p
