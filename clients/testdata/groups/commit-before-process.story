# museum: what was handed out counts as consumed while the application still works on it.
member a auto=1s commit-before-process
run 500ms
busy a
write 0 a b c
run 2s
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
   503ms  a: reads 0: 0:a 1:b 2:c
  1.015s  broker 1: commit v10 orders-0=3 of billing, generation 1 
  1.016s  a: auto-commit of 3 acknowledged
    2.5s  committed: orders-0=3 (epoch 0)
