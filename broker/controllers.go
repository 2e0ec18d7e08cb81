package broker

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// controllers is what this broker believes about which voter is active. All
// its links share the belief; what one finds out, all use.
type controllers struct {
	voters   []Controller
	believed int
	links    []*controllerLink
}

func (c *controllers) active() host.Addr { return c.voters[c.believed].Addr }

// moveOn gives up on the controller at from: to the one that it named, else to
// the next. Nothing happens where another link was faster.
func (c *controllers) moveOn(from host.Addr, named int32) {
	if from != c.active() {
		return
	}
	next := (c.believed + 1) % len(c.voters)
	for i, v := range c.voters {
		if v.ID == named && i != c.believed {
			next = i
		}
	}
	c.believed = next
}

// settle is called when a controller has proved to be active. Requests that
// still wait for another one, perhaps cut off, begin anew.
func (c *controllers) settle() {
	for _, l := range c.links {
		if l.channel.busy() && l.channel.peer != c.active() {
			l.channel.fail(errMoved)
		}
	}
}

// errMoved: the request waited for a controller that is no longer active.
var errMoved = kerr.NotController

// controllerLink is one connection to the active controller, for one purpose,
// so that a slow answer to one kind of request does not hold up another.
type controllerLink struct {
	node    *Node
	channel channel
	retry   timer
	tries   int
}

func (n *Node) newControllerLink() *controllerLink {
	l := &controllerLink{node: n, channel: channel{node: n}}
	n.controllers.links = append(n.controllers.links, l)
	return l
}

// request asks whoever is believed to be active. A connection that fails, a
// time-out and NOT_CONTROLLER come back as errors, after the belief has moved
// on; the caller asks again after a back-off.
func (l *controllerLink) request(body kmsg.Request, timeout time.Duration, reply func(kmsg.Response, error)) {
	peer := l.node.controllers.active()
	l.channel.request(peer, body, timeout, func(r kmsg.Response, err error) {
		if err == nil {
			err = refusal(r)
		}
		if err != nil {
			l.node.controllers.moveOn(peer, -1)
			l.tries++
		} else {
			l.tries = 0
			l.node.controllers.settle()
		}
		reply(r, err)
	})
}

// again calls f after a back-off that grows from 50 ms to 1 s with the failures
// in a row; with several voters a first round of them goes quickly.
func (l *controllerLink) again(f func()) {
	backoff := 50 * time.Millisecond << min(max(l.tries-len(l.node.controllers.voters), 0), 4)
	l.after(min(backoff, time.Second), f)
}

func (l *controllerLink) after(d time.Duration, f func()) {
	l.node.timers.set(&l.retry, l.node.now.Add(d), f)
}

// refusal is NOT_CONTROLLER where the response carries it; everything else is
// the caller's to read.
func refusal(r kmsg.Response) error {
	var code int16
	switch r := r.(type) {
	case *kmsg.BrokerRegistrationResponse:
		code = r.ErrorCode
	case *kmsg.BrokerHeartbeatResponse:
		code = r.ErrorCode
	case *kmsg.AlterPartitionResponse:
		code = r.ErrorCode
	case *kmsg.AllocateProducerIDsResponse:
		code = r.ErrorCode
	case *kmsg.CreateTopicsResponse:
		if len(r.Topics) > 0 {
			code = r.Topics[0].ErrorCode
		}
	case *kmsg.CreatePartitionsResponse:
		if len(r.Topics) > 0 {
			code = r.Topics[0].ErrorCode
		}
	case *kmsg.DeleteTopicsResponse:
		if len(r.Topics) > 0 {
			code = r.Topics[0].ErrorCode
		}
	}
	if code == kerr.NotController.Code {
		return kerr.NotController
	}
	return nil
}
