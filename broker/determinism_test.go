package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/sim"
)

// The same seed gives the same run, whether messages travel as values or as
// encoded frames.
func TestDeterministic(t *testing.T) {
	run := func(config sim.Config) sim.Digest {
		c := newClusterIn(t, config, map[string]string{"replica.lag.time.max.ms": "3000"})
		c.createTopic("orders", 2, map[string]string{"min.insync.replicas": "2", "segment.bytes": "16384"})
		l := c.startLoad("orders", 2, 10*time.Millisecond)
		c.disturb(c.w.Stream("faults"), "orders", 2, c.w.Now().Add(15*time.Second), map[string]int{})
		l.stopped = true
		c.w.Run(c.w.Now().Add(5 * time.Second))
		return c.w.FinalDigest()
	}
	for seed := range uint64(2) {
		first := run(sim.Config{Seed: seed})
		require.Equal(t, first, run(sim.Config{Seed: seed}), "twice")
		require.Equal(t, first, run(sim.Config{Seed: seed, Frames: true}), "as frames")
	}
}
