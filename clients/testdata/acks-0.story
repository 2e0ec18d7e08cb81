producer acks=0 idempotent=false
fate 2 drop
send a b c
run 1s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_acknowledged partition=0 records=1 attempt=1 offset=-1
   103ms  a acknowledged offset=-1 attempts=1
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_acknowledged partition=0 records=1 attempt=1 offset=-1
   103ms  b acknowledged offset=-1 attempts=1
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   103ms  batch_acknowledged partition=0 records=1 attempt=1 offset=-1
   103ms  c acknowledged offset=-1 attempts=1
    1.1s  log: a c
