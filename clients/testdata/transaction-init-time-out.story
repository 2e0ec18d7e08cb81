# No coordinator within max.block.ms: the call may be made again.
find-fate 1 COORDINATOR_NOT_AVAILABLE
find-fate 2 COORDINATOR_NOT_AVAILABLE
find-fate 3 COORDINATOR_NOT_AVAILABLE
producer transactional=t block=500ms
init
run 600ms
begin
run 1s
init
run 1s
begin
----
   600ms  init: deadline passed
   700ms  begin: begin while initializing: not possible in this state of the transactions
   909ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
    1.7s  init: <nil>
    2.7s  producer_transaction_begun producer_id=1000 epoch=0
    2.7s  begin: <nil>
