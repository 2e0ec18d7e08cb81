# What the broker may have is not given up at the delivery time-out; what it surely has not, is.
producer client=franz-go-1 delivery=1s request=500ms in-flight=1
fate 1 lose
fate 2 lose
fate 3 lose
send a b
run 5s
fate 6 NOT_ENOUGH_REPLICAS
fate 7 NOT_ENOUGH_REPLICAS
fate 8 NOT_ENOUGH_REPLICAS
fate 9 NOT_ENOUGH_REPLICAS
fate 10 NOT_ENOUGH_REPLICAS
fate 11 NOT_ENOUGH_REPLICAS
send c d
run 5s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   605ms  client_connection_lost broker=1 requests=1
   605ms  batch_retried partition=0 records=1 attempt=1 error=13
   722ms  batch_sent partition=0 records=1 attempt=2 bytes=69
  1.222s  client_connection_lost broker=1 requests=1
  1.222s  batch_retried partition=0 records=1 attempt=2 error=13
  1.427s  batch_sent partition=0 records=1 attempt=3 bytes=69
  1.927s  client_connection_lost broker=1 requests=1
  1.927s  batch_retried partition=0 records=1 attempt=3 error=13
  2.281s  batch_sent partition=0 records=1 attempt=4 bytes=69
  2.283s  batch_acknowledged partition=0 records=1 attempt=4 offset=0
  2.283s  a acknowledged offset=0 attempts=4
  2.283s  batch_failed partition=0 records=1 attempt=0 error=7
  2.283s  b failed offset=-1 attempts=0 REQUEST_TIMED_OUT
    5.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  5.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=1
  5.102s  c acknowledged offset=1 attempts=1
  5.102s  batch_sent partition=0 records=1 attempt=1 bytes=69
  5.104s  batch_retried partition=0 records=1 attempt=1 error=19
  5.209s  batch_sent partition=0 records=1 attempt=2 bytes=69
  5.211s  batch_retried partition=0 records=1 attempt=2 error=19
  5.401s  batch_sent partition=0 records=1 attempt=3 bytes=69
  5.403s  batch_retried partition=0 records=1 attempt=3 error=19
  5.812s  batch_sent partition=0 records=1 attempt=4 bytes=69
  5.814s  batch_retried partition=0 records=1 attempt=4 error=19
    6.1s  batch_failed partition=0 records=1 attempt=4 error=7
    6.1s  d failed offset=-1 attempts=4 REQUEST_TIMED_OUT
    6.1s  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   10.1s  log: a c
