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
// and those that go with it.
type breach struct {
	guarantee              checkers.Guarantee
	scenario, broken, safe string
	seeds                  int
	with                   []checkers.Guarantee
}

// breaches has one for each guarantee; docs/checkers.md says why others go with it.
var breaches = []breach{
	{checkers.NoLoss, "outbox", "dual-write", "base", 2, nil},
	{checkers.NoDuplicates, "museum/seq-cache", "base", "fixed", 2, []checkers.Guarantee{checkers.LinearizableLog, checkers.FreshReads}},
	{checkers.ProducerOrder, "retries-duplicate", "no-retries", "idempotent", 6, nil},
	{checkers.LinearizableLog, "museum/unclean-election", "base", "fixed", 2, []checkers.Guarantee{checkers.NoLoss, checkers.FreshReads, checkers.LogAgreement}},
	{checkers.FreshReads, "museum/seq-cache", "base", "fixed", 2, []checkers.Guarantee{checkers.LinearizableLog, checkers.NoDuplicates}},
	{checkers.LogAgreement, "museum/epoch-lookup-offset-only", "base", "fixed", 2, nil},
	{checkers.AtMostOnce, "idempotent-consumer", "forgetful", "base", 2, nil},
	{checkers.AtLeastOnce, "consumer-restart", "commit-before", "base", 4, []checkers.Guarantee{checkers.CommitSafety}},
	{checkers.KeyOrder, "replay-from-the-start", "newest-first", "no-replay", 2, []checkers.Guarantee{checkers.AtMostOnce, checkers.CommitSafety}},
	{checkers.CommitSafety, "late-commit", "base", "undisturbed", 2, []checkers.Guarantee{checkers.Recovers}},
	{checkers.GroupExclusive, "next-generation-groups", "zombie-commits", "base", 20, nil},
	{checkers.ExactlyOnce, "museum/unstable-offset-fetch", "base", "fixed", 4, nil},
	{checkers.NoAbortedReads, "read-committed", "uncommitted", "base", 2, []checkers.Guarantee{checkers.AtomicTransactions, checkers.ExactlyOnce}},
	{checkers.AtomicTransactions, "museum/no-epoch-fence", "base", "fixed", 2, []checkers.Guarantee{checkers.ExactlyOnce, checkers.NoSkips}},
	{checkers.NoSkips, "museum/consumer-no-truncation-check", "base", "fixed", 2, nil},
	{checkers.Recovers, "museum/tc-failover", "base", "fixed", 4, nil},
}

// Every guarantee is violated by some shipped scenario, and by its row alone but
// for what goes with it.
func TestEveryGuaranteeIsViolatedSomewhere(t *testing.T) {
	for i, d := range checkers.Guarantees {
		require.Equal(t, d.Guarantee, breaches[i].guarantee)
	}
	require.Len(t, breaches, len(checkers.Guarantees))
	for _, b := range breaches {
		t.Run(string(b.guarantee), func(t *testing.T) {
			violated := violations(t, b)
			var more []checkers.Guarantee
			for _, g := range violated[b.broken] {
				if !slices.Contains(violated[b.safe], g) {
					more = append(more, g)
				}
			}
			require.NotContains(t, violated[b.safe], b.guarantee)
			require.ElementsMatch(t, append([]checkers.Guarantee{b.guarantee}, b.with...), more)
		})
	}
}

// violations judges the two variants by all guarantees that apply.
func violations(t *testing.T, b breach) map[string][]checkers.Guarantee {
	t.Helper()
	c := campaign.New(load(t, b.scenario))
	c.Variants = slices.DeleteFunc(c.Variants, func(v format.Variant) bool { return v.Name != b.broken && v.Name != b.safe })
	require.Len(t, c.Variants, 2)
	for i := range c.Variants {
		s := &c.Variants[i].Scenario
		s.Seeds.Count = b.seeds
		s.Claims = everyClaim(s)
	}
	played, _, err := c.Run(context.Background(), campaign.Options{})
	require.NoError(t, err)
	violated := map[string][]checkers.Guarantee{}
	for _, v := range played.Variants {
		for _, claim := range v.Claims {
			if claim.Verdict == "violated" {
				violated[v.Name] = append(violated[v.Name], checkers.Guarantee(claim.Guarantee))
			}
		}
	}
	return violated
}

// everyClaim claims each guarantee that speaks of anything in a scenario: of all
// groups, and of the readers and pipelines that the scenario claims it of.
func everyClaim(s *format.Scenario) (claims []format.Claim) {
	for _, d := range checkers.Guarantees {
		switch {
		case d.Scope == checkers.GroupScope && len(s.GroupsUnder(string(d.Guarantee))) == 0:
		case d.Scope == checkers.PipelineScope && len(s.Workload.Processors) == 0:
		default:
			claim := format.Claim{Name: string(d.Guarantee), Guarantee: string(d.Guarantee), Expect: format.Holds}
			if i := slices.IndexFunc(s.Claims, func(c format.Claim) bool { return c.Guarantee == claim.Guarantee }); i >= 0 && d.Scope != checkers.GroupScope {
				claim = s.Claims[i]
			}
			claims = append(claims, claim)
		}
	}
	slices.SortFunc(claims, func(a, b format.Claim) int { return strings.Compare(a.Name, b.Name) })
	return claims
}

// The table of docs/checkers.md is this one.
func TestBreachesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/checkers.md")
	require.NoError(t, err)
	row := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `([a-z/-]+)` `([a-z-]+)` \\| `([a-z-]+)` \\|([^|]*)\\|")
	name := regexp.MustCompile("`([a-z-]+)`")
	var documented []breach
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		b := breach{guarantee: checkers.Guarantee(m[1]), scenario: m[2], broken: m[3], safe: m[4]}
		for _, other := range name.FindAllStringSubmatch(m[5], -1) {
			b.with = append(b.with, checkers.Guarantee(other[1]))
		}
		documented = append(documented, b)
	}
	require.Len(t, documented, len(breaches))
	for i, b := range breaches {
		b.seeds = 0
		require.ElementsMatch(t, b.with, documented[i].with, b.guarantee)
		b.with = documented[i].with
		require.Equal(t, b, documented[i])
	}
}
