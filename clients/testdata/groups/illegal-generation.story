# A heartbeat of an old generation: the generation goes, the member id stays.
member a
run 1s
fate heartbeat 1 ILLEGAL_GENERATION
run 4s
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
  3.013s  broker 1: heartbeat of member-1, generation 1: ILLEGAL_GENERATION
  3.014s  a: lost [0 1 2 3]
  3.015s  broker 1: join v9 of "member-1" by range, claims  of generation -1
  3.016s  group_joined generation=2 members=1
  3.017s  broker 1: generation 2 gives member-1 [0 1 2 3]
  3.018s  a: assigned [0 1 2 3], generation 2
  3.022s  a: 0 starts at 0 (assigned)
  3.022s  a: 1 starts at 0 (assigned)
  3.022s  a: 2 starts at 0 (assigned)
  3.022s  a: 3 starts at 0 (assigned)
      5s  a has [0 1 2 3], generation 2
