# The member's generation is over: whoever has the partitions now will do the
# work. The transaction can only be aborted.
producer transactional=t
transaction-fate commit-offsets 1 ILLEGAL_GENERATION
transaction-fate commit-offsets 2 UNKNOWN_MEMBER_ID
transaction-fate commit-offsets 3 FENCED_INSTANCE_ID
init
run 1s
begin
send a
send-offset 7
run 100ms
commit-transaction
abort-transaction
run 1s
begin
send-offset 7
run 100ms
abort-transaction
run 1s
begin
send-offset 7
run 100ms
abort-transaction
run 1s
offsets
log
----
   109ms  broker 1: init v5 id=-1 epoch=-1 timeout=60000ms 
   110ms  init: <nil>
    1.1s  producer_transaction_begun producer_id=1000 epoch=0
    1.1s  begin: <nil>
    1.1s  batch_sent partition=0 records=1 attempt=1 bytes=69
  1.102s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
  1.102s  a acknowledged offset=0 attempts=1
  1.103s  broker 1: commit-offsets v5 billing generation=3 member="m-1" ILLEGAL_GENERATION
  1.104s  producer_transaction_abortable_error producer_id=1000 epoch=0 error=22
  1.104s  send-offset: the transaction can only be aborted: ILLEGAL_GENERATION: Specified group generation id is not valid.
    1.2s  commit: failed ILLEGAL_GENERATION
  1.201s  broker 1: end v5 abort epoch=0 
  1.202s  producer_transaction_aborted producer_id=1000 epoch=0
  1.202s  abort: acknowledged
    2.2s  producer_transaction_begun producer_id=1000 epoch=1
    2.2s  begin: <nil>
  2.201s  broker 1: commit-offsets v5 billing generation=3 member="m-1" UNKNOWN_MEMBER_ID
  2.202s  producer_transaction_abortable_error producer_id=1000 epoch=1 error=25
  2.202s  send-offset: the transaction can only be aborted: UNKNOWN_MEMBER_ID: The coordinator is not aware of this member.
  2.301s  broker 1: end v5 abort epoch=1 
  2.302s  producer_transaction_aborted producer_id=1000 epoch=1
  2.302s  abort: acknowledged
    3.3s  producer_transaction_begun producer_id=1000 epoch=2
    3.3s  begin: <nil>
  3.301s  broker 1: commit-offsets v5 billing generation=3 member="m-1" FENCED_INSTANCE_ID
  3.302s  producer_transaction_abortable_error producer_id=1000 epoch=2 error=82
  3.302s  send-offset: the transaction can only be aborted: FENCED_INSTANCE_ID: The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id.
  3.401s  broker 1: end v5 abort epoch=2 
  3.402s  producer_transaction_aborted producer_id=1000 epoch=2
  3.402s  abort: acknowledged
    4.4s  committed: 
    4.4s  log: a (abort of 1000)
