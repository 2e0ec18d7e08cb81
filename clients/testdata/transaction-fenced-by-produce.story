# Fenced in the middle: a batch is refused with the old epoch. That could be the
# coordinator's own abort after a time-out, so that an abort is tried (KIP-588);
# only its refusal ends the producer.
producer transactional=t
init
run 1s
begin
send a
run 100ms
take-over
send b
run 100ms
send c
commit-transaction
run 100ms
abort-transaction
run 1s
begin
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
    1.2s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.202s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=47
  1.202s  batch_failed partition=0 records=1 attempt=1 error=47
  1.202s  b failed offset=-1 attempts=1 INVALID_PRODUCER_EPOCH
    1.3s  send of c: the transaction can only be aborted: INVALID_PRODUCER_EPOCH: Producer attempted an operation with an old epoch.
    1.3s  commit: failed INVALID_PRODUCER_EPOCH
  1.401s  broker 1: end v5 abort epoch=0 
  1.402s  producer_transaction_fatal_error producer_id=1000 epoch=0 error=90
  1.402s  abort: failed PRODUCER_FENCED
    2.4s  begin: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
    2.4s  log: a (abort of 1000)
