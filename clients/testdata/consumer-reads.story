write a b
consumer
run 100ms
write c
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 2, high watermark 2: 0:a 1:b
   104ms  read 2 to 3, high watermark 3: 2:c
