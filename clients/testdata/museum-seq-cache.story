# The museum's seq-cache: eight are in flight, which is more than the leader
# remembers. All answers are lost; a, sent again, is not recognised, and the
# next epoch hides it from deduplication.
producer in-flight=8 cache=true
fate 1 lose
fate 2 lose
fate 3 lose
fate 4 lose
fate 5 lose
fate 6 lose
fate 7 lose
fate 8 close
send a b c d e f g h
run 5s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   106ms  client_connection_lost broker=1 requests=8
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   106ms  batch_retried partition=0 records=1 attempt=1 error=13
   223ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   225ms  batch_retried partition=0 records=1 attempt=2 error=45
   225ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   465ms  batch_sent partition=0 records=1 attempt=3 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   465ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   467ms  batch_acknowledged partition=0 records=1 attempt=3 offset=8
   467ms  a acknowledged offset=8 attempts=3
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=9
   467ms  b acknowledged offset=9 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=10
   467ms  c acknowledged offset=10 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=11
   467ms  d acknowledged offset=11 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=12
   467ms  e acknowledged offset=12 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=13
   467ms  f acknowledged offset=13 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=14
   467ms  g acknowledged offset=14 attempts=2
   467ms  batch_acknowledged partition=0 records=1 attempt=2 offset=15
   467ms  h acknowledged offset=15 attempts=2
    5.1s  log: a b c d e f g h a b c d e f g h
