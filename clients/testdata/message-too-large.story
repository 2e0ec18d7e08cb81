# Larger than the topic takes: split, the parts halved until they fit, in order. A single record fails.
max-message 250
producer batch=700 linger=5ms
send-bytes 5 100
run 100ms
send-bytes 1 300
run 100ms
----
   110ms  batch_sent partition=0 records=5 attempt=1 bytes=606
   112ms  batch_split partition=0 records=5 parts=1 bytes=606
   112ms  batch_sent partition=0 records=5 attempt=2 bytes=606
   114ms  batch_split partition=0 records=5 parts=3 bytes=606
   114ms  batch_sent partition=0 records=2 attempt=3 bytes=279
   116ms  batch_split partition=0 records=2 parts=2 bytes=279
   116ms  batch_sent partition=0 records=1 attempt=4 bytes=170
   118ms  batch_acknowledged partition=0 records=1 attempt=4 offset=0
   118ms  #0 acknowledged offset=0 attempts=4
   118ms  batch_sent partition=0 records=1 attempt=4 bytes=170
   120ms  batch_acknowledged partition=0 records=1 attempt=4 offset=1
   120ms  #1 acknowledged offset=1 attempts=4
   120ms  batch_sent partition=0 records=2 attempt=3 bytes=279
   122ms  batch_split partition=0 records=2 parts=2 bytes=279
   122ms  batch_sent partition=0 records=1 attempt=4 bytes=170
   124ms  batch_acknowledged partition=0 records=1 attempt=4 offset=2
   124ms  #2 acknowledged offset=2 attempts=4
   124ms  batch_sent partition=0 records=1 attempt=4 bytes=170
   126ms  batch_acknowledged partition=0 records=1 attempt=4 offset=3
   126ms  #3 acknowledged offset=3 attempts=4
   126ms  batch_sent partition=0 records=1 attempt=3 bytes=170
   128ms  batch_acknowledged partition=0 records=1 attempt=3 offset=4
   128ms  #4 acknowledged offset=4 attempts=3
   205ms  batch_sent partition=0 records=1 attempt=1 bytes=370
   207ms  batch_failed partition=0 records=1 attempt=1 error=10
   207ms  #5 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   207ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
