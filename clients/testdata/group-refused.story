# What no retry mends goes to the application: at the look-up, and of a commit.
write a
find-fate 1 GROUP_AUTHORIZATION_FAILED
consumer group=billing
run 300ms
seek 0 -1
run 300ms
commit-fate 1 GROUP_AUTHORIZATION_FAILED
commit 1
run 300ms
----
     5ms  orders-0 failed: GROUP_AUTHORIZATION_FAILED: Not authorized to access group: Group authorization failed.
   300ms  moved -1 to 0 (seek)
   302ms  read 0 to 1, high watermark 1: 0:a
   606ms  broker 1: commit v10 orders-0=1 of billing, generation -1 GROUP_AUTHORIZATION_FAILED
   607ms  commit of 1 failed GROUP_AUTHORIZATION_FAILED
