# The answer to the commit is lost, and somebody takes the transactional id over
# before it is repeated: nobody can say here what became of the transaction.
producer transactional=t
transaction-fate end 1 close
init
run 1s
begin
send a
run 100ms
commit-transaction
run 20ms
take-over
run 1s
begin
send b
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.201s  broker 1: end v5 commit epoch=0 close
  1.201s  client_connection_lost broker=2147483646 requests=1
  1.307s  broker 1: end v5 commit epoch=0 
  1.308s  producer_transaction_fatal_error producer_id=1000 epoch=0 error=90
  1.308s  commit: indeterminate PRODUCER_FENCED
   2.22s  begin: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
   2.22s  send of b: the producer has ended: PRODUCER_FENCED: There is a newer producer with the same transactionalId which fences the current one.
   2.22s  log: a (commit of 1000)
