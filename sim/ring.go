package sim

// ring is a first-in, first-out queue that keeps its memory.
type ring[T any] struct {
	slots []T // the length is a power of two
	first int
	count int
}

// push adds v at the end.
func (r *ring[T]) push(v T) {
	if r.count == len(r.slots) {
		r.grow()
	}
	r.slots[(r.first+r.count)&(len(r.slots)-1)] = v
	r.count++
}

func (r *ring[T]) grow() {
	slots := make([]T, max(4, 2*len(r.slots)))
	for i := range r.count {
		slots[i] = *r.at(i)
	}
	r.slots, r.first = slots, 0
}

// at returns the i-th element from the front.
func (r *ring[T]) at(i int) *T { return &r.slots[(r.first+i)&(len(r.slots)-1)] }

// pop removes the first element.
func (r *ring[T]) pop() T {
	slot := &r.slots[r.first]
	v := *slot
	var zero T
	*slot = zero
	r.first = (r.first + 1) & (len(r.slots) - 1)
	r.count--
	return v
}
