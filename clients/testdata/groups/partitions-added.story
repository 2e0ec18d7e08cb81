# The leader watches how many partitions there are, and asks for another round.
member a
run 1s
grow 6
run 2s
owners
subscribe a orders payments
run 2s
owners
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
  1.002s  a: asked to give back [0 1 2 3]
  1.003s  broker 1: join v9 of "member-1" by range, claims  of generation 1
  1.004s  group_joined generation=2 members=1
  1.005s  broker 1: generation 2 gives member-1 [0 1 2 3 4 5]
  1.006s  a: assigned [0 1 2 3 4 5], generation 2
   1.01s  a: 0 starts at 0 (assigned)
   1.01s  a: 1 starts at 0 (assigned)
   1.01s  a: 2 starts at 0 (assigned)
   1.01s  a: 3 starts at 0 (assigned)
   1.01s  a: 4 starts at 0 (assigned)
   1.01s  a: 5 starts at 0 (assigned)
      3s  a has [0 1 2 3 4 5], generation 2
      3s  a: asked to give back [0 1 2 3 4 5]
  3.001s  broker 1: join v9 of "member-1" by range, claims  of generation 2
  3.002s  group_joined generation=3 members=1
  3.003s  broker 1: generation 3 gives member-1 [0 1 2 3 4 5]
  3.004s  a: assigned [0 1 2 3 4 5], generation 3
  3.008s  a: 0 starts at 0 (assigned)
  3.008s  a: 1 starts at 0 (assigned)
  3.008s  a: 2 starts at 0 (assigned)
  3.008s  a: 3 starts at 0 (assigned)
  3.008s  a: 4 starts at 0 (assigned)
  3.008s  a: 5 starts at 0 (assigned)
      5s  a has [0 1 2 3 4 5], generation 3
