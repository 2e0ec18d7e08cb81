package clients

import "assay/host"

// Timers is one node's set of deadlines behind the host's single one. Timers
// that are due at the same time fire in the order in which they were set.
type Timers struct {
	host  host.Host
	heap  []*Timer
	armed host.Time // the deadline that the host knows; Never for none
	sets  uint64
}

// Timer is one deadline. The zero value with a callback is ready; it belongs
// to one Timers.
type Timer struct {
	// Fire is called once per Set, at or after the deadline.
	Fire func()

	at    host.Time
	order uint64
	place int // in the heap, from 1; 0 when not set
}

// NewTimers makes the timers of the node that runs on h.
func NewTimers(h host.Host) *Timers { return &Timers{host: h, armed: host.Never} }

// Set arms t for the time at, replacing its former deadline. Never stops it.
func (ts *Timers) Set(t *Timer, at host.Time) {
	if at == host.Never {
		ts.Stop(t)
		return
	}
	if t.place != 0 && t.at == at {
		return
	}
	ts.sets++
	t.at, t.order = at, ts.sets
	if t.place == 0 {
		ts.heap = append(ts.heap, t)
		t.place = len(ts.heap)
	} else {
		ts.down(t.place - 1)
	}
	ts.up(t.place - 1)
	ts.arm()
}

// Stop takes t's deadline away.
func (ts *Timers) Stop(t *Timer) {
	if t.place == 0 {
		return
	}
	i, last := t.place-1, len(ts.heap)-1
	ts.swap(i, last)
	ts.heap[last] = nil
	ts.heap = ts.heap[:last]
	t.place = 0
	if i < last {
		ts.down(i)
		ts.up(i)
	}
}

// IsSet reports whether t has a deadline.
func (t *Timer) IsSet() bool { return t.place != 0 }

// Wake fires everything that is due; the node's Wake calls it.
func (ts *Timers) Wake() {
	ts.armed = host.Never
	now := ts.host.Now()
	for len(ts.heap) > 0 && ts.heap[0].at <= now {
		t := ts.heap[0]
		ts.Stop(t)
		t.Fire()
	}
	ts.arm()
}

// arm moves the host's deadline forward only. A deadline that was put off
// costs one idle wake-up, less than telling the host of every change.
func (ts *Timers) arm() {
	if len(ts.heap) > 0 && ts.heap[0].at < ts.armed {
		ts.armed = ts.heap[0].at
		ts.host.WakeAt(ts.armed)
	}
}

func (ts *Timers) before(i, j int) bool {
	a, b := ts.heap[i], ts.heap[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (ts *Timers) swap(i, j int) {
	ts.heap[i], ts.heap[j] = ts.heap[j], ts.heap[i]
	ts.heap[i].place, ts.heap[j].place = i+1, j+1
}

func (ts *Timers) up(i int) {
	for i > 0 && ts.before(i, (i-1)/2) {
		ts.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (ts *Timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(ts.heap) {
			return
		}
		if child+1 < len(ts.heap) && ts.before(child+1, child) {
			child++
		}
		if !ts.before(child, i) {
			return
		}
		ts.swap(i, child)
		i = child
	}
}
