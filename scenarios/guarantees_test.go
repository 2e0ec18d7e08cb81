package scenarios_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/checkers"
	"assay/scenarios/campaign"
	"assay/scenarios/format"

	"github.com/stretchr/testify/require"
)

// breach is the variant of a shipped scenario that violates a guarantee, beside
// one that does not: judged by all guarantees at once it violates that one more,
// and those that it implies.
type breach struct {
	guarantee              checkers.Guarantee
	scenario, broken, safe string
	seeds                  int
}

// breaches has one for each guarantee.
var breaches = []breach{
	{checkers.NoLoss, "outbox", "dual-write", "base", 2},
	{checkers.NoDuplicates, "museum/seq-cache", "base", "fixed", 2},
	{checkers.ProducerOrder, "retries-duplicate", "no-retries", "idempotent", 6},
	{checkers.LinearizableLog, "museum/refuse-after-append", "base", "fixed", 2},
	{checkers.FreshReads, "fresh-reads", "cut-off", "base", 2},
	{checkers.LogAgreement, "museum/epoch-lookup-offset-only", "base", "fixed", 2},
	{checkers.AtMostOnce, "idempotent-consumer", "forgetful", "base", 2},
	{checkers.AtLeastOnce, "consumer-restart", "commit-before", "base", 4},
	{checkers.KeyOrder, "newest-first", "base", "in-order", 2},
	{checkers.CommitSafety, "at-least-once", "nobody-dies", "base", 4},
	{checkers.GroupExclusive, "next-generation-groups", "zombie-commits", "base", 20},
	{checkers.ExactlyOnce, "museum/unstable-offset-fetch", "base", "fixed", 4},
	{checkers.NoAbortedReads, "read-committed", "uncommitted", "base", 2},
	{checkers.AtomicTransactions, "museum/endtxn-early", "base", "fixed", 4},
	{checkers.NoSkips, "museum/consumer-no-truncation-check", "base", "fixed", 2},
	{checkers.Recovers, "museum/tc-failover", "base", "fixed", 4},
}

// implied are the guarantees that cannot hold where another one is violated, by
// what the two say; docs/checkers.md has the reasons. Nothing else may turn red
// with a guarantee.
var implied = map[checkers.Guarantee][]checkers.Guarantee{
	// One send at two places is no append-only log of the sends.
	checkers.NoDuplicates: {checkers.LinearizableLog, checkers.FreshReads},
	// The same, with more reads.
	checkers.LinearizableLog: {checkers.FreshReads},
	// The final commit that passed what was not processed is a commit that passed it.
	checkers.AtLeastOnce: {checkers.CommitSafety},
}

// Every guarantee is violated by some shipped scenario, and by its row alone but
// for those that it implies.
func TestEveryGuaranteeIsViolatedSomewhere(t *testing.T) {
	for i, d := range checkers.Guarantees {
		require.Equal(t, d.Guarantee, breaches[i].guarantee)
	}
	require.Len(t, breaches, len(checkers.Guarantees))
	for _, b := range breaches {
		t.Run(string(b.guarantee), func(t *testing.T) {
			verdicts := judge(t, b)
			require.Equal(t, "holds", verdicts[b.safe][b.guarantee])
			var more []checkers.Guarantee
			for g, verdict := range verdicts[b.broken] {
				if verdict == "violated" && verdicts[b.safe][g] != "violated" {
					more = append(more, g)
				}
			}
			require.ElementsMatch(t, append([]checkers.Guarantee{b.guarantee}, implied[b.guarantee]...), more)
		})
	}
}

// judge gives the verdicts on the two variants by all guarantees that apply.
func judge(t *testing.T, b breach) map[string]map[checkers.Guarantee]string {
	t.Helper()
	c := campaign.New(load(t, b.scenario))
	c.Variants = slices.DeleteFunc(c.Variants, func(v format.Variant) bool { return v.Name != b.broken && v.Name != b.safe })
	require.Len(t, c.Variants, 2)
	for i := range c.Variants {
		s := &c.Variants[i].Scenario
		s.Seeds.Count = b.seeds
		s.Require = nil // counted over more seeds than are played here
		s.Claims = everyClaim(s)
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	verdicts := map[string]map[checkers.Guarantee]string{}
	for _, v := range played.Variants {
		verdicts[v.Name] = map[checkers.Guarantee]string{}
		for _, claim := range v.Claims {
			if !claim.Exercised {
				continue
			}
			verdicts[v.Name][checkers.Guarantee(claim.Guarantee)] = claim.Verdict
		}
	}
	return verdicts
}

// everyClaim claims each guarantee that speaks of anything in a scenario: of all
// groups, and of the readers and pipelines that the scenario claims it of, by its
// own name if there are several.
func everyClaim(s *format.Scenario) (claims []format.Claim) {
	for _, d := range checkers.Guarantees {
		switch {
		case d.Scope == checkers.GroupScope && len(s.GroupsUnder(string(d.Guarantee))) == 0:
		case d.Scope == checkers.PipelineScope && len(s.Workload.Processors) == 0:
		default:
			claim := format.Claim{Name: string(d.Guarantee), Guarantee: string(d.Guarantee), Expect: format.Holds}
			same := slices.DeleteFunc(slices.Clone(s.Claims), func(c format.Claim) bool { return c.Guarantee != claim.Guarantee })
			if len(same) > 0 && d.Scope != checkers.GroupScope {
				own := slices.IndexFunc(same, func(c format.Claim) bool { return c.Name == claim.Name })
				claim = same[max(own, 0)]
			}
			claims = append(claims, claim)
		}
	}
	slices.SortFunc(claims, func(a, b format.Claim) int { return strings.Compare(a.Name, b.Name) })
	return claims
}

// The table of docs/checkers.md is this one, and says why for each guarantee that
// turns red with another.
func TestBreachesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/checkers.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `([a-z/-]+)` `([a-z-]+)` \\| `([a-z-]+)` \\|([^|]*)\\|([^|]*)\\|$")
	name := regexp.MustCompile("`([a-z-]+)`")
	rows := row.FindAllStringSubmatch(string(page), -1)
	require.Len(t, rows, len(breaches))
	for i, b := range breaches {
		documented := rows[i]
		require.Equal(t, []string{string(b.guarantee), b.scenario, b.broken, b.safe}, documented[1:5])
		var with []checkers.Guarantee
		for _, other := range name.FindAllStringSubmatch(documented[5], -1) {
			with = append(with, checkers.Guarantee(other[1]))
			require.Contains(t, documented[6], other[0], "why %s goes with %s", other[1], b.guarantee)
		}
		require.ElementsMatch(t, implied[b.guarantee], with, b.guarantee)
	}
}
