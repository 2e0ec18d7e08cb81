# The answer about a partition is lost, and the application aborts. The partition
# is asked for again, since the coordinator may have a transaction open.
transaction-version 1
producer transactional=t
transaction-fate add-partitions 1 close
init
run 1s
begin
send a
run 5ms
abort-transaction
run 1s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-partitions v3 orders-0 close
  1.101s  client_connection_lost broker=2147483646 requests=1
  1.105s  batch_failed partition=0 records=1 attempt=0 error=55
  1.105s  a failed offset=-1 attempts=0 OPERATION_NOT_ATTEMPTED
  1.207s  broker 1: add-partitions v3 orders-0 
  1.209s  broker 1: end v4 abort epoch=0 
   1.21s  producer_transaction_aborted producer_id=1000 epoch=0
   1.21s  abort: acknowledged
  2.105s  log: (abort of 1000)
