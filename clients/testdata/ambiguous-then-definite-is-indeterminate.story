producer retries=1 idempotent=false
fate 1 close
fate 2 INVALID_RECORD
send a
run 1s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   104ms  client_connection_lost broker=1 requests=1
   104ms  batch_retried partition=0 records=1 attempt=1 error=13
   224ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   226ms  batch_given_up partition=0 records=1 attempt=2 error=87
   226ms  a indeterminate offset=-1 attempts=2 INVALID_RECORD
    1.1s  log: a
