package checkers

import (
	"assay/checkers/history"
)

// Result is what one history says about one claim.
type Result struct {
	Claim     string    `json:"claim"`
	Guarantee Guarantee `json:"guarantee"`
	Verdict   Verdict   `json:"verdict"`
	// Exercised is false if there was nothing to judge.
	Exercised bool `json:"exercised"`
	// Judged counts what was looked at, Undecided what the history left open:
	// records for most guarantees, partitions for recovers.
	Judged    int64          `json:"judged"`
	Undecided int64          `json:"undecided,omitempty"`
	Reason    string         `json:"reason"` // one sentence for the verdict
	Anomalies []AnomalyCount `json:"anomalies,omitempty"`
	// Witnesses has one for each kind of anomaly, the gravest first.
	Witnesses []Witness `json:"witnesses,omitempty"`
	Damage    Damage    `json:"damage"`
}

// Witness is the one to tell: that of the gravest anomaly, or nil.
func (r Result) Witness() *Witness {
	if len(r.Witnesses) == 0 {
		return nil
	}
	return &r.Witnesses[0]
}

// AnomalyCount says how often an anomaly was found: records for most, moves for readers.
type AnomalyCount struct {
	Name  Anomaly `json:"name"`
	Count int64   `json:"count"`
}

// Witness is one counterexample: the few operations that cannot all be right.
type Witness struct {
	Anomaly   Anomaly             `json:"anomaly"`
	Partition history.PartitionID `json:"-"`
	Name      string              `json:"partition"` // topic/partition
	Group     string              `json:"group,omitempty"`
	Offsets   []int64             `json:"offsets,omitempty"`
	Ops       []Operation         `json:"operations"`
	// Sentence says who did what and when, and why it is wrong.
	Sentence string `json:"sentence"`
	// Advice says of a group's finding which setting would have prevented it, as
	// far as a history without the settings tells.
	Advice string `json:"advice,omitempty"`
	// Faults explain it, at most three: of damage that showed later the power loss
	// or kill that may have done it, then those that overlap the operations, else
	// the last before them.
	Faults []history.Fault `json:"faults,omitempty"`
}

// Operation is an operation of a witness as a reader may see it.
type Operation struct {
	Client history.ClientID `json:"-"`
	Name   string           `json:"client"` // the client's, or the broker's for what a replica held
	Call   history.Time     `json:"call"`
	Return history.Time     `json:"return"` // history.Infinity if it never returned
	What   string           `json:"what"`   // "sends record web-0#17 to orders/0: acknowledged at offset 41"
}

// Damage is the extent of what was found.
type Damage struct {
	Records int64    `json:"records"`           // offsets or records concerned, all windows together
	Windows []Window `json:"windows,omitempty"` // at most maxWindows
	Omitted int64    `json:"omitted,omitempty"` // windows beyond that
}

// Window is a run of neighbouring offsets with the same anomaly.
type Window struct {
	Anomaly     Anomaly             `json:"anomaly"`
	Partition   history.PartitionID `json:"-"`
	Name        string              `json:"partition"`
	Group       string              `json:"group,omitempty"`
	FirstOffset int64               `json:"first_offset"` // history.NoOffset if unknown
	LastOffset  int64               `json:"last_offset"`
	Records     int64               `json:"records"`
	From        history.Time        `json:"from"` // first call of the operations concerned
	To          history.Time        `json:"to"`   // last return
	Faults      []history.Fault     `json:"faults,omitempty"`
	first       finding             // the first of the offsets
	until       history.Time        // when the damage had shown, zero if with the operations
}
