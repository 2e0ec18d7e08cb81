# Who reads uncommitted gets all but the markers.
write-as 7 a
write-as 8 b
mark 7 abort
write-as 7 c
consumer
run 1s
mark 8 commit
mark 7 abort
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 4, high watermark 4: 0:a 1:b 3:c
  1.006s  read 4 to 6, high watermark 6: 
