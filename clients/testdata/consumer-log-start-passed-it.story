consumer
run 100ms
down 1
down 2
write a b c d
start 3
up 1
up 2
run 2s
----
    10ms  moved -1 to 0 (assigned)
   100ms  client_connection_lost broker=1 requests=1
   224ms  offset_reset partition=0 from=0 to=3
   224ms  moved 0 to 3 (reset)
   226ms  read 3 to 4, high watermark 4: 3:d
