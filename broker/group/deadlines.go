package group

import "assay/host"

// deadline is one thing that happens unless it is put off or cancelled. The zero
// value is not set.
type deadline struct {
	at     host.Time // when it is due, if it is set
	queued host.Time // under which it stands in the heap: at or earlier
	order  uint64    // among equal deadlines the one set first is due first
	index  int       // in the heap, plus 1; 0 when not set
	due    func()
}

// deadlines is a binary heap. One that is put off, as a session is by every
// heartbeat, stays where it stands until it comes up: that costs nothing.
type deadlines struct {
	heap  []*deadline
	order uint64
}

func (ds *deadlines) set(d *deadline, at host.Time) {
	ds.order++
	d.at, d.order = at, ds.order
	switch {
	case d.index == 0:
		d.queued = at
		ds.heap = append(ds.heap, d)
		d.index = len(ds.heap)
		ds.up(d.index - 1)
	case at < d.queued:
		d.queued = at
		ds.up(d.index - 1)
	}
}

func (ds *deadlines) cancel(d *deadline) {
	if d.index == 0 {
		return
	}
	i, last := d.index-1, len(ds.heap)-1
	ds.swap(i, last)
	ds.heap[last] = nil
	ds.heap = ds.heap[:last]
	d.index = 0
	if i < last {
		ds.down(i)
		ds.up(i)
	}
}

func (ds *deadlines) next() host.Time {
	if len(ds.heap) == 0 {
		return host.Never
	}
	return ds.heap[0].queued
}

// expire lets happen what is due, in order.
func (ds *deadlines) expire(now host.Time) {
	for len(ds.heap) > 0 && ds.heap[0].queued <= now {
		d := ds.heap[0]
		if d.queued != d.at { // it was put off meanwhile
			d.queued = d.at
			ds.down(0)
			continue
		}
		ds.cancel(d)
		d.due()
	}
}

func (ds *deadlines) less(i, j int) bool {
	a, b := ds.heap[i], ds.heap[j]
	return a.queued < b.queued || a.queued == b.queued && a.order < b.order
}

func (ds *deadlines) swap(i, j int) {
	ds.heap[i], ds.heap[j] = ds.heap[j], ds.heap[i]
	ds.heap[i].index, ds.heap[j].index = i+1, j+1
}

func (ds *deadlines) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !ds.less(i, parent) {
			return
		}
		ds.swap(i, parent)
		i = parent
	}
}

func (ds *deadlines) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(ds.heap) {
			return
		}
		if child+1 < len(ds.heap) && ds.less(child+1, child) {
			child++
		}
		if !ds.less(child, i) {
			return
		}
		ds.swap(i, child)
		i = child
	}
}
