package sim

import (
	"math/rand/v2"

	"assay/host"
)

// flight is what travels in one direction of a connection.
type flight struct {
	message     host.Message
	sent        Time // when it was handed to the machine
	arrival     Time // never: waits for the connection to be established
	size        int64
	fingerprint uint64   // at Send, in a debug world
	next        flightID // behind it in its direction
	kind        flightKind
	// left is when its last byte leaves, where the way is uneven. 64 bytes: a
	// line of the CPU's cache.
	left Time
}

type flightKind uint8

const (
	flightMessage flightKind = iota
	flightDial               // asks the other machine for a connection
	flightAccept             // its answer
	flightEOF                // orderly end
	flightReset
	flightRefused
)

// closing is the error that the end of a connection is told with.
func (k flightKind) closing() error {
	switch k {
	case flightEOF:
		return host.ErrEOF
	case flightReset:
		return host.ErrReset
	case flightRefused:
		return host.ErrRefused
	}
	panic("sim: not the end of a connection")
}

// connection has two ends: 0 dialled, 1 accepted. Numbers are never reused, nor
// are the ids of its ends. It takes four lines of the CPU's cache: with many
// connections, fetching them is what a message costs.
type connection struct {
	directions [2]direction // direction i goes from end i to the other one
	ends       [2]end
	address    host.Addr // where it was accepted
	number     uint64
}

func (c *connection) id(side uint64) host.Conn { return host.Conn(c.number<<1 | side) }

// local is the address that one side accepted the connection on.
func (c *connection) local(side uint64) host.Addr {
	if side == 0 {
		return ""
	}
	return c.address
}

// end is one machine's part of a connection.
type end struct {
	machine *machine // nil: nobody has the address
	process *process
	state   endState
}

type endState uint8

const (
	endPending  endState = iota // being accepted
	endOpen                     // its process has it
	endClosed                   // its process is done with it, and the other side was told
	endVanished                 // its machine lost power, and nobody was told
)

// direction is the way from one end to the other. Everything in it arrives in
// order. One event of the queue stands for the first flight that has not
// reached its reader, so the queue grows with connections, not with messages.
type direction struct {
	flights   flightList
	scheduled Time // when the present event of this direction comes, or never
	lineFree  Time // when the last byte has left
	lastSent  Time
	last      Time // the latest arrival
	chance    rand.PCG
	size      int64
	holdUntil Time // nothing arrives before, after a partition healed
	// ready says that the connection is established as the writer sees it.
	ready bool
	// throttled says that the reader does not read because its own output on
	// this connection is above the bound.
	throttled bool
}

// network is the part of the world between machines.
type network struct {
	connections []*connection // by number; nil when both ends are done
	cuts        []int32       // by from*machines+to: how many partitions block it
	delays      []Time        // the same: added latency
	flights     []flight      // all that are under way; 0 is none
	freeFlight  flightID      // the first of a list of free ones
	uneven      int           // how many reasons to look at the way between two machines: faults and links
	faults      int           // how many of them are faults
	limits      []int64       // as delays: bytes a second of each connection, 0 for no bound
	narrowed    []*narrowing  // those under way
}

// connect makes a connection's record for a dial.
func (w *World) connect(from *process, to host.Addr) *connection {
	c := &connection{number: uint64(len(w.connections)), address: to}
	w.connections = append(w.connections, c)
	dialler, acceptor := from.machine, w.addresses[to]
	peer, dials := uint64(0), from.machine.dialsNowhere
	if acceptor != nil {
		peer, dials = acceptor.key, from.machine.dials[acceptor.index]
		from.machine.dials[acceptor.index]++
	} else {
		from.machine.dialsNowhere++
	}
	key := fork(fork(from.machine.key, peer), dials)
	for i := range c.directions {
		d := &c.directions[i]
		d.scheduled = never
		d.chance = newPCG(fork(key, uint64(i)))
	}
	c.ends[0] = end{machine: dialler, process: from, state: endOpen}
	c.ends[1] = end{machine: acceptor}
	return c
}

// transmit hands a signal of the machine itself to one side at a time.
func (w *World) transmit(c *connection, side uint64, kind flightKind, at Time) {
	w.send(c, side, &request{size: 0}, kind, at)
}

