producer retries=0 idempotent=false
fate 1 append-NOT_ENOUGH_REPLICAS_AFTER_APPEND
send a
run 1s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_given_up partition=0 records=1 attempt=1 error=20
   105ms  a indeterminate offset=-1 attempts=1 NOT_ENOUGH_REPLICAS_AFTER_APPEND
    1.1s  log: a
