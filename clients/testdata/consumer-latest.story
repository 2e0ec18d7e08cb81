write a b
consumer reset=latest
run 100ms
write c
run 1s
----
    10ms  moved -1 to 2 (assigned)
   102ms  read 2 to 3, high watermark 3: 2:c