// send hands a message or a signal to the machine of one side at a time.
func (w *World) send(c *connection, side uint64, r *request, kind flightKind, at Time) {
	if c.ends[1-side].state == endClosed && kind != flightAccept {
		if w.told && kind == flightMessage {
			w.tellMessage(c, side, r.message, at, w.lossOf(c, side, w.now))
		}
		return // nobody is there to read it
	}
	d := &c.directions[side]
	d.lastSent = max(at, d.lastSent) // steps on several CPUs may end in another order
	f := w.append(d, r.size)
	f.message, f.fingerprint, f.kind = r.message, r.fingerprint, kind
	f.sent = d.lastSent
	if !d.ready && kind != flightDial && kind != flightAccept && kind != flightRefused {
		f.arrival = never
		return
	}
	w.launch(c, side, f, f.sent)
	if d.flights.nextIsLast() {
		w.schedule(c, side, f.arrival)
	}
}

// launch decides when a flight arrives: it waits for the line, takes its
// latency, and never overtakes.
func (w *World) launch(c *connection, side uint64, f *flight, at Time) {
	d, from, to := &c.directions[side], c.ends[side].machine, c.ends[1-side].machine
	var latency Time
	if w.network.uneven > 0 && from != to && to != nil {
		latency = w.unevenWay(d, f, max(at, d.lineFree), from, to)
	} else {
		d.lineFree = max(at, d.lineFree) + from.profile.line.of(f.size)
		if from == to {
			latency = from.profile.loopback
		} else {
			latency = Time(from.profile.latency.draw(d.chance.Uint64()))
		}
	}
	d.last = max(d.last, d.lineFree+latency)
	f.arrival = d.last
}

// schedule makes sure that the world looks at a direction at a time.
func (w *World) schedule(c *connection, side uint64, at Time) {
	if d := &c.directions[side]; at < d.scheduled {
		d.scheduled = at
		w.queue.push(at, newEvent(eventDirection, c.number<<1|side))
	}
}

// blocked tells whether nothing gets through a direction now. Whoever unblocks
// it schedules it.
func (w *World) blocked(c *connection, side uint64) bool {
	to := c.ends[1-side].machine
	if to == nil {
		return false
	}
	if !to.powered {
		return true
	}
	from := c.ends[side].machine
	return w.network.faults > 0 && from != to && w.cuts[from.index*len(w.machines)+to.index] > 0
}

// due brings what has arrived to the reader's machine.
func (w *World) due(number uint64) {
	c, side := w.connections[number>>1], number&1
	if c == nil {
		return
	}
	if d := &c.directions[side]; d.scheduled == w.now {
		d.scheduled = never
		w.arrive(c, side)
	}
}

func (w *World) arrive(c *connection, side uint64) {
	d := &c.directions[side]
	if w.blocked(c, side) {
		return
	}
	for d.flights.next != 0 {
		f := w.flight(d.flights.next)
		if at := max(f.arrival, d.holdUntil); at > w.now {
			if at != never {
				w.schedule(c, side, at)
			}
			return
		}
		switch f.kind {
		case flightDial:
			w.pop(c, side)
			w.accept(c)
		case flightAccept:
			w.pop(c, side)
			w.establish(c)
		default:
			if !w.admit(c, side) {
				return
			}
		}
	}
}

// admit takes the next arrived flight into the reader's socket, and tells
// whether to go on.
func (w *World) admit(c *connection, side uint64) bool {
	d, reader := &c.directions[side], &c.ends[1-side]
	switch reader.state {
	case endVanished:
		w.answerStranger(c, side)
		return false
	case endClosed, endPending:
		w.discard(c, side)
		return false
	}
	if answers := &c.directions[1-side]; answers.size > reader.machine.profile.maxOutput && w.flight(d.flights.next).kind == flightMessage {
		d.throttled = true
		return false
	}
	d.flights.admit(w.flight(d.flights.next))
	if p := reader.process; p.mayStep() {
		if cpu := p.machine.freeCPU(); cpu >= 0 {
			w.receive(p, c, side, cpu)
			return w.connections[c.number] == c && reader.state == endOpen // the step may have ended it
		}
	}
	w.submit(reader.process, work{kind: workReceive, number: c.number<<1 | side})
	return true
}

