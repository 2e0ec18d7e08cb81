# Nobody learns of a transaction without records.
producer transactional=t
init
run 1s
begin
commit-transaction
run 1s
begin
abort-transaction
run 1s
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  commit: acknowledged
    2.1s  producer_transaction_begun producer_id=1000 epoch=0
    2.1s  begin: <nil>
    2.1s  abort: acknowledged
