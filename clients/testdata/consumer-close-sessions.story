# A closing consumer ends its fetch session with the broker, unless it has none or the broker is out of reach.
write a
consumer
run 700ms
sessions
close
run 100ms
sessions
consumer client=librdkafka-2
run 700ms
close
run 100ms
consumer client=franz-go-1
run 700ms
sessions
down 1
close
run 2s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 1, high watermark 1: 0:a
   700ms  sessions: 1
   700ms  broker 1: session 1: orders-0 from 1
   702ms  closed
   800ms  sessions: 0
   810ms  moved -1 to 0 (assigned)
   812ms  read 0 to 1, high watermark 1: 0:a
    1.5s  closed
   1.61s  moved -1 to 0 (assigned)
  1.612s  read 0 to 1, high watermark 1: 0:a
    2.3s  sessions: 1
    2.3s  broker 1: session 2: orders-0 from 1
    2.3s  client_connection_lost broker=1 requests=0
    2.3s  client_connection_lost broker=1 requests=0
    2.3s  client_connection_lost broker=1 requests=1
    2.3s  closed
