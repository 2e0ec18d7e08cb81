package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
	"assay/sim"
)

// cluster is a quorum in a simulated world, with stub brokers.
type cluster struct {
	w         *sim.World
	faults    *rand.Rand
	config    Config
	voters    []string
	leaders   map[uint64]string           // who was active, by term
	committed map[kafka.Offset]string     // every entry that any voter applied
	confirmed map[kafka.ProducerID]string // blocks that a stub was given, and to whom
	seen      map[string]int              // events by point
	problems  []string
	stubs     []*stub
}

func newCluster(seed uint64, voters, stubs int, change func(*Config)) *cluster {
	return newClusterIn(sim.Config{Seed: seed, Debug: true}, voters, stubs, change)
}

func newClusterIn(world sim.Config, voters, stubs int, change func(*Config)) *cluster {
	seed := world.Seed
	c := &cluster{
		w:      sim.New(world),
		faults: rand.New(rand.NewPCG(seed, 1)), leaders: map[uint64]string{}, committed: map[kafka.Offset]string{},
		confirmed: map[kafka.ProducerID]string{}, seen: map[string]int{},
	}
	c.config = Config{Voters: map[VoterID]host.Addr{}, ClusterID: "test", Settings: DefaultSettings()}
	c.config.Settings.SnapshotEntries, c.config.Settings.SnapshotRetain, c.config.Settings.SnapshotChunkLength = 20, 5, 64
	for i := range voters {
		c.config.Voters[VoterID(i+1)] = host.Addr(fmt.Sprintf("controller-%d:9093", i+1))
	}
	if change != nil {
		change(&c.config)
	}
	for i := range voters {
		config := c.config
		config.ID = VoterID(i + 1)
		name := fmt.Sprintf("controller-%d", i+1)
		c.voters = append(c.voters, name)
		c.w.AddNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{config.Voters[config.ID]}, Factory: func() host.Node {
			return &watched{Controller: New(config), cluster: c}
		}})
		c.w.Start(name)
	}
	for i := range stubs {
		name := fmt.Sprintf("stub-%d", i+1)
		c.w.AddNode(sim.NodeSpec{Name: name, Factory: func() host.Node {
			s := newStub(kafka.BrokerID(i+1), c)
			c.stubs[i] = s
			return s
		}})
		c.stubs = append(c.stubs, nil)
		c.w.Start(name)
	}
	c.w.Observe(func(node string, _ sim.Time, e host.Event) {
		c.seen[e.Point.Name]++
		if e.Point == PointControllerElected {
			term := uint64(e.Args[1])
			if before, ok := c.leaders[term]; ok {
				c.problem("%s is active in term %d after %s", node, term, before)
			}
			c.leaders[term] = node
		}
	})
	return c
}

