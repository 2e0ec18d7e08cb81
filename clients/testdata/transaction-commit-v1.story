# Before version 2 the producer adds partitions itself, several at a time, and
# what it sends waits for that. The epoch stays, and sequences go on.
transaction-version 1
partitions 2
producer transactional=t
init
run 1s
begin
send a
send-to 1 b
run 100ms
send c
commit-transaction
run 1s
begin
send d
commit-transaction
run 1s
log
log 1
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
  1.101s  broker 1: add-partitions v3 orders-0 orders-1 
  1.102s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.104s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.104s  a acknowledged offset=0 attempts=1
  1.105s  batch_sent partition=1 records=1 attempt=1 bytes=69
  1.107s  batch_acknowledged partition=1 records=1 attempt=1 offset=0
  1.107s  b acknowledged offset=0 attempts=1
    1.2s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.202s  batch_acknowledged partition=0 records=1 attempt=1 offset=1
  1.202s  c acknowledged offset=1 attempts=1
  1.203s  broker 1: end v4 commit epoch=0 
  1.204s  producer_transaction_committed producer_id=1000 epoch=0
  1.204s  commit: acknowledged
    2.2s  producer_transaction_begun producer_id=1000 epoch=0
    2.2s  begin: <nil>
  2.201s  broker 1: add-partitions v3 orders-0 
  2.202s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.204s  batch_acknowledged partition=0 records=1 attempt=1 offset=3
  2.204s  d acknowledged offset=3 attempts=1
  2.205s  broker 1: end v4 commit epoch=0 
  2.206s  producer_transaction_committed producer_id=1000 epoch=0
  2.206s  commit: acknowledged
    3.2s  log: a c (commit of 1000) d (commit of 1000)
    3.2s  log: b (commit of 1000)
