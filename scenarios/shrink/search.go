package shrink

import (
	"errors"
	"slices"
	"sync"
	"time"

	"assay/checkers"
	"assay/faults"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

type search struct {
	request  Request
	original format.Scenario
	claim    string
	anomaly  checkers.Anomaly
	best     format.Scenario
	outcome  *run.Outcome
	runs     int
	failure  error // a *CandidateError
}

// candidate is a smaller scenario that may still show the anomaly.
type candidate struct {
	what     string
	scenario format.Scenario
}

func (s *search) simulate(scenario format.Scenario) (*run.Outcome, error) {
	return s.request.Simulate(&scenario, s.request.Seed, s.request.Values, run.Options{Stop: s.request.Stop})
}

// left says whether another run may be spent.
func (s *search) left() bool {
	return s.failure == nil && s.runs < s.request.Budget && (s.request.Stop == nil || !s.request.Stop())
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

func (s *search) keep(scenario format.Scenario, o *run.Outcome) { s.best, s.outcome = scenario, o }

// first keeps the first of the candidates that still shows the anomaly, and
// returns its index, or -1. Several run at a time, but what is kept and what is
// counted is as if they ran one after the other.
func (s *search) first(candidates ...candidate) int {
	next := 0
	for next < len(candidates) && s.left() {
		batch := candidates[next:min(len(candidates), next+s.request.Jobs, next+s.request.Budget-s.runs)]
		outcomes, errs := s.simulateAll(batch)
		for i := range batch {
			if outcomes[i] == nil && errs[i] == nil {
				continue
			}
			s.runs++
			switch {
			case errs[i] != nil && errors.Is(errs[i], run.ErrStopped):
				return -1
			case errs[i] != nil:
				s.failure = s.failed(batch[i].scenario, errs[i])
				return -1
			case s.same(outcomes[i]):
				s.keep(batch[i].scenario, outcomes[i])
				if s.request.Step != nil {
					s.request.Step(batch[i].what)
				}
				return next + i
			}
		}
		next += len(batch)
	}
	return -1
}

// simulateAll runs candidates side by side. One that would not load as a file,
// because a fault names a client that is gone, has neither outcome nor error.
func (s *search) simulateAll(batch []candidate) ([]*run.Outcome, []error) {
	outcomes, errs := make([]*run.Outcome, len(batch)), make([]error, len(batch))
	var group sync.WaitGroup
	for i := range batch {
		group.Go(func() {
			if loads(batch[i].scenario) {
				outcomes[i], errs[i] = s.simulate(batch[i].scenario)
			}
		})
	}
	group.Wait()
	return outcomes, errs
}

// repeat applies a way as often as it helps.
func (s *search) repeat(way func() []candidate) (improved bool) {
	for s.left() && s.first(way()...) >= 0 {
		improved = true
	}
	return improved
}

// loads says whether a scenario is one that a file may hold.
func loads(scenario format.Scenario) bool {
	file, _ := format.Load(format.Source{Name: "minimal.yaml", Text: format.Render(inFile(scenario), nil)}, format.Options{})
	return file != nil
}

// inFile is the scenario as its file has it. While it is being shrunk it keeps
// the fault budget, so that what was drawn within it stays so among fewer other
// faults; a random section that draws nothing is none of the format's.
func inFile(scenario format.Scenario) format.Scenario {
	if r := scenario.Faults.Random; r != nil && r.Interval == 0 {
		scenario.Faults.Random = nil
	}
	return scenario
}

// fixTimeline replaces the drawn faults by those that were applied, by name and
// moment. Where that does not show the anomaly any more, the plan stays.
func (s *search) fixTimeline() {
	fixed := s.best
	fixed.Faults = faults.Plan{}
	if random := s.best.Faults.Random; random != nil {
		fixed.Faults.Random = &faults.Random{Budget: random.Budget}
	}
	// A draw may hit what a timeline is not allowed to name, for want of any
	// effect: delay_metadata on a client. One such must not spoil the others.
	fixed.Faults.Timeline = slices.DeleteFunc(applied(s.outcome), func(spec faults.Spec) bool {
		alone := fixed
		alone.Faults.Timeline = []faults.Spec{spec}
		return !loads(alone)
	})
	s.first(candidate{"the faults as they were applied", fixed})
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

// finish makes the best run one that its file shows by itself: what the budget
// skipped is left out, and the budget, which then changes nothing, too. Should
// it change something after all, a section that never draws keeps it.
func (s *search) finish() error {
	if r := s.best.Faults.Random; r == nil || r.Interval > 0 {
		return nil
	}
	plain, guarded := s.best, s.best
	plain.Faults = faults.Plan{Timeline: applied(s.outcome)}
	never := faults.Random{Kinds: []faults.Kind{faults.Kill}, Targets: []faults.Target{{Kind: faults.One}},
		Interval: 365 * 24 * time.Hour, Duration: faults.Range{Min: time.Second, Max: time.Second}, Budget: s.best.Faults.Random.Budget}
	guarded.Faults.Random = &never
	for _, scenario := range []format.Scenario{plain, guarded} {
		outcome, err := s.simulate(scenario)
		s.runs++
		if err != nil {
			return s.failed(scenario, err)
		}
		if s.same(outcome) {
			s.keep(scenario, outcome)
			return nil
		}
	}
	return s.failed(guarded, errors.New("the shrunken scenario does not show the anomaly again"))
}
