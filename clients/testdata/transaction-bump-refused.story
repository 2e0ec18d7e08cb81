# The abort is taken, and then somebody else has the transactional id.
transaction-version 1
producer transactional=t
fate 1 INVALID_RECORD
transaction-fate init 2 PRODUCER_FENCED
init
run 1s
begin
send a
run 100ms
abort-transaction
run 1s
begin
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-partitions v3 orders-0 
  1.102s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.104s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=87
  1.104s  batch_failed partition=0 records=1 attempt=1 error=87
  1.104s  a failed offset=-1 attempts=1 INVALID_RECORD
  1.201s  broker 1: end v4 abort epoch=0 
  1.202s  producer_transaction_aborted producer_id=1000 epoch=0
  1.203s  broker 1: init v5 id=1000 epoch=0 timeout=60000ms PRODUCER_FENCED
  1.204s  producer_transaction_fatal_error producer_id=1000 epoch=0 error=90
  1.204s  abort: acknowledged PRODUCER_FENCED
    2.2s  begin: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
