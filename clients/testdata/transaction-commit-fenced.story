# The commit is refused at once: the transaction surely is not committed.
producer transactional=t
init
run 1s
begin
send a
run 100ms
take-over
commit-transaction
run 1s
abort-transaction
run 1s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.201s  broker 1: end v5 commit epoch=0 
  1.202s  producer_transaction_fatal_error producer_id=1000 epoch=0 error=90
  1.202s  commit: failed PRODUCER_FENCED
    2.2s  abort: failed PRODUCER_FENCED
    3.2s  log: a (abort of 1000)
