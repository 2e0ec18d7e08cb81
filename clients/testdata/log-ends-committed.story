# Who waits for the last stable offset is told nothing of the log's end.
write a
consumer ends=true committed=true
run 1200ms
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 1, high watermark 1: 0:a
