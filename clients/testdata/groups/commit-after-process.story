# The same without the switch: it counts when the application polls again.
member a auto=1s
run 500ms
busy a
write 0 a b c
run 2s
offsets
poll a
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
   503ms  a: reads 0: 0:a 1:b 2:c
    2.5s  committed: 
  2.501s  broker 1: commit v10 orders-0=3 orders-1=0 orders-2=0 orders-3=0 of billing, generation 1 
  2.502s  a: auto-commit of 3 acknowledged
  2.502s  a: auto-commit of 0 acknowledged
  2.502s  a: auto-commit of 0 acknowledged
  2.502s  a: auto-commit of 0 acknowledged
    3.5s  committed: orders-0=3 (epoch 0) orders-1=0 (epoch 0) orders-2=0 (epoch 0) orders-3=0 (epoch 0)
