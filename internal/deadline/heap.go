// Package deadline keeps any number of deadlines behind the single one that a
// host offers.
package deadline

import "assay/host"

// Deadline is one thing that happens unless it is put off or stopped. The zero
// value with a callback is ready; it belongs to one Heap, and must not be copied
// while it is set.
type Deadline struct {
	// Fire is called once per Set or PutOff, at or after the deadline.
	Fire func()

	due   turn // as last asked for
	under turn // under which it stands in the heap: due, or sooner if it was put off
	place int  // in the heap, from 1; 0 when not set
}

// turn is when something fires: among equal times what was set first.
type turn struct {
	at  host.Time
	set uint64
}

func (t turn) before(o turn) bool { return t.at < o.at || t.at == o.at && t.set < o.set }

// IsSet reports whether d has yet to fire.
func (d *Deadline) IsSet() bool { return d.place != 0 }

// At is when d fires, host.Never if it is not set.
func (d *Deadline) At() host.Time {
	if d.place == 0 {
		return host.Never
	}
	return d.due.at
}

// Heap is a binary heap of deadlines. The zero value is empty.
type Heap struct {
	heap []*Deadline
	sets uint64
}

// Set arms d for the time at, in place of its former deadline and behind all that
// are set for the same time. Never stops it.
func (h *Heap) Set(d *Deadline, at host.Time) {
	h.Stop(d)
	if at == host.Never {
		return
	}
	d.due = h.turn(at)
	d.under = d.due
	h.heap = append(h.heap, d)
	d.place = len(h.heap)
	h.up(d.place - 1)
}

// PutOff is Set for a deadline that hardly ever comes, as a session's that every
// heartbeat puts off: it costs nothing, since d stays where it stands until it
// comes up there. Until then Next goes on to tell the former deadline.
func (h *Heap) PutOff(d *Deadline, at host.Time) {
	if d.place == 0 || at == host.Never {
		h.Set(d, at)
		return
	}
	if d.due = h.turn(at); d.due.before(d.under) {
		d.under = d.due
		h.up(d.place - 1)
	}
}

func (h *Heap) turn(at host.Time) turn {
	h.sets++
	return turn{at, h.sets}
}

// Stop takes d's deadline away, if it has one.
func (h *Heap) Stop(d *Deadline) {
	if d.place == 0 {
		return
	}
	i, last := d.place-1, len(h.heap)-1
	h.swap(i, last)
	h.heap[last] = nil
	h.heap = h.heap[:last]
	d.place = 0
	if i < last {
		h.down(i)
		h.up(i)
	}
}

// Next is when Expire is due, host.Never with nothing set. It may be early: see
// PutOff.
func (h *Heap) Next() host.Time {
	if len(h.heap) == 0 {
		return host.Never
	}
	return h.heap[0].under.at
}

// Expire fires what is due, in the order of time and of setting.
// What is set meanwhile for now or earlier fires too.
func (h *Heap) Expire(now host.Time) {
	for len(h.heap) > 0 && h.heap[0].under.at <= now {
		d := h.heap[0]
		if d.under != d.due { // it was put off
			d.under = d.due
			h.down(0)
			continue
		}
		h.Stop(d)
		d.Fire()
	}
}

func (h *Heap) before(i, j int) bool {
	return h.heap[i].under.before(h.heap[j].under)
}

func (h *Heap) swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].place, h.heap[j].place = i+1, j+1
}

func (h *Heap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.before(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h *Heap) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h.heap) {
			return
		}
		if child+1 < len(h.heap) && h.before(child+1, child) {
			child++
		}
		if !h.before(child, i) {
			return
		}
		h.swap(i, child)
		i = child
	}
}
