# The answer to a commit is lost. The same request again is answered as the
# first was: by then the coordinator has given the next epoch.
producer transactional=t
transaction-fate end 1 close
init
run 1s
begin
send a
commit-transaction
run 1s
begin
send b
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
  1.103s  broker 1: end v5 commit epoch=0 close
  1.103s  client_connection_lost broker=2147483646 requests=1
  1.209s  broker 1: end v5 commit epoch=0 
   1.21s  producer_transaction_committed producer_id=1000 epoch=0
   1.21s  commit: acknowledged
    2.1s  producer_transaction_begun producer_id=1000 epoch=1
    2.1s  begin: <nil>
    2.1s  batch_failed partition=0 records=1 attempt=0 error=55
    2.1s  b failed offset=-1 attempts=0 OPERATION_NOT_ATTEMPTED
  2.101s  broker 1: end v5 abort epoch=1 
  2.102s  producer_transaction_aborted producer_id=1000 epoch=1
  2.102s  abort: acknowledged
    3.1s  log: a (commit of 1000)
