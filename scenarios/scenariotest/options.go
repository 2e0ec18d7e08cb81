package scenariotest

import (
	"slices"
	"testing"

	"assay/scenarios/campaign"
	"assay/scenarios/format"
)

// Option changes what Run does.
type Option func(*settings)

type settings struct {
	seeds    []uint64
	count    int
	short    int
	variants []string
	set      []string
	jobs     int
}

// Seeds runs these seeds instead of the scenario's.
func Seeds(seeds ...uint64) Option { return func(s *settings) { s.seeds = seeds } }

// Count runs so many seeds from the scenario's first on, more or fewer than it has.
func Count(n int) Option { return func(s *settings) { s.count = n } }

// Short runs at most so many seeds with -short; without this option, three.
func Short(n int) Option { return func(s *settings) { s.short = n } }

// Variants runs these variants only; "base" is the scenario itself.
func Variants(names ...string) Option { return func(s *settings) { s.variants = names } }

// Set changes the scenario before it runs, as --set does: PTR=VALUE, where VALUE
// is YAML.
func Set(overrides ...string) Option {
	return func(s *settings) { s.set = append(s.set, overrides...) }
}

// Jobs bounds how many runs there are at the same time; without this option, one
// for each core.
func Jobs(n int) Option { return func(s *settings) { s.jobs = n } }

// narrow applies the options, and returns how many runs there were without -short.
func (s settings) narrow(t *testing.T, c *campaign.Campaign) int {
	t.Helper()
	var kept []format.Variant
	for _, v := range c.Variants {
		if len(s.variants) > 0 && !slices.Contains(s.variants, v.Name) {
			continue
		}
		switch {
		case s.seeds != nil:
			v.Scenario.Seeds = format.Seeds{List: s.seeds}
		case s.count > 0:
			v.Scenario.Seeds = format.Seeds{Base: v.Scenario.Seeds.All()[0], Count: s.count}
		}
		kept = append(kept, v)
	}
	for _, name := range s.variants {
		if !slices.ContainsFunc(kept, func(v format.Variant) bool { return v.Name == name }) {
			t.Fatalf("the scenario has no variant %s", name)
		}
	}
	c.Variants = kept
	all := c.Runs()
	if testing.Short() && s.short > 0 {
		for i := range kept {
			seeds := kept[i].Scenario.Seeds.All()
			kept[i].Scenario.Seeds = format.Seeds{List: seeds[:min(len(seeds), s.short)]}
		}
	}
	return all
}
