# The admin client asks the coordinator, again where it must.
write a b
group-offsets 5s
run 300ms
consumer group=billing
run 300ms
commit 2
run 100ms
offset-fate 3 NOT_COORDINATOR
group-offsets 5s
run 2s
coordinator 2
down 2
group-offsets 5s
run 10s
----
    10ms  group offsets: [{orders-0 -1 -1}] <nil>
   315ms  moved -1 to 0 (assigned)
   317ms  read 0 to 2, high watermark 2: 0:a 1:b
   601ms  broker 1: commit v10 orders-0=2 of billing, generation -1 
   602ms  offset_committed partition=0 offset=2
   602ms  commit of 2 acknowledged
   710ms  client_connection_lost broker=2147483646 requests=0
   815ms  group offsets: [{orders-0 2 0}] <nil>
    2.7s  client_connection_lost broker=2 requests=0
    7.7s  group offsets: [] deadline passed (<nil>)
