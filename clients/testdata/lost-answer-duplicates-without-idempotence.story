# The museum's retry-no-idempotence: the same without sequences.
producer idempotent=false request=1s
fate 1 lose
send a b c
run 5s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_acknowledged partition=0 records=1 attempt=1 offset=1
   105ms  b acknowledged offset=1 attempts=1
   105ms  batch_acknowledged partition=0 records=1 attempt=1 offset=2
   105ms  c acknowledged offset=2 attempts=1
  1.103s  client_connection_lost broker=1 requests=1
  1.103s  batch_retried partition=0 records=1 attempt=1 error=13
  1.223s  batch_sent partition=0 records=1 attempt=2 bytes=69
  1.225s  batch_acknowledged partition=0 records=1 attempt=2 offset=3
  1.225s  a acknowledged offset=3 attempts=2
    5.1s  log: a b c a
