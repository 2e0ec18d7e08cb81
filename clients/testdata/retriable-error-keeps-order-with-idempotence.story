producer
fate 1 NOT_ENOUGH_REPLICAS
send a b c
run 2s
log
----
   105ms  produce_sent partition=0 records=1 attempt=1 bytes=69
   105ms  produce_sent partition=0 records=1 attempt=1 bytes=69
   105ms  produce_sent partition=0 records=1 attempt=1 bytes=69
   107ms  produce_retried partition=0 records=1 attempt=1 error=19
   107ms  produce_retried partition=0 records=1 attempt=1 error=45
   107ms  produce_retried partition=0 records=1 attempt=1 error=45
   195ms  produce_sent partition=0 records=1 attempt=2 bytes=69
   197ms  produce_acknowledged partition=0 records=1 attempt=2 offset=0
   197ms  a acknowledged offset=0 attempts=2
   221ms  produce_sent partition=0 records=1 attempt=2 bytes=69
   223ms  produce_acknowledged partition=0 records=1 attempt=2 offset=1
   223ms  b acknowledged offset=1 attempts=2
   223ms  produce_sent partition=0 records=1 attempt=2 bytes=69
   225ms  produce_acknowledged partition=0 records=1 attempt=2 offset=2
   225ms  c acknowledged offset=2 attempts=2
    2.1s  log: a b c
