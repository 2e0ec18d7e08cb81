// Package result is what a scenario's runs come to: the content of result.json
// and, beside it, what reports need to tell a violation's story.
package result

import "assay/faults"

// Version of result.json.
const Version = 1

// Result is one scenario's outcome over all variants and seeds.
type Result struct {
	Version  int       `json:"version"`
	Scenario string    `json:"scenario"`
	Outcome  Outcome   `json:"outcome"`
	ExitCode int       `json:"exit_code"`
	Variants []Variant `json:"variants"` // "base" first, then by the file's order

	// Stopped says why not every seed ran: an interrupt, the time limit, the first
	// unexpected violation, an internal error. "" if all did.
	Stopped string `json:"stopped,omitempty"`
}

// Outcome compares what was found with what was expected.
type Outcome string

// Outcomes. Threshold is the scenario's alone: all claims came out as expected,
// but a threshold did not hold. Interrupted and Failed leave seeds out; so does a
// time limit, which makes Inconclusive of Expected.
const (
	Expected     Outcome = "expected"
	Unexpected   Outcome = "unexpected"
	Inconclusive Outcome = "inconclusive"
	Threshold    Outcome = "threshold"
	Interrupted  Outcome = "interrupted"
	Failed       Outcome = "internal_error" // a run ended by our own mistake
)

// Variant is one variant's outcome over its seeds.
type Variant struct {
	Name     string   `json:"name"`
	Seeds    []string `json:"seeds"` // those that ran, "0x..."
	Claims   []Claim  `json:"claims"`
	Exercise Counters `json:"exercise"` // summed over the seeds, all counters of the format
	// Requirements that were not met, in words; each makes the variant's claims inconclusive.
	Unmet []string `json:"unmet,omitempty"`
	// Thresholds that did not hold, in words.
	Crossed []string          `json:"crossed,omitempty"`
	Metrics map[string]int64  `json:"metrics"` // nanoseconds, records, or records per second, by name
	Digests map[string]string `json:"digests"` // by seed

	// Delivery tells what damage which kinds of faults explain; none if no claim looks for any.
	Delivery []Delivery `json:"delivery,omitempty"`
	// Points are the rare places reached, with the number of seeds that did.
	Points Counters `json:"points,omitempty"`
	// Invariants are white-box findings, reported apart from claims.
	Invariants []Invariant `json:"invariants,omitempty"`

	// Set is what the variant overrides, and FaultBudget how much random faults may
	// impair at a time in it ("" without random faults).
	Set         []Setting `json:"set,omitempty"`
	FaultBudget string    `json:"fault_budget,omitempty"`

	// What latency.hlog is written from. result.json leaves it out: the
	// percentiles among the metrics say enough there.
	Distributions []Distribution `json:"-"`
	Measured      int64          `json:"-"` // nanoseconds of measured load, all seeds together
}

// Setting is one override of a variant.
type Setting struct {
	Pointer string `json:"pointer"` // a JSON pointer into the scenario
	Value   string `json:"value"`   // YAML in one line; "null" deletes
}

// Counters are named numbers; JSON sorts them by name.
type Counters map[string]int64

// Claim is one claim's verdict over the seeds of a variant.
type Claim struct {
	Name      string `json:"name"`
	Guarantee string `json:"guarantee"`
	Expect    string `json:"expect"`  // holds, violated
	Verdict   string `json:"verdict"` // holds, violated, inconclusive
	Outcome   string `json:"outcome"` // expected, unexpected, inconclusive
	// Violating is the number of seeds with a counterexample.
	Violating      int              `json:"seeds_violating"`
	FirstViolating string           `json:"first_violating_seed,omitempty"`
	Anomalies      map[string]int64 `json:"anomalies"`
	Witness        *Witness         `json:"witness"`

	Exercised bool   `json:"exercised"`        // something was there to judge
	Bound     string `json:"bound"`            // "no counterexample in 200 of 200 seeds (below 1.5 % of seeds at 95 %)"
	Reason    string `json:"reason,omitempty"` // why inconclusive
}

// Witness is the counterexample of the first violating seed.
type Witness struct {
	Anomaly    string      `json:"anomaly"`
	Partition  string      `json:"partition,omitempty"` // topic/partition
	Offsets    []int64     `json:"offsets,omitempty"`
	Sentence   string      `json:"sentence"` // who, what, when, and why it is wrong
	Operations []Operation `json:"operations"`
	Faults     []string    `json:"faults,omitempty"` // ids of the applied faults that explain it
	Damage     *Damage     `json:"damage,omitempty"`
	// Advice says which settings let it happen and what would have prevented it.
	Advice []string `json:"advice,omitempty"`
}

// Operation is one operation of a witness.
type Operation struct {
	Client string `json:"client"`
	What   string `json:"what"`
	Call   int64  `json:"call"`   // nanoseconds since the run's start
	Return int64  `json:"return"` // -1: never
}

// Damage is a loss or duplication in numbers, of the witness's seed.
type Damage struct {
	Records     int64 `json:"records"`
	FirstOffset int64 `json:"first_offset"`
	LastOffset  int64 `json:"last_offset"`
	From        int64 `json:"from"` // nanoseconds since the run's start
	To          int64 `json:"to"`
}

// Invariant is a white-box finding: trouble inside the brokers, whether or not a client saw it.
type Invariant struct {
	Name  string `json:"name"`
	Seeds int    `json:"seeds"`
	First string `json:"first_seed"`
	Says  string `json:"says"`
}

// Story is what a report needs of one seed besides Result: of the first
// violating seed of a variant, or else of its first.
type Story struct {
	Variant string
	Seed    uint64
	Faults  []faults.Record // in order of time
	Swarm   []string        // what the swarm drew, in words: kinds, targets, safe knobs
	LoadEnd int64           // nanoseconds since the run's start
	RunEnd  int64
	History []byte // history.ndjson.zst

	// Series and Scenes are told by playing the seed once more; nil where the
	// campaign was interrupted before that.
	Series *Series
	Scenes []Scene // one for each violated claim of the seed, by its name
}
