package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/broker/controller"
	"assay/host"
	"assay/internal/kafka"
)

// Each flaw is found by its schedule over a few seeds, and with the fix the
// same schedules find nothing. So the invariants are proved to see, and the
// switches to undo something.

// scene is a cluster under load with one partition; leader, next and last are
// its replicas in the order of preference after the leader.
type scene struct {
	*cluster
	load               *load
	checks             *invariants
	leader, next, last string
}

func exhibit(t *testing.T, flaw string, seeds uint64, settings map[string]string, schedule func(s *scene)) {
	play := func(seed uint64, flaws ...string) []string {
		c := newCluster(t, seed, settings, flaws...)
		c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
		s := &scene{cluster: c, checks: c.watch(), load: c.startLoad("orders", 1, 3*time.Millisecond)}
		replicas := c.broker("broker-1").Image().Topic("orders").Partitions[0].Replicas
		s.leader, s.next, s.last = nodeName(replicas[0]), nodeName(replicas[1]), nodeName(replicas[2])
		c.w.Run(c.w.Now().Add(time.Duration(1000+seed*7) * time.Millisecond))
		schedule(s)
		s.load.stopped = true
		return s.checks.violated
	}
	found := uint64(0)
	for seed := range seeds {
		if violated := play(seed, flaw); len(violated) > 0 {
			found++
			t.Log("seed", seed, violated[0])
		}
		require.Empty(t, play(seed), "seed %d with the fix", seed)
	}
	require.Positive(t, found, "not found in %d seeds", seeds)
	t.Log("found in", found, "of", seeds)
}

func nodeName(id kafka.BrokerID) string { return "broker-" + string(rune('0'+id)) }

func (s *scene) brokerID(name string) kafka.BrokerID { return kafka.BrokerID(name[len(name)-1] - '0') }

func (s *scene) run(d time.Duration) { s.w.Run(s.w.Now().Add(d)) }

// The answers of the leader to the next in line stall while the leader's epoch
// is bumped; then the leader dies.
func TestExhibitHighWatermarkTruncation(t *testing.T) {
	exhibit(t, "hw-truncate-loss", 2, nil, func(s *scene) {
		s.w.Cut([]string{s.leader}, []string{s.next})
		s.run(100 * time.Millisecond)
		s.moveLeader("orders", 0, s.brokerID(s.leader))
		s.run(300 * time.Millisecond)
		s.w.Kill(s.leader)
		s.run(15 * time.Second)
	})
}

// A deposed leader that was cut off from its followers with records of its own
// stays in the ISR; the new leader's answers to it are lost, and it is elected.
func TestExhibitDivergingFetchCounts(t *testing.T) {
	exhibit(t, "diverging-fetch-counts", 2, nil, func(s *scene) {
		for _, name := range []string{s.next, s.leader} { // so that the connection is there
			s.moveLeader("orders", 0, s.brokerID(name))
			s.run(time.Second)
		}
		cut := s.w.Cut([]string{s.next, s.last}, []string{s.leader}) // their fetches
		s.run(400 * time.Millisecond)
		s.w.Cut([]string{s.next}, []string{s.leader}) // and later its answers
		s.moveLeader("orders", 0, s.brokerID(s.next))
		s.run(800 * time.Millisecond)
		cut.Heal()
		s.run(300 * time.Millisecond)
		s.w.Kill(s.next)
		s.run(15 * time.Second)
	})
}

// The leader proposes to add a follower; the controller applies it while the
// leader does not hear of it and the follower's fetches are held.
func TestExhibitNoMaximalISR(t *testing.T) {
	exhibit(t, "no-maximal-isr", 2, map[string]string{"replica.lag.time.max.ms": "1500"}, func(s *scene) {
		controllers := []string{"controller-1", "controller-2", "controller-3"}
		out := s.w.Cut([]string{s.next}, []string{s.leader})
		s.runUntil(10*time.Second, "shrink", func() bool { v, _ := s.view(s.leader, "orders", 0); return len(v.ISR) == 2 })
		s.run(100 * time.Millisecond)
		// The leader speaks to the controllers and does not hear them.
		deaf := s.w.Cut(controllers, []string{s.leader})
		out.Heal()
		s.runUntil(5*time.Second, "expansion", func() bool {
			return len(s.broker(s.last).Image().Topic("orders").Partitions[0].ISR) == 3
		})
		s.w.Cut([]string{s.next}, []string{s.leader})
		s.run(3 * time.Second)
		s.w.Kill(s.leader)
		deaf.Heal()
		s.run(15 * time.Second)
	})
}

// Leadership goes away and comes back while the first leader's records of the
// first epoch are on its disk alone; it learns of nothing in between.
func TestExhibitEpochLookupOffsetOnly(t *testing.T) {
	exhibit(t, "epoch-lookup-offset-only", 2, nil, func(s *scene) {
		cut := s.w.Cut([]string{s.next, s.last}, []string{s.leader})
		s.run(300 * time.Millisecond) // records of the first epoch that nobody else gets
		s.w.Inject(s.leader, func(host.Node) { s.broker(s.leader).DelayMetadata(2 * time.Second) })
		first, next := s.leader, s.next
		held := s.w.Cut([]string{s.last}, []string{next}) // and what the next one writes stays its own
		s.moveLeader("orders", 0, s.brokerID(next))
		s.run(200 * time.Millisecond)
		s.moveLeader("orders", 0, s.brokerID(first))
		s.run(3 * time.Second)
		cut.Heal()
		held.Heal()
		s.run(3 * time.Second)
		s.w.Kill(first)
		s.run(15 * time.Second)
	})
}

// A shrink that drops the last in line is under way for long; meanwhile the next
// in line is fenced and misses what is acknowledged, and comes back just before
// the old change lands and brings it into the ISR again.
func TestExhibitStaleAlterPartition(t *testing.T) {
	controllers := []string{"controller-1", "controller-2", "controller-3"}
	exhibit(t, "stale-alterpartition", 2, map[string]string{"replica.lag.time.max.ms": "1500"}, func(s *scene) {
		s.w.Delay([]string{s.leader}, controllers, 1400*time.Millisecond)
		s.run(2 * time.Second)
		cut := s.w.Cut([]string{s.last}, []string{s.leader})
		proposed := s.counts["isr_shrink_proposed"]
		s.runUntil(5*time.Second, "shrink", func() bool { return s.counts["isr_shrink_proposed"] > proposed })
		silent := s.w.Cut([]string{s.next}, append([]string{s.leader}, controllers...))
		cut.Heal()
		for _, name := range controllers {
			if n, ok := s.w.Node(name).(*controller.Controller); ok && n.Active() {
				s.w.Inject(name, func(host.Node) { _ = n.ExpireSession(s.brokerID(s.next)) })
			}
		}
		s.run(1200 * time.Millisecond)
		silent.Heal()
		s.w.Cut([]string{s.next}, []string{s.leader})
		s.run(250 * time.Millisecond)
		s.w.Kill(s.leader)
		s.run(15 * time.Second)
	})
}
