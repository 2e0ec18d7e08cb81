// A replicated register in the simulated world: three replicas, one writer, two
// readers. The writer stores a version at a majority; a reader asks a majority
// and then writes the newest version it saw back to a majority, so that nobody
// who reads later sees an older one (Attiya, Bar-Noy, Dolev, Sharing Memory
// Robustly in Message-Passing Systems, JACM 1995). With the planted bug readers
// skip the write-back.
package main

import (
	"encoding/binary"
	"time"

	"assay/host"
	"assay/sim"
)

var (
	readBegins = &host.Point{Name: "read_begins", About: "a reader starts a read", Fields: []string{"read"}}
	readEnds   = &host.Point{Name: "read_ends", About: "a reader has its answer", Fields: []string{"read", "version"}}
)

// message asks for a phase of an operation, or answers it. An answer carries
// the newest version that the replica has.
type message struct {
	phase   uint64 // 0: not a request
	version uint64 // stored if it is newer
}

func (m message) Size() int           { return 16 }
func (m message) Fingerprint() uint64 { return m.phase<<32 ^ m.version }
func (m message) Reencode() (host.Message, error) {
	frame := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, m.phase), m.version)
	return message{binary.BigEndian.Uint64(frame), binary.BigEndian.Uint64(frame[8:])}, nil
}

// replica keeps the newest version it was given in a file, which survives its
// process.
type replica struct {
	host    host.Host
	file    host.File
	version uint64
}

func (r *replica) Start(h host.Host) {
	r.host = h
	file, err := h.FS().Open("version")
	if err != nil {
		file, err = h.FS().Create("version")
	}
	if err != nil {
		h.Exit(err)
		return
	}
	r.file = file
	if bytes, err := file.View(0, 8); err == nil {
		r.version = binary.BigEndian.Uint64(bytes)
	}
}

func (r *replica) Received(c host.Conn, m host.Message) {
	request := m.(message)
	if request.version > r.version {
		if err := r.file.WriteAt(binary.BigEndian.AppendUint64(nil, request.version), 0); err != nil {
			r.host.Exit(err)
			return
		}
		r.version = request.version
	}
	r.host.Send(c, message{request.phase, r.version})
}

func (r *replica) Opened(host.Conn, host.Addr) {}
func (r *replica) Closed(host.Conn, error)     {}
func (r *replica) Done(host.Op, error)         {}
func (r *replica) Wake()                       {}

const retryAfter = 50 * time.Millisecond

// client reads or writes again and again, one operation at a time.
type client struct {
	writes, skipWriteBack bool

	host      host.Host
	replicas  []host.Addr
	conns     []host.Conn // by replica
	operation int64
	phase     uint64 // counts up; answers to an earlier one are late
	request   message
	storing   bool
	newest    uint64 // version in the answers, or the writer's own
	answered  map[host.Conn]bool
}

func (c *client) Start(h host.Host) {
	c.host = h
	c.conns = make([]host.Conn, len(c.replicas))
	for i, addr := range c.replicas {
		c.conns[i] = h.Dial(addr)
	}
	c.begin()
}

// begin starts the next operation.
func (c *client) begin() {
	c.operation++
	if c.writes {
		c.newest++
		c.ask(true)
		return
	}
	c.host.Observe(host.Event{Point: readBegins, Args: [6]int64{c.operation}})
	c.newest = 0
	c.ask(false)
}

// ask starts a phase: store what is newest at a majority, or learn it from one.
func (c *client) ask(store bool) {
	c.phase++
	c.storing, c.request, c.answered = store, message{phase: c.phase}, map[host.Conn]bool{}
	if store {
		c.request.version = c.newest
	}
	c.sendAll()
}

func (c *client) sendAll() {
	for _, conn := range c.conns {
		c.host.Send(conn, c.request)
	}
	c.host.WakeAt(c.host.Now().Add(retryAfter))
}

func (c *client) Received(conn host.Conn, m host.Message) {
	answer := m.(message)
	if answer.phase != c.phase || c.answered[conn] {
		return
	}
	c.answered[conn] = true
	if !c.storing { // what an answer to a write-back tells is not at a majority yet
		c.newest = max(c.newest, answer.version)
	}
	if len(c.answered) <= len(c.replicas)/2 {
		return
	}
	if !c.storing && !c.skipWriteBack {
		c.ask(true)
		return
	}
	if !c.writes {
		c.host.Observe(host.Event{Point: readEnds, Args: [6]int64{c.operation, int64(c.newest)}})
	}
	c.begin()
}

// Closed dials again; what was asked is asked again after a while.
func (c *client) Closed(conn host.Conn, _ error) {
	for i := range c.conns {
		if c.conns[i] == conn {
			delete(c.answered, conn)
			c.conns[i] = c.host.Dial(c.replicas[i])
		}
	}
}

func (c *client) Wake()                       { c.sendAll() }
func (c *client) Opened(host.Conn, host.Addr) {}
func (c *client) Done(host.Op, error)         {}

var _, _ host.Node = (*replica)(nil), (*client)(nil)

// staleRead is a read that saw less than one that had ended before it began.
type staleRead struct {
	reader        string
	at            sim.Time
	version, seen int64
}

// run simulates five seconds under kills and partitions.
func run(seed uint64, skipWriteBack bool) (digest sim.Digest, stale []staleRead) {
	w := sim.New(sim.Config{Seed: seed, Debug: true})
	replicas := []string{"replica-1", "replica-2", "replica-3"}
	var addrs []host.Addr
	for _, name := range replicas {
		addrs = append(addrs, host.Addr(name))
		w.AddNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name)}, Factory: func() host.Node { return &replica{} }})
	}
	for _, name := range []string{"writer", "reader-1", "reader-2"} {
		w.AddNode(sim.NodeSpec{Name: name, Factory: func() host.Node {
			return &client{writes: name == "writer", skipWriteBack: skipWriteBack, replicas: addrs}
		}})
	}
	var seen int64 // the newest version that any read has returned
	atLeast := map[string]int64{}
	w.Observe(func(node string, t sim.Time, e host.Event) {
		switch e.Point {
		case readBegins:
			atLeast[node] = seen
		case readEnds:
			version := e.Args[1]
			if version < atLeast[node] {
				stale = append(stale, staleRead{node, t, version, atLeast[node]})
			}
			seen = max(seen, version)
		}
	})
	for _, name := range w.Nodes() {
		w.Start(name)
	}
	disturb(w, replicas)
	w.Run(sim.Time(5 * time.Second))
	return w.FinalDigest(), stale
}

// disturb kills replicas and cuts them off from single clients.
func disturb(w *sim.World, replicas []string) {
	chance := w.Stream("faults")
	w.Every(time.Second, func() bool {
		name := replicas[chance.IntN(len(replicas))]
		lasts := time.Duration(chance.Int64N(int64(time.Second)))
		if chance.IntN(3) == 0 {
			w.Kill(name)
			w.After(lasts, func() { w.Start(name) })
		} else {
			other := []string{"writer", "reader-1", "reader-2"}[chance.IntN(3)]
			w.After(lasts, w.Partition([]string{name}, []string{other}).Heal)
		}
		return true
	})
}
