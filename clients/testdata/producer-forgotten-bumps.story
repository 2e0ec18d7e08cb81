# The leader has lost what it knew of the producer. The batch that was
# refused is in no log: it goes again under the next epoch.
producer
send a
run 100ms
reset-producers
send b c
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   107ms  a acknowledged offset=0 attempts=1
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   202ms  batch_retried partition=0 records=1 attempt=1 error=45
   202ms  batch_retried partition=0 records=1 attempt=1 error=45
   202ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   290ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   292ms  batch_acknowledged partition=0 records=1 attempt=2 offset=1
   292ms  b acknowledged offset=1 attempts=2
   316ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   318ms  batch_acknowledged partition=0 records=1 attempt=2 offset=2
   318ms  c acknowledged offset=2 attempts=2
    1.2s  log: a b c
