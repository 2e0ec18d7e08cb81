# Close waits for commits under way, but not for ever.
write a b c
consumer group=billing auto=1m
run 500ms
close
run 100ms
offsets
consumer group=billing request=10s
run 500ms
commit-fate 2 drop
commit 1
close
run 20s
offsets
consumer
run 500ms
close
run 100ms
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   501ms  broker 1: commit v10 orders-0=3 of billing, generation -1 
   502ms  offset_committed partition=0 offset=3
   502ms  auto-commit of 3 acknowledged
   504ms  closed
   600ms  committed: orders-0=3 (epoch 0)
   610ms  moved -1 to 3 (committed)
  1.101s  broker 1: commit v10 orders-0=1 of billing, generation -1 drop
   11.1s  commit of 1 indeterminate REQUEST_TIMED_OUT
   11.1s  closed
   11.1s  client_connection_lost broker=2147483646 requests=1
   21.1s  committed: orders-0=3 (epoch 0)
  21.11s  moved -1 to 0 (assigned)
 21.112s  read 0 to 3, high watermark 3: 0:a 1:b 2:c
 21.602s  closed
