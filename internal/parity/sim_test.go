package parity

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker"
	"assay/broker/controller"
	"assay/host"
	"assay/internal/kafkaconfig"
	"assay/internal/protocol"
	"assay/sim"
)

// simulated is a player in a world with one controller and one broker.
type simulated struct {
	t      *testing.T
	world  *sim.World
	client *scriptedClient
	name   string // of the client's node
}

const (
	controllerAddress host.Addr = "controller-1:9093"
	brokerAddress     host.Addr = "broker-1:9092"
)

func newSimulated(t *testing.T) *simulated {
	t.Helper()
	resolved, problems := kafkaconfig.Resolve(kafkaconfig.Broker, settings)
	require.Empty(t, problems)
	s := &simulated{t: t, world: sim.New(sim.Config{Seed: 1, Debug: true}), client: &scriptedClient{}, name: "client"}
	t.Cleanup(func() { require.NoError(t, s.world.Close()) })
	s.world.AddNode(sim.NodeSpec{Name: "controller-1", Addrs: []host.Addr{controllerAddress}, Factory: func() host.Node {
		return controller.New(controller.Config{ID: 1, Voters: map[controller.VoterID]host.Addr{1: controllerAddress}, ClusterID: "parity",
			Settings: controller.SettingsOf(resolved), ValidateTopicConfig: broker.ValidateTopicConfig(resolved)})
	}})
	unfenced := false
	s.world.AddNode(sim.NodeSpec{Name: "broker-1", Addrs: []host.Addr{brokerAddress}, Factory: func() host.Node {
		return broker.New(broker.Config{ID: 1, ClusterID: "parity", Host: "broker-1", Port: 9092,
			Controllers: []broker.Controller{{ID: 1, Addr: controllerAddress}}, Settings: resolved})
	}})
	s.world.AddNode(sim.NodeSpec{Name: "client", Factory: func() host.Node { return s.client }})
	s.world.Observe(func(_ string, _ sim.Time, e host.Event) { unfenced = unfenced || e.Point == broker.PointUnfenced })
	for _, name := range s.world.Nodes() {
		s.world.Start(name)
	}
	s.runUntil(func() bool { return unfenced })
	return s
}

// runUntil runs the world until the condition holds, at most for a minute of its time.
func (s *simulated) runUntil(condition func() bool) {
	s.t.Helper()
	for end := s.world.Now().Add(time.Minute); !condition(); {
		require.Less(s.t, s.world.Now(), end, "does not happen")
		s.world.Run(s.world.Now().Add(time.Millisecond))
	}
}

func (s *simulated) send(m host.Message) {
	s.client.answer, s.client.waiting = nil, true
	s.world.Inject(s.name, func(host.Node) { s.client.send(m) })
}

func (s *simulated) call(m host.Message) kmsg.Response {
	s.t.Helper()
	s.send(m)
	return s.receive(m)
}

func (s *simulated) receive(host.Message) kmsg.Response {
	s.t.Helper()
	s.runUntil(func() bool { return !s.client.waiting })
	return s.client.answer
}

func (s *simulated) another() player {
	o := &simulated{t: s.t, world: s.world, client: &scriptedClient{}, name: fmt.Sprintf("client-%d", len(s.world.Nodes()))}
	s.world.AddNode(sim.NodeSpec{Name: o.name, Factory: func() host.Node { return o.client }})
	s.world.Start(o.name)
	return o
}

func (s *simulated) raw([]byte) bool { panic("the simulator carries no bytes") }

func (s *simulated) again(attempt int) bool {
	s.world.Run(s.world.Now().Add(time.Millisecond))
	return attempt < 10_000
}

// scriptedClient sends what the test wants and keeps the answer.
type scriptedClient struct {
	host    host.Host
	conn    host.Conn // 0 when there is none
	waiting bool
	answer  kmsg.Response
}

func (c *scriptedClient) Start(h host.Host) { c.host = h }

func (c *scriptedClient) send(m host.Message) {
	if c.conn == 0 {
		c.conn = c.host.Dial(brokerAddress)
	}
	c.host.Send(c.conn, m)
}

func (c *scriptedClient) Received(conn host.Conn, m host.Message) {
	if conn == c.conn {
		c.answer, c.waiting = m.(*protocol.Response).Body, false
	}
}

func (c *scriptedClient) Closed(conn host.Conn, _ error) {
	if conn == c.conn {
		c.conn, c.waiting = 0, false
	}
}

func (c *scriptedClient) Opened(host.Conn, host.Addr) {}
func (c *scriptedClient) Done(host.Op, error)         {}
func (c *scriptedClient) Wake()                       {}
