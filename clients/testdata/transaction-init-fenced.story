# Two start with one transactional id; the later one has it.
producer transactional=t
transaction-fate init 1 PRODUCER_FENCED
init
run 1s
begin
init
run 1s
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms PRODUCER_FENCED
   110ms  producer_transaction_fatal_error producer_id=-1 epoch=-1 error=90
   110ms  init: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
    1.1s  begin: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
    1.1s  init: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
