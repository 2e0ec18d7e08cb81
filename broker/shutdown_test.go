package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/broker/controller"
	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// stop asks a broker to end, and returns how long that took. The load must not
// see more of it than that somebody else leads.
func (c *cluster) stop(name string, patience time.Duration) time.Duration {
	c.t.Helper()
	began := c.w.Now()
	require.True(c.t, c.w.Shutdown(name))
	c.runUntil(patience, "the end of "+name, func() bool { return !c.w.Up(name) })
	return c.w.Now().Sub(began)
}

// controllerImage is the metadata as the active controller has it.
func (c *cluster) activeController() (string, *controller.Controller) {
	for _, name := range []string{"controller-1", "controller-2", "controller-3"} {
		if n, ok := c.w.Node(name).(*controller.Controller); ok && n.Active() {
			return name, n
		}
	}
	return "", nil
}

// A rolling restart under load: every broker hands over, ends, and is back long
// before its session would have ended; nothing acknowledged is lost, and nobody
// waits longer than for an answer of a new leader. A power cut after the end
// takes nothing.
func TestRollingRestart(t *testing.T) {
	c := newCluster(t, 3, map[string]string{"broker.session.timeout.ms": "60000"})
	c.createTopic("orders", 6, map[string]string{"min.insync.replicas": "2"})
	watched := c.watch()
	l := c.startLoad("orders", 6, 10*time.Millisecond)
	var started host.Event
	c.w.Observe(func(_ string, _ sim.Time, e host.Event) {
		if e.Point.Name == "broker_started" {
			started = e
		}
	})
	for _, name := range c.brokers {
		c.w.Run(c.w.Now().Add(2 * time.Second))
		require.Less(t, c.stop(name, 10*time.Second), 5*time.Second, "two heartbeats of the others, and of its own")
		_, active := c.activeController()
		for number := range int32(6) {
			p := active.Image().Partition(kafka.TopicPartition{Topic: "orders", Partition: number})
			require.NotEqual(t, kafka.NoLeader, p.Leader)
			require.Len(t, p.ISR, 2, "the broker has left in time")
		}
		if name == "broker-2" {
			c.w.PowerLoss(name, sim.LoseUnsynced, nil)
		}
		began := c.w.Now()
		require.True(t, c.w.Start(name))
		c.runUntil(5*time.Second, name+" in sync", func() bool { return c.healthy("orders", 6) })
		require.Less(t, c.w.Now().Sub(began), 4*time.Second)
		require.Equal(t, [2]int64{6, 0}, [2]int64(started.Args[:2]), "logs, and those that were not clean")
	}
	l.stopped = true
	c.w.Run(c.w.Now().Add(2 * time.Second))
	require.Empty(t, watched.violated)
	l.verify()
	require.NotEmpty(t, l.acked)
	require.Equal(t, 3, c.counts["broker_stopped"])
	require.Zero(t, c.counts["unclean_election"]+c.counts["last_known_leader_election"])
	for code, n := range l.errors {
		require.Contains(t, []int16{0, 6}, code, "%d times", n) // NOT_LEADER_OR_FOLLOWER
	}
	require.NoError(t, c.w.Close())
}

// The only replica of a partition stops too, and is eligible to lead again:
// all three go at once, and nothing waits for a session to end.
func TestWholeClusterStopsAndComesBack(t *testing.T) {
	c := newCluster(t, 4, map[string]string{"broker.session.timeout.ms": "60000"})
	c.createTopic("orders", 3, nil)
	l := c.startLoad("orders", 3, 10*time.Millisecond)
	c.w.Run(c.w.Now().Add(2 * time.Second))
	l.stopped = true
	for _, name := range c.brokers {
		require.True(t, c.w.Shutdown(name))
	}
	for _, name := range c.brokers {
		c.runUntil(10*time.Second, "the end of "+name, func() bool { return !c.w.Up(name) })
		c.w.PowerLoss(name, sim.LoseUnsynced, nil)
	}
	for _, name := range c.brokers {
		c.w.Start(name)
	}
	c.runUntil(10*time.Second, "health", func() bool { return c.healthy("orders", 3) })
	l.verify()
	require.NotEmpty(t, l.acked)
	require.Zero(t, c.counts["unclean_election"]+c.counts["last_known_leader_election"])
	require.Positive(t, c.counts["elr_election"])
}

// Without a controller a broker does not go; one that serves nobody yet goes at
// once.
func TestStopWithoutController(t *testing.T) {
	c := newCluster(t, 5, nil)
	c.createTopic("orders", 1, nil)
	controllers := []string{"controller-1", "controller-2", "controller-3"}
	cut := c.w.Partition(controllers, []string{"broker-1"})
	require.True(t, c.w.Shutdown("broker-1"))
	c.w.Run(c.w.Now().Add(20 * time.Second))
	require.True(t, c.w.Up("broker-1"))
	cut.Heal()
	c.runUntil(10*time.Second, "the end of broker-1", func() bool { return !c.w.Up("broker-1") })

	cut = c.w.Partition(controllers, []string{"broker-1"})
	c.w.Start("broker-1")
	c.w.Run(c.w.Now().Add(time.Second))
	require.Less(t, c.stop("broker-1", time.Second), 200*time.Millisecond)
	cut.Heal()
}

// The active controller hands over before it ends: another is active long before
// an election time-out; the others just go.
func TestControllersStop(t *testing.T) {
	c := newCluster(t, 6, nil)
	c.createTopic("orders", 1, nil)
	for range 2 {
		former, _ := c.activeController()
		began := c.w.Now()
		require.True(t, c.w.Shutdown(former))
		c.runUntil(time.Second, "another controller", func() bool {
			name, _ := c.activeController()
			return name != "" && name != former
		})
		require.Less(t, c.w.Now().Sub(began), 500*time.Millisecond, "controller.quorum.election.timeout.ms is 1 s")
		c.runUntil(time.Second, "the end of "+former, func() bool { return !c.w.Up(former) })
		c.w.Start(former)
		c.w.Run(c.w.Now().Add(2 * time.Second))
	}
	for _, name := range []string{"controller-1", "controller-2", "controller-3"} {
		if active, _ := c.activeController(); name != active {
			require.Less(t, c.stop(name, time.Second), 50*time.Millisecond)
			break
		}
	}
}
