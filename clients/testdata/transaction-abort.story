# What has not left is dropped, what has is waited for, and a marker undoes it.
producer transactional=t linger=1s batch=1000
init
run 1s
begin
send a
run 1s
send b
abort-transaction
run 1s
begin
send c
commit-transaction
run 2s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    2.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
    2.1s  batch_failed partition=0 records=1 attempt=0 error=55
    2.1s  b failed offset=-1 attempts=0 OPERATION_NOT_ATTEMPTED
  2.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  2.102s  a acknowledged offset=0 attempts=1
  2.103s  broker 1: end v5 abort epoch=0 
  2.104s  producer_transaction_aborted producer_id=1000 epoch=0
  2.104s  abort: acknowledged
    3.1s  producer_transaction_begun producer_id=1000 epoch=1
    3.1s  begin: <nil>
    3.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  3.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=2
  3.102s  c acknowledged offset=2 attempts=1
  3.103s  broker 1: end v5 commit epoch=1 
  3.104s  producer_transaction_committed producer_id=1000 epoch=1
  3.104s  commit: acknowledged
    5.1s  log: a (abort of 1000) c (commit of 1000)
