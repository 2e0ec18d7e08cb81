producer
send a
run 100ms
leader 2
send b
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   107ms  a acknowledged offset=0 attempts=1
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   202ms  batch_retried partition=0 records=1 attempt=1 error=6
   207ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   209ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   209ms  b acknowledged offset=1 attempts=2
    1.2s  log: a b
