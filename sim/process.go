package sim

import (
	"math/bits"
	"math/rand/v2"

	"assay/host"

	"github.com/cespare/xxhash/v2"
)

// process is one incarnation of a node. It implements host.Host.
type process struct {
	world       *World
	machine     *machine
	node        host.Node
	incarnation uint64
	started     Time
	ended       bool
	paused      bool
	stopping    bool // it was asked to end
	runQueue    ring[work]
	streams     map[string]*rand.Rand

	// wakeAt is the node's deadline. wakes are the times at which events for it
	// are pending, the earliest last: an event is added only when none comes
	// early enough.
	wakeAt Time
	wakes  []Time

	// lanes is when the work of each serial lane ends, by number.
	lanes []Time

	// What the present step has used and asked for.
	bytes     int64 // received and sent
	coldBytes int64 // read from the disk
	laneUsed  []uint64
	outbox    []request
	syncs     []diskSync
	exiting   error

	cutAfter int // kill after so many writes to the file system; 0 is off

	handles []openFile // of files, the last ones that were made
}

// request is something that leaves when the step's work is done.
type request struct {
	connection  *connection
	message     host.Message
	size        int64
	fingerprint uint64
	side        uint8
	kind        requestKind
	sync        uint32 // index in syncs
}

type requestKind uint8

const (
	requestSend requestKind = iota
	requestDial
	requestClose
	requestSync
)

// work is a step that a process has to do.
type work struct {
	kind   workKind
	number uint64 // of a direction, a connection's end, or an Op
	err    error
	call   func(host.Node) // injected
	// What was received, once it is taken: a message or how it ended.
	message host.Message
	ending  flightKind
}

type workKind uint8

const (
	workStart workKind = iota
	workOpened
	workReceive
	workDone
	workWake
	workInject
	workStop
)

const million = 1_000_000

// Now is the time since the process started, by its own clock.
func (p *process) Now() host.Time {
	elapsed := p.world.now - p.started
	if p.machine.spec.DriftPPM == 0 {
		return host.Time(elapsed)
	}
	return host.Time(scale(elapsed, million+p.machine.spec.DriftPPM, million, 0))
}

// when is the world's time at which the process's clock shows at, at least.
func (p *process) when(at host.Time) Time {
	if p.machine.spec.DriftPPM != 0 && at > 0 {
		rate := million + p.machine.spec.DriftPPM
		at = host.Time(scale(Time(at), million, rate, uint64(rate-1)))
	}
	if Time(at) > never-p.started {
		return never
	}
	return p.started + Time(at)
}

// scale returns (t*by + plus) / over without overflow between.
func scale(t Time, by, over int64, plus uint64) Time {
	high, low := bits.Mul64(uint64(t), uint64(by))
	low, carry := bits.Add64(low, plus, 0)
	high += carry
	if high >= uint64(over) {
		return never
	}
	quotient, _ := bits.Div64(high, low, uint64(over))
	return Time(min(quotient, uint64(never)))
}

func (p *process) Wall() host.WallTime {
	return host.WallTime(p.world.config.Epoch + int64(p.world.now+p.machine.wallSkew))
}

func (p *process) Rand(purpose string) *rand.Rand {
	stream := p.streams[purpose]
	if stream == nil {
		source := newPCG(fork(fork(p.machine.key, p.incarnation), xxhash.Sum64String(purpose)))
		stream = rand.New(&source)
		p.streams[purpose] = stream
	}
	return stream
}

func (p *process) Dial(to host.Addr) host.Conn {
	if p.ended {
		return 0
	}
	c := p.world.connect(p, to)
	p.outbox = append(p.outbox, request{kind: requestDial, connection: c})
	return c.id(0)
}

// own returns the connection behind an id if the process still has it.
func (p *process) own(id host.Conn) (*connection, uint64) {
	number := uint64(id) >> 1
	if p.ended || number >= uint64(len(p.world.connections)) {
		return nil, 0
	}
	c, side := p.world.connections[number], uint64(id)&1
	if c == nil || c.ends[side].process != p || c.ends[side].state != endOpen {
		return nil, 0
	}
	return c, side
}

func (p *process) Send(id host.Conn, m host.Message) {
	c, side := p.own(id)
	if c == nil {
		return
	}
	size := int64(m.Size())
	p.bytes += size
	var fingerprint uint64
	if p.world.config.Debug {
		fingerprint = m.Fingerprint()
	}
	p.outbox = append(p.outbox, request{kind: requestSend, connection: c, side: uint8(side), message: m, size: size, fingerprint: fingerprint})
}

func (p *process) Close(id host.Conn) {
	c, side := p.own(id)
	if c == nil {
		return
	}
	c.ends[side].state = endClosed // nothing more for it, from now on
	p.outbox = append(p.outbox, request{kind: requestClose, connection: c, side: uint8(side)})
}

func (p *process) Peer(id host.Conn) string {
	c, side := p.own(id)
	if c == nil || c.ends[1-side].machine == nil {
		return ""
	}
	return c.ends[1-side].machine.spec.Name
}

func (p *process) WakeAt(at host.Time) {
	if p.ended {
		return
	}
	if at == host.Never {
		p.wakeAt = never
	} else {
		p.wakeAt = max(p.when(at), p.world.now)
	}
}

// scheduleWake makes sure that an event comes at the deadline or before.
func (p *process) scheduleWake() {
	if n := len(p.wakes); p.wakeAt != never && (n == 0 || p.wakeAt < p.wakes[n-1]) {
		p.wakes = append(p.wakes, p.wakeAt)
		p.world.queue.push(p.wakeAt, newWake(p))
	}
}

// wakeUp handles the earliest pending event of the deadline.
func (p *process) wakeUp() {
	p.wakes = p.wakes[:len(p.wakes)-1]
	if p.wakeAt <= p.world.now {
		p.wakeAt = never
		p.world.submit(p, work{kind: workWake})
		return
	}
	p.scheduleWake()
}

func (p *process) FS() host.FS { return processFiles{p} }

func (p *process) Serial(lane uint64) {
	if p.ended {
		return
	}
	if missing := int(lane) + 1 - len(p.lanes); missing > 0 {
		p.lanes = append(p.lanes, make([]Time, missing)...)
	}
	p.laneUsed = append(p.laneUsed, lane)
}

func (p *process) Observe(e host.Event) {
	if !p.ended {
		p.world.observed(p, &e)
	}
}

func (p *process) Exit(reason error) {
	if p.exiting == nil {
		p.exiting = reason
		if reason == nil && p.stopping {
			p.exiting = errShutdown
		} else if reason == nil {
			p.exiting = errNoReason
		}
	}
}

// submit promises an operation of the disk and queues it after the step.
func (p *process) submit(s diskSync) host.Op {
	if p.ended {
		return 0
	}
	p.machine.operations++
	s.op, s.process = host.Op(p.machine.operations), p
	p.outbox = append(p.outbox, request{kind: requestSync, sync: uint32(len(p.syncs))})
	p.syncs = append(p.syncs, s)
	return s.op
}
