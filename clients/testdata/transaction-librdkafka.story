# librdkafka knows no version 2: it adds partitions and offsets itself.
producer transactional=t client=librdkafka-2
init
run 1s
begin
send a
send-offset 7
run 1s
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
  1.103s  broker 1: add-offsets v4 billing 
  1.104s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.104s  a acknowledged offset=0 attempts=1
  1.107s  broker 1: commit-offsets v4 billing generation=3 member="m-1" 
  1.108s  send-offset: <nil>
  2.101s  broker 1: end v4 commit epoch=0 
  2.102s  producer_transaction_committed producer_id=1000 epoch=0
  2.102s  commit: acknowledged
    3.1s  log: a (commit of 1000)
