# Whoever had the transactional id left a transaction open. The coordinator
# aborts it first, and the new owner asks until it has.
producer transactional=t
init
run 1s
begin
send a
run 100ms
producer transactional=t
init
run 1s
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.309s  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
  1.411s  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
  1.412s  init: <nil>
    2.3s  log: a (abort of 1000)
