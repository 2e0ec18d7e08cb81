package sim

import (
	"container/heap"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// reference is the queue as a sorted list.
type reference []entry

func (r *reference) push(at Time, what event) {
	i := len(*r)
	for i > 0 && (*r)[i-1].at > at {
		i--
	}
	*r = append((*r)[:i], append(reference{{at, what}}, (*r)[i:]...)...)
}

func FuzzQueueAgainstSortedList(f *testing.F) {
	f.Add([]byte{1, 5, 9, 0, 0, 200, 3, 3, 0, 7})
	f.Add([]byte{255, 255, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		var q queue
		var r reference
		now := Time(0)
		for i, b := range program {
			switch {
			case b%4 != 0: // distances from 0 to far, many of them equal
				at := now + Time(b>>4)<<(4*(b%4-1)*(b>>2&3))
				q.push(at, event(i))
				r.push(at, event(i))
			case b&64 != 0: // a limit below the first
				if len(r) > 0 && r[0].at > now {
					_, ok := q.pop(r[0].at - 1)
					require.False(t, ok)
				}
			default:
				e, ok := q.pop(never)
				require.Equal(t, len(r) > 0, ok)
				if ok {
					require.Equal(t, r[0], e)
					now, r = e.at, r[1:]
				}
			}
			require.Equal(t, len(r), q.size)
		}
		for _, want := range r {
			e, ok := q.pop(want.at)
			require.True(t, ok)
			require.Equal(t, want, e)
		}
		require.Zero(t, q.size)
	})
}

func TestQueueRefusesThePast(t *testing.T) {
	var q queue
	q.push(10, 0)
	q.pop(never)
	require.Panics(t, func() { q.push(9, 0) })
}

// delays are the distances that the hold model pushes at.
func delays() *[1 << 16]Time {
	var list [1 << 16]Time
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range list {
		list[i] = Time(chance.ExpFloat64() * 1e6)
	}
	return &list
}

// BenchmarkQueueHold takes the first event and puts it back later, with a
// constant number of events pending.
func BenchmarkQueueHold(b *testing.B) {
	later := delays()
	for _, pending := range []int{1_000, 100_000} {
		b.Run(strconv.Itoa(pending)+"/radix", func(b *testing.B) {
			turn := holdRadix(pending, later)
			b.ReportAllocs()
			for b.Loop() {
				turn(1)
			}
		})
		b.Run(strconv.Itoa(pending)+"/container-heap", func(b *testing.B) {
			turn := holdHeap(pending, later)
			for b.Loop() {
				turn(1)
			}
		})
	}
}

// holdRadix returns a function that takes the hold model n turns on.
func holdRadix(pending int, later *[1 << 16]Time) func(n int) {
	var q queue
	for i := range pending {
		q.push(later[i&0xffff], event(i))
	}
	i := 0
	turn := func(n int) {
		for range n {
			e, _ := q.pop(never)
			q.push(e.at+later[i&0xffff], e.what)
			i++
		}
	}
	turn(10 * pending)
	return turn
}

// holdHeap is the same on container/heap.
func holdHeap(pending int, later *[1 << 16]Time) func(n int) {
	h := &binaryHeap{}
	i := 0
	push := func(at Time, what event) {
		heap.Push(h, sequenced{entry{at, what}, uint64(i)})
		i++
	}
	for j := range pending {
		push(later[j&0xffff], event(j))
	}
	turn := func(n int) {
		for range n {
			e := heap.Pop(h).(sequenced)
			push(e.at+later[i&0xffff], e.what)
		}
	}
	turn(pending)
	return turn
}

// sequenced has what container/heap needs to be first in, first out.
type sequenced struct {
	entry
	sequence uint64
}

type binaryHeap []sequenced

func (h binaryHeap) Len() int { return len(h) }
func (h binaryHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].sequence < h[j].sequence
}
func (h binaryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *binaryHeap) Push(x any)   { *h = append(*h, x.(sequenced)) }
func (h *binaryHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
