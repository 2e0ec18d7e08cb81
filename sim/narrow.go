package sim

import (
	"math/bits"
	"slices"
	"time"
)

// narrowing is one bound of bandwidth under way.
type narrowing struct {
	from, to       []string
	bytesPerSecond int64
}

// Narrow bounds what every connection carries from each node of one set to each
// node of another to a number of bytes a second, for what is sent from now on
// and until it is healed. What still waits then goes out at the line's own
// speed. Of several the lowest bound holds, and a line that is slower by itself
// stays so.
func (w *World) Narrow(from, to []string, bytesPerSecond int64) *Fault {
	w.mayControl()
	n := &narrowing{slices.Clone(from), slices.Clone(to), max(1, bytesPerSecond)}
	w.narrowed = append(w.narrowed, n)
	w.disturb(from, to, func(pair int) { w.limits[pair] = lower(w.limits[pair], n.bytesPerSecond) })
	return &Fault{heal: func() {
		w.mayControl()
		w.narrowed = slices.DeleteFunc(w.narrowed, func(other *narrowing) bool { return other == n })
		w.calm(from, to, func(pair int) { w.limits[pair] = 0 })
		for _, other := range w.narrowed {
			w.forPairs(other.from, other.to, func(pair int) { w.limits[pair] = lower(w.limits[pair], other.bytesPerSecond) })
		}
		w.widen(w.between(from, to))
	}}
}

// lower returns the lower of two bounds, of which 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// narrow tells whether a bound holds between two machines.
func (w *World) narrow(from, to *machine) bool {
	return to != nil && from != to && w.limits[from.index*len(w.machines)+to.index] > 0
}

// timeAt is how long bytes take at a number of bytes a second, at most an hour;
// 0 is no bound.
func timeAt(bytesPerSecond, bytes int64) Time {
	if bytesPerSecond == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(bytes), uint64(time.Second))
	if high >= uint64(bytesPerSecond) {
		return Time(time.Hour)
	}
	quotient, _ := bits.Div64(high, low, uint64(bytesPerSecond))
	return Time(min(quotient, uint64(time.Hour)))
}

// widen sends what waits for a line that has become faster: each flight keeps
// its latency, and leaves as soon as those before it have left. No draw is made
// for it.
func (w *World) widen(affected func(from, to *machine) bool) {
	for _, c := range w.connections {
		if c == nil {
			continue
		}
		for side := range uint64(2) {
			if from, to := c.ends[side].machine, c.ends[1-side].machine; to != nil && from != to && affected(from, to) {
				w.relaunch(c, side)
			}
		}
	}
}

func (w *World) relaunch(c *connection, side uint64) {
	d, from, to := &c.directions[side], c.ends[side].machine, c.ends[1-side].machine
	lineFree, last := w.now, w.now
	for i := d.flights.next; i != 0; i = w.flight(i).next {
		f := w.flight(i)
		if f.arrival == never {
			return // waits for the connection to be established, and so does what follows
		}
		if f.left > w.now {
			latency := f.arrival - f.left
			left := max(lineFree, f.sent) + w.lineTime(from, to, f.size)
			f.left = min(f.left, left)
			f.arrival = max(last, min(f.arrival, f.left+latency))
			lineFree, d.lineFree, d.last = f.left, f.left, f.arrival
		}
		last = max(last, f.arrival)
	}
	if next := d.flights.next; next != 0 && w.flight(next).arrival > w.now {
		d.scheduled = never
		w.schedule(c, side, max(d.holdUntil, w.flight(next).arrival))
	}
}

// lineTime is how long a number of bytes keeps the line between two machines.
func (w *World) lineTime(from, to *machine, bytes int64) Time {
	line := from.profile.line
	if from.links != nil {
		line = from.links[to.zone].line
	}
	return max(line.of(bytes), timeAt(w.limits[from.index*len(w.machines)+to.index], bytes))
}

// leftBy counts the first flights of a direction whose last byte has left by a
// time, at least the admitted ones.
func (w *World) leftBy(d *direction, at Time) (n int) {
	for i := d.flights.first; i != 0; i = w.flight(i).next {
		if n >= int(d.flights.admitted) && w.flight(i).left > at {
			break
		}
		n++
	}
	return n
}
