# librdkafka counts a record as consumed when it is handed out: the second record is committed while the application works on it. It commits by a timer of its own, and only what is new.
write a b c
consumer group=billing auto=1s max=2 poll=manual client=librdkafka-2
run 500ms
poll
run 2s
offsets
poll
run 200ms
close
run 100ms
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  available
   500ms  read 0 to 2, high watermark 3: 0:a 1:b
  1.001s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  1.002s  offset_committed partition=0 offset=2
  1.002s  auto-commit of 2 acknowledged
    2.5s  committed: orders-0=2 (epoch 0)
    2.5s  read 2 to 3, high watermark 3: 2:c
  2.701s  broker 1: commit v10 orders-0=3 of billing, generation -1 
  2.702s  offset_committed partition=0 offset=3
  2.702s  auto-commit of 3 acknowledged
  2.702s  closed
    2.8s  committed: orders-0=3 (epoch 0)
