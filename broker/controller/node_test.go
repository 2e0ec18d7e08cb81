package controller

import (
	"fmt"
	"slices"
	"strings"
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

// caller is a node that sends what a test gives it and keeps the answers.
type caller struct {
	host    host.Host
	conn    host.Conn
	to      host.Addr
	sent    int32
	answers []*protocol.Response
	closed  bool
}

func (n *caller) Start(h host.Host) {
	n.host = h
	n.conn = h.Dial(n.to)
}
func (n *caller) Opened(host.Conn, host.Addr) {}
func (n *caller) Received(_ host.Conn, m host.Message) {
	n.answers = append(n.answers, m.(*protocol.Response))
}
func (n *caller) Closed(host.Conn, error)    { n.closed = true }
func (n *caller) Done(op host.Op, err error) {}
func (n *caller) Wake()                      {}

func (c *cluster) call(name string, to *Controller) *caller {
	n := &caller{to: c.config.Voters[to.ID()]}
	c.w.AddNode(sim.NodeSpec{Name: name, Factory: func() host.Node { return n }})
	c.w.Start(name)
	return n
}

func (c *cluster) send(name string, bodies ...kmsg.Request) {
	c.w.Inject(name, func(n host.Node) {
		for _, body := range bodies {
			caller := n.(*caller)
			caller.sent++
			caller.host.Send(caller.conn, &protocol.Request{CorrelationID: caller.sent, Body: body})
		}
	})
}

func settledCluster(t *testing.T, voters, stubs int) *cluster {
	c := newCluster(7, voters, stubs, func(config *Config) { config.Settings.SessionTimeout = 3 * time.Second })
	c.runUntil(t, "unfenced brokers", 5*time.Second, func() bool { return c.seen["broker_unfenced"] == stubs && c.agreed() })
	return c
}

func TestMoveLeaderAndExpireSession(t *testing.T) {
	c := settledCluster(t, 3, 2)
	active := c.active()
	c.call("admin", active)
	c.send("admin", createRequest(arguments{words: []string{"orders"}, named: map[string]string{"on": "1,2"}}))
	orders := kafka.TopicPartition{Topic: "orders"}
	c.runUntil(t, "topic", time.Second, func() bool { return active.Image().Partition(orders) != nil })

	inject := func(action func(*Controller) error) (err error) {
		require.True(t, c.w.Inject(active.Name(), func(n host.Node) { err = action(n.(*watched).Controller) }))
		return err
	}
	require.NoError(t, inject(func(a *Controller) error { return a.MoveLeader(orders, 2) }))
	c.runUntil(t, "another leader", time.Second, func() bool { return active.Image().Partition(orders).Leader == 2 })
	require.NoError(t, inject(func(a *Controller) error { return a.MoveLeader(orders, 2) }))
	c.runUntil(t, "another epoch", time.Second, func() bool { return active.Image().Partition(orders).LeaderEpoch == 2 })
	require.ErrorIs(t, inject(func(a *Controller) error { return a.MoveLeader(orders, 3) }), kerr.EligibleLeadersNotAvailable)

	require.NoError(t, inject(func(a *Controller) error { return a.ExpireSession(2) }))
	c.runUntil(t, "failover", time.Second, func() bool { return active.Image().Partition(orders).Leader == 1 })
	require.Equal(t, 3, c.seen["leader_changed"])
	require.Equal(t, 1, c.seen["broker_fenced"])
	require.Equal(t, 1, c.seen["isr_changed"])
	require.Equal(t, 1, c.seen["topic_created"])
	require.Contains(t, active.Dump(), "orders-0 leader=1 epoch=3 isr=[1]")
	for _, name := range c.voters {
		if other := c.controller(name); other != active {
			require.ErrorIs(t, other.MoveLeader(orders, 1), kerr.NotController)
		}
	}
}

func TestBrokerSilentForASessionIsFenced(t *testing.T) {
	c := settledCluster(t, 3, 2)
	c.w.Kill("stub-2")
	died := c.w.Now()
	c.runUntil(t, "fencing", 4*time.Second, func() bool { return c.seen["broker_fenced"] == 1 })
	require.GreaterOrEqual(t, c.w.Now().Sub(died), 2*time.Second)
	require.True(t, c.active().Image().Broker(2).Fenced)
	require.False(t, c.active().Image().Broker(1).Fenced)
	c.w.Start("stub-2") // another incarnation
	c.runUntil(t, "return", 2*time.Second, func() bool { return !c.active().Image().Broker(2).Fenced })
	require.Empty(t, c.problems)
}

func TestStandbyRefuses(t *testing.T) {
	c := settledCluster(t, 3, 1)
	var standby *Controller
	for _, name := range c.voters {
		if v := c.controller(name); !v.Active() {
			standby = v
		}
	}
	fetch := metadata.NewFollower(1, metadata.Empty(), 500).Next()
	del := kmsg.NewPtrDeleteTopicsRequest()
	del.TopicNames = []string{"orders"}
	caller := c.call("admin", standby)
	c.send("admin", heartbeat(1, 1, 0), fetch, createRequest(arguments{words: []string{"orders"}}), del)
	c.runUntil(t, "answers", time.Second, func() bool { return len(caller.answers) == 4 })
	require.Equal(t, kerr.NotController.Code, caller.answers[0].Body.(*kmsg.BrokerHeartbeatResponse).ErrorCode)
	partition := caller.answers[1].Body.(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, kerr.NotLeaderForPartition.Code, partition.ErrorCode)
	require.EqualValues(t, c.active().ID(), partition.CurrentLeader.LeaderID)
	require.Equal(t, kerr.NotController.Code, caller.answers[2].Body.(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode)
	require.Equal(t, kerr.NotController.Code, caller.answers[3].Body.(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
}

func TestResponsesKeepTheOrderOfRequests(t *testing.T) {
	c := settledCluster(t, 3, 1)
	caller := c.call("admin", c.active())
	longPoll := metadata.NewFollower(1, c.active().Image(), 300).Next()
	c.w.Kill("stub-1") // whose allocations would end the long poll
	c.runUntil(t, "silence", time.Second, func() bool { return c.active().proposed == 0 && c.agreed() })
	longPoll.(*kmsg.FetchRequest).Topics[0].Partitions[0].FetchOffset = int64(c.active().Image().Offset()) + 1
	asked := c.w.Now()
	c.send("admin", longPoll, heartbeat(9, 9, 0))
	c.runUntil(t, "answers", time.Second, func() bool { return len(caller.answers) == 2 })
	require.GreaterOrEqual(t, c.w.Now().Sub(asked), 300*time.Millisecond)
	require.EqualValues(t, 1, caller.answers[0].CorrelationID)
	require.Empty(t, caller.answers[0].Body.(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches)
	require.EqualValues(t, 2, caller.answers[1].CorrelationID)
}

func TestUnknownRequestClosesItsConnectionAlone(t *testing.T) {
	c := settledCluster(t, 3, 1)
	bad, good := c.call("bad", c.active()), c.call("good", c.active())
	c.send("bad", kmsg.NewPtrProduceRequest())
	c.send("good", heartbeat(9, 9, 0))
	c.runUntil(t, "close", time.Second, func() bool { return bad.closed && len(good.answers) == 1 })
	require.Empty(t, bad.answers)
	require.False(t, good.closed)
}

// A broker that was away for longer than the log goes back takes a snapshot.
func TestBrokerCatchesUpBySnapshot(t *testing.T) {
	c := settledCluster(t, 3, 2)
	c.w.Kill("stub-2")
	c.w.Run(c.w.Now().Add(6 * time.Second))
	require.Greater(t, c.active().quorum.logStart(), uint64(1))
	c.w.Start("stub-2") // with an empty image
	c.runUntil(t, "catching up", 3*time.Second, func() bool {
		return c.stubs[1].follower.Image().Offset()+5 > c.active().Image().Offset()
	})
	require.Empty(t, c.problems)
}

func TestOneVoterAlone(t *testing.T) {
	c := settledCluster(t, 1, 1)
	require.Less(t, c.w.Now(), sim.Time(time.Second), "one voter need not wait for others")
	before := len(c.confirmed)
	c.w.PowerLoss("controller-1", sim.LoseUnsynced, nil)
	c.w.Start("controller-1")
	c.runUntil(t, "progress", 5*time.Second, func() bool { return len(c.confirmed) > before+10 })
	require.Empty(t, c.problems)
}

// A voter whose disk fails leaves, and speaks no more.
func TestFailingDiskEndsTheVoter(t *testing.T) {
	for _, fault := range []func(*sim.World, string){
		func(w *sim.World, name string) { w.SetDiskFailing(name, true) },
		func(w *sim.World, name string) { w.SetDiskFull(name, true) },
	} {
		c := settledCluster(t, 3, 1)
		name := c.active().Name()
		var cause sim.Cause
		c.w.OnDown(func(_ string, why sim.Cause) { cause = why })
		fault(c.w, name)
		c.runUntil(t, "exit", 2*time.Second, func() bool { return !c.w.Up(name) })
		require.Equal(t, sim.CauseExit, cause.Kind)
		require.ErrorContains(t, cause.Reason, "metadata log")
		before := len(c.confirmed)
		c.runUntil(t, "failover", 5*time.Second, func() bool { return len(c.confirmed) > before+5 })
		require.Empty(t, c.problems)
	}
}

// With an election time-out of one second: another voter leads after one to a
// little more than two, typically 1.3, and an isolated leader gives up within
// two.
func TestElectionTimes(t *testing.T) {
	var failovers []time.Duration
	for seed := range uint64(41) {
		c := newCluster(seed, 3, 1, nil)
		c.runUntil(t, "leader", 10*time.Second, func() bool { return c.active() != nil && c.agreed() })
		old := c.active()
		c.w.Partition([]string{old.Name()}, append(otherThan(c.voters, old.Name()), "stub-1"))
		cut := c.w.Now()
		c.runUntil(t, "another leader", 4*time.Second, func() bool { return c.active() != nil && c.active() != old })
		failovers = append(failovers, c.w.Now().Sub(cut))
		c.runUntil(t, "stepping down", 2200*time.Millisecond-c.w.Now().Sub(cut), func() bool { return !old.Active() })
	}
	slices.Sort(failovers)
	require.Greater(t, failovers[0], 900*time.Millisecond)
	require.Less(t, failovers[len(failovers)/2], 1500*time.Millisecond)
	require.Less(t, failovers[len(failovers)*9/10], 2*time.Second)
	require.Less(t, failovers[len(failovers)-1], 3500*time.Millisecond)
}

func TestGenerationMovesOn(t *testing.T) {
	states := []rotation{beginning, renamed, listed, settled}
	allowed := map[string]bool{
		"0>1": true, "0>0": true, "1>2": true, "1>3": true, "1>0": true, "2>3": true, "2>0": true, "3>0": true,
	}
	for _, from := range states {
		for _, to := range states {
			l := &voterLog{state: from}
			if allowed[fmt.Sprintf("%d>%d", from, to)] {
				require.NotPanics(t, func() { l.move(to) })
			} else {
				require.Panics(t, func() { l.move(to) }, "%d to %d", from, to)
			}
		}
	}
}

func TestPointsAreNamedOnce(t *testing.T) {
	names := map[string]bool{}
	for _, p := range Points {
		require.False(t, names[p.Name], p.Name)
		require.Equal(t, strings.ToLower(p.Name), p.Name)
		names[p.Name] = true
	}
}
