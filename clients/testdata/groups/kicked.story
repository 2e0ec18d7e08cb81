# The coordinator has dropped a: the heartbeat tells, what a had is lost, and it joins without the old id.
member a
run 1s
kick a
run 5s
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
  3.013s  broker 1: heartbeat of member-1, generation 1: UNKNOWN_MEMBER_ID
  3.014s  a: lost [0 1 2 3]
  3.015s  broker 1: join v9 of "" by range, claims  of generation -1
  3.017s  broker 1: join v9 of "member-2" by range, claims  of generation -1
  3.018s  group_joined generation=2 members=1
  3.019s  broker 1: generation 2 gives member-2 [0 1 2 3]
   3.02s  a: assigned [0 1 2 3], generation 2
  3.024s  a: 0 starts at 0 (assigned)
  3.024s  a: 1 starts at 0 (assigned)
  3.024s  a: 2 starts at 0 (assigned)
  3.024s  a: 3 starts at 0 (assigned)
      6s  a has [0 1 2 3], generation 2
