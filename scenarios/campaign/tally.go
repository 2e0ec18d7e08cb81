package campaign

import (
	"bytes"
	"fmt"
	"sync"

	"assay/checkers"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

// Exit codes of the contract that a result can have.
const (
	exitExpected     = 0
	exitUnexpected   = 1
	exitInconclusive = 3
	exitThreshold    = 4
	exitInterrupted  = 130
)

// tally collects the outcomes of one variant. Outcomes arrive in any order; all
// that is kept of a run but its story is small.
type tally struct {
	variant  *format.Variant
	seeds    []uint64
	outcomes []*run.Outcome // by seed, nil if it has not run
	keep     bool

	mutex     sync.Mutex
	storySeed int  // whose history is kept, -1 for none
	storyBad  bool // because it is violating
}

func newTally(variant *format.Variant, seeds []uint64, keep bool) *tally {
	return &tally{variant: variant, seeds: seeds, outcomes: make([]*run.Outcome, len(seeds)), keep: keep, storySeed: -1}
}

// add takes one run's outcome and tells whether it violates a claim that is
// expected to hold. Of all histories it keeps that of the first violating seed,
// or else of the first seed.
func (t *tally) add(seed int, outcome *run.Outcome) (unexpected bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.outcomes[seed] = outcome
	violating := outcome.Violating()
	switch {
	case !t.keep:
		outcome.History = nil
	case t.storySeed < 0 || violating && (!t.storyBad || seed < t.storySeed) || !violating && !t.storyBad && seed < t.storySeed:
		if t.storySeed >= 0 && t.outcomes[t.storySeed] != nil {
			t.outcomes[t.storySeed].History = nil
		}
		t.storySeed, t.storyBad = seed, violating
	default:
		outcome.History = nil
	}
	for i, claim := range t.variant.Scenario.Claims {
		if claim.Expect == format.Holds && outcome.Claims[i].Verdict == checkers.Violated {
			unexpected = true
		}
	}
	return unexpected
}

// forget drops a run that would not have been made, had they run in order.
func (t *tally) forget(seed int) {
	t.outcomes[seed] = nil
	if t.storySeed == seed {
		t.storySeed, t.storyBad = -1, false
	}
}

// finished returns the outcomes that there are, in the order of the seeds.
func (t *tally) finished() []*run.Outcome {
	var list []*run.Outcome
	for _, o := range t.outcomes {
		if o != nil {
			list = append(list, o)
		}
	}
	return list
}

// join makes the result of all variants.
func (c Campaign) join(tallies []*tally, stopped bool) (result.Result, []result.Story) {
	r := result.Result{Version: result.Version, Scenario: c.Name, Outcome: result.Expected}
	var stories []result.Story
	for _, t := range tallies {
		if stopped && len(t.finished()) == 0 {
			continue
		}
		r.Variants = append(r.Variants, t.result())
		if story, ok := t.story(); ok {
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

// result joins the variant's runs.
func (t *tally) result() result.Variant {
	runs := t.finished()
	v := result.Variant{Name: t.variant.Name, Exercise: result.Counters{}, Points: result.Counters{}, Digests: map[string]string{}}
	for _, c := range format.Counters {
		v.Exercise[c] = 0
	}
	for _, place := range run.RarePlaces {
		v.Points[place] = 0
	}
	for _, o := range runs {
		v.Seeds = append(v.Seeds, seedName(o.Seed))
		v.Digests[seedName(o.Seed)] = o.Digest
		for c, n := range o.Exercise {
			v.Exercise[string(c)] += n
		}
		for _, place := range o.Places {
			v.Points[place]++
		}
	}
	v.Invariants = joinInvariants(runs)
	v.Metrics = joinMetrics(runs)
	v.Unmet = t.unmet(v.Exercise, runs)
	v.Crossed = t.crossed(v.Metrics)
	for i := range t.variant.Scenario.Claims {
		v.Claims = append(v.Claims, t.claim(i, runs, v.Unmet))
	}
	return v
}

func seedName(seed uint64) string { return fmt.Sprintf("%#x", seed) }

// claim joins the verdicts of one claim. A requirement that was not met makes
// it inconclusive, unless it is violated: a counterexample needs no exercise.
func (t *tally) claim(index int, runs []*run.Outcome, unmet []string) result.Claim {
	claim := t.variant.Scenario.Claims[index]
	var tally checkers.Tally
	joined := result.Claim{Name: claim.Name, Guarantee: claim.Guarantee, Expect: string(claim.Expect), Anomalies: map[string]int64{}}
	for _, o := range runs {
		judged := o.Claims[index]
		tally.Add(judged)
		joined.Exercised = joined.Exercised || judged.Exercised
		switch {
		case judged.Verdict == checkers.Violated && joined.FirstViolating == "":
			joined.FirstViolating = seedName(o.Seed)
			joined.Witness = witness(judged, o)
		case judged.Verdict == checkers.Inconclusive && joined.Reason == "":
			joined.Reason = fmt.Sprintf("seed %s: %s", seedName(o.Seed), judged.Reason)
		}
	}
	for _, a := range tally.Anomalies {
		joined.Anomalies[string(a.Name)] = a.Count
	}
	joined.Violating = tally.Violated
	joined.Bound = tally.Sentence()
	verdict := tally.Verdict()
	if verdict == checkers.Holds && len(unmet) > 0 {
		verdict, joined.Reason = checkers.Inconclusive, unmet[0]
	}
	if verdict == checkers.Violated {
		joined.Reason = ""
	}
	joined.Verdict = verdict.String()
	joined.Outcome, joined.Reason = outcomeOf(claim.Expect, verdict, joined.Reason, len(runs))
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
		return string(result.Inconclusive), fmt.Sprintf("expected a violation, and none was found in %d seeds", seeds)
	}
	return string(result.Unexpected), reason
}

// unmet lists the requirements that the variant's runs did not meet.
func (t *tally) unmet(exercise result.Counters, runs []*run.Outcome) []string {
	var list []string
	for _, requirement := range t.variant.Scenario.Require {
		if measured := exercise[requirement.Counter]; !requirement.Met(measured) {
			list = append(list, fmt.Sprintf("require %s %s %d: it was %d over %d seeds",
				requirement.Counter, requirement.Operator, requirement.Value, measured, len(runs)))
		}
	}
	if wanted := len(t.variant.Scenario.Faults.Timeline); wanted > 0 && len(runs) > 0 {
		applied := 0
		for _, o := range runs {
			applied += o.AppliedFaults()
		}
		if applied == 0 {
			list = append(list, "none of the timeline's faults could be applied")
		}
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

// story is what a report tells of one seed.
func (t *tally) story() (result.Story, bool) {
	if t.storySeed < 0 || t.outcomes[t.storySeed] == nil {
		return result.Story{}, false
	}
	o := t.outcomes[t.storySeed]
	s := result.Story{Variant: t.variant.Name, Seed: o.Seed, Faults: o.Faults, Swarm: o.Swarm,
		LoadEnd: int64(o.LoadEnd), RunEnd: int64(o.End)}
	if o.History != nil {
		var b bytes.Buffer
		if err := o.History.Save(&b); err != nil {
			panic(err) // a buffer takes everything
		}
		s.History = b.Bytes()
	}
	return s, true
}
