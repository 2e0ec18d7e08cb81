package clients

import (
	"math"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// The kinds of things that have a coordinator, as FindCoordinator numbers them.
const (
	coordinatesGroup       int8 = 0
	coordinatesTransaction int8 = 1
)

// coordinator is the broker that coordinates one group: looked up when it is
// needed, and reached over a connection of its own, so that a long fetch from
// the same broker does not hold up a commit (AbstractCoordinator of Kafka's
// consumer).
type coordinator struct {
	client *Client
	kind   int8
	key    string // the group's name

	peer     *peer // nil while nobody is known
	asked    bool
	failures int // in a row: look-ups without a coordinator, connections that failed
	failed   int // all look-ups so far that found none
	refused  int16
	notUntil host.Time
	timer    Timer
}

func (c *coordinator) start(client *Client, kind int8, key string) {
	*c = coordinator{client: client, kind: kind, key: key}
	c.timer.Fire = client.step
}

// coordinates says whether the peer is a connection to a coordinator.
func (p *peer) coordinates() bool { return p.id > firstCoordinatorID }

// Kafka's consumer numbers a coordinator's connection down from the largest id,
// apart from the broker's other one.
const (
	lastCoordinatorID  kafka.BrokerID = math.MaxInt32
	firstCoordinatorID kafka.BrokerID = math.MaxInt32 / 2
)

// ready returns the coordinator's connection if it can take requests. If not
// it sees to it that one comes; the client is stepped then.
func (c *coordinator) ready() *peer {
	now := c.client.host.Now()
	if c.peer != nil && c.peer.gone {
		c.peer = nil
	}
	switch {
	case c.peer == nil:
		c.lookUp(now)
		return nil
	case c.peer.state == connected:
		c.failures = 0
		return c.peer
	case c.peer.state == disconnected && now < c.peer.connectAfter:
		// The connection failed: somebody else may coordinate by now.
		c.forget()
		c.backOff(now)
		return nil
	case c.peer.state == disconnected:
		c.client.network.connect(c.peer)
	}
	return nil
}

// takeRefusal returns the error that no further look-up will mend, 0 for none,
// and forgets it.
func (c *coordinator) takeRefusal() int16 {
	code := c.refused
	c.refused = 0
	return code
}

// forget gives the coordinator up: it said that it is none, or its connection
// failed. What is under way on the connection ends as disconnected.
func (c *coordinator) forget() {
	p := c.peer
	c.peer = nil
	c.client.again = true
	if p != nil && p.state != disconnected {
		c.client.network.drop(p, ErrDisconnected)
	}
}

// noticeError gives the coordinator up where an answer says that it is none.
func (c *coordinator) noticeError(code int16) {
	switch code {
	case kerr.NotCoordinator.Code, kerr.CoordinatorNotAvailable.Code, kerr.RequestTimedOut.Code:
		c.forget()
	}
}

func (c *coordinator) backOff(now host.Time) {
	c.failures++
	c.notUntil = now.Add(c.client.config.RetryBackoff.Wait(c.failures, c.client.random))
	c.client.timers.Set(&c.timer, c.notUntil)
}

// lookUp asks the broker with the least to do.
func (c *coordinator) lookUp(now host.Time) {
	if c.asked {
		return
	}
	if now < c.notUntil {
		c.client.timers.Set(&c.timer, c.notUntil)
		return
	}
	p := c.client.network.leastLoaded()
	if p == nil {
		return // the peers' backoff timers will step the client
	}
	if p.state != connected {
		c.client.network.ready(p.id)
		return
	}
	body := kmsg.NewPtrFindCoordinatorRequest()
	body.Version = p.versions[kmsg.FindCoordinator]
	body.CoordinatorType = c.kind
	if body.Version >= 4 {
		body.CoordinatorKeys = []string{c.key}
	} else {
		body.CoordinatorKey = c.key
	}
	c.asked = true
	if err := c.client.network.send(p, call{body: body, done: c.answered}); err != nil {
		c.asked = false
		c.refused = codeOf(err)
	}
}

func (c *coordinator) answered(response kmsg.Response, err error) {
	c.asked = false
	c.client.again = true
	found, code := foundCoordinator(response, c.key)
	if err != nil {
		code = codeOf(err)
	}
	if code == 0 {
		c.peer = c.client.network.addCoordinator(found.ID, found.Addr)
		return
	}
	c.failed++
	if !isRetriable(code) && code != kerr.UnknownServerError.Code {
		c.refused = code
	}
	c.client.metadata.RequestUpdate()
	c.backOff(c.client.host.Now())
}

// foundCoordinator reads the answer: one coordinator, in a list from version 4
// on (KIP-699).
func foundCoordinator(response kmsg.Response, key string) (Broker, int16) {
	answer, ok := response.(*kmsg.FindCoordinatorResponse)
	if !ok {
		return Broker{}, kerr.UnknownServerError.Code
	}
	if answer.Version < 4 {
		return Broker{kafka.BrokerID(answer.NodeID), address(answer.Host, answer.Port)}, answer.ErrorCode
	}
	for i := range answer.Coordinators {
		if c := &answer.Coordinators[i]; c.Key == key {
			return Broker{kafka.BrokerID(c.NodeID), address(c.Host, c.Port)}, c.ErrorCode
		}
	}
	return Broker{}, kerr.UnknownServerError.Code
}

// addCoordinator finds or adds the second connection to a broker.
func (n *network) addCoordinator(broker kafka.BrokerID, addr host.Addr) *peer {
	id := lastCoordinatorID - broker
	for _, p := range n.peers {
		if p.id == id && p.addr != addr {
			p.gone = true // it has moved
		}
	}
	n.sweep()
	return n.add(id, addr)
}
