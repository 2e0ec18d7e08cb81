// Package sim is the deterministic world: virtual time, a simulated network and
// disk, and chance that comes from one seed. It runs any host.Node and knows
// nothing of what the nodes do.
//
// A world is used by one goroutine. Worlds share nothing, so any number of them
// may run at the same time. The same seed, nodes and harness give the same
// digest, on any machine.
//
// Who controls a world (starts and kills nodes, cuts the network) does so
// between events: before Run, in a callback of At or Every, or between two
// calls of Step; never from a node's step or an observer, which use At.
package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"assay/host"
)

// Time is nanoseconds since the run's start. Nodes never see it.
type Time int64

// never is a time that does not come.
const never Time = 1<<63 - 1

// Add returns t plus d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns the time passed from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// String returns the time as a duration: "1.5s".
func (t Time) String() string { return time.Duration(t).String() }

// defaultEpoch is the time of day at which runs start: 2025-01-01 00:00 UTC.
const defaultEpoch = 1_735_689_600_000_000_000

// Config says how a world is made. The zero value is a world of seed 0 with
// the default costs.
type Config struct {
	Seed  uint64
	Costs *Costs // nil: DefaultCosts
	// Links are what the way between two zones costs. Where there is none for a
	// pair, in this direction, the sender's own costs hold.
	Links []Link
	// Epoch is the time of day at the run's start, in nanoseconds since 1970.
	// 0 is the start of 2025.
	Epoch int64
	// Debug hashes every message at Send and panics if it has changed at its
	// delivery.
	Debug bool
	// Frames encodes and decodes every message on its way. The digest is the
	// same.
	Frames bool
	// DigestEvery is the number of events from one checkpoint to the next; 0 is
	// none.
	DigestEvery uint64
	// Trace gets one line of JSON for every event; nil is none. Close flushes it.
	Trace io.Writer
	// Watch collects a range of events; nil is none.
	Watch *Watch
}

// NodeSpec describes a node.
type NodeSpec struct {
	Name    string
	Addrs   []host.Addr      // where it listens
	Factory func() host.Node // makes a new incarnation
	Costs   *Costs           // nil: the world's
	// Zone is where it stands, "" for nowhere in particular; see Config.Links.
	Zone string
	// DriftPPM is how much faster its monotonic clock runs, in millionths.
	DriftPPM int64
	WallSkew time.Duration // added to its belief about the time of day

	costs Costs
}

// World is one simulated world.
type World struct {
	config    Config
	costs     Costs
	now       Time
	queue     queue
	machines  []*machine
	names     map[string]*machine
	addresses map[host.Addr]*machine
	checked   bool // messages are checked or encoded on their way
	told      bool // somebody listens to messages: beside what every event reads
	stepping  bool
	stopped   bool
	callbacks slab[func()]
	syncs     slab[diskSync]
	digest    Digest
	events    uint64
	nextMark  uint64
	marks     []Checkpoint
	tables    map[Distribution]*quantiles
	observers []func(node string, t Time, e host.Event)
	onDown    []func(node string, cause Cause)
	trace     *trace
	network

	// What events seldom read stands behind what they do.
	onMessage []func(Passage)
	zones     map[string]int // from 1, those of Config.Links
}

// New makes a world without nodes at time 0.
func New(config Config) *World {
	w := &World{
		config:    config,
		checked:   config.Debug || config.Frames,
		costs:     DefaultCosts(),
		names:     map[string]*machine{},
		zones:     map[string]int{},
		addresses: map[host.Addr]*machine{},
		digest:    newDigest(config.Seed),
		tables:    map[Distribution]*quantiles{},
		nextMark:  config.DigestEvery,
		trace:     newTrace(config.Trace),
	}
	w.numberZones()
	w.connections = append(w.connections, nil) // 0 is no connection
	w.network.flights = append(w.network.flights, flight{})
	if config.Costs != nil {
		w.costs = *config.Costs
	}
	if w.config.Epoch == 0 {
		w.config.Epoch = defaultEpoch
	}
	if config.DigestEvery == 0 {
		w.nextMark = 1<<64 - 1
	}
	return w
}

// AddNode adds a machine that is up, with an empty disk and no process yet. A
// name or an address that is taken is our bug.
func (w *World) AddNode(spec NodeSpec) {
	if w.names[spec.Name] != nil {
		panic("sim: two nodes named " + spec.Name)
	}
	if spec.DriftPPM <= -million {
		panic("sim: the clock of " + spec.Name + " does not run forward")
	}
	spec.costs = w.costs
	if spec.Costs != nil {
		spec.costs = *spec.Costs
	}
	m := newMachine(w, spec, &spec.costs)
	m.zone, m.links = w.zones[spec.Zone], w.linksFrom(spec.Zone, &m.profile)
	w.machines = append(w.machines, m)
	w.names[spec.Name] = m
	for _, addr := range spec.Addrs {
		if w.addresses[addr] != nil {
			panic("sim: two nodes at " + string(addr))
		}
		w.addresses[addr] = m
	}
	for _, m := range w.machines {
		m.dials = append(m.dials, make([]uint64, len(w.machines)-len(m.dials))...)
	}
	w.growMatrices(len(w.machines))
}

