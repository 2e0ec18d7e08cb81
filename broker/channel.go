package broker

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/protocol"
)

// errTimedOut: the peer did not answer within the time allowed.
var errTimedOut = errors.New("request timed out")

// errMalformed: the peer's answer is not what was asked for.
var errMalformed = errors.New("malformed response")

// channel is this broker's own connection to another node, with at most one
// request in flight. A request that times out takes the connection with it: a
// late answer must not be taken for the next one's.
type channel struct {
	node        *Node
	peer        host.Addr
	conn        host.Conn // 0 when not connected
	correlation int32
	reply       func(kmsg.Response, error) // nil when idle
	key         int16                      // of the request in flight
	deadline    timer
}

func (c *channel) busy() bool { return c.reply != nil }

// request sends body to a peer; reply is called exactly once unless the channel
// is reset before.
func (c *channel) request(peer host.Addr, body kmsg.Request, timeout time.Duration, reply func(kmsg.Response, error)) {
	if c.busy() {
		panic("broker: a second request on a channel")
	}
	n := c.node
	if c.conn != 0 && c.peer != peer {
		c.disconnect()
	}
	if c.conn == 0 {
		c.peer, c.conn = peer, n.host.Dial(peer)
		n.channels[c.conn] = c
	}
	c.correlation++
	c.reply, c.key = reply, body.Key()
	n.timers.set(&c.deadline, n.now.Add(timeout), func() { c.fail(errTimedOut) })
	n.host.Send(c.conn, &protocol.Request{CorrelationID: c.correlation, ClientID: n.clientID, Body: body})
}

// received takes a response from the peer.
func (c *channel) received(r *protocol.Response) {
	if c.reply == nil || r.CorrelationID != c.correlation || r.Body.Key() != c.key {
		c.fail(errMalformed)
		return
	}
	reply := c.reply
	c.reply = nil
	c.node.timers.Stop(&c.deadline)
	reply(r.Body, nil)
}

// closed says that the connection ended.
func (c *channel) closed(err error) {
	delete(c.node.channels, c.conn)
	c.conn = 0
	c.fail(err)
}

// fail drops the connection and ends the request in flight with err.
func (c *channel) fail(err error) {
	reply := c.reply
	c.reset()
	if reply != nil {
		reply(nil, err)
	}
}

// reset drops the connection and forgets the request in flight.
func (c *channel) reset() {
	c.reply = nil
	c.node.timers.Stop(&c.deadline)
	c.disconnect()
}

func (c *channel) disconnect() {
	if c.conn != 0 {
		c.node.host.Close(c.conn)
		delete(c.node.channels, c.conn)
		c.conn = 0
	}
}
