package run

import (
	"fmt"
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

func load(t testing.TB, text string) format.Scenario {
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
	require.Zero(t, o.Measures.LagFinal, "everything was read; the auditor is no consumer")
}

const grouped = `
version: 1
name: grouped
cluster: {config: {offsets.topic.num.partitions: 3}}
topics:
  orders: {partitions: 3, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  duration: 10s
  drain: 20s
  producers:
    web: {topic: orders, rate: 50/s, keys: {dist: uniform, count: 50}, config: {acks: all}}
  consumers:
    billing:
      count: 2
      group: billing
      topics: [orders]
      assignment: fixed
      commit: %s
      process: {time: {dist: lognormal, p50: 2ms, p99: 30ms}}
      config: {auto.offset.reset: earliest}
faults:
  timeline:
    - {at: 4s, kind: kill, target: billing-0, duration: 1s}
    - {at: 5s, kind: kill, target: leader(orders/0), duration: 3s}
    - {at: 7s, kind: kill, target: billing, duration: 500ms}
claims:
  at-least-once: {expect: holds}
  at-most-once: {expect: holds}
  commit-safety: {expect: holds}
  key-order: {expect: holds}
  recovers: {expect: holds}
`

// TestGroups: when a group's consumers commit decides what a crash does to them.
func TestGroups(t *testing.T) {
	for commit, violated := range map[string][]string{
		"after_process":  {"at-most-once"},
		"before_process": {"at-least-once", "commit-safety"},
		"auto":           {"at-most-once"},
	} {
		t.Run(commit, func(t *testing.T) {
			s := load(t, fmt.Sprintf(grouped, commit))
			found := map[string]bool{}
			for seed := range uint64(6) {
				o, err := Simulate(&s, seed, nil, Options{Debug: true})
				require.NoError(t, err)
				require.Empty(t, o.Invariants)
				for _, c := range o.Claims {
					require.NotEqual(t, checkers.Inconclusive, c.Verdict, "%s: %s", c.Claim, c.Reason)
					if c.Verdict == checkers.Violated {
						require.Contains(t, violated, c.Claim, "seed %d: %s", seed, c.Witness().Sentence)
						found[c.Claim] = true
					}
				}
			}
			require.Len(t, found, len(violated), "%v", found)
		})
	}
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
