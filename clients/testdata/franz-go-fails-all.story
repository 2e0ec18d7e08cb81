# A batch that fails for sure takes along everything that waits for the partition.
producer client=franz-go-1 in-flight=1
fate 1 INVALID_RECORD
send a b c
run 1s
send d
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_failed partition=0 records=1 attempt=1 error=87
   107ms  a failed offset=-1 attempts=1 INVALID_RECORD
   107ms  batch_failed partition=0 records=1 attempt=0 error=87
   107ms  b failed offset=-1 attempts=0 INVALID_RECORD
   107ms  batch_failed partition=0 records=1 attempt=0 error=87
   107ms  c failed offset=-1 attempts=0 INVALID_RECORD
   107ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  d acknowledged offset=0 attempts=1
    2.1s  log: d
