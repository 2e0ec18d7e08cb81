# librdkafka does not split.
max-message 250
producer batch=700 linger=5ms client=librdkafka-2
send-bytes 5 100
run 100ms
----
   110ms  batch_sent partition=0 records=5 attempt=1 bytes=606
   112ms  batch_failed partition=0 records=5 attempt=1 error=10
   112ms  #0 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   112ms  #1 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   112ms  #2 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   112ms  #3 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   112ms  #4 failed offset=-1 attempts=1 MESSAGE_TOO_LARGE
   112ms  producer_epoch_bumped partition=0 producer_id=1000 epoch=1
