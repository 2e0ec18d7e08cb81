# franz-go counts what was handed out when the next poll begins, commits by a timer of its own, and only what is new.
write a b c
consumer group=billing auto=1s max=2 poll=manual client=franz-go-1
run 500ms
poll
run 2s
offsets
poll
run 2s
offsets
close
run 100ms
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  available
   500ms  read 0 to 2, high watermark 3: 0:a 1:b
    2.5s  committed: 
    2.5s  read 2 to 3, high watermark 3: 2:c
  3.001s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  3.002s  offset_committed partition=0 offset=2
  3.002s  auto-commit of 2 acknowledged
    4.5s  committed: orders-0=2 (epoch 0)
  4.502s  closed
    4.6s  committed: orders-0=2 (epoch 0)
