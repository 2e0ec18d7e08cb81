# What was to be written there never leaves, and the transaction can only be
# aborted.
transaction-version 1
producer transactional=t
transaction-fate add-partitions 1 TOPIC_AUTHORIZATION_FAILED
init
run 1s
begin
send a
run 100ms
send b
commit-transaction
abort-transaction
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
  1.101s  broker 1: add-partitions v3 orders-0 TOPIC_AUTHORIZATION_FAILED
  1.102s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=29
  1.102s  batch_failed partition=0 records=1 attempt=0 error=29
  1.102s  a failed offset=-1 attempts=0 TOPIC_AUTHORIZATION_FAILED
    1.2s  send of b: the transaction can only be aborted: TOPIC_AUTHORIZATION_FAILED: Not authorized to access topics: [Topic authorization failed.]
    1.2s  commit: failed TOPIC_AUTHORIZATION_FAILED
    1.2s  abort: acknowledged
    2.2s  producer_transaction_begun producer_id=1000 epoch=0
    2.2s  begin: <nil>
  2.201s  broker 1: add-partitions v3 orders-0 
  2.202s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.204s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  2.204s  c acknowledged offset=0 attempts=1
  2.205s  broker 1: end v4 commit epoch=0 
  2.206s  producer_transaction_committed producer_id=1000 epoch=0
  2.206s  commit: acknowledged
    3.2s  log: c (commit of 1000)
