# Records of five milliseconds share a batch; a full one does not wait.
producer batch=200 linger=5ms
send a b
run 3ms
send c
run 20ms
send 1234567890123456789012345678901234567890 1234567890123456789012345678901234567890 1234567890123456789012345678901234567890
run 1ms
run 20ms
log
----
   110ms  batch_sent partition=0 records=3 attempt=1 bytes=85
   112ms  batch_acknowledged partition=0 records=3 attempt=1 offset=0
   112ms  a acknowledged offset=0 attempts=1
   112ms  b acknowledged offset=1 attempts=1
   112ms  c acknowledged offset=2 attempts=1
   123ms  batch_sent partition=0 records=2 attempt=1 bytes=155
   125ms  batch_acknowledged partition=0 records=2 attempt=1 offset=3
   125ms  1234567890123456789012345678901234567890 acknowledged offset=3 attempts=1
   125ms  1234567890123456789012345678901234567890 acknowledged offset=4 attempts=1
   128ms  batch_sent partition=0 records=1 attempt=1 bytes=108
   130ms  batch_acknowledged partition=0 records=1 attempt=1 offset=5
   130ms  1234567890123456789012345678901234567890 acknowledged offset=5 attempts=1
   144ms  log: a b c 1234567890123456789012345678901234567890 1234567890123456789012345678901234567890 1234567890123456789012345678901234567890
