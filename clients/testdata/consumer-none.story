write a b
consumer reset=none
run 100ms
----
      0s  orders-0 failed: orders-0 has no position and auto.offset.reset is none: OFFSET_OUT_OF_RANGE: The requested offset is not within the range of offsets maintained by the server.
