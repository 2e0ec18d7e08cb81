package broker_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker"
	"assay/broker/controller"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
	"assay/internal/protocol"
	"assay/sim"
)

// cluster is three controllers, three brokers and one scripted client in a
// simulated world.
type cluster struct {
	t       testing.TB
	w       *sim.World
	client  *client
	brokers []string
	counts  map[string]int
	instead map[string]func() host.Node // who runs in a broker's place at its next start
}

func newCluster(t testing.TB, seed uint64, settings map[string]string, flaws ...string) *cluster {
	return newClusterIn(t, sim.Config{Seed: seed, Debug: true}, settings, flaws...)
}

func newClusterIn(t testing.TB, config sim.Config, settings map[string]string, flaws ...string) *cluster {
	c := &cluster{t: t, w: sim.New(config), counts: map[string]int{}, instead: map[string]func() host.Node{}}
	parsed, err := broker.ParseFlaws(flaws)
	require.NoError(t, err)
	resolved, problems := kafkaconfig.Resolve(kafkaconfig.Broker, settings)
	require.Empty(t, problems)

	voters := map[controller.VoterID]host.Addr{}
	var controllers []broker.Controller
	for id := range 3 {
		voters[controller.VoterID(id+1)] = host.Addr(fmt.Sprintf("controller-%d:9093", id+1))
		controllers = append(controllers, broker.Controller{ID: int32(id + 1), Addr: voters[controller.VoterID(id+1)]})
	}
	tuned := controller.DefaultSettings()
	tuned.AutoRebalance = false
	for id := range 3 {
		id := controller.VoterID(id + 1)
		c.w.AddNode(sim.NodeSpec{Name: fmt.Sprintf("controller-%d", id), Addrs: []host.Addr{voters[id]}, Factory: func() host.Node {
			return controller.New(controller.Config{ID: id, Voters: voters, ClusterID: "test", Settings: tuned, Flaws: parsed.Controller})
		}})
	}
	for id := range 3 {
		name := fmt.Sprintf("broker-%d", id+1)
		c.brokers = append(c.brokers, name)
		c.w.AddNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name + ":9092")}, Factory: func() host.Node {
			if other := c.instead[name]; other != nil {
				return other()
			}
			return broker.New(broker.Config{ID: kafka.BrokerID(id + 1), ClusterID: "test", Host: name, Port: 9092,
				Controllers: controllers, Settings: resolved, Flaws: parsed})
		}})
	}
	c.client = &client{}
	c.w.AddNode(sim.NodeSpec{Name: "client", Factory: func() host.Node { return c.client }})
	c.w.Observe(func(node string, at sim.Time, e host.Event) { c.counts[e.Point.Name]++ })
	for _, name := range c.w.Nodes() {
		c.w.Start(name)
	}
	return c
}

func (c *cluster) broker(name string) *broker.Node {
	n, _ := c.w.Node(name).(*broker.Node)
	return n
}

// runUntil runs the world until the condition holds, at most for limit.
func (c *cluster) runUntil(limit time.Duration, what string, condition func() bool) {
	c.t.Helper()
	end := c.w.Now().Add(limit)
	for !condition() {
		if c.w.Now() >= end {
			for _, name := range c.brokers {
				if b := c.broker(name); b != nil {
					c.t.Log(b.Dump())
				}
			}
			require.FailNow(c.t, "did not happen in time", "%s at %v", what, c.w.Now())
		}
		c.w.Run(c.w.Now().Add(10 * time.Millisecond))
	}
}

// call sends one request from the client and waits for its answer; nil where
// the connection ended.
func (c *cluster) call(name string, body kmsg.Request) kmsg.Response {
	c.t.Helper()
	var answer kmsg.Response
	done := false
	c.send(name, body, func(r kmsg.Response) { answer, done = r, true })
	c.runUntil(40*time.Second, fmt.Sprintf("answer of %s to key %d", name, body.Key()), func() bool { return done })
	return answer
}

func (c *cluster) send(name string, body kmsg.Request, reply func(kmsg.Response)) {
	c.w.Inject("client", func(host.Node) { c.client.send(host.Addr(name+":9092"), body, reply) })
}

// client is a node that sends what the test wants and hands back the answers.
type client struct {
	host    host.Host
	conns   map[host.Addr]host.Conn
	waiting map[host.Conn][]waitingReply
	next    int32
}

type waitingReply struct {
	id    int32
	reply func(kmsg.Response)
}

func (c *client) Start(h host.Host) {
	c.host, c.conns, c.waiting = h, map[host.Addr]host.Conn{}, map[host.Conn][]waitingReply{}
}

func (c *client) send(to host.Addr, body kmsg.Request, reply func(kmsg.Response)) {
	c.sendMessage(to, func(id int32) host.Message {
		return &protocol.Request{CorrelationID: id, ClientID: "client", Body: body}
	}, reply)
}

