# b1 fails retriably, b2 lands, b1 is retried.
producer idempotent=false
fate 1 NOT_ENOUGH_REPLICAS
send a b
run 2s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_retried partition=0 records=1 attempt=1 error=19
   105ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   105ms  b acknowledged offset=0 attempts=1
   217ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   219ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   219ms  a acknowledged offset=1 attempts=2
    2.1s  log: b a
