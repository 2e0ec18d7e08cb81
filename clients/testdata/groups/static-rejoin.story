# A static member (KIP-345) does not leave when it closes. Who comes back under its name takes its place; the other is fenced for good.
member a instance=desk-1
run 1s
close a
run 1s
member b instance=desk-1
run 1s
owners
member c instance=desk-1
run 5s
owners
----
     9ms  broker 1: join v9 of "" (desk-1) by range, claims  of generation -1
    10ms  group_joined generation=1 members=1
    11ms  broker 1: generation 1 gives desk-1-1 [0 1 2 3]
    12ms  a: assigned [0 1 2 3], generation 1
    19ms  a: 0 starts at 0 (assigned)
    19ms  a: 1 starts at 0 (assigned)
    19ms  a: 2 starts at 0 (assigned)
    19ms  a: 3 starts at 0 (assigned)
      1s  a: asked to give back [0 1 2 3]
  1.002s  a: closed
  2.009s  broker 1: join v9 of "" (desk-1) by range, claims  of generation -1
   2.01s  group_joined generation=2 members=1
  2.011s  broker 1: generation 2 gives desk-1-2 [0 1 2 3]
  2.012s  b: assigned [0 1 2 3], generation 2
  2.019s  b: 0 starts at 0 (assigned)
  2.019s  b: 1 starts at 0 (assigned)
  2.019s  b: 2 starts at 0 (assigned)
  2.019s  b: 3 starts at 0 (assigned)
      3s  a has [], generation 1
      3s  b has [0 1 2 3], generation 2
  3.009s  broker 1: join v9 of "" (desk-1) by range, claims  of generation -1
   3.01s  group_joined generation=3 members=1
  3.011s  broker 1: generation 3 gives desk-1-3 [0 1 2 3]
  3.012s  c: assigned [0 1 2 3], generation 3
  3.019s  c: 0 starts at 0 (assigned)
  3.019s  c: 1 starts at 0 (assigned)
  3.019s  c: 2 starts at 0 (assigned)
  3.019s  c: 3 starts at 0 (assigned)
  5.011s  broker 1: heartbeat of desk-1-2, generation 2: FENCED_INSTANCE_ID
  5.012s  b: lost [0 1 2 3]
  5.012s  b: group failed: FENCED_INSTANCE_ID: The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id.
      8s  a has [], generation 1
      8s  b has [], generation 2
      8s  c has [0 1 2 3], generation 3
