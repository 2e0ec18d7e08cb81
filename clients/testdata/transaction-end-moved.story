# The coordinator moves while the commit is under way: an answer that it is none
# does not say that it has not committed, but the next coordinator knows.
producer transactional=t
transaction-fate end 1 NOT_COORDINATOR
init
run 1s
begin
send a
run 100ms
transaction-coordinator 2
commit-transaction
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
  1.201s  broker 1: end v5 commit epoch=0 NOT_COORDINATOR
  1.202s  client_connection_lost broker=2147483646 requests=0
  1.308s  broker 2: end v5 commit epoch=0 
  1.309s  producer_transaction_committed producer_id=1000 epoch=0
  1.309s  commit: acknowledged
    2.2s  log: a (commit of 1000)
