// Package compare sets two run folders of the same claims, variants and seeds side
// by side, seed by seed: what changed in the verdicts, and by how much the
// simulated metrics moved. Settings may differ; that is what one compares.
//
// Simulated time has no noise: equal settings and versions give equal numbers, so
// metrics are compared exactly, and a difference of a nanosecond is one.
package compare

import (
	"fmt"
	"slices"

	"assay/reports/runfolder"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// Version of the JSON form.
const Version = 1

// Comparison is what two runs differ in.
type Comparison struct {
	Version  int                 `json:"version"`
	Scenario string              `json:"scenario"`
	Base     string              `json:"base"` // run folders
	New      string              `json:"new"`
	Outcome  Outcome             `json:"outcome"`
	ExitCode int                 `json:"exit_code"`
	Settings []runfolder.Setting `json:"settings"` // that differ
	Variants []Variant           `json:"variants"`
}

// Outcome is what weighs most.
type Outcome string

// The outcomes, with the exit codes 1, 4 and 0 of the contract.
const (
	Changed   Outcome = "verdict_changed"
	Regressed Outcome = "threshold"
	Same      Outcome = "same_verdicts"
)

// Variant is the comparison of one variant.
type Variant struct {
	Name  string `json:"name"`
	Seeds int    `json:"seeds"`
	// EqualDigests counts the seeds that ran the same, event for event.
	EqualDigests int             `json:"equal_digests"`
	Verdicts     []VerdictChange `json:"verdicts"` // claims with a change
	Metrics      []MetricChange  `json:"metrics"`  // that differ, or are beyond a threshold
	Equal        []string        `json:"equal_metrics"`
	Crossed      []string        `json:"crossed"` // thresholds, in words
}

// VerdictChange is a claim whose verdict changed, over all seeds or in some.
type VerdictChange struct {
	Claim string       `json:"claim"`
	Base  string       `json:"base"` // over all seeds
	New   string       `json:"new"`
	Seeds []SeedChange `json:"seeds"`
}

// SeedChange is one seed with another verdict.
type SeedChange struct {
	Seed string `json:"seed"`
	Base string `json:"base"`
	New  string `json:"new"`
}

// MetricChange is a metric with another value. What was not measured is nil.
type MetricChange struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Base *int64 `json:"base"`
	New  *int64 `json:"new"`
	// Higher and Lower count the seeds in which the new run's own value is above
	// or below the base's: whether a change is everywhere, or one seed's.
	Higher int  `json:"seeds_higher"`
	Lower  int  `json:"seeds_lower"`
	Beyond bool `json:"beyond_threshold"`
}

// IncomparableError says why two runs cannot be compared, a mistake in usage (64).
type IncomparableError struct{ Says string }

func (e *IncomparableError) Error() string { return e.Says }

// Runs compares two run folders.
func Runs(base, new *runfolder.Stored, thresholds []Threshold) (*Comparison, error) {
	c := &Comparison{Version: Version, Scenario: new.Run.Result.Scenario, Base: base.Path, New: new.Path,
		Settings: runfolder.Settings(base.Run.Scenario, new.Run.Scenario), Variants: []Variant{}}
	if err := refuseUnlike(base, new); err != nil {
		return nil, err
	}
	for i := range base.Run.Result.Variants {
		v, err := variants(base, new, i, thresholds)
		if err != nil {
			return nil, err
		}
		c.Variants = append(c.Variants, v)
	}
	c.Outcome = Same
	for _, v := range c.Variants {
		switch {
		case len(v.Verdicts) > 0:
			c.Outcome, c.ExitCode = Changed, 1
		case len(v.Crossed) > 0 && c.Outcome == Same:
			c.Outcome, c.ExitCode = Regressed, 4
		}
	}
	return c, nil
}

// refuseUnlike says in what two runs differ that a comparison needs to be the same.
func refuseUnlike(base, new *runfolder.Stored) error {
	fail := func(format string, arguments ...any) error {
		return &IncomparableError{fmt.Sprintf("%s and %s cannot be compared: ", base.Path, new.Path) + fmt.Sprintf(format, arguments...)}
	}
	before, after := base.Run.Result.Variants, new.Run.Result.Variants
	if !slices.EqualFunc(before, after, func(a, b result.Variant) bool { return a.Name == b.Name }) {
		return fail("they ran other variants (%s; %s)", names(before), names(after))
	}
	claims := func(s *runfolder.Stored) map[string][]format.Claim {
		byVariant := map[string][]format.Claim{}
		for _, v := range s.File.Expand() {
			for _, claim := range v.Scenario.Claims {
				claim.Expect = "" // a setting like others
				byVariant[v.Name] = append(byVariant[v.Name], claim)
			}
		}
		return byVariant
	}
	claimedBefore, claimedAfter := claims(base), claims(new)
	for i, v := range before {
		if missing, there := difference(v.Seeds, after[i].Seeds); there {
			return fail("%s has not the same seeds in both (%d and %d; seed %s is only in one)", v.Name, len(v.Seeds), len(after[i].Seeds), missing)
		}
		if !slices.Equal(claimedBefore[v.Name], claimedAfter[v.Name]) {
			return fail("%s has not the same claims in both", v.Name)
		}
	}
	return nil
}

