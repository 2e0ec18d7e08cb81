# Nobody answers the commit within max.block.ms. It may have happened: the
# application asks again, and learns how it ended.
producer transactional=t request=5s block=2s
transaction-fate end 1 lose
init
run 1s
begin
send a
commit-transaction
run 3s
begin
send b
abort-transaction
run 1s
commit-transaction
run 5s
begin
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.103s  broker 1: end v5 commit epoch=0 lose
    3.1s  commit: indeterminate REQUEST_TIMED_OUT
    4.1s  begin: begin while committing: not possible in this state of the transactions
    4.1s  send of b: send while committing: not possible in this state of the transactions
    4.1s  abort: indeterminate INVALID_TXN_STATE
  6.102s  client_connection_lost broker=2147483646 requests=1
  6.208s  broker 1: end v5 commit epoch=0 
  6.209s  producer_transaction_committed producer_id=1000 epoch=0
  6.209s  commit: acknowledged
   10.1s  producer_transaction_begun producer_id=1000 epoch=1
   10.1s  begin: <nil>
