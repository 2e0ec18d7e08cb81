# Those behind a batch that is split come too early, and are sent again after its parts.
max-message 200
producer batch=300
send-bytes 2 60
send-bytes 1 150
send-bytes 1 10
run 500ms
log
----
   105ms  batch_sent partition=0 records=2 attempt=1 bytes=197
   105ms  batch_sent partition=0 records=2 attempt=1 bytes=237
   107ms  batch_acknowledged partition=0 records=2 attempt=1 offset=0
   107ms  #0 acknowledged offset=0 attempts=1
   107ms  #1 acknowledged offset=1 attempts=1
   107ms  batch_split partition=0 records=2 parts=1 bytes=237
   107ms  batch_sent partition=0 records=2 attempt=2 bytes=237
   109ms  batch_split partition=0 records=2 parts=2 bytes=237
   109ms  batch_sent partition=0 records=1 attempt=3 bytes=220
   111ms  batch_failed partition=0 records=1 attempt=3 error=10
   111ms  #2 failed offset=-1 attempts=3 MESSAGE_TOO_LARGE
   111ms  batch_sent partition=0 records=1 attempt=3 bytes=78
   113ms  batch_retried partition=0 records=1 attempt=3 error=45
   113ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
   466ms  batch_sent partition=0 records=1 attempt=4 bytes=78
   468ms  batch_acknowledged partition=0 records=1 attempt=4 offset=2
   468ms  #3 acknowledged offset=2 attempts=4
   600ms  log: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv vvvvvvvvvv
