package broker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// committing is a group that commits rising offsets, one at a time, and reads
// them back: what it reads must never be below what was acknowledged before, nor
// above what it ever asked for.
type committing struct {
	c        *cluster
	name     string
	next     kafka.Offset
	acked    kafka.Offset
	busy     bool
	reads    int
	errors   map[int16]int
	violated string
}

func (g *committing) step() {
	coordinator := g.c.leader(metadata.OffsetsTopic, offsetsPartition2(g.name))
	if g.busy || coordinator == "" {
		return
	}
	g.busy = true
	// A connection that a fault has stalled must not hold the group up for ever.
	attempt := g.next
	g.c.w.After(8*time.Second, func() {
		if g.busy && g.next == attempt+1 {
			g.busy = false
		}
	})
	g.next++
	if g.next%3 == 0 {
		g.read(coordinator)
		return
	}
	offset := g.next
	g.c.send(coordinator, commitRequest(g.name, "orders", 0, offset), func(r kmsg.Response) {
		if r == nil {
			g.busy = false
			return
		}
		code := commitCode(r)
		g.errors[code]++
		if code == 0 {
			g.acked = max(g.acked, offset)
		}
		g.busy = false
	})
}

func (g *committing) read(coordinator string) {
	atLeast := g.acked
	g.c.send(coordinator, fetchOffsetsRequest(g.name, true), func(r kmsg.Response) {
		g.busy = false
		if r == nil || r.(*kmsg.OffsetFetchResponse).Groups[0].ErrorCode != 0 {
			return
		}
		found := kafka.NoOffset
		if topics := r.(*kmsg.OffsetFetchResponse).Groups[0].Topics; len(topics) > 0 {
			found = kafka.Offset(topics[0].Partitions[0].Offset)
		}
		g.reads++
		if g.acked > 0 && found < atLeast || found > g.next {
			g.violated = fmt.Sprintf("%s of %s reads %d, and %d was acknowledged before", coordinator, g.name, found, atLeast)
		}
	})
}

// offsetsPartition2 is for an offsets topic of two partitions.
func offsetsPartition2(name string) int32 { return offsetsPartition(name) % 2 }

// Whatever fails, what a group was told is committed it reads again.
func TestNoCommittedOffsetIsLost(t *testing.T) {
	total := map[string]int{}
	codes := map[int16]int{}
	for seed := range uint64(3) {
		c := newCluster(t, seed, map[string]string{"replica.lag.time.max.ms": "3000", "offsets.topic.num.partitions": "2"})
		c.createTopic("orders", 1, nil)
		c.findCoordinator("billing")
		watched := c.watch()
		var groups []*committing
		for _, name := range []string{"billing", "group", "a"} {
			groups = append(groups, &committing{c: c, name: name, errors: codes})
		}
		stopped := false
		c.w.Every(20*time.Millisecond, func() bool {
			for _, g := range groups {
				g.step()
			}
			return !stopped
		})
		c.disturb(c.w.Stream("faults"), metadata.OffsetsTopic, 2, c.w.Now().Add(40*time.Second), total)
		stopped = true
		c.runUntil(60*time.Second, "health", func() bool { return c.healthy(metadata.OffsetsTopic, 2) })
		c.w.Run(c.w.Now().Add(10 * time.Second))
		require.Empty(t, watched.violated)
		for _, name := range c.brokers {
			delete(c.client.conns, host.Addr(name+":9092"))
		}
		for _, g := range groups {
			require.Empty(t, g.violated, "seed %d", seed)
			require.Positive(t, g.acked)
			require.Positive(t, g.reads)
			found := c.committed(c.findCoordinator(g.name), g.name)
			require.GreaterOrEqual(t, found, g.acked, "seed %d: %s", seed, g.name)
		}
		for name, n := range c.counts {
			total[name] += n
		}
	}
	t.Log(codes, total["coordinator_loaded"], "loads", total["coordinator_unloaded"], "unloads")
	require.Positive(t, codes[0])
	require.Positive(t, codes[kerr.CoordinatorLoadInProgress.Code])
	require.Positive(t, total["coordinator_unloaded"])
	require.Zero(t, total["coordinator_load_failed"])
}

// Groups and orderly ends replay, whether messages travel as values or as
// encoded frames.
func TestGroupsAreDeterministic(t *testing.T) {
	run := func(config sim.Config) sim.Digest {
		c := newClusterIn(t, config, map[string]string{"offsets.topic.num.partitions": "2"})
		c.createTopic("orders", 1, nil)
		g := &committing{c: c, name: "billing", errors: map[int16]int{}}
		c.findCoordinator(g.name)
		c.w.Every(20*time.Millisecond, func() bool { g.step(); return true })
		for _, name := range c.brokers {
			c.w.Run(c.w.Now().Add(time.Second))
			c.stop(name, 10*time.Second)
			c.w.Start(name)
		}
		c.runUntil(20*time.Second, "health", func() bool { return c.healthy(metadata.OffsetsTopic, 2) })
		require.Empty(t, g.violated)
		require.Greater(t, g.acked, kafka.Offset(100))
		return c.w.FinalDigest()
	}
	first := run(sim.Config{Seed: 1})
	require.Equal(t, first, run(sim.Config{Seed: 1}), "twice")
	require.Equal(t, first, run(sim.Config{Seed: 1, Frames: true}), "as frames")
}
