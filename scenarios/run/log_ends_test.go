package run

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers/history"
	"assay/scenarios/format"
)

// exactReads counts what a history says of the logs' lengths.
type exactReads struct {
	history.Ignore
	empty, listed int
	committed     bool // some of them by a reader of committed records
}

func (e *exactReads) Read(r history.Read) {
	if len(r.Records) == 0 && r.Next == r.From {
		e.empty++
		e.committed = e.committed || r.Committed
	}
}

func (e *exactReads) ListOffsets(history.ListOffsets) { e.listed++ }

// What readers learn of the logs' ends is noted for fresh-reads alone, and
// changes nothing but the history.
func TestLogEndsAreNotedForFreshReadsAlone(t *testing.T) {
	s := load(t, `
version: 1
name: ends
seeds: {base: 1, count: 1}
topics: {orders: {partitions: 3, replication_factor: 3, config: {min.insync.replicas: 2}}}
workload:
  warmup: 1s
  duration: 8s
  drain: 35s
  producers: {web: {topic: orders, rate: 5/s, value: {size: 64B}, config: {acks: all}}}
  consumers:
    reader: {topics: [orders], config: {auto.offset.reset: earliest}}
    newest: {topics: [orders], config: {auto.offset.reset: latest}}
    committed: {topics: [orders], config: {auto.offset.reset: latest, isolation.level: read_committed}}
claims: {linearizable-log: {}, fresh-reads: {}}
`)
	noted, err := Simulate(&s, 1, nil, Options{})
	require.NoError(t, err)
	s.Claims = slices.DeleteFunc(s.Claims, func(c format.Claim) bool { return c.Guarantee == "fresh-reads" })
	silent, err := Simulate(&s, 1, nil, Options{})
	require.NoError(t, err)

	require.Equal(t, silent.Digest, noted.Digest)
	require.Equal(t, silent.Measures, noted.Measures)
	require.Equal(t, silent.Exercise, noted.Exercise)
	var with, without exactReads
	noted.History.Replay(&with)
	silent.History.Replay(&without)
	require.Zero(t, without)
	require.Equal(t, 3, with.listed, "one for each partition of the consumer that begins at the end")
	require.Greater(t, with.empty, 50)
	require.False(t, with.committed)
	require.Equal(t, silent.History.Operations()+with.listed+with.empty, noted.History.Operations())
}
