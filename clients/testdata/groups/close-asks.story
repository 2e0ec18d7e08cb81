# Closing asks for the partitions, waits for what the application commits, and then leaves.
member a
run 1s
hold a
close a
run 1s
commit a 1 9
release a
run 1s
offsets
----
     9ms  broker 1: join v9 of "" by range, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by range, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  a: assigned [0 1 2 3], generation 1
    21ms  a: 0 starts at 0 (assigned)
    21ms  a: 1 starts at 0 (assigned)
    21ms  a: 2 starts at 0 (assigned)
    21ms  a: 3 starts at 0 (assigned)
      1s  a: asked to give back [0 1 2 3]
  2.001s  broker 1: commit v10 orders-1=9 of billing, generation 1 
  2.002s  a: commit of 9 acknowledged
  2.003s  broker 1: member-1 leaves (the consumer is being closed)
  2.006s  a: closed
      3s  committed: orders-1=9 (epoch 0)
