# A fenced producer's offsets end it.
producer transactional=t
transaction-fate commit-offsets 1 INVALID_PRODUCER_EPOCH
init
run 1s
begin
send-offset 7
run 100ms
abort-transaction
run 1s
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.103s  broker 1: commit-offsets v5 billing generation=3 member="m-1" INVALID_PRODUCER_EPOCH
  1.104s  producer_transaction_fatal_error producer_id=1000 epoch=0 error=90
  1.104s  send-offset: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
    1.2s  abort: failed PRODUCER_FENCED
