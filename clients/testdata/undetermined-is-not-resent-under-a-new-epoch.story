# b is appended and its answer lost, then the leader forgets the producer.
# Kafka 4.3 would send b again under the next epoch and duplicate it.
producer request=1s
send a
run 100ms
fate 2 close
send b c
run 10ms
reset-producers
run 3s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   107ms  a acknowledged offset=0 attempts=1
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   201ms  client_connection_lost broker=1 requests=2
   201ms  batch_retried partition=0 records=1 attempt=1 error=13
   201ms  batch_retried partition=0 records=1 attempt=1 error=13
   318ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   320ms  batch_retried partition=0 records=1 attempt=2 error=45
   320ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   320ms  batch_given_up partition=0 records=1 attempt=2 error=45
   320ms  b indeterminate offset=-1 attempts=2 OUT_OF_ORDER_SEQUENCE_NUMBER
   320ms  batch_given_up partition=0 records=1 attempt=1 error=13
   320ms  c indeterminate offset=-1 attempts=1 NETWORK_EXCEPTION
   3.21s  log: a b
