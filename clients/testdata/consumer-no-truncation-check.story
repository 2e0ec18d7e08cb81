# The museum's flaw: the consumer goes on at its old offset and never sees x and y.
write a b c d
consumer no-truncation-check=true
run 100ms
cut 2
leader 2
write x y z
run 1s
----
    10ms  moved -1 to 0 (assigned)
    12ms  read 0 to 4, high watermark 4: 0:a 1:b 2:c 3:d
   111ms  read 4 to 5, high watermark 5: 4:z
