# Before version 2 the group's part is added first. The coordinator of the group
# is another one than that of the transaction.
transaction-version 1
coordinator 2
producer transactional=t
transaction-fate add-offsets 1 CONCURRENT_TRANSACTIONS
transaction-fate commit-offsets 1 COORDINATOR_LOAD_IN_PROGRESS
init
run 1s
begin
send-offset 7
run 1s
commit-transaction
run 1s
offsets
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-offsets v4 billing CONCURRENT_TRANSACTIONS
  1.203s  broker 1: add-offsets v4 billing 
   1.21s  broker 2: commit-offsets v4 billing generation=3 member="m-1" COORDINATOR_LOAD_IN_PROGRESS
  1.312s  broker 2: commit-offsets v4 billing generation=3 member="m-1" 
  1.313s  send-offset: <nil>
  2.101s  broker 1: end v4 commit epoch=0 
  2.102s  producer_transaction_committed producer_id=1000 epoch=0
  2.102s  commit: acknowledged
    3.1s  committed: orders-0=7 (epoch 0)
