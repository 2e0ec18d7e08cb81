# The offset is asked for until the coordinator has loaded the group and its offsets are stable.
write a b c
consumer group=billing
run 200ms
commit 1
run 100ms
offset-fate 2 COORDINATOR_LOAD_IN_PROGRESS
offset-fate 3 UNSTABLE_OFFSET_COMMIT
offset-fate 4 NOT_COORDINATOR
consumer group=billing
run 3s
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   201ms  broker 1: commit v10 orders-0=1 of billing, generation -1 
   202ms  offset_committed partition=0 offset=1
   202ms  commit of 1 acknowledged
   615ms  client_connection_lost broker=2147483646 requests=0
  1.012s  moved -1 to 1 (committed)
  1.016s  read 1 to 3, high watermark 3: 1:b 2:c
