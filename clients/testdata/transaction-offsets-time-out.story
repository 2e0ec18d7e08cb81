# The group's coordinator is not to be found. Only an abort is safe then.
producer transactional=t block=1s
init
run 1s
begin
coordinator 2
down 2
send-offset 7
run 2s
up 2
run 2s
abort-transaction
run 1s
offsets
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    2.1s  send-offset: deadline passed
  3.659s  broker 2: commit-offsets v5 billing generation=3 member="m-1" 
  5.101s  broker 1: end v5 abort epoch=0 
  5.102s  producer_transaction_aborted producer_id=1000 epoch=0
  5.102s  abort: acknowledged
    6.1s  committed: 
