package sim

import "slices"

// Divergence is the first difference of two runs: the first event that is not
// the same in both. One of them is zero if its run ended there.
type Divergence struct {
	Last TraceEvent // the last common event; zero if the first event differs
	A, B TraceEvent
}

// String tells the difference in three lines.
func (d Divergence) String() string {
	return "both: " + d.Last.String() + "\na:    " + d.A.String() + "\nb:    " + d.B.String()
}

// FirstDivergence finds the first difference of two runs, and tells whether
// there is one. Each function makes a world with the given Watch in its Config
// and a DigestEvery above 0, runs it in its own way, and returns it. They are
// called twice: once for the checkpoints, and once to look into the interval
// between the last common one and the first that differs.
func FirstDivergence(a, b func(*Watch) *World) (Divergence, bool) {
	first, second := a(nil), b(nil)
	if first.digest == second.digest && first.events == second.events {
		return Divergence{}, false
	}
	from, to := differing(first.marks, second.marks, max(first.events, second.events))
	watchA, watchB := Watch{From: from, To: to}, Watch{From: from, To: to}
	a(&watchA)
	b(&watchB)
	d := Divergence{}
	for i := range max(len(watchA.Events), len(watchB.Events)) {
		eventA, eventB := eventAt(watchA.Events, i), eventAt(watchB.Events, i)
		if eventA.Digest != eventB.Digest || eventA.Number != eventB.Number {
			d.A, d.B = eventA, eventB
			return d, true
		}
		d.Last = eventA
	}
	return d, true // the runs themselves are not repeatable
}

// differing returns the range of events in which the first difference lies; it
// begins with the last event that is common.
func differing(a, b []Checkpoint, events uint64) (from, to uint64) {
	n := min(len(a), len(b))
	same, _ := slices.BinarySearchFunc(a[:n], 0, func(c Checkpoint, _ int) int {
		i := int(c.Events/a[0].Events) - 1
		if c == b[i] {
			return -1
		}
		return 1
	})
	if same > 0 {
		from = a[same-1].Events
	}
	if same < n {
		return from, a[same].Events
	}
	return from, events
}

func eventAt(events []TraceEvent, i int) TraceEvent {
	if i < len(events) {
		return events[i]
	}
	return TraceEvent{}
}
