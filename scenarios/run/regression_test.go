package run

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/scenarios/format"
)

// loadRegression reads a scenario of testdata/regressions: the faults that once
// broke a claim on sound settings.
func loadRegression(t *testing.T, name string) format.Scenario {
	t.Helper()
	text, err := os.ReadFile("../../testdata/regressions/" + name + ".yaml")
	require.NoError(t, err)
	return load(t, string(text))
}

// TestTheLastReplicaStanding: an empty replica led, because it had been the last
// in sync. With the museum's switch it still does.
func TestTheLastReplicaStanding(t *testing.T) {
	s := loadRegression(t, "last-replica-standing")
	for _, seed := range s.Seeds.All() {
		o, err := Simulate(&s, seed, nil, Options{})
		require.NoError(t, err)
		for _, c := range o.Claims {
			require.Equal(t, checkers.Holds, c.Verdict, "seed %#x: %s: %s", seed, c.Claim, c.Reason)
		}
		require.Empty(t, o.Invariants, "seed %#x", seed)

		flawed := s
		flawed.Cluster.Flaws = []string{"last-replica-standing"}
		o, err = Simulate(&flawed, seed, nil, Options{})
		require.NoError(t, err)
		require.True(t, o.Violating(), "seed %#x", seed)
	}
}

// TestFirstBatchesMayChangePlaces shows what Kafka does not promise: see
// docs/producer-order.md.
func TestFirstBatchesMayChangePlaces(t *testing.T) {
	s := loadRegression(t, "first-batches-reorder")
	o, err := Simulate(&s, s.Seeds.All()[0], nil, Options{})
	require.NoError(t, err)
	require.Equal(t, checkers.Violated, o.Claims[0].Verdict)
	require.Equal(t, checkers.Reordered, o.Claims[0].Witness().Anomaly)
}
