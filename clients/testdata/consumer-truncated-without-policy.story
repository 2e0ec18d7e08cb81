# With auto.offset.reset=none the application must decide.
write a b c d
consumer reset=none
seek 0 -1
run 100ms
cut 2
leader 2
run 1s
write x
seek 2 0
run 1s
----
      0s  orders-0 failed: orders-0 has no position and auto.offset.reset is none: OFFSET_OUT_OF_RANGE: The requested offset is not within the range of offsets maintained by the server.
      0s  moved -1 to 0 (seek)
    10ms  read 0 to 4, high watermark 4: 0:a 1:b 2:c 3:d
   114ms  orders-0 failed: orders-0 was truncated to 2 below position 4: OFFSET_OUT_OF_RANGE: The requested offset is not within the range of offsets maintained by the server.
    1.1s  moved 4 to 2 (seek)
  1.102s  read 2 to 3, high watermark 3: 2:x
