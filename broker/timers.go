package broker

import "assay/host"

// timer is one deadline of the node. The zero value is not set.
type timer struct {
	at    host.Time
	order uint64 // among equal deadlines the one set first fires first
	index int    // in the heap, plus 1; 0 when not set
	fire  func()
}

// timers is a binary heap of the node's deadlines behind the host's one.
type timers struct {
	heap  []*timer
	order uint64
}

// set arms t, replacing what it was armed for.
func (ts *timers) set(t *timer, at host.Time, fire func()) {
	ts.cancel(t)
	ts.order++
	t.at, t.order, t.fire = at, ts.order, fire
	ts.heap = append(ts.heap, t)
	t.index = len(ts.heap)
	ts.up(t.index - 1)
}

// cancel disarms t; one that is not armed stays so.
func (ts *timers) cancel(t *timer) {
	if t.index == 0 {
		return
	}
	i, last := t.index-1, len(ts.heap)-1
	ts.swap(i, last)
	ts.heap[last] = nil
	ts.heap = ts.heap[:last]
	t.index, t.fire = 0, nil
	if i < last {
		ts.down(i)
		ts.up(i)
	}
}

// next is the earliest deadline, host.Never for none.
func (ts *timers) next() host.Time {
	if len(ts.heap) == 0 {
		return host.Never
	}
	return ts.heap[0].at
}

// expire fires what is due, in order. What it arms meanwhile for now or earlier
// fires too.
func (ts *timers) expire(now host.Time) {
	for len(ts.heap) > 0 && ts.heap[0].at <= now {
		t := ts.heap[0]
		fire := t.fire
		ts.cancel(t)
		fire()
	}
}

func (ts *timers) less(i, j int) bool {
	a, b := ts.heap[i], ts.heap[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (ts *timers) swap(i, j int) {
	ts.heap[i], ts.heap[j] = ts.heap[j], ts.heap[i]
	ts.heap[i].index, ts.heap[j].index = i+1, j+1
}

func (ts *timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !ts.less(i, parent) {
			return
		}
		ts.swap(i, parent)
		i = parent
	}
}

func (ts *timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(ts.heap) {
			return
		}
		if child+1 < len(ts.heap) && ts.less(child+1, child) {
			child++
		}
		if !ts.less(child, i) {
			return
		}
		ts.swap(i, child)
		i = child
	}
}
