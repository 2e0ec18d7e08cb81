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
	variant *format.Variant
	chosen  []uint64                    // seeds to be run
	values  map[string]*workload.Values // of its producers

	seeds      []string // that ran
	digests    map[string]string
	exercise   result.Counters
	points     result.Counters
	applied    int // faults
	claims     []claimTally
	invariants invariants
	metrics    metrics
	told       storyteller
}

func newTally(variant *format.Variant, values map[string]*workload.Values, stories bool) *tally {
	t := &tally{variant: variant, chosen: variant.Scenario.Seeds.All(), values: values, exercise: result.Counters{}, points: result.Counters{}, digests: map[string]string{},
		told: storyteller{histories: stories}}
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
func (t *tally) unexpected(o *run.Outcome) bool {
	for i, claim := range t.variant.Scenario.Claims {
		if claim.Expect == format.Holds && o.Claims[i].Verdict == checkers.Violated {
			return true
		}
	}
	return false
}

// consider takes a run as one that may be told, in any order.
func (t *tally) consider(index int, o *run.Outcome) { t.told.consider(index, o) }

// add joins a run, and tells whether it is unexpected.
func (t *tally) add(index int, o *run.Outcome) (unexpected bool) {
	name := seedName(o.Seed)
	t.seeds = append(t.seeds, name)
	t.digests[name] = o.Digest
	for c, n := range o.Exercise { // order-free: sums
		t.exercise[string(c)] += n
	}
	for _, place := range o.Places {
		t.points[place]++
	}
	t.applied += o.AppliedFaults()
	for i := range t.claims {
		t.claims[i].add(o.Claims[i], o)
	}
	t.invariants.add(o)
	t.metrics.add(o)
	t.told.joined(index)
	return t.unexpected(o)
}

// join makes the result of all variants.
func (c Campaign) join(tallies []*tally) (result.Result, []result.Story) {
	r := result.Result{Version: result.Version, Scenario: c.Name, Outcome: result.Expected}
	var stories []result.Story
	for _, t := range tallies {
		r.Variants = append(r.Variants, t.result())
		if story, ok := t.told.story(t.variant.Name); ok {
			stories = append(stories, story)
		}
	}
	r.Outcome, r.ExitCode = verdictOf(r.Variants)
	return r, stories
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

// result is the variant's outcome.
func (t *tally) result() result.Variant {
	v := result.Variant{Name: t.variant.Name, Seeds: t.seeds, Exercise: t.exercise, Points: t.points, Digests: t.digests,
		Invariants: t.invariants.result(), Metrics: t.metrics.result()}
	if len(t.seeds) > 0 {
		v.Unmet, v.Crossed = t.unmet(), t.crossed(v.Metrics)
	}
	for i := range t.claims {
		v.Claims = append(v.Claims, t.claims[i].result(v.Unmet))
	}
	return v
}

func quantity(seeds int) string {
	if seeds == 1 {
		return "1 seed"
	}
	return fmt.Sprintf("%d seeds", seeds)
}

func seedName(seed uint64) string { return fmt.Sprintf("%#x", seed) }

// claimTally joins the verdicts of one claim.
type claimTally struct {
	claim          format.Claim
	seeds          checkers.Tally
	firstViolating string
	witness        *result.Witness // of that seed
	reason         string          // why the first inconclusive seed is so
}

func (c *claimTally) add(judged checkers.Result, o *run.Outcome) {
	c.seeds.Add(judged)
	switch {
	case judged.Verdict == checkers.Violated && c.firstViolating == "":
		c.firstViolating = seedName(o.Seed)
		c.witness = witness(judged, o)
	case judged.Verdict == checkers.Inconclusive && c.reason == "":
		c.reason = fmt.Sprintf("seed %s: %s", seedName(o.Seed), judged.Reason)
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
			list = append(list, fmt.Sprintf("%s %s %d: it was %d", threshold.Metric, threshold.Operator, threshold.Value, r.Measured))
		}
	}
	return list
}
