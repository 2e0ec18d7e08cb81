# The abort is not answered in time; asked for again it ends.
producer transactional=t block=1s
transaction-fate end 1 late-2500ms
init
run 1s
begin
send a
run 100ms
abort-transaction
run 2s
abort-transaction
run 3s
begin
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.201s  broker 1: end v5 abort epoch=0 late-2500ms
    2.2s  abort: indeterminate REQUEST_TIMED_OUT
  3.702s  producer_transaction_aborted producer_id=1000 epoch=0
  3.702s  abort: acknowledged
    6.2s  producer_transaction_begun producer_id=1000 epoch=1
    6.2s  begin: <nil>
    6.2s  log: a (abort of 1000)
