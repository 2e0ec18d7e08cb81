# Two producers' transactions lie across one another. A consumer that reads
# committed leaves out what was aborted and waits for what is open; its position
# moves over both kinds and over markers.
write-as 7 a
write-as 8 b
write p
write-as 7 c
mark 7 abort
write-as 8 d
mark 8 commit
write-as 7 e
write-as 8 f
mark 8 abort
write q
consumer committed=true
run 1s
mark 7 commit
run 1s
write r
run 1s
log
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 7, high watermark 11: 1:b 2:p 5:d
  1.006s  read 7 to 12, high watermark 12: 7:e 10:q
   2.01s  read 12 to 13, high watermark 13: 12:r
      3s  log: a b p c (abort of 7) d (commit of 8) e f (abort of 8) q (commit of 7) r
