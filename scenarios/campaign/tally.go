package campaign

import (
	"fmt"

	"assay/checkers"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// Exit codes of the contract that a result can have.
const (
	exitExpected     = 0
	exitUnexpected   = 1
	exitInconclusive = 3
	exitThreshold    = 4
	exitInternal     = 70
	exitInterrupted  = 130
)

// tally joins the runs of one variant, in the order of its seeds.
type tally struct {
	variant  *format.Variant
	seedList []uint64                    // the scenario's
	chosen   []int                       // positions in seedList to be run
	values   map[string]*workload.Values // of its producers

	seeds      []string // that ran
	digests    map[string]string
	exercise   result.Counters
	points     result.Counters
	applied    int // faults
	claims     []claimTally
	invariants invariants
	metrics    metrics
	delivery   deliveryMatrix
}

func newTally(variant *format.Variant, values map[string]*workload.Values) *tally {
	t := &tally{variant: variant, seedList: variant.Scenario.Seeds.All(), values: values,
		exercise: result.Counters{}, points: result.Counters{}, digests: map[string]string{}}
	for _, c := range format.Counters {
		t.exercise[c] = 0
	}
	for _, place := range run.RarePlaces {
		t.points[place] = 0
	}
	for _, claim := range variant.Scenario.Claims {
		t.claims = append(t.claims, claimTally{claim: claim})
	}
	return t
}

// unexpected says whether a run violates a claim that is expected to hold. It
// reads nothing that add changes, and may be called beside it.
func (t *tally) unexpected(s Summary) bool {
	for i, claim := range t.variant.Scenario.Claims {
		if claim.Expect == format.Holds && s.Claims[i].Verdict == checkers.Violated {
			return true
		}
	}
	return false
}

// add joins a run. An error is a summary that was not written by this version.
func (t *tally) add(s Summary) error {
	t.seeds = append(t.seeds, s.Seed)
	t.digests[s.Seed] = s.Digest
	for counter, n := range s.Exercise { // order-free: sums
		t.exercise[counter] += n
	}
	for _, place := range s.Places {
		t.points[place]++
	}
	t.applied += s.FaultsApplied
	for i := range t.claims {
		t.claims[i].add(s.Claims[i], s.Seed)
	}
	t.invariants.add(s)
	t.delivery.add(s)
	return t.metrics.add(s)
}

// join makes the result of all variants.
func (c Campaign) join(tallies []*tally) result.Result {
	r := result.Result{Version: result.Version, Scenario: c.Name, Outcome: result.Expected}
	for _, t := range tallies {
		r.Variants = append(r.Variants, t.result())
	}
	r.Outcome, r.ExitCode = verdictOf(r.Variants)
	return r
}

// verdictOf applies the precedence of the exit codes: unexpected, threshold, inconclusive.
func verdictOf(variants []result.Variant) (result.Outcome, int) {
	unexpected, crossed, inconclusive := false, false, false
	for _, v := range variants {
		crossed = crossed || len(v.Crossed) > 0
		inconclusive = inconclusive || len(v.Unmet) > 0
		for _, claim := range v.Claims {
			unexpected = unexpected || claim.Outcome == string(result.Unexpected)
			inconclusive = inconclusive || claim.Outcome == string(result.Inconclusive)
		}
	}
	switch {
	case unexpected:
		return result.Unexpected, exitUnexpected
	case crossed:
		return result.Threshold, exitThreshold
	case inconclusive:
		return result.Inconclusive, exitInconclusive
	}
	return result.Expected, exitExpected
}

// Join makes the result of summaries, which stand in the order in which a
// campaign joins them: by position, then by variant. An error says which of them
// does not belong to the campaign.
func (c Campaign) Join(summaries []Summary) (result.Result, error) {
	tallies, byName := make([]*tally, len(c.Variants)), map[string]*tally{}
	for v := range c.Variants {
		tallies[v] = newTally(&c.Variants[v], nil)
		byName[c.Variants[v].Name] = tallies[v]
	}
	for _, s := range summaries {
		t := byName[s.Variant]
		if t == nil {
			return result.Result{}, fmt.Errorf("seed %s is of a variant %s, which the scenario lacks", s.Seed, s.Variant)
		}
		if err := s.check(t); err != nil {
			return result.Result{}, fmt.Errorf("seed %s of %s: %w", s.Seed, s.Variant, err)
		}
		if err := t.add(s); err != nil {
			return result.Result{}, fmt.Errorf("seed %s of %s: %w", s.Seed, s.Variant, err)
		}
	}
	return c.join(tallies), nil
}

// ExitCode is the exit code of an outcome.
func ExitCode(o result.Outcome) int { return exitCodes[o] }

var exitCodes = map[result.Outcome]int{
	result.Expected: exitExpected, result.Unexpected: exitUnexpected, result.Inconclusive: exitInconclusive,
	result.Threshold: exitThreshold, result.Failed: exitInternal, result.Interrupted: exitInterrupted,
}

// result is the variant's outcome.
func (t *tally) result() result.Variant {
	v := result.Variant{Name: t.variant.Name, Seeds: t.seeds, Exercise: t.exercise, Points: t.points, Digests: t.digests,
		Invariants: t.invariants.result(), Metrics: t.metrics.result(), Delivery: t.delivery.result(t.judgedClasses(), len(t.seeds)),
		Distributions: t.metrics.distributions(), Measured: t.metrics.window}
	if random := t.variant.Scenario.Faults.Random; random != nil {
		v.FaultBudget = string(random.Budget)
	}
	if len(t.seeds) > 0 {
		v.Unmet, v.Crossed = t.unmet(), t.crossed(v.Metrics)
	}
	for i := range t.claims {
		claim := t.claims[i].result(v.Unmet)
		if claim.Witness != nil {
			advised := *claim.Witness
			advised.Advice = advise(&t.variant.Scenario, t.claims[i].claim, claim.Witness)
			claim.Witness = &advised
		}
		v.Claims = append(v.Claims, claim)
	}
	return v
}

func quantity(seeds int) string {
	if seeds == 1 {
		return "1 seed"
	}
	return fmt.Sprintf("%d seeds", seeds)
}

// SeedName writes a seed as results do.
func SeedName(seed uint64) string { return format.PrintSeed(seed) }

// claimTally joins the verdicts of one claim.
type claimTally struct {
	claim          format.Claim
	seeds          checkers.Tally
	firstViolating string
	witness        *result.Witness // of that seed
	reason         string          // why the first inconclusive seed is so
}

func (c *claimTally) add(judged Judged, seed string) {
	c.seeds.Add(checkers.Result{Verdict: judged.Verdict, Exercised: judged.Exercised, Anomalies: judged.Anomalies})
	switch {
	case judged.Verdict == checkers.Violated && c.firstViolating == "":
		c.firstViolating, c.witness = seed, judged.Witness
	case judged.Verdict == checkers.Inconclusive && c.reason == "":
		c.reason = fmt.Sprintf("seed %s: %s", seed, judged.Reason)
	}
}

// result is the claim's outcome. A requirement that was not met makes it
// inconclusive, unless it is violated: a counterexample needs no exercise.
func (c *claimTally) result(unmet []string) result.Claim {
	joined := result.Claim{Name: c.claim.Name, Guarantee: c.claim.Guarantee, Expect: string(c.claim.Expect), Anomalies: map[string]int64{},
		Violating: c.seeds.Violated, FirstViolating: c.firstViolating, Witness: c.witness,
		Exercised: c.seeds.Exercised > 0, Bound: c.seeds.Sentence()}
	for _, a := range c.seeds.Anomalies {
		joined.Anomalies[string(a.Name)] = a.Count
	}
	verdict, reason := c.seeds.Verdict(), c.reason
	switch {
	case verdict == checkers.Violated:
		reason = ""
	case c.seeds.Seeds == 0:
		reason = "no seed ran"
	case verdict == checkers.Holds && len(unmet) > 0:
		verdict, reason = checkers.Inconclusive, unmet[0]
	}
	joined.Verdict = verdict.String()
	joined.Outcome, joined.Reason = outcomeOf(c.claim.Expect, verdict, reason, c.seeds.Seeds)
	return joined
}

// outcomeOf compares a verdict with what was expected. A violation that was
// expected and not found is inconclusive: other seeds may show it.
func outcomeOf(expect format.Verdict, verdict checkers.Verdict, reason string, seeds int) (outcome, why string) {
	switch {
	case verdict == checkers.Inconclusive:
		return string(result.Inconclusive), reason
	case (verdict == checkers.Violated) == (expect == format.Violated):
		return string(result.Expected), reason
	case verdict == checkers.Holds:
		return string(result.Inconclusive), fmt.Sprintf("expected a violation, and none was found in %s", quantity(seeds))
	}
	return string(result.Unexpected), reason
}

// unmet lists the requirements that the variant's runs did not meet.
func (t *tally) unmet() []string {
	var list []string
	for _, requirement := range t.variant.Scenario.Require {
		if measured := t.exercise[requirement.Counter]; !requirement.Met(measured) {
			list = append(list, fmt.Sprintf("require %s %s %d: it was %d over %s",
				requirement.Counter, requirement.Operator, requirement.Value, measured, quantity(len(t.seeds))))
		}
	}
	if len(t.variant.Scenario.Faults.Timeline) > 0 && t.applied == 0 {
		list = append(list, "none of the timeline's faults could be applied")
	}
	return list
}

func (t *tally) crossed(metrics map[string]int64) []string {
	var list []string
	for _, threshold := range t.variant.Scenario.Thresholds {
		switch r := threshold.Evaluate(metrics); {
		case !r.Known:
			list = append(list, fmt.Sprintf("%s was not measured", threshold.Metric))
		case !r.Met:
			list = append(list, fmt.Sprintf("%s: it was %s", threshold, threshold.Print(r.Measured)))
		}
	}
	return list
}
