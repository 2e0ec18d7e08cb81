# Five answers that the partition is not known, and it is given up.
producer client=franz-go-1
fate 1 UNKNOWN_TOPIC_OR_PARTITION
fate 2 UNKNOWN_TOPIC_OR_PARTITION
fate 3 NOT_LEADER_FOR_PARTITION
fate 4 UNKNOWN_TOPIC_OR_PARTITION
fate 5 UNKNOWN_TOPIC_OR_PARTITION
fate 6 UNKNOWN_TOPIC_OR_PARTITION
send a
run 10s
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_retried partition=0 records=1 attempt=1 error=3
   195ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   197ms  batch_retried partition=0 records=1 attempt=2 error=3
   405ms  batch_sent partition=0 records=1 attempt=3 bytes=69
   407ms  batch_retried partition=0 records=1 attempt=3 error=6
   840ms  batch_sent partition=0 records=1 attempt=4 bytes=69
   842ms  batch_retried partition=0 records=1 attempt=4 error=3
  1.651s  batch_sent partition=0 records=1 attempt=5 bytes=69
  1.653s  batch_retried partition=0 records=1 attempt=5 error=3
  2.628s  batch_sent partition=0 records=1 attempt=6 bytes=69
   2.63s  batch_given_up partition=0 records=1 attempt=6 error=3
   2.63s  a indeterminate offset=-1 attempts=6 UNKNOWN_TOPIC_OR_PARTITION
   2.63s  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
