# The commit sends what is left first, and that fails: no EndTxn leaves, the
# transaction surely is not committed.
producer transactional=t linger=10s batch=1000
fate 1 INVALID_TXN_STATE
init
run 1s
begin
send a
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
  1.102s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=48
  1.102s  batch_failed partition=0 records=1 attempt=1 error=48
  1.102s  a failed offset=-1 attempts=1 INVALID_TXN_STATE
  1.102s  commit: failed INVALID_TXN_STATE
  2.101s  broker 1: end v5 abort epoch=0 
  2.102s  producer_transaction_aborted producer_id=1000 epoch=0
  2.102s  abort: acknowledged
    3.1s  log: (abort of 1000)