// pop removes the first flight, which can be read until the next one is sent.
func (w *World) pop(c *connection, side uint64) *flight {
	f := w.removeFirst(&c.directions[side])
	if c.directions[1-side].throttled {
		w.relieve(c, side)
	}
	return f
}

// discard drops everything in a direction.
func (w *World) discard(c *connection, side uint64) {
	d := &c.directions[side]
	w.keepFirst(d, 0)
	d.throttled = false
	w.relieve(c, side)
}

// relieve lets a writer read again whose output has drained.
func (w *World) relieve(c *connection, side uint64) {
	back := &c.directions[1-side]
	if back.throttled && c.directions[side].size <= c.ends[side].machine.profile.maxOutput {
		back.throttled = false
		w.schedule(c, 1-side, w.now)
	}
}

// accept answers a dial that has reached its machine. The machine does it, not
// the process: a paused one accepts too.
func (w *World) accept(c *connection) {
	dialler, acceptor := &c.ends[0], &c.ends[1]
	m := acceptor.machine
	if m == nil || m.process == nil {
		acceptor.state = endClosed
		if m == nil { // a name that nobody has: the answer comes from nowhere
			acceptor.machine = dialler.machine
		}
		w.transmit(c, 1, flightRefused, w.now)
		w.release(c)
		return
	}
	acceptor.process, acceptor.state = m.process, endOpen
	w.transmit(c, 1, flightAccept, w.now)
	c.directions[1].ready = true
	w.submit(m.process, work{kind: workOpened, number: c.number<<1 | 1})
}

// establish opens the connection for the one who dialled: what it has sent so
// far leaves now.
func (w *World) establish(c *connection) {
	d := &c.directions[0]
	if c.ends[0].state == endVanished {
		w.answerStranger(c, 1)
		return
	}
	d.ready = true
	for i := d.flights.first; i != 0; i = w.flight(i).next {
		f := w.flight(i)
		w.launch(c, 0, f, max(w.now, f.sent))
	}
	if d.flights.first != 0 {
		w.schedule(c, 0, w.flight(d.flights.first).arrival)
	}
	if dialler := &c.ends[0]; dialler.state == endOpen {
		w.submit(dialler.process, work{kind: workOpened, number: c.number << 1})
	}
}

// answerStranger answers bytes for a connection that a machine has forgotten
// with its power: the writer gets a reset.
func (w *World) answerStranger(c *connection, side uint64) {
	w.discard(c, side)
	c.ends[1-side].state = endClosed
	c.directions[1-side].ready = true
	w.transmit(c, 1-side, flightReset, w.now)
	w.release(c)
}

// release forgets a connection that no process and no machine waits for.
func (w *World) release(c *connection) {
	done := func(e *end) bool { return e.state == endClosed || e.state == endVanished }
	if done(&c.ends[0]) && done(&c.ends[1]) {
		w.drop(c)
	}
}

// drop removes a connection and whatever is under way on it.
func (w *World) drop(c *connection) {
	w.keepFirst(&c.directions[0], 0)
	w.keepFirst(&c.directions[1], 0)
	w.connections[c.number] = nil
}

// hangUp ends one side by its own will, or because its process died. What was
// sent before goes out first.
func (w *World) hangUp(c *connection, side uint64, kind flightKind, died bool, at Time) {
	c.ends[side].state = endClosed
	outgoing, incoming := &c.directions[side], &c.directions[1-side]
	if !outgoing.ready { // dialled, and no answer yet
		if died {
			w.keepFirst(outgoing, 0)
			outgoing.ready = true
		}
		if c.ends[1-side].state == endPending && (died || !w.holdsMessages(outgoing)) {
			w.drop(c) // nobody has heard of it
			return
		}
	}
	w.transmit(c, side, kind, at)
	if outgoing.ready || incoming.flights.first == 0 || w.flight(incoming.flights.first).kind != flightAccept {
		w.discard(c, 1-side)
	}
	w.release(c)
}

func (w *World) holdsMessages(d *direction) bool {
	for i := d.flights.first; i != 0; i = w.flight(i).next {
		if w.flight(i).kind == flightMessage {
			return true
		}
	}
	return false
}
