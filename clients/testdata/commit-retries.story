# A coordinator that loads, one that has moved, a broken connection, a lost answer: the commit is tried again.
write a b c
consumer group=billing request=2s
run 200ms
commit-fate 1 COORDINATOR_LOAD_IN_PROGRESS
commit 1
run 500ms
coordinator 2
commit 2
run 1s
commit-fate 5 close
commit 3
run 1s
offsets
commit-fate 7 lose
commit 2
run 5s
offsets
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   201ms  broker 1: commit v10 orders-0=1 of billing, generation -1 COORDINATOR_LOAD_IN_PROGRESS
   317ms  broker 1: commit v10 orders-0=1 of billing, generation -1 
   318ms  offset_committed partition=0 offset=1
   318ms  commit of 1 acknowledged
   701ms  broker 1: commit v10 orders-0=2 of billing, generation -1 
   702ms  client_connection_lost broker=2147483646 requests=0
   819ms  broker 2: commit v10 orders-0=2 of billing, generation -1 
   820ms  offset_committed partition=0 offset=2
   820ms  commit of 2 acknowledged
  1.701s  broker 2: commit v10 orders-0=3 of billing, generation -1 close
  1.701s  client_connection_lost broker=2147483645 requests=1
  1.806s  broker 2: commit v10 orders-0=3 of billing, generation -1 
  1.807s  offset_committed partition=0 offset=3
  1.807s  commit of 3 acknowledged
    2.7s  committed: orders-0=3 (epoch 0)
  2.701s  broker 2: commit v10 orders-0=2 of billing, generation -1 lose
    4.7s  client_connection_lost broker=2147483645 requests=1
  4.792s  broker 2: commit v10 orders-0=2 of billing, generation -1 
  4.793s  offset_committed partition=0 offset=2
  4.793s  commit of 2 acknowledged
    7.7s  committed: orders-0=2 (epoch 0)
