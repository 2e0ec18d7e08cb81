# The markers of the transaction before are still being written: the first
# request is repeated soon. Other errors that may pass wait for longer.
transaction-version 1
producer transactional=t
transaction-fate add-partitions 1 CONCURRENT_TRANSACTIONS
transaction-fate add-partitions 2 COORDINATOR_LOAD_IN_PROGRESS
transaction-fate add-partitions 3 close
init
run 1s
begin
send a
commit-transaction
run 2s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-partitions v3 orders-0 CONCURRENT_TRANSACTIONS
  1.123s  broker 1: add-partitions v3 orders-0 COORDINATOR_LOAD_IN_PROGRESS
  1.225s  broker 1: add-partitions v3 orders-0 close
  1.225s  client_connection_lost broker=2147483646 requests=1
  1.331s  broker 1: add-partitions v3 orders-0 
  1.332s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.334s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.334s  a acknowledged offset=0 attempts=1
  1.335s  broker 1: end v4 commit epoch=0 
  1.336s  producer_transaction_committed producer_id=1000 epoch=0
  1.336s  commit: acknowledged
    3.1s  log: a (commit of 1000)
