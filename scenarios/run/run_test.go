package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
claims:
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

func TestSmall(t *testing.T) {
	s := load(t, small)
	started := time.Now()
	o, err := Simulate(&s, 1, nil, Options{Debug: true})
	require.NoError(t, err)
	t.Log(time.Since(started), o.Events, o.Digest, o.Exercise, o.Places, o.End)
	for _, c := range o.Claims {
		t.Log(c.Claim, c.Verdict, c.Reason, c.Judged, c.Witness())
	}
	for _, f := range o.Faults {
		t.Logf("%+v", f)
	}
	t.Log(o.Invariants)
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
