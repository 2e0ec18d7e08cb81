package live

import (
	"sync"

	"assay/host"
)

// Pipes connects the processes of one program without sockets: messages travel
// as values.
type Pipes struct {
	mutex     sync.Mutex
	listeners map[host.Addr]*Process
}

// NewPipes returns pipes that nobody listens on yet.
func NewPipes() *Pipes { return &Pipes{listeners: map[host.Addr]*Process{}} }

func (p *Pipes) listen(at host.Addr, process *Process) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.listeners[at] = process
}

// forget ends the listening of a process; its successor may listen already.
func (p *Pipes) forget(at host.Addr, process *Process) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.listeners[at] == process {
		delete(p.listeners, at)
	}
}

func (p *Pipes) find(at host.Addr) *Process {
	if p == nil {
		return nil
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.listeners[at]
}

// pipeEnd is one process's end of a pipe. The accepting end gets its id in its
// own loop, before anything is delivered to it, because inboxes keep order.
type pipeEnd struct {
	process *Process
	peer    *pipeEnd
	id      host.Conn
}

// dialPipe joins two processes. Each side learns of the other by its inbox, so
// order is kept and neither loop waits.
func (p *Process) dialPipe(id host.Conn, to host.Addr, peer *Process) {
	mine := &pipeEnd{process: p, id: id}
	theirs := &pipeEnd{process: peer, peer: mine}
	mine.peer = theirs
	p.connections[id] = mine.endpoint()
	peer.inbox.put(func() {
		if peer.ended {
			p.inbox.put(func() { p.lost(id, host.ErrRefused) })
			return
		}
		peer.lastConn++
		theirs.id = peer.lastConn
		peer.connections[theirs.id] = theirs.endpoint()
		p.inbox.put(func() { // before anything that the peer sends
			if p.connections[id] != nil {
				p.node.Opened(id, "")
			}
		})
		peer.node.Opened(theirs.id, to)
	})
}

func (e *pipeEnd) endpoint() *endpoint {
	there := e.peer
	closed := func(err error) { there.process.inbox.put(func() { there.process.lost(there.id, err) }) }
	return &endpoint{
		send:  func(m host.Message) { there.process.inbox.put(func() { there.process.received(there.id, m) }) },
		close: func() { closed(host.ErrEOF) },
		end:   closed,
		peer:  func() string { return there.process.config.Name },
	}
}
