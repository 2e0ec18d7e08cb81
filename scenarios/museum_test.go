package scenarios_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// find is what a variant must find: a claim that is violated, by an anomaly of
// that name.
type find struct{ claim, anomaly string }

// Each exhibit is found in a few seeds and rightly named; where the flaw is off
// or the setting safe, the same schedule finds none of it. The seeds are a few
// more than it takes to find the rarest one; docs/museum.md has the rates.
var exhibits = []exhibition{
	exhibit("hw-truncate-loss", 5, find{"no-loss", "lost write"}),
	{
		name: "hw-truncate-diverge", seeds: 6,
		finds: map[string][]find{"base": {{"log-agreement", "divergence"}, {"no-loss", "lost write"}}},
		// A power loss of the last in-sync replica changes committed records with and without the flaw.
		absent: map[string][]find{"fixed": {{"log-agreement", "divergence"}, {"no-loss", "lost write"}}},
	},
	exhibit("epoch-lookup-offset-only", 5, find{"log-agreement", "divergence"}),
	exhibit("unclean-election", 5, find{"no-loss", "lost write"}, find{"log-agreement", "changed record"}),
	{
		name: "weak-acks", seeds: 4,
		finds: map[string][]find{
			"base":      {{"no-loss", "lost write"}},
			"min-isr-1": {{"no-loss", "lost write"}},
		},
		absent: map[string][]find{
			"fixed":     {{"no-loss", "lost write"}},
			"min-isr-2": {{"no-loss", "lost write"}},
		},
	},
	exhibit("last-replica-standing", 2, find{"no-loss", "lost write"}),
	exhibit("bounce-fencing", 5, find{"no-loss", "lost write"}),
	exhibit("no-maximal-isr", 5, find{"no-loss", "lost write"}),
	exhibit("diverging-fetch-counts", 8, find{"no-loss", "lost write"}),
	exhibit("consumer-no-truncation-check", 5, find{"no-skips", "poll skip"}),
	exhibit("retry-no-idempotence", 5, find{"no-duplicates", "duplicate"}, find{"producer-order", "reordered"}),
	exhibit("seq-cache", 3, find{"no-duplicates", "duplicate"}),
	exhibit("seq-wrap", 3, find{"no-duplicates", "duplicate"}),
	exhibit("seq-reuse", 3, find{"no-loss", "lost write"}),
	exhibit("hang-late-produce", 5, find{"no-aborted-reads", "aborted read"}),
	{
		name: "endtxn-late", seeds: 8,
		finds: map[string][]find{
			"base":      {{"no-aborted-reads", "aborted read"}, {"atomic-transactions", "torn transaction"}},
			"version-1": {{"no-aborted-reads", "aborted read"}, {"atomic-transactions", "torn transaction"}},
		},
		absent: map[string][]find{"fixed": {{"no-aborted-reads", "aborted read"}, {"atomic-transactions", "torn transaction"}}},
	},
	exhibit("endtxn-early", 4, find{"atomic-transactions", "torn transaction"}),
	exhibit("no-epoch-fence", 3, find{"exactly-once", "torn transaction"}, find{"atomic-transactions", "torn transaction"}),
	exhibit("tc-failover", 4, find{"recovers", "hung transaction"}),
	exhibit("txn-offset-no-generation", 4, find{"exactly-once", "zombie commit"}),
	exhibit("unstable-offset-fetch", 4, find{"exactly-once", "duplicate"}),
	exhibit("lso-is-hw", 3, find{"no-aborted-reads", "aborted read"}),
	exhibit("commit-before-process", 3, find{"at-least-once", "unseen"}, find{"commit-safety", "premature commit"}),
	exhibit("zombie-commit", 4, find{"commit-safety", "offset regression"}, find{"group-exclusive", "zombie commit"}),
	{
		name: "reset-latest-skip", seeds: 3,
		finds: map[string][]find{"base": {{"at-least-once", "unseen"}}},
		absent: map[string][]find{
			"fixed":            {{"at-least-once", "unseen"}},
			"longer-retention": {{"at-least-once", "unseen"}},
		},
	},
	exhibit("static-no-fence", 3, find{"commit-safety", "offset regression"}, find{"group-exclusive", "zombie commit"}),
	exhibit("stale-owned-claim", 3, find{"exactly-once", "zombie commit"}, find{"group-exclusive", "zombie commit"}),
	exhibit("coordinator-stale-load", 3, find{"at-most-once", "double processing"}),
	exhibit("stale-alterpartition", 5, find{"no-loss", "lost write"}),
	exhibit("refuse-after-append", 3, find{"linearizable-log", "phantom"}),
	exhibit("no-crc-recovery", 8, find{"recovers", "undrained"}),
}

type exhibition struct {
	name   string
	seeds  int
	finds  map[string][]find // by the variant that has the flaw
	absent map[string][]find // by the variant that has not
}

// exhibit is one with the flaw in base and without it in fixed.
func exhibit(name string, seeds int, finds ...find) exhibition {
	return exhibition{name, seeds, map[string][]find{"base": finds}, map[string][]find{"fixed": finds}}
}

func TestMuseum(t *testing.T) {
	for _, e := range exhibits {
		t.Run(e.name, func(t *testing.T) {
			played := play(t, "museum/"+e.name, e.seeds)
			for variant, finds := range e.finds {
				for _, f := range finds {
					claim := claimOf(t, played, variant, f.claim)
					require.Equal(t, "violated", claim.Verdict, "%s in %s", f.claim, variant)
					require.Positive(t, claim.Anomalies[f.anomaly], "%s in %s: %v", f.claim, variant, claim.Anomalies)
				}
			}
			for variant, finds := range e.absent {
				for _, f := range finds {
					claim := claimOf(t, played, variant, f.claim)
					require.True(t, claim.Exercised, "%s in %s", f.claim, variant)
					require.Zero(t, claim.Anomalies[f.anomaly], "%s in %s: %v", f.claim, variant, claim.Witness)
				}
			}
			// What the file expects says the same.
			require.Equal(t, result.Expected, played.Outcome)
		})
	}
}

// TestMuseumIsComplete: every scenario of the museum is judged above.
func TestMuseumIsComplete(t *testing.T) {
	var judged []string
	for _, e := range exhibits {
		judged = append(judged, "museum/"+e.name)
	}
	shipped := slices.DeleteFunc(scenarios.Names(), func(name string) bool { return !strings.HasPrefix(name, "museum/") })
	require.ElementsMatch(t, shipped, judged)
}

// play runs all variants of a shipped scenario over its first seeds.
func play(t *testing.T, name string, seeds int) result.Result {
	t.Helper()
	source, err := scenarios.Find(name)
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	c := campaign.New(file)
	for i := range c.Variants {
		c.Variants[i].Scenario.Seeds.Count = seeds
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	return played
}

func claimOf(t *testing.T, played result.Result, variant, claim string) result.Claim {
	t.Helper()
	for _, v := range played.Variants {
		for _, c := range v.Claims {
			if v.Name == variant && c.Name == claim {
				return c
			}
		}
	}
	t.Fatalf("%s has no claim %s in variant %s", played.Scenario, claim, variant)
	return result.Claim{}
}
