# Batches behind a failed one are refused; with a new epoch they are sent again.
producer client=librdkafka-2
fate 1 INVALID_RECORD
send a b c
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_failed partition=0 records=1 attempt=1 error=87
   107ms  a failed offset=-1 attempts=1 INVALID_RECORD
   107ms  batch_retried partition=0 records=1 attempt=1 error=45
   107ms  batch_retried partition=0 records=1 attempt=1 error=45
   107ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   195ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   197ms  batch_acknowledged partition=0 records=1 attempt=2 offset=0
   197ms  b acknowledged offset=0 attempts=2
   221ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   223ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   223ms  c acknowledged offset=1 attempts=2
    1.1s  log: b c