// Seed returns the world's seed.
func (w *World) Seed() uint64 { return w.config.Seed }

// Now returns the time.
func (w *World) Now() Time { return w.now }

// Run handles every event up to and including a time, and leaves the clock
// there. Stop ends it early.
func (w *World) Run(until Time) {
	w.stopped = false
	for !w.stopped {
		e, ok := w.queue.pop(until)
		if !ok {
			w.now = max(w.now, until)
			return
		}
		w.handle(e)
	}
}

// Step handles one event of the queue, and tells whether there was one.
func (w *World) Step() bool {
	e, ok := w.queue.pop(never)
	if ok {
		w.handle(e)
	}
	return ok
}

// Stop makes Run return after the present event.
func (w *World) Stop() { w.stopped = true }

// At calls a function of the harness at a time, or now if that has passed.
func (w *World) At(at Time, call func()) {
	w.queue.push(max(at, w.now), newEvent(eventCall, w.callbacks.add(call)))
}

// After calls a function of the harness after a time.
func (w *World) After(d time.Duration, call func()) { w.At(w.now.Add(d), call) }

// Every calls a function of the harness again and again, first after one
// interval, until it answers false.
func (w *World) Every(interval time.Duration, call func() bool) {
	if interval <= 0 {
		panic("sim: Every needs a positive interval")
	}
	w.After(interval, func() {
		if call() {
			w.Every(interval, call)
		}
	})
}

// Node returns the live incarnation of a node, nil when it is down. The harness
// may look at it, and changes it with Inject only.
func (w *World) Node(name string) host.Node {
	if p := w.machine(name).process; p != nil {
		return p.node
	}
	return nil
}

// FS returns a node's file system, whether it is up or not.
func (w *World) FS(name string) *FileSystem { return w.machine(name).fs }

// Inject runs a step of the harness's own making on a live node, atomic like
// any other and with its requests carried out. It comes at once, whatever the
// node's CPUs do, and answers false if the node is down or paused.
func (w *World) Inject(name string, call func(host.Node)) bool {
	w.mayControl()
	p := w.machine(name).process
	if p == nil || p.paused {
		return false
	}
	w.step(p, &work{kind: workInject, call: call}, -1)
	return true
}

// Observe adds a listener to the named points that nodes pass. It is called
// within the step; it may look, and acts by At.
func (w *World) Observe(listener func(node string, t Time, e host.Event)) {
	w.observers = append(w.observers, listener)
}

// Events returns how many events the digest covers.
func (w *World) Events() uint64 { return w.events }

// Digest returns the digest of everything that has happened so far.
func (w *World) Digest() Digest { return w.digest }

// FinalDigest returns the digest of everything that has happened and of every
// file of every node.
func (w *World) FinalDigest() Digest {
	d := w.digest
	d.add(w.events, uint64(w.now), 0)
	for _, m := range w.machines {
		d.add(m.hash, 0, 0)
		m.fs.addTo(&d)
	}
	return d
}

// Checkpoints returns the digests that were stored on the way.
func (w *World) Checkpoints() []Checkpoint { return w.marks }

// Stream returns a random stream of the world's seed for a user outside of the
// nodes.
func (w *World) Stream(names ...string) *rand.Rand { return Stream(w.config.Seed, names...) }

// Close ends all processes, so that what they hold outside of their memory is
// given back, and flushes the trace. It is no event of the run.
func (w *World) Close() error {
	for _, m := range w.machines {
		if m.process != nil {
			m.process.stop()
			m.process = nil
		}
	}
	return w.trace.flush()
}

func (w *World) machine(name string) *machine {
	m := w.names[name]
	if m == nil {
		panic(fmt.Sprintf("sim: no node named %q", name))
	}
	return m
}

// mayControl catches a harness that acts from within a step.
func (w *World) mayControl() {
	if w.stepping {
		panic("sim: the world was acted upon from within a step; use At")
	}
}

// event is what an entry of the queue stands for: a kind in the upper eight
// bits and a number.
type event uint64

type eventKind uint8

const (
	eventDirection eventKind = iota // a flight of a direction arrives
	eventDrain                      // a CPU of a machine is free
	eventWake                       // a process's deadline
	eventSynced                     // the disk has done a sync
	eventWriteback                  // the cache of a machine is old
	eventCall                       // a callback of the harness
)

func newEvent(kind eventKind, number uint64) event { return event(kind)<<56 | event(number) }

// newWake names a machine and its incarnation.
func newWake(p *process) event {
	return newEvent(eventWake, p.incarnation<<24|uint64(p.machine.index))
}

// handle carries out one event.
func (w *World) handle(e entry) {
	w.now = e.at
	number := uint64(e.what) & (1<<56 - 1)
	switch eventKind(e.what >> 56) {
	case eventDirection:
		w.due(number)
	case eventDrain:
		w.runNext(w.machines[number])
	case eventWake:
		p := w.machines[number&(1<<24-1)].process
		if p != nil && p.incarnation == number>>24 {
			p.wakeUp()
		}
	case eventSynced:
		w.finishSync(number)
	case eventWriteback:
		w.machines[number].writeBack()
	case eventCall:
		w.mark(kindCall, 0, 0, 0)
		w.callbacks.remove(number)()
	}
}
