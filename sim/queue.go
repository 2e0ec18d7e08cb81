package sim

import "math/bits"

// entry is one pending event: when it happens and what it is. It holds no
// pointer, so the garbage collector never looks into the queue.
type entry struct {
	at   Time
	what event
}

// queue is a monotone radix heap: nothing is pushed before the last time that
// was popped. Bucket b holds the entries whose time differs from that last time
// in bit b-1 and in no higher one; so bucket 0 holds what is due at this very
// time, and when it is empty the lowest bucket in use is dealt out over the
// buckets below. An entry moves down at most once a bit.
//
// Entries of equal time always share a bucket and are only ever appended in the
// order they were pushed, so ties are first in, first out without a sequence
// number. Buckets keep their memory: a push allocates only while they grow.
//
// Source: Ahuja, Mehlhorn, Orlin, Tarjan, Faster Algorithms for the Shortest
// Path Problem, JACM 37 (1990).
type queue struct {
	last    uint64 // the time of the entries in bucket 0
	next    int    // the next entry of bucket 0
	used    uint64 // bit b says that bucket b is in use; bucket 0 apart
	size    int
	buckets [64][]entry
}

// push adds an event. A time before the last popped one is our bug.
func (q *queue) push(at Time, what event) {
	b := bits.Len64(uint64(at) ^ q.last)
	if uint64(at) < q.last {
		panic("sim: an event was scheduled in the past")
	}
	q.buckets[b&63] = append(q.buckets[b&63], entry{at, what})
	q.used |= 1 << (b & 63)
	q.size++
}

// pop removes the earliest event if it is not after limit. When it answers
// false the queue is as it was, and times from the last popped on may still be
// pushed.
func (q *queue) pop(limit Time) (entry, bool) {
	if q.next == len(q.buckets[0]) {
		if !q.deal(limit) {
			return entry{}, false
		}
	} else if Time(q.last) > limit {
		return entry{}, false
	}
	e := q.buckets[0][q.next]
	q.next++
	q.size--
	return e, true
}

// deal empties the lowest bucket in use into those below it.
func (q *queue) deal(limit Time) bool {
	used := q.used &^ 1
	if used == 0 {
		return false
	}
	low := bits.TrailingZeros64(used)
	bucket := q.buckets[low]
	first := bucket[0].at
	for i := 1; i < len(bucket); i++ {
		first = min(first, bucket[i].at)
	}
	if first > limit {
		return false
	}
	q.last = uint64(first)
	q.buckets[0] = q.buckets[0][:0]
	q.next = 0
	if low <= 1 || len(bucket) == 1 {
		// All entries of bucket 1 have the same time; so has a single one.
		q.buckets[0], q.buckets[low] = bucket, q.buckets[0]
		q.used = used &^ (1 << low)
		return true
	}
	for _, e := range bucket {
		b := bits.Len64(uint64(e.at) ^ q.last)
		q.buckets[b&63] = append(q.buckets[b&63], e)
		used |= 1 << (b & 63)
	}
	q.buckets[low] = bucket[:0]
	q.used = used &^ (1 << low)
	return true
}