func (c *client) sendMessage(to host.Addr, message func(id int32) host.Message, reply func(kmsg.Response)) {
	conn, open := c.conns[to]
	if !open {
		conn = c.host.Dial(to)
		c.conns[to] = conn
	}
	c.next++
	if reply != nil {
		c.waiting[conn] = append(c.waiting[conn], waitingReply{c.next, reply})
	}
	c.host.Send(conn, message(c.next))
}

func (c *client) Opened(host.Conn, host.Addr) {}

// Received insists on answers in the order of the requests.
func (c *client) Received(conn host.Conn, m host.Message) {
	r := m.(*protocol.Response)
	first := c.waiting[conn][0]
	c.waiting[conn] = c.waiting[conn][1:]
	if first.id != r.CorrelationID {
		panic(fmt.Sprintf("answer %d where %d was due", r.CorrelationID, first.id))
	}
	first.reply(r.Body)
}

func (c *client) Closed(conn host.Conn, _ error) {
	for addr, open := range c.conns {
		if open == conn {
			delete(c.conns, addr)
		}
	}
	waiting := c.waiting[conn]
	delete(c.waiting, conn)
	for _, w := range waiting {
		w.reply(nil)
	}
}

func (c *client) Done(host.Op, error) {}
func (c *client) Wake()               {}

// createTopic makes a topic and waits until every broker knows a leader of
// every partition.
func (c *cluster) createTopic(name string, partitions int32, configs map[string]string) kafka.TopicID {
	c.t.Helper()
	r := kmsg.NewPtrCreateTopicsRequest()
	r.Version, r.TimeoutMillis = 7, 30000
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 3
	for _, key := range slices.Sorted(maps.Keys(configs)) {
		value := configs[key]
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = key, &value
		topic.Configs = append(topic.Configs, config)
	}
	r.Topics = append(r.Topics, topic)
	c.runUntil(30*time.Second, "three brokers", func() bool {
		for _, name := range c.brokers {
			if b := c.broker(name); b == nil || !b.Unfenced() {
				return false
			}
		}
		return true
	})
	answer := c.call("broker-1", r).(*kmsg.CreateTopicsResponse)
	require.Zero(c.t, answer.Topics[0].ErrorCode, "create %s", name)
	c.runUntil(10*time.Second, "leaders", func() bool {
		for _, name2 := range c.brokers {
			if len(c.broker(name2).Partitions()) < int(partitions) {
				return false
			}
		}
		return c.leader(name, 0) != ""
	})
	return answer.Topics[0].TopicID
}

// leader names the live broker that leads in the highest epoch.
func (c *cluster) leader(topic string, partition int32) string {
	best, epoch := "", kafka.NoEpoch
	for _, name := range c.brokers {
		if v, ok := c.view(name, topic, partition); ok && v.Role.String() == "leader" && v.LeaderEpoch > epoch {
			best, epoch = name, v.LeaderEpoch
		}
	}
	return best
}

func (c *cluster) view(name, topic string, partition int32) (broker.PartitionView, bool) {
	if b := c.broker(name); b != nil {
		for _, v := range b.Partitions() {
			if v.Topic == topic && v.Partition == partition {
				return v, true
			}
		}
	}
	return broker.PartitionView{}, false
}

func produceRequest(topic string, partition int32, acks int16, timeout time.Duration, records []byte) *kmsg.ProduceRequest {
	r := kmsg.NewPtrProduceRequest()
	r.Version, r.Acks, r.TimeoutMillis = 9, acks, int32(timeout/time.Millisecond)
	t := kmsg.NewProduceRequestTopic()
	t.Topic = topic
	p := kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, records
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func fetchRequest(topic string, partition int32, offset kafka.Offset, wait time.Duration) *kmsg.FetchRequest {
	r := kmsg.NewPtrFetchRequest()
	r.Version, r.MaxWaitMillis, r.MinBytes, r.MaxBytes, r.SessionEpoch = 11, int32(wait/time.Millisecond), 1, 1<<20, -1
	r.ReplicaID = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic = topic
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, int64(offset), 1<<20
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

// records makes a batch of n records with the given value.
func records(n int, timestamp int64, value string) []byte {
	var b batch.Builder
	b.Reset(nil)
	for range n {
		b.Append(timestamp, nil, []byte(value), nil)
	}
	return b.Finish()
}

// moveLeader asks the active controller to move a partition's leadership.
func (c *cluster) moveLeader(topic string, partition int32, to kafka.BrokerID) {
	for _, name := range []string{"controller-1", "controller-2", "controller-3"} {
		if n, ok := c.w.Node(name).(*controller.Controller); ok && n.Active() {
			c.w.Inject(name, func(host.Node) {
				_ = n.MoveLeader(kafka.TopicPartition{Topic: topic, Partition: partition}, to)
			})
		}
	}
}
