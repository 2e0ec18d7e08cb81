# Five leave, the sixth waits for an answer.
producer
fate 1 late-100ms
send a b c d e f g
run 50ms
log
run 1s
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=1
   107ms  b acknowledged offset=1 attempts=1
   107ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=2
   107ms  c acknowledged offset=2 attempts=1
   107ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=3
   107ms  d acknowledged offset=3 attempts=1
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=4
   107ms  e acknowledged offset=4 attempts=1
   109ms  batch_acknowledged partition=0 records=1 attempt=1 offset=5
   109ms  f acknowledged offset=5 attempts=1
   109ms  batch_acknowledged partition=0 records=1 attempt=1 offset=6
   109ms  g acknowledged offset=6 attempts=1
   150ms  log: a b c d e f g
   207ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   207ms  a acknowledged offset=0 attempts=1
