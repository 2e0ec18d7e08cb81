package sim

// flightID names a flight in the world's slab; 0 is none.
type flightID uint32

// flightList holds the flights of one direction in order. The flights of all
// directions share one slab, in which the one that was freed last is taken
// first: an answer takes the place of its request, which the CPU's cache still
// has.
type flightList struct {
	first, last flightID
	next        flightID // the first that its reader's machine has not admitted
	admitted    uint32   // how many are before it
}

// nextIsLast tells whether exactly one flight is not admitted.
func (l *flightList) nextIsLast() bool { return l.next == l.last && l.next != 0 }

// admit moves past the next flight, which is f.
func (l *flightList) admit(f *flight) {
	l.next = f.next
	l.admitted++
}

func (w *World) flight(id flightID) *flight { return &w.network.flights[id] }

// append adds an empty flight at the end of a direction, for the caller to fill
// in; what it stands for has a size.
func (w *World) append(d *direction, size int64) *flight {
	id := w.freeFlight
	if id == 0 {
		id = flightID(len(w.network.flights))
		w.network.flights = append(w.network.flights, flight{})
	}
	slot := w.flight(id)
	w.freeFlight = slot.next
	slot.next = 0
	slot.size = size
	d.size += size
	l := &d.flights
	if l.last == 0 {
		l.first = id
	} else {
		w.flight(l.last).next = id
	}
	l.last = id
	if l.next == 0 {
		l.next = id
	}
	return slot
}

// removeFirst takes the first flight out of a direction. It can be read until
// the next append.
func (w *World) removeFirst(d *direction) *flight {
	l := &d.flights
	id := l.first
	slot := w.flight(id)
	l.first = slot.next
	if l.first == 0 {
		l.last = 0
	}
	if l.admitted > 0 {
		l.admitted--
	} else {
		l.next = slot.next
	}
	d.size -= slot.size
	slot.next, w.freeFlight = w.freeFlight, id
	return slot
}

// keepFirst drops what comes after the first n flights of a direction.
func (w *World) keepFirst(d *direction, n int) {
	l := &d.flights
	last, rest := flightID(0), l.first
	for range n {
		if rest == 0 {
			return
		}
		last, rest = rest, w.flight(rest).next
	}
	if w.told {
		w.tellLost(d, rest)
	}
	if last == 0 {
		l.first = 0
	} else {
		w.flight(last).next = 0
	}
	l.last = last
	if uint32(n) <= l.admitted {
		l.admitted, l.next = uint32(n), 0
	} else if rest == l.next {
		l.next = 0
	}
	for rest != 0 {
		slot := w.flight(rest)
		d.size -= slot.size
		next := slot.next
		slot.message, slot.left = nil, 0
		slot.next, w.freeFlight = w.freeFlight, rest
		rest = next
	}
}

// sentBy counts the first flights of a direction that were sent by a time and
// have left, at least the admitted ones.
func (w *World) sentBy(d *direction, at Time) (n int) {
	for i := d.flights.first; i != 0; i = w.flight(i).next {
		f := w.flight(i)
		if n >= int(d.flights.admitted) && f.sent > at {
			break
		}
		n++
	}
	return n
}
