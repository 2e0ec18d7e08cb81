producer
fate 1 NOT_ENOUGH_REPLICAS
send a b c
run 2s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_retried partition=0 records=1 attempt=1 error=19
   107ms  batch_retried partition=0 records=1 attempt=1 error=45
   107ms  batch_retried partition=0 records=1 attempt=1 error=45
   195ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   197ms  batch_acknowledged partition=0 records=1 attempt=2 offset=0
   197ms  a acknowledged offset=0 attempts=2
   221ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   223ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   223ms  b acknowledged offset=1 attempts=2
   223ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   225ms  batch_acknowledged partition=0 records=1 attempt=2 offset=2
   225ms  c acknowledged offset=2 attempts=2
    2.1s  log: a b c
