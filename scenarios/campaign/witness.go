package campaign

import (
	"fmt"
	"slices"
	"strings"

	"assay/checkers"
	"assay/checkers/history"
	"assay/faults"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

// witness tells the counterexample of one run.
func witness(judged checkers.Result, o *run.Outcome) *result.Witness {
	w := judged.Witness()
	if w == nil {
		return nil
	}
	told := &result.Witness{Anomaly: string(w.Anomaly), Partition: w.Name, Offsets: w.Offsets, Sentence: w.Sentence,
		Operations: []result.Operation{}}
	for _, op := range w.Ops {
		returned := int64(op.Return)
		if op.Return == history.Infinity {
			returned = -1
		}
		told.Operations = append(told.Operations, result.Operation{Client: op.Name, What: op.What, Call: int64(op.Call), Return: returned})
	}
	for _, f := range w.Faults {
		told.Faults = append(told.Faults, faultID(f.ID, o.Faults))
	}
	for _, window := range judged.Damage.Windows {
		if window.Anomaly == w.Anomaly && window.Name == w.Name {
			told.Damage = &result.Damage{Records: judged.Damage.Records, FirstOffset: window.FirstOffset,
				LastOffset: window.LastOffset, From: int64(window.From), To: int64(window.To)}
			break
		}
	}
	return told
}

// faultID is the timeline's name of a fault that the history numbers.
func faultID(number int, records []faults.Record) string {
	if number >= 1 && number <= len(records) {
		return records[number-1].Spec.ID
	}
	return fmt.Sprint(number)
}

// invariants counts the seeds of each white-box finding, by its name.
type invariants []result.Invariant

func (joined *invariants) add(s Summary) {
	for _, found := range s.Invariants {
		at := slices.IndexFunc(*joined, func(i result.Invariant) bool { return i.Name == found.Name })
		if at < 0 {
			*joined = append(*joined, result.Invariant{Name: found.Name, First: s.Seed, Says: found.Says})
			at = len(*joined) - 1
		}
		(*joined)[at].Seeds++
	}
}

func (joined invariants) result() []result.Invariant {
	slices.SortFunc(joined, func(a, b result.Invariant) int { return strings.Compare(a.Name, b.Name) })
	return joined
}
