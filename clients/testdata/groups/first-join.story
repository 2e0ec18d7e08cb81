# A member is given an id first (KIP-394), joins, leads and takes all; what it reads starts where the group stood.
write 0 a b c
write 3 d
member a auto=1s
run 2s
owners
offsets
close a
run 1s
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
    23ms  a: reads 0: 0:a 1:b 2:c
    25ms  a: reads 3: 0:d
  1.015s  broker 1: commit v10 orders-0=3 orders-1=0 orders-2=0 orders-3=1 of billing, generation 1 
  1.016s  a: auto-commit of 3 acknowledged
  1.016s  a: auto-commit of 0 acknowledged
  1.016s  a: auto-commit of 0 acknowledged
  1.016s  a: auto-commit of 1 acknowledged
      2s  a has [0 1 2 3], generation 1
      2s  committed: orders-0=3 (epoch 0) orders-1=0 (epoch 0) orders-2=0 (epoch 0) orders-3=1 (epoch 0)
  2.001s  broker 1: commit v10 orders-0=3 orders-1=0 orders-2=0 orders-3=1 of billing, generation 1 
  2.002s  a: auto-commit of 3 acknowledged
  2.002s  a: auto-commit of 0 acknowledged
  2.002s  a: auto-commit of 0 acknowledged
  2.002s  a: auto-commit of 1 acknowledged
  2.002s  a: asked to give back [0 1 2 3]
  2.003s  broker 1: member-1 leaves (the consumer is being closed)
  2.006s  a: closed
