# The topic is deleted and made again. Epochs of the old log say nothing about
# the new one, and sequences start anew.
producer
write a b
leader 2
consumer
run 200ms
recreate
send x y z
run 3s
log
----
   110ms  moved -1 to 0 (assigned)
   112ms  read 0 to 2, high watermark 2: 0:a 1:b
   305ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   305ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   305ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   307ms  batch_retried partition=0 records=1 attempt=1 error=6
   307ms  batch_retried partition=0 records=1 attempt=1 error=6
   307ms  batch_retried partition=0 records=1 attempt=1 error=6
   310ms  offset_reset partition=0 from=2 to=0
   310ms  moved 2 to 0 (reset)
   411ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   413ms  batch_acknowledged partition=0 records=1 attempt=2 offset=0
   413ms  x acknowledged offset=0 attempts=2
   413ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   415ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   415ms  y acknowledged offset=1 attempts=2
   415ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   417ms  batch_acknowledged partition=0 records=1 attempt=2 offset=2
   417ms  z acknowledged offset=2 attempts=2
   422ms  read 0 to 3, high watermark 3: 0:x 1:y 2:z
    3.3s  log: x y z
