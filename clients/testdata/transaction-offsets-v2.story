# A group's offsets are part of the transaction (KIP-447).
producer transactional=t
init
run 1s
begin
send a
send-offset 7
run 100ms
offsets
commit-transaction
run 1s
offsets
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.103s  broker 1: commit-offsets v5 billing generation=3 member="m-1" 
  1.104s  send-offset: <nil>
    1.2s  committed: 
  1.201s  broker 1: end v5 commit epoch=0 
  1.202s  producer_transaction_committed producer_id=1000 epoch=0
  1.202s  commit: acknowledged
    2.2s  committed: orders-0=7 (epoch 0)
