# In version 2 the abort itself brings the next epoch.
producer transactional=t
fate 2 INVALID_RECORD
init
run 1s
begin
send a
run 100ms
send b
run 100ms
abort-transaction
run 1s
begin
send c
commit-transaction
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
    1.2s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.202s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=87
  1.202s  batch_failed partition=0 records=1 attempt=1 error=87
  1.202s  b failed offset=-1 attempts=1 INVALID_RECORD
  1.301s  broker 1: end v5 abort epoch=0 
  1.302s  producer_transaction_aborted producer_id=1000 epoch=0
  1.302s  abort: acknowledged
    2.3s  producer_transaction_begun producer_id=1000 epoch=1
    2.3s  begin: <nil>
    2.3s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.302s  batch_acknowledged partition=0 records=1 attempt=1 offset=2
  2.302s  c acknowledged offset=2 attempts=1
  2.303s  broker 1: end v5 commit epoch=1 
  2.304s  producer_transaction_committed producer_id=1000 epoch=1
  2.304s  commit: acknowledged
    3.3s  log: a (abort of 1000) c (commit of 1000)
