package clients

import (
	"assay/host"
	"assay/internal/deadline"
)

// Timers is one node's set of deadlines behind the host's single one. Timers
// that are due at the same time fire in the order in which they were set.
type Timers struct {
	host  host.Host
	heap  deadline.Heap
	armed host.Time // the deadline that the host knows; Never for none
}

// Timer is one deadline. The zero value with a callback is ready; it belongs
// to one Timers.
type Timer = deadline.Deadline

// NewTimers makes the timers of the node that runs on h.
func NewTimers(h host.Host) *Timers { return &Timers{host: h, armed: host.Never} }

// Set arms t for the time at, replacing its former deadline; one that is set for
// that time already keeps its turn. Never stops it.
func (ts *Timers) Set(t *Timer, at host.Time) {
	switch at {
	case t.At():
	case host.Never:
		ts.Stop(t)
	default:
		ts.heap.Set(t, at)
		ts.arm()
	}
}

// Stop takes t's deadline away.
func (ts *Timers) Stop(t *Timer) { ts.heap.Stop(t) }

// Wake fires everything that is due; the node's Wake calls it.
func (ts *Timers) Wake() {
	ts.armed = host.Never
	ts.heap.Expire(ts.host.Now())
	ts.arm()
}

// arm moves the host's deadline forward only. A deadline that was put off
// costs one idle wake-up, less than telling the host of every change.
func (ts *Timers) arm() {
	if next := ts.heap.Next(); next < ts.armed {
		ts.armed = next
		ts.host.WakeAt(next)
	}
}
