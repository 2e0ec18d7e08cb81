# Partitions that are asked back leave the fetch session at once, while the application has not given them back; the others are read on. When they come back they are fetched again, from what is committed.
member a assignor=cooperative-sticky
run 1s
sessions
hold a
member b assignor=cooperative-sticky
run 3s
write 0 mine
write 2 others
run 1s
sessions
commit a 2 0
release a
run 5s
sessions
close b
run 5s
sessions
write 2 again
run 1s
----
     9ms  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by cooperative-sticky, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
      1s  broker 1: session 1: orders-0 from 0 orders-1 from 0 orders-2 from 0 orders-3 from 0
  1.009s  broker 1: join v9 of "" by cooperative-sticky, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.015s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1 2 3] of generation 1
  3.016s  group_joined generation=2 members=2
  3.016s  group_joined generation=2 members=0
  3.017s  broker 1: generation 2 gives member-1 [0 1]
  3.017s  broker 1: generation 2 gives member-2 []
  3.018s  a: asked to give back [2 3]
  3.018s  b: assigned [], generation 2
      5s  broker 1: session 1: orders-0 from 0 orders-1 from 0
      5s  a: assigned [], generation 2
      5s  a: reads 0: 0:mine
  5.001s  broker 1: commit v10 orders-2=0 of billing, generation 2 
  5.001s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 2
  5.002s  a: commit of 0 acknowledged
  6.017s  broker 1: heartbeat of member-2, generation 2: REBALANCE_IN_PROGRESS
  6.019s  broker 1: join v9 of "member-2" by cooperative-sticky, claims  of generation 2
   6.02s  group_joined generation=3 members=2
   6.02s  group_joined generation=3 members=0
  6.021s  broker 1: generation 3 gives member-1 [0 1]
  6.021s  broker 1: generation 3 gives member-2 [2 3]
  6.022s  a: assigned [], generation 3
  6.022s  b: assigned [2 3], generation 3
  6.024s  b: 2 starts at 0 (committed)
  6.029s  b: 3 starts at 0 (assigned)
  6.031s  b: reads 2: 0:others
     10s  broker 1: session 1: orders-0 from 1 orders-1 from 0
            broker 1: session 2: orders-2 from 1 orders-3 from 0
     10s  b: asked to give back [2 3]
 10.001s  broker 1: member-2 leaves (the consumer is being closed)
 10.004s  b: closed
 12.021s  broker 1: heartbeat of member-1, generation 3: REBALANCE_IN_PROGRESS
 12.023s  broker 1: join v9 of "member-1" by cooperative-sticky, claims [0 1] of generation 3
 12.024s  group_joined generation=4 members=1
 12.025s  broker 1: generation 4 gives member-1 [0 1 2 3]
 12.026s  a: assigned [2 3], generation 4
 12.028s  a: 2 starts at 0 (committed)
  12.03s  a: 3 starts at 0 (assigned)
 12.532s  a: reads 2: 0:others
     15s  broker 1: session 1: orders-0 from 1 orders-1 from 0 orders-2 from 1 orders-3 from 0
 15.002s  a: reads 2: 1:again