func (c *cluster) problem(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

// watched checks after every step what its controller has applied.
type watched struct {
	*Controller
	cluster *cluster
	checked kafka.Offset
}

func (n *watched) Received(conn host.Conn, m host.Message) { n.Controller.Received(conn, m); n.check() }
func (n *watched) Done(op host.Op, err error)              { n.Controller.Done(op, err); n.check() }
func (n *watched) Wake()                                   { n.Controller.Wake(); n.check() }

// check compares what this voter applied with what any other did before.
func (n *watched) check() {
	image := n.Image()
	if n.quorum == nil || image.Offset() == n.checked {
		return
	}
	entries, ok := n.quorum.committedEntries(uint64(n.checked)+1, 1<<40)
	if ok {
		for _, e := range entries {
			n.agree(kafka.Offset(e.index), fmt.Sprintf("%d %x", e.term, e.data))
		}
	}
	n.checked = image.Offset()
	n.agree(-image.Offset(), string(image.Snapshot())) // the whole image, under a key of its own
}

func (n *watched) agree(at kafka.Offset, what string) {
	if before, ok := n.cluster.committed[at]; ok && before != what {
		n.cluster.problem("%s applied another entry %d than before", n.Name(), at)
	}
	n.cluster.committed[at] = what
}

func (c *cluster) controller(name string) *Controller {
	n, _ := c.w.Node(name).(*watched)
	if n == nil {
		return nil
	}
	return n.Controller
}

// active is the active controller of the highest term, nil if none.
func (c *cluster) active() (best *Controller) {
	for _, name := range c.voters {
		if v := c.controller(name); v != nil && v.Active() && (best == nil || v.Term() > best.Term()) {
			best = v
		}
	}
	return best
}

func (c *cluster) runUntil(t testing.TB, what string, limit time.Duration, done func() bool) {
	t.Helper()
	for end := c.w.Now().Add(limit); !done(); {
		require.Less(t, c.w.Now(), end, "%s: not within %s", what, limit)
		c.w.Run(c.w.Now().Add(10 * time.Millisecond))
	}
}

// stub is as much of a broker as the controllers need: it registers, sends
// heartbeats, allocates producer ids all the time, and follows the metadata.
type stub struct {
	id          kafka.BrokerID
	cluster     *cluster
	host        host.Host
	incarnation metadata.IncarnationID
	epoch       kafka.BrokerEpoch
	follower    *metadata.Follower
	voters      []host.Addr
	links       [2]link // control, and the metadata log
}

type link struct {
	conn        host.Conn
	voter       int
	correlation int32
	deadline    host.Time // of the answer
	idle        bool
}

func newStub(id kafka.BrokerID, c *cluster) *stub {
	s := &stub{id: id, cluster: c, epoch: kafka.NoBrokerEpoch, follower: metadata.NewFollower(id, metadata.Empty(), 500)}
	for i := range c.config.Voters {
		s.voters = append(s.voters, c.config.Voters[i])
	}
	slices.Sort(s.voters)
	return s
}

func (s *stub) Start(h host.Host) {
	s.host = h
	random := h.Rand("incarnation")
	for i := range s.incarnation {
		s.incarnation[i] = byte(random.Uint32())
	}
	for i := range s.links {
		s.connect(i)
	}
	s.wake()
}

func (s *stub) connect(i int) {
	l := &s.links[i]
	if l.conn != 0 {
		s.host.Close(l.conn)
	}
	l.conn = s.host.Dial(s.voters[l.voter%len(s.voters)])
	l.voter++
	s.ask(i)
}

func (s *stub) ask(i int) {
	l := &s.links[i]
	l.correlation++
	l.idle = false
	l.deadline = s.host.Now().Add(2 * time.Second)
	s.host.Send(l.conn, &protocol.Request{CorrelationID: l.correlation, Body: s.request(i)})
}

func (s *stub) request(i int) kmsg.Request {
	if i == 1 {
		return s.follower.Next()
	}
	switch {
	case s.epoch == kafka.NoBrokerEpoch:
		return registration(s.id, s.incarnation)
	case s.links[0].correlation%2 == 0:
		return heartbeat(s.id, s.epoch, s.follower.Image().Offset())
	default:
		r := kmsg.NewPtrAllocateProducerIDsRequest()
		r.BrokerID, r.BrokerEpoch = int32(s.id), int64(s.epoch)
		return r
	}
}

func registration(id kafka.BrokerID, incarnation metadata.IncarnationID) *kmsg.BrokerRegistrationRequest {
	r := kmsg.NewPtrBrokerRegistrationRequest()
	r.Version = 4
	r.BrokerID, r.ClusterID, r.IncarnationID = int32(id), "test", incarnation
	l := kmsg.NewBrokerRegistrationRequestListener()
	l.Name, l.Host, l.Port = "PLAINTEXT", fmt.Sprintf("stub-%d", id), 9092
	r.Listeners = append(r.Listeners, l)
	return r
}

func heartbeat(id kafka.BrokerID, epoch kafka.BrokerEpoch, at kafka.Offset) *kmsg.BrokerHeartbeatRequest {
	r := kmsg.NewPtrBrokerHeartbeatRequest()
	r.BrokerID, r.BrokerEpoch, r.CurrentMetadataOffset = int32(id), int64(epoch), int64(at)
	return r
}

func (s *stub) Opened(host.Conn, host.Addr) {}

func (s *stub) Closed(conn host.Conn, _ error) {
	for i := range s.links {
		if s.links[i].conn == conn {
			s.links[i].conn = 0
			s.links[i].idle = true
			s.links[i].deadline = s.host.Now().Add(50 * time.Millisecond)
		}
	}
	s.wake()
}

func (s *stub) Received(conn host.Conn, m host.Message) {
	response := m.(*protocol.Response)
	for i := range s.links {
		l := &s.links[i]
		if l.conn != conn || l.correlation != response.CorrelationID {
			continue
		}
		l.idle = true
		l.deadline = s.host.Now().Add(50 * time.Millisecond)
		if i == 1 {
			update, err := s.follower.Receive(response.Body)
			switch {
			case err != nil:
				s.connect(i)
			default:
				if update.Moved {
					s.agree(update.Image)
				}
				s.ask(i)
			}
		} else if s.take(response.Body) == kerr.NotController.Code {
			s.connect(i)
		}
	}
	s.wake()
}

// agree checks that a broker's image is one that a controller had.
func (s *stub) agree(image *metadata.Image) {
	if expected, ok := s.cluster.committed[-image.Offset()]; ok && expected != string(image.Snapshot()) {
		s.cluster.problem("stub %d has another image at %d", s.id, image.Offset())
	}
}

func (s *stub) take(body kmsg.Response) int16 {
	switch r := body.(type) {
	case *kmsg.BrokerRegistrationResponse:
		if r.ErrorCode == 0 {
			s.epoch = kafka.BrokerEpoch(r.BrokerEpoch)
		}
		return r.ErrorCode
	case *kmsg.BrokerHeartbeatResponse:
		return r.ErrorCode
	case *kmsg.AllocateProducerIDsResponse:
		if r.ErrorCode == 0 {
			start := kafka.ProducerID(r.ProducerIDStart)
			if owner, twice := s.cluster.confirmed[start]; twice {
				s.cluster.problem("producer ids from %d were given to stub %d and %s", start, s.id, owner)
			}
			s.cluster.confirmed[start] = fmt.Sprintf("stub %d", s.id)
		}
		return r.ErrorCode
	}
	return 0
}

func (s *stub) Done(host.Op, error) {}

func (s *stub) Wake() { s.wake() }

func (s *stub) wake() {
	for i := range s.links {
		l := &s.links[i]
		if s.host.Now() < l.deadline {
			continue
		}
		if l.idle && l.conn != 0 {
			s.ask(i)
		} else {
			s.connect(i)
		}
	}
	s.host.WakeAt(min(s.links[0].deadline, s.links[1].deadline))
}

// torment runs a cluster under random faults of its voters, then heals it.
func torment(t testing.TB, world sim.Config, voters int) *cluster {
	seed := world.Seed
	c := newClusterIn(world, voters, 2, nil)
	for c.w.Now() < sim.Time(12*time.Second) {
		c.w.Run(c.w.Now().Add(time.Duration(c.faults.IntN(900)) * time.Millisecond))
		c.strike()
	}
	for _, name := range c.voters {
		c.w.Start(name)
	}
	// Whatever is still cut heals within 2 s.
	confirmed := len(c.confirmed)
	c.runUntil(t, fmt.Sprintf("seed %d: progress after the faults", seed), 20*time.Second, func() bool {
		return len(c.confirmed) > confirmed+3 && c.agreed()
	})
	// A block that was confirmed lies below what is committed as given away.
	next := c.active().Image().NextProducerID()
	for start := range c.confirmed {
		require.Less(t, start, next, "seed %d: a confirmed block is lost", seed)
	}
	require.Empty(t, c.problems, "seed %d", seed)
	return c
}

// agreed reports whether all voters are near the active one.
func (c *cluster) agreed() bool {
	active := c.active()
	if active == nil {
		return false
	}
	for _, name := range c.voters {
		if v := c.controller(name); v == nil || v.Image().Offset() < active.Image().Offset()-10 {
			return false
		}
	}
	return true
}

func (c *cluster) strike() {
	name := c.voters[c.faults.IntN(len(c.voters))]
	others := append(otherThan(c.voters, name), "stub-1", "stub-2")
	pause := time.Duration(200+c.faults.IntN(1800)) * time.Millisecond
	restart := func() { c.w.After(pause, func() { c.w.Start(name) }) }
	switch c.faults.IntN(9) {
	case 0:
		c.w.Kill(name)
		restart()
	case 1:
		c.w.KillMidStep(name, 1+c.faults.IntN(4), 500*time.Millisecond)
		c.w.After(600*time.Millisecond, restart)
	case 2, 3:
		mode := []sim.PowerLossMode{sim.LoseUnsynced, sim.Tear, sim.Keep}[c.faults.IntN(3)]
		c.w.PowerLoss(name, mode, c.faults)
		restart()
	case 4:
		if active := c.active(); active != nil { // power of the leader
			name = active.Name()
			c.w.PowerLoss(name, sim.LoseUnsynced, c.faults)
			restart()
		}
	case 5:
		if c.w.Pause(name) {
			c.w.After(pause, func() { c.w.Resume(name) })
		}
	case 6:
		cut := c.w.Partition([]string{name}, others)
		c.w.After(pause, cut.Heal)
	case 7:
		cut := c.w.Cut([]string{name}, others)
		c.w.After(pause, cut.Heal)
	case 8:
		c.w.Reset(name, c.faults.IntN(2) == 0, c.faults)
	}
}

func otherThan(names []string, name string) (rest []string) {
	for _, other := range names {
		if other != name {
			rest = append(rest, other)
		}
	}
	return rest
}

// onceStuck are seeds of former bugs, both without progress: a dial that was
// neither opened nor closed, and a snapshot that arrived after the leader had
// compacted past it.
var onceStuck = []uint64{591, 717}

func TestQuorumSurvives(t *testing.T) {
	count := uint64(200)
	if testing.Short() {
		count = 20
	}
	seeds := slices.Clone(onceStuck)
	for seed := range count {
		seeds = append(seeds, seed)
	}
	seen := map[string]int{}
	for _, seed := range seeds {
		c := torment(t, sim.Config{Seed: seed, Debug: true}, 3+2*int(seed%2))
		for point, n := range c.seen {
			seen[point] += n
		}
		seen["terms"] += len(c.leaders)
		seen["blocks"] += len(c.confirmed)
	}
	t.Log(seen)
	for _, point := range []*host.Point{PointControllerElected, PointMetadataSnapshot, PointMetadataInstalled, PointBrokerRegistered, PointBrokerUnfenced} {
		require.Positive(t, seen[point.Name], point.Name)
	}
	require.Greater(t, seen["terms"], len(seeds)*2, "elections")
}

// The same seed gives the same run, with messages as values and as frames.
func TestQuorumIsDeterministic(t *testing.T) {
	for seed := range uint64(5) {
		first := torment(t, sim.Config{Seed: seed}, 3)
		second := torment(t, sim.Config{Seed: seed}, 3)
		frames := torment(t, sim.Config{Seed: seed, Frames: true}, 3)
		require.Equal(t, first.w.Digest(), second.w.Digest(), "seed %d", seed)
		require.Equal(t, first.w.Digest(), frames.w.Digest(), "seed %d in frames", seed)
		require.Equal(t, first.w.Events(), frames.w.Events())
	}
}
