package sim

import (
	"assay/host"
)

// submit gives a process something to do: at once if a CPU is free and nothing
// waits, else in the order of arrival.
func (w *World) submit(p *process, k work) {
	if p.ended {
		return
	}
	if !p.mayStep() {
		p.runQueue.push(k)
		return
	}
	cpu := p.machine.freeCPU()
	if cpu < 0 {
		p.runQueue.push(k)
		p.machine.drain()
		return
	}
	w.step(p, &k, cpu)
}

// runNext starts what waits for a CPU of a machine.
func (w *World) runNext(m *machine) {
	if m.drained != w.now {
		return // an event that an earlier one made superfluous
	}
	m.draining = false
	for {
		p := m.process
		if p == nil || p.paused || p.runQueue.count == 0 {
			return
		}
		cpu := m.freeCPU()
		if cpu < 0 {
			m.drain()
			return
		}
		k := p.runQueue.pop()
		w.step(p, &k, cpu)
	}
}

// mayStep tells whether nothing but the CPUs keeps a process from a step.
func (p *process) mayStep() bool { return !p.paused && p.runQueue.count == 0 }

// step runs one step of a process and charges it to a CPU.
func (w *World) step(p *process, k *work, cpu int) {
	side := k.number & 1
	switch k.kind {
	case workReceive:
		// Broken meanwhile, if nothing is admitted any more.
		if c := w.connections[k.number>>1]; c != nil && c.directions[side].flights.admitted > 0 {
			w.receive(p, c, side, cpu)
		}
		return
	case workOpened:
		c := w.connections[k.number>>1]
		if c == nil || c.ends[side].state != endOpen {
			return
		}
	}
	w.record(p, k)
	if w.invoke(p, k) {
		w.finish(p, p.machine.profile.perEvent, cpu)
	}
}

// receive runs the step that takes the first flight of a direction.
func (w *World) receive(p *process, c *connection, side uint64, cpu int) {
	f := w.pop(c, side)
	k := work{kind: workReceive, number: c.number<<1 | side, message: f.message, ending: f.kind}
	f.message = nil
	cost := p.machine.profile.perEvent
	if k.ending == flightMessage {
		cost = p.machine.profile.perRequest
		p.bytes += f.size
		if w.told {
			w.tellMessage(c, side, k.message, f.sent, NotLost)
		}
		if w.checked {
			k.message = w.carry(p, k.message, f.fingerprint)
		}
	} else {
		c.ends[1-side].state = endClosed
		w.release(c)
	}
	w.record(p, &k)
	if w.invoke(p, &k) {
		w.finish(p, cost, cpu)
	}
}

// invoke calls the node, and tells whether the step came to its end.
func (w *World) invoke(p *process, k *work) (whole bool) {
	w.stepping = true
	if p.cutAfter == 0 {
		p.invoke(k)
		whole = true
	} else {
		whole = p.invokeArmed(k)
	}
	w.stepping = false
	if !whole {
		w.cutShort(p)
	}
	return whole
}

func (p *process) invoke(k *work) {
	switch k.kind {
	case workReceive:
		id := host.Conn(k.number ^ 1)
		if k.ending == flightMessage {
			p.node.Received(id, k.message)
		} else {
			p.node.Closed(id, k.ending.closing())
		}
	case workWake:
		p.node.Wake()
	case workDone:
		p.node.Done(host.Op(k.number), k.err)
	case workOpened:
		p.node.Opened(host.Conn(k.number), p.world.connections[k.number>>1].local(k.number&1))
	case workStart:
		p.node.Start(p)
	case workInject:
		k.call(p.node)
	case workStop:
		p.askToStop()
	}
}

// askToStop asks the node to end in an orderly way.
func (p *process) askToStop() {
	if s, ok := p.node.(host.Stopper); ok {
		s.Stop()
	} else {
		p.Exit(nil)
	}
}

// invokeArmed calls the node while a kill waits for one of its writes.
func (p *process) invokeArmed(k *work) (whole bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, cut := r.(cutShort); !cut {
				panic(r)
			}
		}
	}()
	p.invoke(k)
	return true
}

// carry checks or replaces a message on its way, as the configuration says.
func (w *World) carry(p *process, m host.Message, sent uint64) host.Message {
	if w.config.Debug && m.Fingerprint() != sent {
		panic("sim: a message to " + p.machine.spec.Name + " was changed after it was sent" + describe(m))
	}
	if w.config.Frames {
		decoded, err := m.Reencode()
		if err != nil {
			panic("sim: a message to " + p.machine.spec.Name + " cannot be encoded and decoded: " + err.Error() + describe(m))
		}
		return decoded
	}
	return m
}

// finish charges a step to what it used and lets its requests go when the work
// is done. The work waits for its serial lanes, though not on the CPU, which
// does other work meanwhile.
func (w *World) finish(p *process, cost Time, cpu int) {
	m := p.machine
	cost += Time(p.bytes) * m.profile.perByte
	begin := w.now
	if len(p.laneUsed) > 0 {
		for _, lane := range p.laneUsed {
			begin = max(begin, p.lanes[lane])
		}
		for _, lane := range p.laneUsed {
			p.lanes[lane] = begin + cost
		}
		p.laneUsed = p.laneUsed[:0]
	}
	if cpu >= 0 {
		m.cpuFree[cpu] = w.now + cost
	}
	end := begin + cost
	if p.coldBytes > 0 {
		end = max(end, m.useDisk(w.now, 0, p.coldBytes))
		p.coldBytes = 0
	}
	p.bytes = 0
	for i := range p.outbox {
		r := &p.outbox[i]
		w.leave(p, r, end)
		r.message, r.connection = nil, nil
	}
	p.outbox = p.outbox[:0]
	if len(p.syncs) > 0 {
		clear(p.syncs)
		p.syncs = p.syncs[:0]
	}
	p.scheduleWake()
	if p.exiting != nil {
		w.end(p, Cause{Kind: CauseExit, Reason: p.exiting}, end)
	}
}

// leave carries out what a step asked for.
func (w *World) leave(p *process, r *request, at Time) {
	switch r.kind {
	case requestSend:
		w.send(r.connection, uint64(r.side), r, flightMessage, at)
	case requestDial:
		w.transmit(r.connection, 0, flightDial, at)
	case requestClose:
		w.hangUp(r.connection, uint64(r.side), flightEOF, false, at)
	case requestSync:
		p.machine.startSync(p.syncs[r.sync], at)
	}
}
