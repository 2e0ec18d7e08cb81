package campaign

import (
	"bytes"
	"slices"

	"assay/checkers"
	"assay/checkers/history"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

// storyteller keeps what a report tells of the runs of a variant: of the first
// violating one, or else of the first; and of each claim's first counterexample,
// where that is another run. Runs come in any order, and histories are big: it
// keeps at most two, and only the joined ones count in the end.
type storyteller struct {
	histories bool
	violating *candidate   // the first violating run so far
	plain     *candidate   // the first run so far
	first     []*candidate // by claim: the first that violates it, without its history
	last      int          // position of the last run that was joined
	any       bool         // some run was joined
}

// candidate is a run that may be told.
type candidate struct {
	summary Summary
	story   result.Story // without its variant and history
	history *history.History
}

func newCandidate(s Summary, o *run.Outcome) *candidate {
	return &candidate{summary: s, history: o.History, story: result.Story{
		Variant: s.Variant, Seed: o.Seed, Faults: o.Faults, Swarm: o.Swarm, LoadEnd: int64(o.LoadEnd), RunEnd: int64(o.End)}}
}

func (t *storyteller) consider(c *candidate) {
	if !t.histories {
		c.history = nil
	}
	if c.summary.Violating() && (t.violating == nil || c.summary.Position < t.violating.summary.Position) {
		t.violating = c
	}
	if t.plain == nil || c.summary.Position < t.plain.summary.Position {
		t.plain = c
	}
	t.first = append(t.first, make([]*candidate, len(c.summary.Claims)-len(t.first))...)
	for i, judged := range c.summary.Claims {
		if judged.Verdict == checkers.Violated && (t.first[i] == nil || c.summary.Position < t.first[i].summary.Position) {
			light := *c
			light.history = nil
			t.first[i] = &light
		}
	}
}

// joined notes that a run counts.
func (t *storyteller) joined(position int) { t.last, t.any = max(t.last, position), true }

// told is the run that is told; nil if none was joined.
func (t *storyteller) told() *candidate {
	for _, c := range []*candidate{t.violating, t.plain} {
		if t.any && c != nil && c.summary.Position <= t.last {
			return c
		}
	}
	return nil
}

// further are the runs that are told besides: the first counterexamples of claims
// that the told run does not violate, in the order of their positions.
func (t *storyteller) further() []*candidate {
	told := t.told()
	if told == nil {
		return nil
	}
	var list []*candidate
	for _, c := range t.first {
		same := func(other *candidate) bool { return other.summary.Position == c.summary.Position }
		if c != nil && c.summary.Position <= t.last && !same(told) && !slices.ContainsFunc(list, same) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *candidate) int { return a.summary.Position - b.summary.Position })
	return list
}

// tell is what a told run, played once more, is to be asked for: the claims of
// which it is the first counterexample.
func (t *storyteller) tell(c *candidate) *run.Tell {
	tell := &run.Tell{}
	for i, judged := range c.summary.Claims {
		if first := t.first[i]; first != nil && first.summary.Position == c.summary.Position && judged.Witness != nil {
			tell.Claims = append(tell.Claims, run.TellClaim{Claim: judged.Name, Witness: *judged.Witness})
		}
	}
	return tell
}

// write makes the candidate a story.
func (c *candidate) write() result.Story {
	s := c.story
	if c.history != nil {
		var b bytes.Buffer
		if err := c.history.Save(&b); err != nil {
			panic(err) // a buffer takes everything
		}
		s.History = b.Bytes()
	}
	return s
}
