# A coordinator that loads, a rebalance that begins again, an id that is not known any more, a coordinator that moves: the member tries on, and calls the application once.
fate join 1 COORDINATOR_LOAD_IN_PROGRESS
fate sync 1 REBALANCE_IN_PROGRESS
fate sync 2 UNKNOWN_MEMBER_ID
member a
run 2s
expire
run 1s
owners
coordinator 2
run 5s
owners
----
     9ms  broker 1: join v9 of "" by range, claims  of generation -1
   108ms  broker 1: join v9 of "" by range, claims  of generation -1
   110ms  broker 1: join v9 of "member-1" by range, claims  of generation -1
   111ms  group_joined generation=1 members=1
   114ms  broker 1: join v9 of "member-1" by range, claims  of generation 1
   115ms  group_joined generation=2 members=1
   118ms  broker 1: join v9 of "" by range, claims  of generation -1
   120ms  broker 1: join v9 of "member-2" by range, claims  of generation -1
  2.001s  group_joined generation=3 members=1
  2.002s  broker 1: generation 3 gives member-2 [0 1 2 3]
  2.003s  a: assigned [0 1 2 3], generation 3
   2.01s  a: 0 starts at 0 (assigned)
   2.01s  a: 1 starts at 0 (assigned)
   2.01s  a: 2 starts at 0 (assigned)
   2.01s  a: 3 starts at 0 (assigned)
      3s  a has [0 1 2 3], generation 3
  5.002s  broker 1: heartbeat of member-2, generation 3: NOT_COORDINATOR
  5.003s  client_connection_lost broker=2147483646 requests=0
      8s  a has [0 1 2 3], generation 3
