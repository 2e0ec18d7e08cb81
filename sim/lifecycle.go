package sim

import (
	"errors"
	"math/rand/v2"
	"time"

	"assay/host"
)

// Cause says why a process ended.
type Cause struct {
	Kind   CauseKind
	Reason error // of an exit
}

// CauseKind is the kind of a process's end.
type CauseKind uint8

const (
	CauseKill        CauseKind = iota // by the harness
	CauseKillMidStep                  // by the harness, between two writes of a step
	CausePowerLoss                    // by the harness
	CauseExit                         // by its own will
)

// String returns the cause in words.
func (c Cause) String() string {
	switch c.Kind {
	case CauseExit:
		return "exit: " + c.Reason.Error()
	case CausePowerLoss:
		return "power loss"
	case CauseKillMidStep:
		return "kill in the middle of a step"
	}
	return "kill"
}

var (
	errNoReason = errors.New("no reason given")
	errShutdown = errors.New("it was asked to stop")
)

// Releaser is what a node implements that holds something outside of its
// memory, such as a coroutine. Release is called once when its incarnation has
// ended, however it ended; nothing that it does reaches the host.
type Releaser interface{ Release() }

// OnDown adds a listener to the ends of processes, whatever their cause. It
// acts by At.
func (w *World) OnDown(listener func(node string, cause Cause)) {
	w.onDown = append(w.onDown, listener)
}

// Up tells whether a node has a process, paused or not.
func (w *World) Up(name string) bool { return w.machine(name).process != nil }

// Paused tells whether a node has a process that is paused.
func (w *World) Paused(name string) bool {
	p := w.machine(name).process
	return p != nil && p.paused
}

// Nodes returns the names of all nodes in the order they were added.
func (w *World) Nodes() []string {
	names := make([]string, len(w.machines))
	for i, m := range w.machines {
		names[i] = m.spec.Name
	}
	return names
}

// Start starts a node's process, and its machine if that was without power. It
// answers false if the process runs already.
func (w *World) Start(name string) bool {
	w.mayControl()
	m := w.machine(name)
	if m.process != nil {
		return false
	}
	if !m.powered {
		m.powered = true
		w.unblock(func(_, to *machine) bool { return to == m })
	}
	m.incarnation++
	p := &process{
		world: w, machine: m, node: m.spec.Factory(), incarnation: m.incarnation, started: w.now,
		wakeAt: never, streams: map[string]*rand.Rand{},
	}
	m.process = p
	w.submit(p, work{kind: workStart})
	return true
}

// Kill ends a node's process as kill -9 does: its files are as it wrote them,
// its machine closes its connections and goes on writing back. What its last
// step would have sent later does not leave. It answers false if there is no
// process.
func (w *World) Kill(name string) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil {
		return false
	}
	w.end(p, Cause{Kind: CauseKill}, w.now)
	return true
}

// Shutdown asks a node's process to end in an orderly way, as SIGTERM does, in a
// step of its own: a host.Stopper does what it has to and exits when it is
// ready, any other node exits at once. OnDown tells when; what happens to its
// files and connections is as after any other exit. A paused process hears of it
// when it goes on. Patience is the caller's, and so is Kill. It answers false if
// there is no process or it was asked before.
func (w *World) Shutdown(name string) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil || p.stopping {
		return false
	}
	p.stopping = true
	w.submit(p, work{kind: workStop})
	return true
}

// KillMidStep ends a node's process right after its n-th write to the file
// system from now, in the middle of the step that makes it, or after the
// deadline if it has not written that often. OnDown tells when.
func (w *World) KillMidStep(name string, nthWrite int, deadline time.Duration) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil {
		return false
	}
	p.cutAfter = max(1, nthWrite)
	w.After(deadline, func() {
		if !p.ended && p.cutAfter > 0 {
			w.end(p, Cause{Kind: CauseKill}, w.now)
		}
	})
	return true
}

// cutShort ends a process whose step was cut: it sends nothing.
func (w *World) cutShort(p *process) {
	w.stepping = false
	for i := range p.outbox {
		switch r := &p.outbox[i]; r.kind {
		case requestDial:
			w.drop(r.connection)
		case requestClose: // the machine does it
			r.connection.ends[r.side].state = endOpen
		case requestSync: // it was not asked for yet: the data is still dirty
			if s := &p.syncs[r.sync]; s.bytes > 0 {
				p.machine.fs.redirty(s.file, s.bytes)
			}
		}
	}
	p.outbox = nil
	w.end(p, Cause{Kind: CauseKillMidStep}, w.now)
}

