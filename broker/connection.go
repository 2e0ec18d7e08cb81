package broker

import (
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// maxBacklog bounds what one connection may have unanswered. Clients keep a
// handful of requests in flight; who sends more than this without reading
// answers loses the connection.
const maxBacklog = 1000

// connection is one client's (or broker's) connection to this broker. Its
// requests take effect and are answered in the order of their arrival.
type connection struct {
	id       host.Conn
	pending  []*exchange // begun and not sent yet, in order
	blocking int         // begun, unanswered, and nothing may begin before they are
	backlog  []*protocol.Request
	fetch    *heldFetch // it blocks, so there is at most one
	closed   bool
}

// exchange is a request that has begun, until its answer is sent. It keeps no
// part of the request: frames do not outlive Received.
type exchange struct {
	connection    *connection
	correlationID int32
	version       int16
	overlaps      bool // later requests may begin while this one waits
	answered      bool
	body          kmsg.Response // nil where none is due (acks=0)
}

// receiveRequest begins a request, or queues it behind one that must end first.
// Nothing begins before the broker has read its metadata: without it, it would
// deny topics that exist.
func (n *Node) receiveRequest(c *connection, r *protocol.Request) {
	if n.serving && c.blocking == 0 && len(c.backlog) == 0 {
		n.begin(c, r)
		return
	}
	if len(c.backlog) >= maxBacklog {
		n.disconnect(c)
		return
	}
	// It outlives this step and its records may alias a frame.
	owned, err := r.Reencode()
	if err != nil {
		n.disconnect(c)
		return
	}
	c.backlog = append(c.backlog, owned.(*protocol.Request))
}

// begin hands a request to its handler. Only a produce may wait while later
// requests begin: its effect is there once it is appended.
func (n *Node) begin(c *connection, r *protocol.Request) {
	if !supported(r.Body.Key(), r.Body.GetVersion()) {
		n.refuseVersion(c, r.Body.Key(), r.CorrelationID)
		return
	}
	e := &exchange{connection: c, correlationID: r.CorrelationID, version: r.Body.GetVersion(),
		overlaps: r.Body.Key() == int16(kmsg.Produce)}
	c.pending = append(c.pending, e)
	if len(c.pending) > maxBacklog {
		n.disconnect(c)
		return
	}
	if !e.overlaps {
		c.blocking++
	}
	n.handle(e, r)
}

// answer ends an exchange with its response; nil sends none. It is called
// exactly once. The response leaves when all earlier ones of the connection
// have.
func (n *Node) answer(e *exchange, body kmsg.Response) {
	if e.answered {
		panic("broker: a request was answered twice")
	}
	e.answered, e.body = true, body
	c := e.connection
	if !e.overlaps {
		c.blocking--
	}
	if c.closed {
		return
	}
	sent := 0
	for sent < len(c.pending) && c.pending[sent].answered {
		if p := c.pending[sent]; p.body != nil {
			p.body.SetVersion(p.version)
			n.host.Send(c.id, &protocol.Response{CorrelationID: p.correlationID, Body: p.body})
		}
		sent++
	}
	rest := copy(c.pending, c.pending[sent:])
	clear(c.pending[rest:])
	c.pending = c.pending[:rest]
	n.resume(c)
}

// block keeps later requests of the connection from beginning, although others
// may overlap with e, until unblock. Then resume lets them begin.
func (e *exchange) block() {
	e.overlaps = false
	e.connection.blocking++
}

func (e *exchange) unblock() {
	e.overlaps = true
	e.connection.blocking--
}

// openDoors begins what was queued before the broker served.
func (n *Node) openDoors() {
	for _, id := range slices.Sorted(maps.Keys(n.connections)) {
		if c := n.connections[id]; c != nil {
			n.resume(c)
		}
	}
}

// resume begins queued requests until one blocks again.
func (n *Node) resume(c *connection) {
	for len(c.backlog) > 0 && c.blocking == 0 && !c.closed {
		r := c.backlog[0]
		c.backlog[0] = nil
		c.backlog = c.backlog[1:]
		n.begin(c, r)
	}
}

// disconnect closes a connection from our side. What it waits for ends without
// an answer.
func (n *Node) disconnect(c *connection) {
	n.host.Close(c.id)
	n.forget(c)
}

func (n *Node) forget(c *connection) {
	c.closed = true
	if c.fetch != nil {
		n.dropFetch(c.fetch) // it would wait for a reader who has gone
	}
	c.backlog, c.pending = nil, nil
	delete(n.connections, c.id)
}
