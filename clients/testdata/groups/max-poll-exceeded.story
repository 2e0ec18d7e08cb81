# A dynamic member that does not poll in time leaves; what it had goes to the others. At its next poll that is lost, and it joins anew.
member b
run 1s
member a max-poll=5s
run 5s
busy a
write 2 x
run 12s
owners
commit a 2 1
run 1ms
poll a
run 5s
owners
----
     9ms  broker 1: join v9 of "" by range, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by range, claims  of generation -1
    12ms  group_joined generation=1 members=1
    13ms  broker 1: generation 1 gives member-1 [0 1 2 3]
    14ms  b: assigned [0 1 2 3], generation 1
    21ms  b: 0 starts at 0 (assigned)
    21ms  b: 1 starts at 0 (assigned)
    21ms  b: 2 starts at 0 (assigned)
    21ms  b: 3 starts at 0 (assigned)
  1.009s  broker 1: join v9 of "" by range, claims  of generation -1
  1.011s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.013s  broker 1: heartbeat of member-1, generation 1: REBALANCE_IN_PROGRESS
  3.014s  b: asked to give back [0 1 2 3]
  3.015s  broker 1: join v9 of "member-1" by range, claims  of generation 1
  3.016s  group_joined generation=2 members=2
  3.016s  group_joined generation=2 members=0
  3.017s  broker 1: generation 2 gives member-1 [0 1]
  3.017s  broker 1: generation 2 gives member-2 [2 3]
  3.018s  b: assigned [0 1], generation 2
  3.018s  a: assigned [2 3], generation 2
  3.022s  b: 0 starts at 0 (assigned)
  3.022s  b: 1 starts at 0 (assigned)
  3.025s  a: 2 starts at 0 (assigned)
  3.025s  a: 3 starts at 0 (assigned)
  6.007s  a: reads 2: 0:x
 11.007s  poll_interval_exceeded generation=2
 11.008s  broker 1: member-2 leaves (consumer poll timeout has expired.)
 12.017s  broker 1: heartbeat of member-1, generation 2: REBALANCE_IN_PROGRESS
 12.018s  b: asked to give back [0 1]
 12.019s  broker 1: join v9 of "member-1" by range, claims  of generation 2
  12.02s  group_joined generation=3 members=1
 12.021s  broker 1: generation 3 gives member-1 [0 1 2 3]
 12.022s  b: assigned [0 1 2 3], generation 3
 12.026s  b: 0 starts at 0 (assigned)
 12.026s  b: 1 starts at 0 (assigned)
 12.026s  b: 2 starts at 0 (assigned)
 12.026s  b: 3 starts at 0 (assigned)
 12.071s  b: reads 2: 0:x
     18s  b has [0 1 2 3], generation 3
     18s  a has [2 3], generation 2
     18s  a: commit of 1 failed UNKNOWN_MEMBER_ID
 18.001s  a: lost [2 3]
 18.002s  broker 1: join v9 of "" by range, claims  of generation -1
 18.004s  broker 1: join v9 of "member-3" by range, claims  of generation -1
 18.021s  broker 1: heartbeat of member-1, generation 3: REBALANCE_IN_PROGRESS
 18.022s  b: asked to give back [0 1 2 3]
 18.023s  broker 1: join v9 of "member-1" by range, claims  of generation 3
 18.024s  group_joined generation=4 members=2
 18.024s  group_joined generation=4 members=0
 18.025s  broker 1: generation 4 gives member-1 [0 1]
 18.025s  broker 1: generation 4 gives member-3 [2 3]
 18.026s  b: assigned [0 1], generation 4
 18.026s  a: assigned [2 3], generation 4
  18.03s  b: 0 starts at 0 (assigned)
  18.03s  b: 1 starts at 0 (assigned)
  18.03s  a: 2 starts at 0 (assigned)
  18.03s  a: 3 starts at 0 (assigned)
 18.057s  a: reads 2: 0:x
 23.001s  b has [0 1], generation 4
 23.001s  a has [2 3], generation 4
