# Every attempt failed definitely. The gap in the sequences costs an epoch.
producer delivery=300ms
fate 1 NOT_ENOUGH_REPLICAS
fate 2 NOT_ENOUGH_REPLICAS
fate 3 NOT_ENOUGH_REPLICAS
fate 4 NOT_ENOUGH_REPLICAS
send a
run 2s
send b
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_retried partition=0 records=1 attempt=1 error=19
   195ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   197ms  batch_retried partition=0 records=1 attempt=2 error=19
   400ms  batch_failed partition=0 records=1 attempt=2 error=19
   400ms  a failed offset=-1 attempts=2 NOT_ENOUGH_REPLICAS
   400ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
    2.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.102s  batch_retried partition=0 records=1 attempt=1 error=19
  2.213s  batch_sent partition=0 records=1 attempt=2 bytes=69
  2.215s  batch_retried partition=0 records=1 attempt=2 error=19
    2.4s  batch_failed partition=0 records=1 attempt=2 error=19
    2.4s  b failed offset=-1 attempts=2 NOT_ENOUGH_REPLICAS
    2.4s  producer_epoch_bumped partition=0 producer_id=1000 epoch=2
    3.1s  log: 
