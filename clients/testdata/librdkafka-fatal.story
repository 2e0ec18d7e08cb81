# The broker has forgotten the producer behind its back: librdkafka cannot say what happened to the batch and ends.
producer client=librdkafka-2 delivery=2s
send a
run 100ms
fate 2 OUT_OF_ORDER_SEQUENCE_NUMBER
send b
run 100ms
send c
run 3s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   107ms  a acknowledged offset=0 attempts=1
   200ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   202ms  batch_given_up partition=0 records=1 attempt=1 error=45
   202ms  b indeterminate offset=-1 attempts=1 OUT_OF_ORDER_SEQUENCE_NUMBER
   202ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   300ms  send of c: the producer has ended: OUT_OF_ORDER_SEQUENCE_NUMBER: The broker received an out of order sequence number.
    3.3s  log: a
