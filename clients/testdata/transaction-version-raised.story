# The cluster learns version 2 while the producer runs, which hears of it by a
# new connection. The change comes between two transactions, with a new epoch.
transaction-version 1
producer transactional=t
init
run 1s
begin
send a
run 100ms
transaction-version 2
down 1
up 1
run 1s
commit-transaction
run 1s
begin
send b
commit-transaction
run 1s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-partitions v3 orders-0 
  1.102s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.104s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.104s  a acknowledged offset=0 attempts=1
    1.2s  client_connection_lost broker=1 requests=0
    1.2s  client_connection_lost broker=2147483646 requests=0
  2.204s  broker 1: end v4 commit epoch=0 
  2.205s  producer_transaction_committed producer_id=1000 epoch=0
  2.206s  broker 1: init v5 id=1000 epoch=0 timeout=60000ms 
  2.207s  commit: acknowledged
    3.2s  producer_transaction_begun producer_id=1000 epoch=1
    3.2s  begin: <nil>
  3.203s  batch_sent partition=0 records=1 attempt=1 bytes=69
  3.205s  batch_acknowledged partition=0 records=1 attempt=1 offset=2
  3.205s  b acknowledged offset=2 attempts=1
  3.206s  broker 1: end v5 commit epoch=1 
  3.207s  producer_transaction_committed producer_id=1000 epoch=1
  3.207s  commit: acknowledged
    4.2s  log: a (commit of 1000) b (commit of 1000)
