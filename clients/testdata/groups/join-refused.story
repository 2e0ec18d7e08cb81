# An error that nothing mends ends the membership.
fate join 2 GROUP_MAX_SIZE_REACHED
member a
run 3s
write 0 a
run 1s
----
     9ms  broker 1: join v9 of "" by range, claims  of generation -1
    11ms  broker 1: join v9 of "member-1" by range, claims  of generation -1
    12ms  a: group failed: GROUP_MAX_SIZE_REACHED: The consumer group has reached its max size
