producer idempotent=false in-flight=1
fate 1 NOT_ENOUGH_REPLICAS
send a b c
run 2s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_retried partition=0 records=1 attempt=1 error=19
   217ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   219ms  batch_acknowledged partition=0 records=1 attempt=2 offset=0
   219ms  a acknowledged offset=0 attempts=2
   219ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   221ms  batch_acknowledged partition=0 records=1 attempt=1 offset=1
   221ms  b acknowledged offset=1 attempts=1
   221ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   223ms  batch_acknowledged partition=0 records=1 attempt=1 offset=2
   223ms  c acknowledged offset=2 attempts=1
    2.1s  log: a b c