func names(variants []result.Variant) string {
	text := ""
	for i, v := range variants {
		if i > 0 {
			text += ", "
		}
		text += v.Name
	}
	return text
}

// difference finds a word that stands in only one of two lists.
func difference(a, b []string) (word string, found bool) {
	for _, pair := range [][2][]string{{a, b}, {b, a}} {
		in := map[string]bool{}
		for _, w := range pair[1] {
			in[w] = true
		}
		for _, w := range pair[0] {
			if !in[w] {
				return w, true
			}
		}
	}
	return "", false
}

// variants compares the variant of that number.
func variants(base, new *runfolder.Stored, number int, thresholds []Threshold) (Variant, error) {
	before, after := base.Run.Result.Variants[number], new.Run.Result.Variants[number]
	v := Variant{Name: before.Name, Seeds: len(before.Seeds), Verdicts: []VerdictChange{}, Metrics: []MetricChange{}, Equal: []string{}, Crossed: []string{}}
	pairs := pairs(base, new, before.Name)
	for i, claim := range before.Claims {
		change := VerdictChange{Claim: claim.Name, Base: claim.Verdict, New: after.Claims[i].Verdict, Seeds: []SeedChange{}}
		for _, p := range pairs {
			if one, other := p.base.Claims[i].Verdict.String(), p.new.Claims[i].Verdict.String(); one != other {
				change.Seeds = append(change.Seeds, SeedChange{p.base.Seed, one, other})
			}
		}
		if change.Base != change.New || len(change.Seeds) > 0 {
			v.Verdicts = append(v.Verdicts, change)
		}
	}
	for _, p := range pairs {
		if p.base.Digest == p.new.Digest {
			v.EqualDigests++
		}
	}
	if err := v.metrics(before, after, pairs, thresholds); err != nil {
		return v, err
	}
	for _, text := range after.Crossed {
		v.Crossed = append(v.Crossed, "the scenario's own: "+text)
	}
	return v, nil
}

// pair is one seed in both runs.
type pair struct{ base, new campaign.Summary }

func pairs(base, new *runfolder.Stored, variant string) []pair {
	other := map[string]campaign.Summary{}
	for _, s := range new.Summaries {
		if s.Variant == variant {
			other[s.Seed] = s
		}
	}
	var all []pair
	for _, s := range base.Summaries {
		if s.Variant == variant {
			all = append(all, pair{s, other[s.Seed]})
		}
	}
	return all
}

func (v *Variant) metrics(before, after result.Variant, pairs []pair, thresholds []Threshold) error {
	higher, lower := map[string]int{}, map[string]int{}
	for _, p := range pairs {
		one, err := p.base.Metrics()
		if err != nil {
			return err
		}
		other, err := p.new.Metrics()
		if err != nil {
			return err
		}
		for name, value := range other { // order-free: counts
			switch was, measured := one[name]; {
			case measured && value > was:
				higher[name]++
			case measured && value < was:
				lower[name]++
			}
		}
	}
	for _, m := range format.Metrics {
		change := MetricChange{Name: m.Name, Unit: string(m.Unit), Base: measured(before, m.Name), New: measured(after, m.Name), Higher: higher[m.Name], Lower: lower[m.Name]}
		for _, t := range thresholds {
			if !t.matches(m.Name) {
				continue
			}
			if text := t.crossed(m, change.Base, change.New); text != "" {
				v.Crossed, change.Beyond = append(v.Crossed, text), true
			}
		}
		switch {
		case change.Beyond || !equal(change.Base, change.New):
			v.Metrics = append(v.Metrics, change)
		case change.Base != nil:
			v.Equal = append(v.Equal, m.Name)
		}
	}
	return nil
}

func measured(v result.Variant, name string) *int64 {
	if value, known := v.Metrics[name]; known {
		return &value
	}
	return nil
}

func equal(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
