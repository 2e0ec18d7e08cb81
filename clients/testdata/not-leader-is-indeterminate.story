producer retries=0
fate 1 NOT_LEADER_FOR_PARTITION
send a
run 1s
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_given_up partition=0 records=1 attempt=1 error=6
   107ms  a indeterminate offset=-1 attempts=1 NOT_LEADER_FOR_PARTITION
   107ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
