# The leader whose end the consumer started from wrote nothing in its epoch, and the next one does not know that epoch: nothing was cut.
write a b
leader 2
consumer reset=latest
run 100ms
leader 1
run 1s
write c
run 1s
----
    10ms  moved -1 to 2 (assigned)
  1.105s  read 2 to 3, high watermark 3: 2:c
