package live

import (
	crypto "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"assay/host"
)

// Config says how a process is run.
type Config struct {
	Name string
	// Listeners are where it accepts connections. The node sees Addr; sockets
	// are bound by the caller, so that a taken port is known before it starts.
	Listeners []Listener
	Dir       string // its file system's root; must exist
	// MaxFrame bounds a request's length in bytes (socket.request.max.bytes);
	// 0 is Kafka's default.
	MaxFrame int
	// IdleTimeout is how long an accepted connection may send nothing before it
	// is closed (connections.max.idle.ms); 0 is for ever.
	IdleTimeout time.Duration
	// Observe is called for every named point, within the node's step. May be nil.
	Observe func(host.Event)
	// Pipes connects processes that run in one program. May be nil.
	Pipes *Pipes
}

// Listener is one address of a process.
type Listener struct {
	Addr host.Addr
	// Socket may be nil: then only processes of the same Pipes reach it.
	Socket net.Listener
}

const defaultMaxFrame = 100 << 20 // Kafka's socket.request.max.bytes

// Process is one running incarnation of a node.
type Process struct {
	config  Config
	node    host.Node
	inbox   *inbox
	files   *fileSystem
	started time.Time
	seed    [2]uint64

	// Only the loop touches what follows; nothing does after the end.
	streams     map[string]*rand.Rand
	now         host.Time // of the present step
	wall        host.WallTime
	connections map[host.Conn]*endpoint
	lastConn    host.Conn
	lastOp      host.Op
	wakeAt      host.Time
	leaving     error
	asked       bool // to end in an orderly way
	quitting    bool
	ended       bool

	sockets    socketSet
	goroutines sync.WaitGroup // all but the loop
	quit       chan struct{}  // closed when the loop ends
	done       chan struct{}
	err        error
}

// Start starts a process: Start of the node is the first call its loop makes.
// The process owns the listeners' sockets from here on.
func Start(config Config, node host.Node) *Process {
	if config.MaxFrame == 0 {
		config.MaxFrame = defaultMaxFrame
	}
	p := &Process{
		config: config, node: node, inbox: newInbox(), started: time.Now(), wakeAt: host.Never,
		streams: map[string]*rand.Rand{}, connections: map[host.Conn]*endpoint{},
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	var seed [16]byte
	crypto.Read(seed[:])
	p.seed = [2]uint64{binary.LittleEndian.Uint64(seed[:]), binary.LittleEndian.Uint64(seed[8:])}
	p.files = newFileSystem(config.Dir, p)
	p.inbox.put(func() { node.Start(p) }) // before anything that a listener lets in
	for _, l := range config.Listeners {
		config.Pipes.listen(l.Addr, p)
		if l.Socket != nil {
			p.goroutines.Go(func() { p.accept(l) })
		}
	}
	go p.loop()
	return p
}

// Shutdown asks the node to end in an orderly way, as SIGTERM does, and waits
// until it has; one that has not after patience, or that knows no orderly end,
// is stopped as by Stop. It reports whether the node has ended in order.
func (p *Process) Shutdown(patience time.Duration) bool {
	orderly := false
	p.inbox.put(func() {
		stopper, can := p.node.(host.Stopper)
		switch {
		case p.ended:
		case can:
			p.asked = true
			stopper.Stop()
		default:
			p.quitting = true
		}
	})
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		orderly = p.asked && p.err == nil
	case <-timer.C:
		p.Stop()
	}
	return orderly
}

// Stop ends the process as kill -9 would, apart from giving back sockets, files
// and goroutines. It returns when all are given back.
func (p *Process) Stop() {
	p.inbox.put(func() {
		if !p.ended {
			p.quitting = true
		}
	})
	<-p.done
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is why the process ended by its own will; nil after Stop, and after an
// orderly end by Shutdown. It is valid once Done is closed.
func (p *Process) Err() error { return p.err }

// Call runs a function in the loop, between two steps, and waits for it. It
// answers false if the process has ended.
func (p *Process) Call(call func(host.Node)) bool {
	ran := make(chan struct{})
	p.inbox.put(func() {
		if !p.ended {
			call(p.node)
			close(ran)
		}
	})
	select {
	case <-ran:
		return true
	case <-p.done:
		return false
	}
}

// loop makes all calls of the node. The deadline is looked at between two
// batches of events, so that no load can starve the node's timers.
func (p *Process) loop() {
	defer p.end()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var events []func()
	for {
		events = p.inbox.take(events)
		for i, event := range events {
			events[i] = nil
			p.tick()
			event()
			if p.leaving != nil || p.quitting {
				p.ended = true
				p.abandon(events[i+1:])
				return
			}
		}
		p.tick()
		if p.wakeAt <= p.now {
			p.wakeAt = host.Never
			p.node.Wake()
			if p.leaving != nil || p.quitting {
				return
			}
			continue
		}
		if len(events) > 0 {
			continue
		}
		wait := time.Hour
		if p.wakeAt != host.Never {
			wait = p.wakeAt.Sub(p.now)
		}
		timer.Reset(wait)
		select {
		case <-p.inbox.signal:
		case <-timer.C:
		}
	}
}

// tick reads the clocks: they stand still within a step.
func (p *Process) tick() {
	now := time.Now()
	p.now, p.wall = host.Time(now.Sub(p.started)), host.WallTime(now.UnixNano())
}

// abandon runs events that the end came before. ended is set.
func (p *Process) abandon(events []func()) {
	for _, event := range events {
		event()
	}
}

func (p *Process) end() {
	p.err = p.leaving
	for _, l := range p.config.Listeners {
		p.config.Pipes.forget(l.Addr, p)
		if l.Socket != nil {
			l.Socket.Close()
		}
	}
	connections := p.connections
	p.connections, p.ended = nil, true // before the inbox closes: late events see it
	p.abandon(p.inbox.close())
	for _, e := range connections {
		e.end(host.ErrReset)
	}
	close(p.quit)
	p.sockets.shut()
	p.files.closeAll()
	p.goroutines.Wait()
	close(p.done)
}

// Now implements host.Host.
func (p *Process) Now() host.Time { return p.now }

// Wall implements host.Host.
func (p *Process) Wall() host.WallTime { return p.wall }

// Rand implements host.Host.
func (p *Process) Rand(purpose string) *rand.Rand {
	stream := p.streams[purpose]
	if stream == nil {
		stream = rand.New(rand.NewPCG(p.seed[0], p.seed[1]^xxhash.Sum64String(purpose)))
		p.streams[purpose] = stream
	}
	return stream
}

// WakeAt implements host.Host.
func (p *Process) WakeAt(at host.Time) { p.wakeAt = at }

// FS implements host.Host.
func (p *Process) FS() host.FS { return p.files }

// Serial implements host.Host. One loop runs all steps.
func (p *Process) Serial(uint64) {}

// Observe implements host.Host.
func (p *Process) Observe(e host.Event) {
	if p.config.Observe != nil {
		p.config.Observe(e)
	}
}

// Exit implements host.Host.
func (p *Process) Exit(reason error) {
	if reason == nil && p.asked {
		p.quitting = true
		return
	}
	if reason == nil {
		reason = fmt.Errorf("%s ended by its own will", p.config.Name)
	}
	p.leaving = reason
}

// submit runs an operation outside of the loop and reports its end to the node.
func (p *Process) submit(operation func() error) host.Op {
	p.lastOp++
	op := p.lastOp
	p.goroutines.Go(func() {
		err := operation()
		p.inbox.put(func() {
			if !p.ended {
				p.node.Done(op, err)
			}
		})
	})
	return op
}
