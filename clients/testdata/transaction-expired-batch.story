# A batch is given up while it may be in the log. The transaction is aborted,
# and the epoch after it makes its sequence nobody's.
producer transactional=t delivery=2s request=5s
fate 1 lose
init
run 1s
begin
send a
run 3s
abort-transaction
run 1s
begin
send b
run 3s
commit-transaction
run 2s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
    3.1s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=7
    3.1s  batch_given_up partition=0 records=1 attempt=1 error=7
    3.1s  a indeterminate offset=-1 attempts=1 REQUEST_TIMED_OUT
  4.101s  broker 1: end v5 abort epoch=0 
  4.102s  producer_transaction_aborted producer_id=1000 epoch=0
  4.102s  abort: acknowledged
    5.1s  producer_transaction_begun producer_id=1000 epoch=1
    5.1s  begin: <nil>
    6.1s  client_connection_lost broker=1 requests=1
   6.16s  batch_sent partition=0 records=1 attempt=1 bytes=69
  6.162s  batch_acknowledged partition=0 records=1 attempt=1 offset=2
  6.162s  b acknowledged offset=2 attempts=1
  8.101s  broker 1: end v5 commit epoch=1 
  8.102s  producer_transaction_committed producer_id=1000 epoch=1
  8.102s  commit: acknowledged
   10.1s  log: a (abort of 1000) b (commit of 1000)
