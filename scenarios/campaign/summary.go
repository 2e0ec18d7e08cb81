package campaign

import (
	"fmt"
	"maps"
	"slices"

	"assay/checkers"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// Summary is what a campaign keeps of one run: all that its result is joined
// from. It can be stored, so that the shards of a campaign join to the result
// that they would have had in one piece.
type Summary struct {
	Variant  string `json:"variant"`
	Position int    `json:"position"` // of the seed among the scenario's, from 0
	Seed     string `json:"seed"`
	Digest   string `json:"digest"`
	Events   uint64 `json:"events"` // that the simulator handled

	Claims        []Judged              `json:"claims"` // in the order of the scenario's claims
	Invariants    []Finding             `json:"invariants,omitempty"`
	Exercise      result.Counters       `json:"exercise"`
	Places        []string              `json:"places,omitempty"` // rare places reached, sorted
	FaultsApplied int                   `json:"faults_applied"`
	FaultKinds    result.Counters       `json:"fault_kinds,omitempty"` // applied, by kind
	Explained     []Explained           `json:"explained,omitempty"`   // damage and what explains it
	Measures      Measures              `json:"measures"`
	Latencies     map[string]*Histogram `json:"latencies"` // by produce, e2e, pipeline, recovery; those with nothing in them are left out
}

// Histogram is a histogram of latencies as it is stored.
type Histogram = workload.Sparse

// Names of the latencies of a Summary.
const (
	latencyProduce  = "produce"
	latencyEndToEnd = "e2e"
	latencyPipeline = "pipeline"
	latencyRecovery = "recovery"
)

// Judged is what one run says about one claim.
type Judged struct {
	Name      string                  `json:"name"`
	Guarantee checkers.Guarantee      `json:"guarantee"`
	Verdict   checkers.Verdict        `json:"verdict"`
	Exercised bool                    `json:"exercised"`
	Reason    string                  `json:"reason,omitempty"` // why it is inconclusive
	Anomalies []checkers.AnomalyCount `json:"anomalies,omitempty"`
	Damaged   int64                   `json:"damaged,omitempty"` // records concerned
	Windows   int                     `json:"windows,omitempty"` // stretches of neighbouring offsets that are damaged
	Window    int64                   `json:"window,omitempty"`  // how long the longest of them lasted, nanoseconds
	Witness   *result.Witness         `json:"witness,omitempty"` // if it is violated
}

// Finding is the first white-box finding of its name in one run.
type Finding struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// Measures are one run's numbers besides its latencies. Times are nanoseconds.
type Measures struct {
	Acknowledged int64 `json:"acknowledged"` // records, during the measured load
	Consumed     int64 `json:"consumed"`
	Window       int64 `json:"window"` // the measured load's length
	LagFinal     int64 `json:"lag_final"`
	LagMax       int64 `json:"lag_max"`
	Unavailable  int64 `json:"unavailable"`
	Consumers    bool  `json:"consumers"` // there are some: lag means something
	// DeadLetterDepth is nil without a topic for dead letters.
	DeadLetterDepth *int64 `json:"dead_letter_depth,omitempty"`
	// Pauses of partitions between two owners; nil where no group assigned any.
	Pauses *Pauses `json:"pauses,omitempty"`
}

// Pauses are the longest and all of one run, in nanoseconds.
type Pauses struct {
	Longest int64 `json:"longest"`
	Total   int64 `json:"total"`
}

// summarize takes from a run what a campaign keeps of it.
func summarize(variant string, position int, o *run.Outcome) Summary {
	m := o.Measures
	s := Summary{
		Variant: variant, Position: position, Seed: SeedName(o.Seed), Digest: o.Digest, Events: o.Events,
		Exercise: result.Counters{}, Places: slices.Clone(o.Places), FaultsApplied: o.AppliedFaults(), FaultKinds: appliedKinds(o), Explained: explainedDamage(o.Claims, o.Metrics.LeftOut),
		Measures: Measures{Acknowledged: int64(m.Acknowledged), Consumed: int64(m.Consumed), Window: int64(m.Window),
			LagFinal: m.LagFinal, LagMax: m.LagMax, Unavailable: int64(m.Unavailable), Consumers: m.Consumers},
		Latencies: map[string]*Histogram{},
	}
	if m.DeadLetters {
		s.Measures.DeadLetterDepth = &m.DeadLetterDepth
	}
	for counter, n := range o.Exercise { // order-free: a copy
		s.Exercise[string(counter)] = n
	}
	for name, h := range map[string]*workload.Histogram{latencyProduce: &o.Metrics.Produce, latencyEndToEnd: &o.Metrics.EndToEnd,
		latencyPipeline: &o.Metrics.Pipeline, latencyRecovery: &m.Recovery} {
		if stored := h.Sparse(); stored != nil {
			s.Latencies[name] = stored
		}
	}
	if o.Pauses.Measured {
		s.Measures.Pauses = &Pauses{Longest: int64(o.Pauses.Longest), Total: int64(o.Pauses.Total)}
	}
	for _, judged := range o.Claims {
		s.Claims = append(s.Claims, judgedOf(judged, o))
	}
	for _, found := range o.Invariants {
		if !slices.ContainsFunc(s.Invariants, func(f Finding) bool { return f.Name == found.Name }) {
			s.Invariants = append(s.Invariants, Finding{Name: found.Name, Says: found.Says})
		}
	}
	return s
}

func judgedOf(judged checkers.Result, o *run.Outcome) Judged {
	j := Judged{Name: judged.Claim, Guarantee: judged.Guarantee, Verdict: judged.Verdict, Exercised: judged.Exercised,
		Anomalies: judged.Anomalies, Damaged: judged.Damage.Records, Windows: len(judged.Damage.Windows)}
	for _, w := range judged.Damage.Windows {
		j.Window = max(j.Window, int64(w.To-w.From))
	}
	switch judged.Verdict {
	case checkers.Violated:
		j.Witness = witness(judged, o)
	case checkers.Inconclusive:
		j.Reason = judged.Reason
	}
	return j
}

// Violating says whether some claim has a counterexample.
func (s Summary) Violating() bool {
	return slices.ContainsFunc(s.Claims, func(j Judged) bool { return j.Verdict == checkers.Violated })
}

// Metrics are the run's own, by the names of format.Metrics.
func (s Summary) Metrics() (map[string]int64, error) {
	var m metrics
	if err := m.add(s); err != nil {
		return nil, err
	}
	return m.result(), nil
}

// check says what keeps a stored summary from being joined.
func (s Summary) check(t *tally) error {
	if len(s.Claims) != len(t.claims) {
		return fmt.Errorf("it judges %d claims, and the scenario has %d", len(s.Claims), len(t.claims))
	}
	for i, judged := range s.Claims {
		if judged.Name != t.claims[i].claim.Name {
			return fmt.Errorf("it judges %s, where the scenario claims %s", judged.Name, t.claims[i].claim.Name)
		}
	}
	if s.Position < 0 || s.Position >= len(t.seedList) || SeedName(t.seedList[s.Position]) != s.Seed {
		return fmt.Errorf("the scenario has no seed %s at position %d", s.Seed, s.Position)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Latencies)) {
		if _, err := s.Latencies[name].Histogram(); err != nil {
			return fmt.Errorf("latency %s: %w", name, err)
		}
	}
	return nil
}
