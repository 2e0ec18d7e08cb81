// Package shrink makes a violation small enough to understand: fewer faults,
// fewer clients, fewer records, a shorter run, plainer settings, as long as the
// same claim is still violated by the same anomaly.
package shrink

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"assay/checkers"
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
	Jobs     int               // candidates tried at the same time, 0 is one for each core; the result does not depend on it
	Step     func(what string) // told of each success; may be nil
	Stop     func() bool       // true ends the search with what is found; may be nil
	// Simulate does one run; it may be called by several goroutines at a time.
	Simulate func(*format.Scenario, uint64, map[string]*workload.Values, run.Options) (*run.Outcome, error)
}

// Minimal is the smallest run found.
type Minimal struct {
	Scenario format.Scenario // with a concrete timeline, this claim and this one seed
	Outcome  *run.Outcome
	Claim    string
	Anomaly  checkers.Anomaly
	Runs     int
	Before   Extent
	After    Extent
}

// Extent measures a run.
type Extent struct {
	Faults  int // applied
	Clients int
	Records int64 // acknowledged
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

// CandidateError is a run that failed by our own mistake.
type CandidateError struct {
	Scenario format.Scenario // what was run, with its one seed
	Err      error
}

func (e *CandidateError) Error() string { return fmt.Sprintf("a candidate failed: %v", e.Err) }

func (e *CandidateError) Unwrap() error { return e.Err }

// Shrink searches for the smallest run. The search is deterministic, unless it is
// stopped: then it returns what it has by then, or run.ErrStopped.
func Shrink(r Request) (*Minimal, error) {
	if r.Jobs <= 0 {
		r.Jobs = runtime.GOMAXPROCS(0)
	}
	s := &search{request: r, original: r.Scenario}
	whole := run.Settle(r.Scenario, r.Seed)
	outcome, err := s.simulate(whole)
	if err != nil {
		return nil, s.failed(whole, err)
	}
	s.runs++
	if !s.choose(outcome) {
		return nil, &NotViolatedError{r.Claim, r.Seed}
	}
	before := extent(&whole, outcome)
	s.keep(s.focused(whole), outcome)
	s.fixTimeline()
	for s.left() && s.round() {
	}
	s.plainNumbers()
	if s.failure != nil {
		return nil, s.failure
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	return &Minimal{Scenario: s.best, Outcome: s.outcome, Claim: s.claim, Anomaly: s.anomaly, Runs: s.runs,
		Before: before, After: extent(&s.best, s.outcome)}, nil
}

// focused is the scenario without what a minimal one does not need: other
// claims, and what is asked of many seeds together.
func (s *search) focused(scenario format.Scenario) format.Scenario {
	scenario.Name += "-minimal"
	scenario.About = fmt.Sprintf("The smallest run found in which %s of %s is violated (%s).", s.claim, s.original.Name, s.anomaly)
	scenario.Seeds = format.Seeds{List: []uint64{s.request.Seed}}
	scenario.Claims = slices.DeleteFunc(slices.Clone(scenario.Claims), func(c format.Claim) bool { return c.Name != s.claim })
	scenario.Require, scenario.Thresholds = nil, nil
	return scenario
}

func (s *search) failed(scenario format.Scenario, err error) error {
	if errors.Is(err, run.ErrStopped) {
		return err
	}
	scenario.Seeds = format.Seeds{List: []uint64{s.request.Seed}}
	return &CandidateError{scenario, err}
}

func extent(s *format.Scenario, o *run.Outcome) Extent {
	e := Extent{Faults: o.AppliedFaults(), Records: o.Exercise[run.RecordsAcknowledged], Load: s.Workload.LoadEnd()}
	for _, p := range s.Workload.Producers {
		e.Clients += p.Count
	}
	for _, c := range s.Workload.Consumers {
		e.Clients += c.Count
	}
	for _, p := range s.Workload.Processors {
		e.Clients += p.Count
	}
	return e
}
