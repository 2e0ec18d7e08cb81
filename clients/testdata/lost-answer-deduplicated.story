# The answer to the first of three is lost: after the time-out it is sent again and deduplicated.
producer request=1s
fate 1 lose
send a b c
run 5s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=1
   107ms  b acknowledged offset=1 attempts=1
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=2
   107ms  c acknowledged offset=2 attempts=1
  1.105s  client_connection_lost broker=1 requests=1
  1.105s  batch_retried partition=0 records=1 attempt=1 error=13
  1.222s  batch_sent partition=0 records=1 attempt=2 bytes=69
  1.224s  batch_acknowledged partition=0 records=1 attempt=2 offset=0
  1.224s  a acknowledged offset=0 attempts=2
    5.1s  log: a b c
