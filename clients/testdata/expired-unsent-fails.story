# Nothing was ever sent: a definite failure.
producer delivery=1s
down 1
down 2
send a
run 3s
----
   101ms  client_connection_lost broker=1 requests=0
   102ms  client_connection_lost broker=2 requests=0
   155ms  client_connection_lost broker=2 requests=0
   160ms  client_connection_lost broker=1 requests=0
   257ms  client_connection_lost broker=2 requests=0
   281ms  client_connection_lost broker=1 requests=0
   493ms  client_connection_lost broker=2 requests=0
   505ms  client_connection_lost broker=1 requests=0
   911ms  client_connection_lost broker=2 requests=0
   977ms  client_connection_lost broker=1 requests=0
    1.1s  batch_failed partition=0 records=1 attempt=0 error=7
    1.1s  a failed offset=-1 attempts=0 REQUEST_TIMED_OUT
  1.632s  client_connection_lost broker=1 requests=0
  1.829s  client_connection_lost broker=2 requests=0
  2.751s  client_connection_lost broker=1 requests=0
  2.905s  client_connection_lost broker=2 requests=0
