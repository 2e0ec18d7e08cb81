producer retries=1 idempotent=false
fate 1 NOT_ENOUGH_REPLICAS
fate 2 close
send a
run 1s
log
----
   103ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_retried partition=0 records=1 attempt=1 error=19
   217ms  batch_sent partition=0 records=1 attempt=2 bytes=69
   218ms  client_connection_lost broker=1 requests=1
   218ms  batch_given_up partition=0 records=1 attempt=2 error=13
   218ms  a indeterminate offset=-1 attempts=2 NETWORK_EXCEPTION
    1.1s  log: a
