# Reconnects back off; the batch waits and is sent once.
producer
send a
run 100ms
down 1
down 2
send b
run 2s
up 1
up 2
run 2s
log
----
   105ms  batch_sent partition=0 records=1 attempt=1 bytes=69
   107ms  batch_acknowledged partition=0 records=1 attempt=1 offset=0
   107ms  a acknowledged offset=0 attempts=1
   200ms  client_connection_lost broker=1 requests=0
   201ms  client_connection_lost broker=2 requests=0
   245ms  client_connection_lost broker=1 requests=0
   259ms  client_connection_lost broker=2 requests=0
   357ms  client_connection_lost broker=2 requests=0
   366ms  client_connection_lost broker=1 requests=0
   571ms  client_connection_lost broker=1 requests=0
   597ms  client_connection_lost broker=2 requests=0
   920ms  client_connection_lost broker=1 requests=0
  1.057s  client_connection_lost broker=2 requests=0
  1.732s  client_connection_lost broker=1 requests=0
  1.801s  client_connection_lost broker=2 requests=0
  2.654s  batch_sent partition=0 records=1 attempt=1 bytes=69
  2.656s  batch_acknowledged partition=0 records=1 attempt=1 offset=1
  2.656s  b acknowledged offset=1 attempts=1
    4.2s  log: a b
