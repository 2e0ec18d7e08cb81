package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/scenarios/format"
)

const small = `
version: 1
name: small
seeds: {base: 1, count: 1}
cluster: {brokers: 3, controllers: 3}
topics:
  orders: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  duration: 10s
  drain: 15s
  producers:
    web: {topic: orders, rate: 50/s, config: {acks: all}}
  consumers:
    reader: {topics: [orders], assignment: fixed, commit: none, config: {auto.offset.reset: earliest}}
faults:
  timeline:
    - {at: 3s, kind: kill, target: leader(orders/0), duration: 3s}
` + claimsOfSmall

const claimsOfSmall = `claims:
  no-loss: {expect: holds}
  no-duplicates: {expect: holds}
  no-skips: {expect: holds}
  recovers: {expect: holds}
  log-agreement: {expect: holds}
  linearizable-log: {expect: holds}
  producer-order: {expect: holds}
`

func load(t *testing.T, text string) format.Scenario {
	t.Helper()
	file, diagnostics := format.Load(format.Source{Name: "test.yaml", Text: []byte(text)}, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	return file.Base
}

// TestSmall: one broker dies and comes back, and everything claimed holds.
func TestSmall(t *testing.T) {
	s := load(t, small)
	o, err := Simulate(&s, 1, nil, Options{Debug: true})
	require.NoError(t, err)
	require.Len(t, o.Claims, len(s.Claims))
	for _, c := range o.Claims {
		require.Equal(t, checkers.Holds, c.Verdict, "%s: %s", c.Claim, c.Reason)
	}
	require.Empty(t, o.Invariants)
	require.Equal(t, 1, o.AppliedFaults())
	require.Equal(t, int64(1), o.Exercise[Recoveries])
	require.Positive(t, o.Exercise[LeaderChanges])
	require.InDelta(t, 500, o.Exercise[RecordsAcknowledged], 100)
	require.GreaterOrEqual(t, o.Exercise[RecordsConsumed], o.Exercise[RecordsAcknowledged])
}

func TestPointsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Points() {
		require.False(t, seen[p.Name], p.Name)
		require.NotEmpty(t, p.About, p.Name)
		seen[p.Name] = true
	}
	require.Greater(t, len(seen), 40)
}