// PowerLoss takes a machine's power: its process ends, of what was not synced
// survives what the mode says, and its peers hear nothing until it is started
// again. The draws of Tear come from chance, a stream of the fault's own; other
// modes need none. It works on a machine without a process too, and answers
// false if it has no power already.
func (w *World) PowerLoss(name string, mode PowerLossMode, chance *rand.Rand) bool {
	w.mayControl()
	m := w.machine(name)
	if !m.powered {
		return false
	}
	if mode == Tear && chance == nil {
		panic("sim: PowerLoss with Tear needs a stream")
	}
	m.powered = false
	p := m.process
	m.process = nil
	if p != nil {
		p.stop()
	}
	w.mark(kindPowerLoss, m.hash, uint64(mode), 0)
	for i := range w.syncs.slots {
		if s := &w.syncs.slots[i]; s.process != nil && s.process.machine == m {
			s.process = nil
		}
	}
	for _, c := range w.connections {
		if c != nil {
			w.forget(c, m)
		}
	}
	m.fs.losePower(mode, chance)
	m.resetCPUs()
	m.diskFree = w.now
	if p != nil {
		w.tellDown(m, Cause{Kind: CausePowerLoss})
	}
	return true
}

// forget takes a machine's ends of a connection from its memory. What has left
// it is on its way; what waits in it is gone.
func (w *World) forget(c *connection, m *machine) {
	for side := range uint64(2) {
		here, d := &c.ends[side], &c.directions[side]
		if here.machine != m || here.state == endPending {
			continue
		}
		for c.directions[1-side].flights.admitted > 0 {
			f := w.pop(c, 1-side) // what was still under way is sent again when the machine is back
			if w.told && f.kind == flightMessage {
				w.tellMessage(c, 1-side, f.message, f.sent, ReceiverDown)
			}
		}
		keep := int(d.flights.admitted)
		if d.ready && !w.blocked(c, side) && d.holdUntil <= w.now {
			keep = w.sentBy(d, w.now)
			if w.narrow(here.machine, c.ends[1-side].machine) {
				keep = min(keep, w.leftBy(d, w.now))
			}
		}
		w.keepFirst(d, keep)
		here.state = endVanished
		if c.ends[1-side].state == endPending {
			w.drop(c)
			return
		}
	}
	w.release(c)
}

// end ends a process. What it handed to its machine until leftBy goes out.
func (w *World) end(p *process, cause Cause, leftBy Time) {
	m := p.machine
	m.process = nil
	p.stop()
	w.mark(kindDown, m.hash, uint64(cause.Kind), 0)
	for _, c := range w.connections {
		if c == nil {
			continue
		}
		for side := range uint64(2) {
			if here := &c.ends[side]; here.process == p && here.state == endOpen && w.connections[c.number] == c {
				w.abandon(c, side, leftBy)
			}
		}
	}
	m.resetCPUs()
	w.tellDown(m, cause)
}

// abandon closes a connection of a dead process: with a reset if there was
// something that it has not read, as TCP does.
func (w *World) abandon(c *connection, side uint64, leftBy Time) {
	d := &c.directions[side]
	w.keepFirst(d, w.sentBy(d, leftBy))
	kind := flightEOF
	if unread := c.directions[1-side].flights.first; unread != 0 && w.flight(unread).arrival <= w.now {
		kind = flightReset
	}
	w.hangUp(c, side, kind, true, max(leftBy, w.now))
}

func (m *machine) resetCPUs() {
	for i := range m.cpuFree {
		m.cpuFree[i] = min(m.cpuFree[i], m.world.now)
	}
}

// stop makes sure that nothing the process still does has an effect.
func (p *process) stop() {
	p.ended = true
	p.runQueue = ring[work]{}
	if r, ok := p.node.(Releaser); ok {
		r.Release()
	}
}

func (w *World) tellDown(m *machine, cause Cause) {
	for _, listener := range w.onDown {
		listener(m.spec.Name, cause)
	}
}

// Pause stops a node's process as SIGSTOP does: it gets no step, while its
// clock, its connections and its machine go on. It answers false if there is no
// process or it is paused already.
func (w *World) Pause(name string) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil || p.paused {
		return false
	}
	p.paused = true
	w.mark(kindPause, p.machine.hash, 1, 0)
	return true
}

// Resume lets a paused process go on with what has waited for it.
func (w *World) Resume(name string) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil || !p.paused {
		return false
	}
	p.paused = false
	w.mark(kindPause, p.machine.hash, 0, 0)
	p.machine.drain()
	return true
}

// SetDiskFull makes every write of a node that needs room fail with
// host.ErrNoSpace, or ends that.
func (w *World) SetDiskFull(name string, full bool) { w.machine(name).fs.full = full }

// SetDiskFailing makes every sync of a node that is submitted from now on fail
// with host.ErrIO and leave the disk as it was, or ends that.
func (w *World) SetDiskFailing(name string, failing bool) { w.machine(name).fs.failing = failing }

// SkewWall makes a node's belief about the time of day jump, and jump back when
// it is healed. Overlapping ones add up. The monotonic clock goes on as before.
func (w *World) SkewWall(name string, by time.Duration) *Fault {
	w.mayControl()
	m := w.machine(name)
	jump := func(by Time) {
		m.wallSkew += by
		w.mark(kindClock, m.hash, uint64(m.wallSkew), 0)
	}
	jump(Time(by))
	return &Fault{heal: func() {
		w.mayControl()
		jump(-Time(by))
	}}
}

var _ host.Host = (*process)(nil)
