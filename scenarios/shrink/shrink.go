// Package shrink makes a violation small enough to understand: fewer faults,
// fewer clients, less load, a shorter run, as long as the same claim is still
// violated by the same anomaly.
package shrink

import (
	"fmt"
	"slices"
	"time"

	"assay/checkers"
	"assay/faults"
	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// Request says what is to be shrunk.
type Request struct {
	Scenario format.Scenario // one variant
	Seed     uint64
	Claim    string // "" is the first violated one
	Values   map[string]*workload.Values
	Budget   int               // runs at most
	Step     func(what string) // told of each success; may be nil
	Stop     func() bool       // asked between runs; may be nil
}

// Minimal is the smallest run found.
type Minimal struct {
	Scenario format.Scenario // with a concrete timeline and this one seed
	Outcome  *run.Outcome
	Claim    string
	Anomaly  checkers.Anomaly
	Runs     int
	Before   Extent
	After    Extent
}

// Extent measures a run.
type Extent struct {
	Faults  int
	Clients int
	Records int64
	Load    time.Duration
}

// NotViolatedError says that there is nothing to shrink.
type NotViolatedError struct {
	Claim string
	Seed  uint64
}

func (e *NotViolatedError) Error() string {
	if e.Claim == "" {
		return fmt.Sprintf("seed %#x violates no claim: there is nothing to shrink", e.Seed)
	}
	return fmt.Sprintf("seed %#x does not violate %s: there is nothing to shrink", e.Seed, e.Claim)
}

// Shrink searches for the smallest run. The search itself is deterministic.
func Shrink(r Request) (*Minimal, error) {
	s := &search{request: r}
	r.Scenario = run.Settle(r.Scenario, r.Seed)
	outcome, err := s.simulate(r.Scenario)
	if err != nil {
		return nil, err
	}
	if !s.choose(outcome) {
		return nil, &NotViolatedError{r.Claim, r.Seed}
	}
	before := extent(&r.Scenario, outcome)
	s.keep(r.Scenario, outcome)
	s.fixTimeline()
	for round := 0; round < 3 && s.left(); round++ {
		if !s.round() {
			break
		}
	}
	return &Minimal{Scenario: s.best, Outcome: s.outcome, Claim: s.claim, Anomaly: s.anomaly, Runs: s.runs,
		Before: before, After: extent(&s.best, s.outcome)}, nil
}

type search struct {
	request Request
	claim   string
	anomaly checkers.Anomaly
	best    format.Scenario
	outcome *run.Outcome
	runs    int
}

func extent(s *format.Scenario, o *run.Outcome) Extent {
	e := Extent{Faults: o.AppliedFaults(), Records: o.Exercise[run.RecordsAcknowledged], Load: s.Workload.LoadEnd()}
	for _, p := range s.Workload.Producers {
		e.Clients += p.Count
	}
	for _, c := range s.Workload.Consumers {
		e.Clients += c.Count
	}
	return e
}

func (s *search) simulate(scenario format.Scenario) (*run.Outcome, error) {
	s.runs++
	return run.Simulate(&scenario, s.request.Seed, s.request.Values, run.Options{Stop: s.request.Stop})
}

func (s *search) left() bool {
	return s.runs < s.request.Budget && (s.request.Stop == nil || !s.request.Stop())
}

// choose fixes the claim and the anomaly that must stay.
func (s *search) choose(o *run.Outcome) bool {
	for _, judged := range o.Claims {
		if judged.Verdict != checkers.Violated || s.request.Claim != "" && judged.Claim != s.request.Claim {
			continue
		}
		s.claim = judged.Claim
		s.anomaly = judged.Witness().Anomaly
		return true
	}
	return false
}

// same says whether a run shows what is being shrunk.
func (s *search) same(o *run.Outcome) bool {
	for _, judged := range o.Claims {
		if judged.Claim == s.claim && judged.Verdict == checkers.Violated {
			return slices.ContainsFunc(judged.Anomalies, func(a checkers.AnomalyCount) bool { return a.Name == s.anomaly })
		}
	}
	return false
}

func (s *search) keep(scenario format.Scenario, o *run.Outcome) {
	scenario.Seeds = format.Seeds{List: []uint64{s.request.Seed}}
	s.best, s.outcome = scenario, o
}

// try keeps a candidate if it still shows the anomaly.
func (s *search) try(what string, candidate format.Scenario) bool {
	if !s.left() {
		return false
	}
	o, err := s.simulate(candidate)
	if err != nil || !s.same(o) {
		return false
	}
	s.keep(candidate, o)
	if s.request.Step != nil {
		s.request.Step(what)
	}
	return true
}

// fixTimeline replaces the drawn faults by those that were applied, by name and
// moment. Where that does not show the anomaly any more, the plan stays.
func (s *search) fixTimeline() {
	candidate := s.best
	candidate.Faults = s.concrete(applied(s.outcome))
	s.try("the faults as they were applied", candidate)
}

func applied(o *run.Outcome) []faults.Spec {
	var timeline []faults.Spec
	for _, record := range o.Faults {
		if record.Outcome != faults.Skipped {
			timeline = append(timeline, record.Spec)
		}
	}
	return timeline
}

func (s *search) concrete(timeline []faults.Spec) faults.Plan {
	plan := faults.Plan{Timeline: timeline}
	if random := s.request.Scenario.Faults.Random; random != nil {
		// Nothing is drawn any more, but what was drawn stays within the budget.
		plan.Random = &faults.Random{Budget: random.Budget}
	}
	return plan
}

// round tries every way once and tells whether any helped.
func (s *search) round() bool {
	before := s.runs
	improved := s.fewerFaults()
	improved = s.fewerClients() || improved
	improved = s.shorterFaults() || improved
	improved = s.lessLoad() || improved
	return improved && s.runs > before
}

func (s *search) fewerFaults() bool {
	timeline := s.best.Faults.Timeline
	if r := s.best.Faults.Random; r != nil && r.Interval > 0 || len(timeline) == 0 {
		return false
	}
	kept := faults.Minimize(timeline, max(0, s.request.Budget-s.runs), func(subset []faults.Spec) bool {
		candidate := s.best
		candidate.Faults.Timeline = subset
		return s.try(fmt.Sprintf("%d of %d faults", len(subset), len(timeline)), candidate)
	})
	return len(kept) < len(timeline)
}

// fewerClients drops consumers, then producers, then instances.
func (s *search) fewerClients() bool {
	improved := false
	for i := len(s.best.Workload.Consumers) - 1; i >= 0; i-- {
		candidate := s.best
		candidate.Workload.Consumers = slices.Delete(slices.Clone(s.best.Workload.Consumers), i, i+1)
		improved = s.try("without consumer "+s.best.Workload.Consumers[i].Name, candidate) || improved
	}
	for i := len(s.best.Workload.Producers) - 1; i >= 0 && len(s.best.Workload.Producers) > 1; i-- {
		candidate := s.best
		candidate.Workload.Producers = slices.Delete(slices.Clone(s.best.Workload.Producers), i, i+1)
		improved = s.try("without producer "+s.best.Workload.Producers[i].Name, candidate) || improved
	}
	for i := range s.best.Workload.Producers {
		for s.best.Workload.Producers[i].Count > 1 {
			candidate := s.best
			candidate.Workload.Producers = slices.Clone(s.best.Workload.Producers)
			p := &candidate.Workload.Producers[i]
			p.Count /= 2
			if !s.try(fmt.Sprintf("%d instances of %s", p.Count, p.Name), candidate) {
				break
			}
			improved = true
		}
	}
	return improved
}

// shorterFaults halves durations.
func (s *search) shorterFaults() bool {
	improved := false
	for i := range s.best.Faults.Timeline {
		for s.best.Faults.Timeline[i].Duration >= 200*time.Millisecond {
			candidate := s.best
			candidate.Faults.Timeline = slices.Clone(s.best.Faults.Timeline)
			f := &candidate.Faults.Timeline[i]
			f.Duration = (f.Duration / 2).Round(time.Millisecond)
			if !s.try(fmt.Sprintf("%s %s for %s", f.ID, f.Kind, f.Duration), candidate) {
				break
			}
			improved = true
		}
	}
	return improved
}

// lessLoad ends the load earlier, then lowers the rates.
func (s *search) lessLoad() bool {
	improved := false
	for s.best.Workload.Duration > time.Second {
		candidate := s.best
		candidate.Workload.Duration = (s.best.Workload.Duration / 2).Round(time.Millisecond)
		if !s.try(fmt.Sprintf("load for %s", candidate.Workload.LoadEnd()), candidate) {
			break
		}
		improved = true
	}
	for i := range s.best.Workload.Producers {
		for rate := s.best.Workload.Producers[i].Rate; rate != format.RateMax && rate >= 2000; rate = s.best.Workload.Producers[i].Rate {
			candidate := s.best
			candidate.Workload.Producers = slices.Clone(s.best.Workload.Producers)
			candidate.Workload.Producers[i].Rate = rate / 2
			if !s.try(fmt.Sprintf("%s at %s", s.best.Workload.Producers[i].Name, rate/2), candidate) {
				break
			}
			improved = true
		}
	}
	return improved
}
