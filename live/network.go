package live

import (
	"errors"
	"net"
	"time"

	"assay/host"
)

// endpoint is this process's end of a connection, whatever carries it.
type endpoint struct {
	send  func(host.Message)
	close func() // after what was sent before
	end   func(err error)
	peer  func() string // see host.Host
}

// Dial implements host.Host.
func (p *Process) Dial(to host.Addr) host.Conn {
	p.lastConn++
	id := p.lastConn
	if peer := p.config.Pipes.find(to); peer != nil {
		p.dialPipe(id, to, peer)
		return id
	}
	s := newSocket(p, id)
	p.connections[id] = s.endpoint()
	p.goroutines.Go(func() { s.dial(string(to)) })
	return id
}

// received delivers a message, unless this side has closed the connection.
func (p *Process) received(id host.Conn, m host.Message) {
	if p.connections[id] != nil {
		p.node.Received(id, m)
	}
}

// lost reports the end of a connection that this side has not closed.
func (p *Process) lost(id host.Conn, err error) {
	if p.connections[id] == nil {
		return
	}
	delete(p.connections, id)
	p.node.Closed(id, err)
}

// Send implements host.Host.
func (p *Process) Send(c host.Conn, m host.Message) {
	if e := p.connections[c]; e != nil {
		e.send(m)
	}
}

// Close implements host.Host.
func (p *Process) Close(c host.Conn) {
	if e := p.connections[c]; e != nil {
		delete(p.connections, c)
		e.close()
	}
}

// Peer implements host.Host.
func (p *Process) Peer(c host.Conn) string {
	if e := p.connections[c]; e != nil {
		return e.peer()
	}
	return ""
}

// acceptPause is how long a listener rests that cannot accept for the moment
// (too many open files, for instance).
const acceptPause = 100 * time.Millisecond

// accept takes the connections of one listener.
func (p *Process) accept(l Listener) {
	for {
		connection, err := l.Socket.Accept()
		switch {
		case err == nil:
			p.inbox.put(func() { p.adopt(connection, l.Addr) })
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(acceptPause):
			case <-p.quit:
				return
			}
		}
	}
}

func (p *Process) adopt(connection net.Conn, at host.Addr) {
	if p.ended {
		connection.Close()
		return
	}
	p.lastConn++
	s := newSocket(p, p.lastConn)
	s.accepted = true
	p.connections[s.id] = s.endpoint()
	p.node.Opened(s.id, at)
	s.run(connection)
}
