# Commits are pipelined. One that fails while a later one has left is not tried again: it would set the offset back.
write a b c
consumer group=billing
run 200ms
commit-fate 1 COORDINATOR_LOAD_IN_PROGRESS
commit 1 2 3
run 1s
offsets
# One that fails before the next has left holds it up.
commit-fate 4 late-200ms
commit-fate 5 close
commit 1 2
run 100ms
commit 3
run 3s
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   201ms  broker 1: commit v10 orders-0=1 of billing, generation -1 COORDINATOR_LOAD_IN_PROGRESS
   201ms  broker 1: commit v10 orders-0=2 of billing, generation -1 
   201ms  broker 1: commit v10 orders-0=3 of billing, generation -1 
   202ms  commit of 1 failed COORDINATOR_LOAD_IN_PROGRESS
   202ms  offset_committed partition=0 offset=2
   202ms  commit of 2 acknowledged
   202ms  offset_committed partition=0 offset=3
   202ms  commit of 3 acknowledged
    1.2s  committed: orders-0=3 (epoch 0)
  1.201s  broker 1: commit v10 orders-0=1 of billing, generation -1 late-200ms
  1.201s  broker 1: commit v10 orders-0=2 of billing, generation -1 close
  1.201s  client_connection_lost broker=2147483646 requests=2
  1.201s  commit of 1 indeterminate NETWORK_EXCEPTION
  1.316s  broker 1: commit v10 orders-0=2 of billing, generation -1 
  1.316s  broker 1: commit v10 orders-0=3 of billing, generation -1 
  1.317s  offset_committed partition=0 offset=2
  1.317s  commit of 2 acknowledged
  1.317s  offset_committed partition=0 offset=3
  1.317s  commit of 3 acknowledged
    4.3s  committed: orders-0=3 (epoch 0)
