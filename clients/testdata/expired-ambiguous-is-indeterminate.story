# One attempt of several ended without an answer: nobody knows. What follows
# waits until all is settled, then goes under a new epoch.
producer delivery=1500ms request=1s
fate 1 drop
fate 2 NOT_ENOUGH_REPLICAS
fate 3 NOT_ENOUGH_REPLICAS
fate 4 NOT_ENOUGH_REPLICAS
fate 5 NOT_ENOUGH_REPLICAS
send a
run 1200ms
send b
run 2s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.105s  client_connection_lost broker=1 requests=1
  1.105s  batch_retried partition=0 records=1 attempt=1 error=13
  1.222s  batch_sent partition=0 records=1 attempt=2 bytes=69
  1.224s  batch_retried partition=0 records=1 attempt=2 error=19
  1.463s  batch_sent partition=0 records=1 attempt=3 bytes=69
  1.463s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.465s  batch_retried partition=0 records=1 attempt=3 error=19
  1.465s  batch_retried partition=0 records=1 attempt=1 error=19
    1.6s  batch_given_up partition=0 records=1 attempt=3 error=19
    1.6s  a indeterminate offset=-1 attempts=3 NOT_ENOUGH_REPLICAS
    1.6s  batch_sent partition=0 records=1 attempt=2 bytes=69
  1.602s  batch_retried partition=0 records=1 attempt=2 error=19
  1.787s  batch_sent partition=0 records=1 attempt=3 bytes=69
  1.789s  batch_retried partition=0 records=1 attempt=3 error=45
  1.789s  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
  2.179s  batch_sent partition=0 records=1 attempt=4 bytes=69
  2.181s  batch_acknowledged partition=0 records=1 attempt=4 offset=0
  2.181s  b acknowledged offset=0 attempts=4
    3.3s  log: b
