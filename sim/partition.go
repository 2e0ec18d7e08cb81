package sim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Fault is a disturbance of the network, of a disk or of a clock that lasts
// until it is healed.
type Fault struct{ heal func() }

// Heal ends the disturbance. A second call does nothing.
func (f *Fault) Heal() {
	if f.heal != nil {
		f.heal()
		f.heal = nil
	}
}

// Cut blocks the way from every node of one set to every node of another: what
// is sent stalls, as TCP does, and flows in order once no fault blocks it any
// more. A node is never cut off from itself.
func (w *World) Cut(from, to []string) *Fault {
	w.mayControl()
	w.disturb(from, to, func(pair int) { w.cuts[pair]++ })
	return &Fault{heal: func() {
		w.mayControl()
		w.calm(from, to, func(pair int) { w.cuts[pair]-- })
		w.unblock(w.between(from, to))
	}}
}

// Partition cuts both ways between two sets of nodes.
func (w *World) Partition(some, others []string) *Fault {
	out, in := w.Cut(some, others), w.Cut(others, some)
	return &Fault{heal: func() { out.Heal(); in.Heal() }}
}

// Delay adds to the latency from every node of one set to every node of
// another, for what is sent from now on.
func (w *World) Delay(from, to []string, latency time.Duration) *Fault {
	w.mayControl()
	w.disturb(from, to, func(pair int) { w.delays[pair] += Time(latency) })
	return &Fault{heal: func() {
		w.mayControl()
		w.calm(from, to, func(pair int) { w.delays[pair] -= Time(latency) })
	}}
}

func (w *World) disturb(from, to []string, apply func(pair int)) {
	w.network.faults++
	w.network.uneven++
	w.mark(kindNetwork, uint64(w.network.faults), 1, 0)
	w.forPairs(from, to, apply)
}

func (w *World) calm(from, to []string, apply func(pair int)) {
	w.forPairs(from, to, apply)
	w.network.faults--
	w.network.uneven--
	w.mark(kindNetwork, uint64(w.network.faults), 0, 0)
}

func (w *World) forPairs(from, to []string, apply func(pair int)) {
	for _, a := range from {
		for _, b := range to {
			if a != b {
				apply(w.machine(a).index*len(w.machines) + w.machine(b).index)
			}
		}
	}
}

// growMatrices makes room for one machine more.
func (w *World) growMatrices(n int) {
	w.cuts, w.delays, w.limits = grown(w.cuts, n), grown(w.delays, n), grown(w.limits, n)
}

// grown copies a matrix of n-1 rows into one of n.
func grown[T any](matrix []T, n int) []T {
	larger := make([]T, n*n)
	for i := range n - 1 {
		copy(larger[i*n:], matrix[i*(n-1):(i+1)*(n-1)])
	}
	return larger
}

func (w *World) between(from, to []string) func(from, to *machine) bool {
	return func(a, b *machine) bool {
		return slices.Contains(from, a.spec.Name) && slices.Contains(to, b.spec.Name)
	}
}

// unblock lets what has stalled between machines flow, after the typical
// latency: the peers notice by their next retransmission. No draw is made for
// it, so that a fault does not shift the draws of what comes after it.
func (w *World) unblock(affected func(from, to *machine) bool) {
	for _, c := range w.connections {
		if c == nil {
			continue
		}
		for side := range uint64(2) {
			from, to := c.ends[side].machine, c.ends[1-side].machine
			if to == nil || !affected(from, to) {
				continue
			}
			d := &c.directions[side]
			d.holdUntil = max(d.holdUntil, w.now+from.typicalTo(to))
			if next := d.flights.next; next != 0 && w.flight(next).arrival != never {
				d.scheduled = never
				w.schedule(c, side, max(d.holdUntil, w.flight(next).arrival))
			}
		}
	}
}

// Reset breaks every connection of a node: both ends get a Closed with
// host.ErrReset at once. What was under way is lost; or, with late bytes, what
// the dialling side had sent arrives at the accepting side 1 ms to 10 s later,
// as if the connection were still there, and then the Closed. The times are
// drawn from chance, a stream of the fault's own, which is not used otherwise.
// It returns how many connections had an end in use.
func (w *World) Reset(name string, late bool, chance *rand.Rand) int {
	w.mayControl()
	m := w.machine(name)
	w.mark(kindReset, m.hash, 0, 0)
	broken := 0
	for _, c := range w.connections {
		if c != nil && (c.ends[0].machine == m || c.ends[1].machine == m) {
			if c.ends[0].state == endOpen || c.ends[1].state == endOpen {
				broken++
			}
			w.breakUp(c, late, chance)
		}
	}
	return broken
}

func (w *World) breakUp(c *connection, late bool, chance *rand.Rand) {
	if late {
		w.makeLate(&c.directions[0], chance)
	} else {
		w.discard(c, 0)
	}
	w.discard(c, 1)
	if c.ends[1].state == endPending {
		w.keepFirst(&c.directions[0], 0)
		c.ends[1].state = endClosed
	}
	requests, answers := &c.directions[0], &c.directions[1]
	if c.ends[1].state == endOpen {
		requests.ready = true
		reset := w.append(requests, 0)
		*reset = flight{kind: flightReset, sent: w.now, arrival: w.now}
		if late {
			reset.arrival = max(w.now, requests.last)
		}
		if requests.flights.nextIsLast() {
			w.tellReset(c, 0)
		} else {
			w.schedule(c, 0, w.flight(requests.flights.first).arrival)
		}
	}
	if w.connections[c.number] == c && c.ends[0].state == endOpen {
		answers.ready = true
		*w.append(answers, 0) = flight{kind: flightReset, sent: w.now, arrival: w.now}
		w.tellReset(c, 1)
	}
	if w.connections[c.number] == c {
		w.release(c)
	}
}

// tellReset hands a reset to its reader now, partition or not.
func (w *World) tellReset(c *connection, side uint64) {
	l := &c.directions[side].flights
	l.admit(w.flight(l.next))
	w.submit(c.ends[1-side].process, work{kind: workReceive, number: c.number<<1 | side})
}

// makeLate gives what was under way new arrivals in the same order.
func (w *World) makeLate(d *direction, chance *rand.Rand) {
	keep, i := 0, d.flights.first
	for ; i != 0; i = w.flight(i).next {
		if f := w.flight(i); f.sent > w.now || f.arrival == never || f.kind != flightMessage {
			break
		}
		keep++
	}
	w.keepFirst(d, keep)
	d.flights.admitted, d.flights.next = 0, d.flights.first
	arrivals := make([]Time, keep)
	for i := range arrivals {
		arrivals[i] = w.now + Time(time.Millisecond) + Time(chance.Int64N(int64(10*time.Second-time.Millisecond)))
	}
	slices.Sort(arrivals)
	i = d.flights.first
	for _, at := range arrivals {
		f := w.flight(i)
		f.left, f.arrival = min(f.left, w.now), at
		d.last = at
		i = w.flight(i).next
	}
	d.scheduled = never
}
