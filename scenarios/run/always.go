package run

import (
	"slices"

	"assay/checkers"
	"assay/scenarios/format"
)

// watchedAnomalies are looked for in every run with transactions, whatever is
// claimed: nobody who reads committed records may see one of an open transaction
// (G1b), nor may transactions have read of each other (G1c).
var watchedAnomalies = []checkers.Anomaly{checkers.IntermediateRead, checkers.CircularFlow}

// watchedClaim is the claim that finds them; false where there are no
// transactions, or the scenario claims as much itself.
func watchedClaim(s *format.Scenario) (checkers.Claim, bool) {
	claimed := slices.ContainsFunc(s.Claims, func(c format.Claim) bool {
		return c.Guarantee == string(checkers.AtomicTransactions) && c.Consumer == ""
	})
	transactions := slices.ContainsFunc(s.Workload.Processors, func(p format.Processor) bool { return p.Transaction != nil })
	return checkers.Claim{Name: "always watched", Guarantee: checkers.AtomicTransactions}, transactions && !claimed
}

// results are those of the scenario's claims; what the watched one has found
// becomes an invariant.
func (r *run) results() []checkers.Result {
	results := r.panel.Results()
	claimed := len(r.scenario.Claims)
	for _, watched := range results[claimed:] {
		for _, w := range watched.Witnesses {
			if slices.Contains(watchedAnomalies, w.Anomaly) {
				r.invariants = append(r.invariants, Invariant{Name: string(w.Anomaly), Says: w.Sentence})
			}
		}
	}
	return results[:claimed]
}
