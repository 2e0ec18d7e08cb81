package campaign

import (
	"bytes"

	"assay/scenarios/result"
	"assay/scenarios/run"
)

// storyteller keeps what a report tells of one run of a variant: of the first
// violating one, or else of the first. Runs come in any order, and histories are
// big: it keeps at most two, and only the joined ones count in the end.
type storyteller struct {
	histories bool
	violating *candidate // the first violating run so far
	plain     *candidate // the first run so far
	last      int        // index of the last run that was joined
	any       bool       // some run was joined
}

type candidate struct {
	index   int
	outcome *run.Outcome
}

func (t *storyteller) consider(index int, o *run.Outcome) {
	if !t.histories {
		o.History = nil
	}
	c := &candidate{index, o}
	before := []*candidate{c, t.violating, t.plain}
	if o.Violating() && (t.violating == nil || index < t.violating.index) {
		t.violating = c
	}
	if t.plain == nil || index < t.plain.index {
		t.plain = c
	}
	for _, old := range before {
		if old != nil && old != t.violating && old != t.plain {
			old.outcome.History = nil
		}
	}
}

// joined notes that a run counts.
func (t *storyteller) joined(index int) { t.last, t.any = max(t.last, index), true }

// story is what is told, if any run was joined.
func (t *storyteller) story(variant string) (result.Story, bool) {
	var told *candidate
	for _, c := range []*candidate{t.violating, t.plain} {
		if told == nil && t.any && c != nil && c.index <= t.last {
			told = c
		}
	}
	if told == nil {
		return result.Story{}, false
	}
	o := told.outcome
	s := result.Story{Variant: variant, Seed: o.Seed, Faults: o.Faults, Swarm: o.Swarm, LoadEnd: int64(o.LoadEnd), RunEnd: int64(o.End)}
	if o.History != nil {
		var b bytes.Buffer
		if err := o.History.Save(&b); err != nil {
			panic(err) // a buffer takes everything
		}
		s.History = b.Bytes()
	}
	return s, true
}
