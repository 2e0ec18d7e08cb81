# A paused partition leaves the fetch session, a resumed one comes back where it was.
member a
run 1s
pause a 1
run 1s
sessions
write 1 waits
write 0 comes
run 1s
resume a 1
run 1s
sessions
# What was fetched before the pause is kept.
busy a
write 0 work
run 100ms
write 0 much
run 100ms
pause a 0
poll a
run 1s
resume a 0
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
      2s  broker 1: session 1: orders-0 from 0 orders-2 from 0 orders-3 from 0
  2.009s  a: reads 0: 0:comes
  3.015s  a: reads 1: 0:waits
      4s  broker 1: session 1: orders-0 from 1 orders-2 from 0 orders-3 from 0 orders-1 from 1
  4.009s  a: reads 0: 1:work
    5.2s  a: reads 0: 2:much
