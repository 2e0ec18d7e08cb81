# The museum's seq-reuse: a was appended and its answer lost. It is given up, and
# b gets its sequence: the leader takes b for a.
producer delivery=2s request=5s reuse=true
fate 1 lose
send a
run 10s
send b
run 1s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
    2.1s  batch_given_up partition=0 records=1 attempt=1 error=7
    2.1s  a indeterminate offset=-1 attempts=1 REQUEST_TIMED_OUT
  5.105s  client_connection_lost broker=1 requests=1
 10.103s  batch_sent partition=0 records=1 attempt=1 bytes=69
 10.105s  batch_acknowledged partition=0 records=1 attempt=1 offset=0
 10.105s  b acknowledged offset=0 attempts=1
   11.1s  log: a
