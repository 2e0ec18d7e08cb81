# Failed: surely not taken. Indeterminate: the coordinator may have taken it, and here had.
write a b c
consumer group=billing api-timeout=1s
run 200ms
commit-fate 1 ILLEGAL_GENERATION
commit 1
run 100ms
commit-fate 2 late-3s
commit 2
run 1s
offsets
run 3s
commit-fate 3 after-NOT_COORDINATOR
commit-fate 4 ILLEGAL_GENERATION
commit 3
run 1s
offsets
# Nobody to be asked: never sent.
down 1
down 2
run 100ms
commit 1
run 2s
----
    15ms  moved -1 to 0 (assigned)
    17ms  read 0 to 3, high watermark 3: 0:a 1:b 2:c
   201ms  broker 1: commit v10 orders-0=1 of billing, generation -1 ILLEGAL_GENERATION
   202ms  commit of 1 failed ILLEGAL_GENERATION
   301ms  broker 1: commit v10 orders-0=2 of billing, generation -1 late-3s
    1.3s  commit of 2 indeterminate REQUEST_TIMED_OUT
    1.3s  committed: orders-0=2 (epoch 0)
  4.301s  broker 1: commit v10 orders-0=3 of billing, generation -1 after-NOT_COORDINATOR
  4.302s  client_connection_lost broker=2147483646 requests=0
  4.422s  broker 1: commit v10 orders-0=3 of billing, generation -1 ILLEGAL_GENERATION
  4.423s  commit of 3 indeterminate ILLEGAL_GENERATION
    5.3s  committed: orders-0=3 (epoch 0)
    5.3s  client_connection_lost broker=1 requests=1
    5.3s  client_connection_lost broker=2147483646 requests=0
  5.301s  client_connection_lost broker=2 requests=0
   5.35s  client_connection_lost broker=2 requests=0
  5.352s  client_connection_lost broker=1 requests=0
  5.401s  client_connection_lost broker=2147483646 requests=0
  5.431s  client_connection_lost broker=2 requests=0
   5.47s  client_connection_lost broker=1 requests=0
  5.635s  client_connection_lost broker=2 requests=0
  5.657s  client_connection_lost broker=1 requests=0
  6.004s  client_connection_lost broker=1 requests=0
  6.093s  client_connection_lost broker=2 requests=0
    6.4s  commit of 1 failed REQUEST_TIMED_OUT
  6.864s  client_connection_lost broker=2 requests=0
  6.956s  client_connection_lost broker=1 requests=0
