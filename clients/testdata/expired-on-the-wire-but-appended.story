# The delivery time-out passes while the request is on the wire. Its late
# answer resolves the sequence: no new epoch is needed.
producer delivery=1s request=5s
fate 1 late-2s
send a
run 1500ms
send b
run 3s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
    1.1s  batch_given_up partition=0 records=1 attempt=1 error=7
    1.1s  a indeterminate offset=-1 attempts=1 REQUEST_TIMED_OUT
  2.107s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.109s  batch_acknowledged partition=0 records=1 attempt=1 offset=1
  2.109s  b acknowledged offset=1 attempts=1
    4.6s  log: a b
