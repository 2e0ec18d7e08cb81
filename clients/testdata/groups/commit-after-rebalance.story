# A commit that comes too late fails for sure: between the generations it is not even sent, and an old one is refused.
member a
run 1s
kick a
commit a 0 5
run 1s
commit a 0 6
run 5s
commit a 0 7
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
  1.001s  broker 1: commit v10 orders-0=5 of billing, generation 1 
  1.002s  a: commit of 5 failed UNKNOWN_MEMBER_ID
  1.002s  a: lost [0 1 2 3]
  1.003s  broker 1: join v9 of "" by range, claims  of generation -1
  1.005s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  1.006s  group_joined generation=2 members=1
  1.007s  broker 1: generation 2 gives member-2 [0 1 2 3]
  1.008s  a: assigned [0 1 2 3], generation 2
  1.012s  a: 0 starts at 0 (assigned)
  1.012s  a: 1 starts at 0 (assigned)
  1.012s  a: 2 starts at 0 (assigned)
  1.012s  a: 3 starts at 0 (assigned)
  2.001s  broker 1: commit v10 orders-0=6 of billing, generation 2 
  2.002s  a: commit of 6 acknowledged
  7.001s  broker 1: commit v10 orders-0=7 of billing, generation 2 
  7.002s  a: commit of 7 acknowledged
      8s  committed: orders-0=7 (epoch 0)
