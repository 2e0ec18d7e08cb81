# Without idempotence the parts go first too, but what was sent behind is before them.
max-message 200
producer batch=300 idempotent=false
send-bytes 2 60
send-bytes 1 150
send-bytes 1 10
run 500ms
log
----
   103ms  batch_sent partition=0 records=2 attempt=1 bytes=197
   103ms  batch_sent partition=0 records=2 attempt=1 bytes=237
   105ms  batch_acknowledged partition=0 records=2 attempt=1 offset=0
   105ms  #0 acknowledged offset=0 attempts=1
   105ms  #1 acknowledged offset=1 attempts=1
   105ms  batch_split partition=0 records=2 parts=1 bytes=237
   105ms  batch_sent partition=0 records=2 attempt=2 bytes=237
   107ms  batch_split partition=0 records=2 parts=2 bytes=237
   107ms  batch_sent partition=0 records=1 attempt=3 bytes=220
   107ms  batch_sent partition=0 records=1 attempt=3 bytes=78
   109ms  batch_failed partition=0 records=1 attempt=3 error=10
   109ms  #2 failed offset=-1 attempts=3 MESSAGE_TOO_LARGE
   109ms  batch_acknowledged partition=0 records=1 attempt=3 offset=2
   109ms  #3 acknowledged offset=2 attempts=3
   600ms  log: vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv vvvvvvvvvv
