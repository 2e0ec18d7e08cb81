# Nothing is handed out, and yet the position moves.
write-as 7 a b
mark 7 abort
consumer committed=true
run 1s
write c
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 3, high watermark 3: 
  1.006s  read 3 to 4, high watermark 4: 3:c
