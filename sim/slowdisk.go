package sim

import (
	"cmp"
	"slices"
)

// SlowDisk makes every operation of a node's disk take factor times as long
// until it is healed, also those that wait or are under way. Of several at the
// same time the largest holds.
func (w *World) SlowDisk(name string, factor int64) *Fault {
	w.mayControl()
	m := w.machine(name)
	m.diskFactors = append(m.diskFactors, max(1, factor))
	m.adjustDisk()
	return &Fault{heal: func() {
		w.mayControl()
		at := slices.Index(m.diskFactors, max(1, factor))
		m.diskFactors = slices.Delete(m.diskFactors, at, at+1)
		m.adjustDisk()
	}}
}

// adjustDisk gives the disk the speed that the slowdowns under way leave it, and
// what the disk has not done yet the rest of its time at that speed.
func (m *machine) adjustDisk() {
	w, before := m.world, m.diskSlower
	m.diskSlower = max(1, slices.Max(append([]int64{1}, m.diskFactors...)))
	w.mark(kindDisk, m.hash, uint64(m.diskSlower), 0)
	if m.diskSlower == before {
		return
	}
	retimed := func(at Time) Time {
		if at <= w.now {
			return at
		}
		return w.now + scale(at-w.now, m.diskSlower, before, 0)
	}
	m.diskFree = retimed(m.diskFree)
	var waiting []diskSync
	for i := range w.syncs.slots {
		if s := &w.syncs.slots[i]; s.process != nil && s.process.machine == m {
			waiting = append(waiting, *s)
			s.process = nil // the event that comes for it finds nothing
		}
	}
	slices.SortStableFunc(waiting, func(a, b diskSync) int { return cmp.Compare(a.due, b.due) })
	for _, s := range waiting {
		s.due = retimed(s.due)
		w.queue.push(s.due, newEvent(eventSynced, w.syncs.add(s)))
	}
}
