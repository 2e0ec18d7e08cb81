package scenarios_test

import (
	"context"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/result"
)

var full = flag.Bool("full", false, "judge shipped scenarios over further seeds, too")

// pinned are the verdicts of the shipped scenarios, by variant and claim: what
// each of them teaches. The museum's are in museum_test.go.
var pinned = map[string]map[string]map[string]string{
	"acks-1": {
		"base": {"no-loss": "violated"},
		"all":  {"no-loss": "holds"},
	},
	"idempotent-producer": {
		"base":          {"no-loss": "holds", "no-duplicates": "holds", "producer-order": "holds"},
		"blind-retries": {"no-loss": "holds", "no-duplicates": "violated", "producer-order": "violated"},
	},
	"orders-at-least-once": {
		"base":       {"no-loss": "holds", "recovers": "holds", "no-skips": "holds", "no-duplicates": "violated"},
		"idempotent": {"no-loss": "holds", "recovers": "holds", "no-skips": "holds", "no-duplicates": "holds"},
	},
	"power-loss": {
		"base":    {"no-loss": "violated", "recovers": "holds"},
		"flushed": {"no-loss": "holds", "recovers": "holds"},
	},
	"two-power-losses": {
		"base":          {"no-loss": "violated", "recovers": "holds"},
		"three-in-sync": {"no-loss": "holds", "recovers": "holds"},
	},
	"unclean-election": {
		"base":  {"no-loss": "violated", "recovers": "holds"},
		"clean": {"no-loss": "holds", "recovers": "holds"},
	},
}

// TestPinnedVerdicts runs the shipped scenarios over their own seeds. With -full
// it also runs others, as many at a time: a verdict must not hang on the choice.
func TestPinnedVerdicts(t *testing.T) {
	for _, name := range scenarios.Names() {
		if strings.HasPrefix(name, "museum/") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			require.Contains(t, pinned, name, "pin the verdicts of a new scenario here")
			shifts := []uint64{0}
			if *full {
				shifts = []uint64{0, 1000, 2000, 3000, 4000}
			}
			for _, shift := range shifts {
				requireVerdicts(t, runShifted(t, name, shift), pinned[name])
			}
		})
	}
}

// runShifted runs a shipped scenario over as many seeds as it names, from its
// own base plus shift.
func runShifted(t *testing.T, name string, shift uint64) result.Result {
	t.Helper()
	c := campaign.New(load(t, name))
	for i := range c.Variants {
		c.Variants[i].Scenario.Seeds.Base += shift
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	return played
}

func requireVerdicts(t *testing.T, played result.Result, expected map[string]map[string]string) {
	t.Helper()
	found := map[string]map[string]string{}
	for _, v := range played.Variants {
		found[v.Name] = map[string]string{}
		for _, c := range v.Claims {
			found[v.Name][c.Name] = c.Verdict
			require.True(t, c.Exercised, "%s in %s had nothing to judge", c.Name, v.Name)
		}
	}
	require.Equal(t, expected, found, "from seed %s on", played.Variants[0].Seeds[0])
	require.Equal(t, result.Expected, played.Outcome)
	require.True(t, slices.ContainsFunc(played.Variants, func(v result.Variant) bool { return len(v.Seeds) >= 20 }))
}
