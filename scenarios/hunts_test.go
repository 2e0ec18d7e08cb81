package scenarios_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

// hunt runs one of testdata/hunts over count seeds.
func hunt(t *testing.T, name string, count int) result.Result {
	t.Helper()
	text, err := os.ReadFile("../testdata/hunts/" + name + ".yaml")
	require.NoError(t, err)
	source := format.Source{Name: name + ".yaml", Text: text, Data: os.DirFS("../testdata/hunts"), Dir: "."}
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	c := campaign.New(file)
	for i := range c.Variants {
		c.Variants[i].Scenario.Seeds.Count = count
	}
	r, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	return r
}

// TestSafeSettingsSurviveTheSwarm: nothing is found on the safe configuration,
// outside and inside, and the swarm is no weak one. The long version is `assay
// hunt testdata/hunts/safe.yaml --count 10000`; see docs/track-record.md.
func TestSafeSettingsSurviveTheSwarm(t *testing.T) {
	const seeds = 30
	r := hunt(t, "safe", seeds)
	require.Equal(t, result.Expected, r.Outcome, "%+v", r.Variants)
	for _, v := range r.Variants {
		require.Empty(t, v.Invariants, v.Name)
		// Of 10,000 seeds 90 %, 50 % and 20 % must reach these places. A few
		// seeds are allowed a little less.
		require.GreaterOrEqual(t, v.Points[run.FaultDuringProduce], int64(seeds*85/100), v.Name)
		require.GreaterOrEqual(t, v.Points[run.ElectionUnderLoad], int64(seeds*45/100), v.Name)
		require.GreaterOrEqual(t, v.Points[run.TruncationAfterFault], int64(seeds*15/100), v.Name)
		for _, place := range []string{run.RetryDeduplicated, run.ControllerFailover, run.LeaderWasDeposed, run.EpochBumpedByProducer, run.LogRecovered} {
			require.Positive(t, v.Points[place], "%s: %s", v.Name, place)
		}
	}
}

// TestTheSwarmFindsWeakSettings: the same swarm, one setting weakened.
func TestTheSwarmFindsWeakSettings(t *testing.T) {
	for name, seeds := range map[string]int{"weak-loss": 40, "weak-duplicates": 5} {
		t.Run(name, func(t *testing.T) {
			r := hunt(t, name, seeds)
			require.Equal(t, result.Expected, r.Outcome, "%+v", r.Variants)
		})
	}
}

// TestCommitsKeepTheirWordInTheSwarm: what each way of committing promises holds
// under every fault, and coordinators did fail over.
func TestCommitsKeepTheirWordInTheSwarm(t *testing.T) {
	r := hunt(t, "offsets", 25)
	require.Equal(t, result.Expected, r.Outcome, "%+v", r.Variants)
	require.Empty(t, r.Variants[0].Invariants)
	require.Positive(t, r.Variants[0].Exercise[string(run.CoordinatorFailovers)])
	for _, c := range r.Variants[0].Claims {
		require.True(t, c.Exercised, c.Name)
	}
}

// TestExactlyOnceSurvivesTheSwarm: nothing is found by any way of being a member
// of the group, with transactions of either version, and the faults come where
// they hurt. The long version is `assay hunt testdata/hunts/exactly-once.yaml
// --count 2500`; see docs/track-record.md.
func TestExactlyOnceSurvivesTheSwarm(t *testing.T) {
	const seeds = 10
	r := hunt(t, "exactly-once", seeds)
	require.Equal(t, result.Expected, r.Outcome, "%+v", r.Variants)
	fenced := int64(0)
	for _, v := range r.Variants {
		require.Empty(t, v.Invariants, v.Name)
		// Of 10,000 seeds half must have a fault inside of a transaction, and a
		// fifth each a coordinator that fails over with one open and a fenced
		// zombie. Ten seeds are few for the last.
		require.GreaterOrEqual(t, v.Points[run.FaultInTransaction], int64(seeds*8/10), v.Name)
		require.GreaterOrEqual(t, v.Points[run.FailoverInTransaction], int64(seeds*3/10), v.Name)
		fenced += v.Points[run.ZombieFenced]
	}
	require.GreaterOrEqual(t, fenced, int64(seeds*len(r.Variants)*15/100))

	r = hunt(t, "exactly-once-version-1", 5)
	require.Equal(t, result.Expected, r.Outcome, "%+v", r.Variants)
}
