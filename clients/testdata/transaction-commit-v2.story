# Transaction version 2: the first batch is what begins a transaction at its
# coordinator, and the end of each gives the next one its epoch.
producer transactional=t
init
run 1s
begin
send a b
commit-transaction
run 1s
begin
send c
commit-transaction
run 1s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=1
  1.102s  b acknowledged offset=1 attempts=1
  1.103s  broker 1: end v5 commit epoch=0 
  1.104s  producer_transaction_committed producer_id=1000 epoch=0
  1.104s  commit: acknowledged
    2.1s  producer_transaction_begun producer_id=1000 epoch=1
    2.1s  begin: <nil>
    2.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=3
  2.102s  c acknowledged offset=3 attempts=1
  2.103s  broker 1: end v5 commit epoch=1 
  2.104s  producer_transaction_committed producer_id=1000 epoch=1
  2.104s  commit: acknowledged
    3.1s  log: a b (commit of 1000) c (commit of 1000)
