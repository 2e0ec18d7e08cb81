package checkers

import (
	"bytes"
	"cmp"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

var groupHistories = flag.Int("group-histories", 1_500, "how many random histories of groups to compare")

// groupWorld is a small history of groups as plain lists, in the order recorded.
type groupWorld struct {
	random    *rand.Rand
	produces  []history.Produce
	final     [2][]history.Seen // by partition
	start     [2]int64
	complete  [2]bool
	steps     []any // history.Process, history.Commit or history.Move
	ends      []history.GroupEnd
	drainEnds history.Time
}

// Clients 0 and 1 send; 2 and 3 are two members, and 4 is 2 restarted.
const members = 2

// newGroupWorld lets two groups work through two logs, mostly in order and each
// commit behind the work; then it breaks the history in a few places, perhaps.
func newGroupWorld(random *rand.Rand) *groupWorld {
	w := &groupWorld{random: random, drainEnds: 200}
	var sent [2]uint32
	for p := range w.final {
		for o := range int64(random.IntN(9)) {
			client := random.IntN(2)
			sent[client]++
			op := history.Produce{Record: history.NewRecordID(history.ClientID(client), sent[client]), Partition: history.PartitionID(p),
				Key: uint64(random.IntN(3)), Call: history.Time(o), Return: history.Time(o + 1), Attempts: 1, Offset: o}
			switch random.IntN(8) {
			case 0:
				op.Outcome, op.Return, op.Offset = history.Indeterminate, history.Infinity, history.NoOffset
			case 1:
				op.Offset = history.NoOffset // acks=0
			}
			w.produces = append(w.produces, op)
			w.final[p] = append(w.final[p], history.Seen{Offset: o, Record: op.Record})
		}
		w.complete[p] = random.IntN(8) > 0
		for g := range 2 {
			w.consume(history.GroupID(g), history.PartitionID(p))
		}
		if random.IntN(6) == 0 && len(w.final[p]) > 2 { // retention, or compaction
			w.start[p] = int64(random.IntN(3))
			gone := int64(random.IntN(len(w.final[p])))
			w.final[p] = slices.DeleteFunc(w.final[p], func(r history.Seen) bool { return r.Offset < w.start[p] || r.Offset == gone })
		}
	}
	for range random.IntN(7) {
		w.mutate()
	}
	return w
}

// consume is one group's work on one partition.
func (w *groupWorld) consume(g history.GroupID, p history.PartitionID) {
	log, now := w.final[p], history.Time(10+w.random.IntN(3))
	ahead, none := w.random.IntN(4) == 0, w.random.IntN(6) == 0
	client := history.ClientID(2 + w.random.IntN(2))
	committed := int64(0)
	for at := 0; at < len(log); {
		n := min(1+w.random.IntN(3), len(log)-at)
		batch := slices.Clone(log[at : at+n])
		at += n
		work := func() {
			w.steps = append(w.steps, history.Process{Client: client, Group: g, Partition: p, Call: now, Return: now + history.Time(w.random.IntN(3)), Records: batch})
			now = w.steps[len(w.steps)-1].(history.Process).Return + history.Time(w.random.IntN(2))
		}
		commit := func() {
			op := history.Commit{Client: client, Group: g, Partition: p, Generation: -1, Call: now, Return: now + history.Time(w.random.IntN(3)), Offset: batch[n-1].Offset + 1}
			now = op.Return + history.Time(w.random.IntN(2))
			switch w.random.IntN(10) {
			case 0:
				op.Outcome, op.Return = history.Indeterminate, history.Infinity
			case 1:
				op.Outcome = history.Failed
			default:
				committed = op.Offset
			}
			w.steps = append(w.steps, op)
		}
		switch {
		case none:
			work()
		case ahead:
			commit()
			work()
		default:
			work()
			commit()
		}
		if client == members && w.random.IntN(5) == 0 {
			client = 4
			w.steps = append(w.steps, history.Move{Client: client, Partition: p, At: now, From: history.NoOffset, To: committed, Reason: history.Committed})
		}
	}
	if !none && w.random.IntN(12) > 0 {
		w.ends = append(w.ends, history.GroupEnd{Group: g, Partition: p, At: 210, Known: w.random.IntN(12) > 0, Offset: committed})
	}
}

// mutate breaks the history in one place.
func (w *groupWorld) mutate() {
	if len(w.steps) == 0 {
		return
	}
	i, j := w.random.IntN(len(w.steps)), w.random.IntN(len(w.steps))
	shift := history.Time(w.random.IntN(7) - 3)
	switch kind := w.random.IntN(8); kind {
	case 0: // never done
		w.steps = slices.Delete(w.steps, i, i+1)
		return
	case 1: // done again
		w.steps = append(w.steps, w.steps[i])
	case 2: // recorded in another order
		w.steps[i], w.steps[j] = w.steps[j], w.steps[i]
	case 3:
		if len(w.ends) > 0 {
			w.ends[w.random.IntN(len(w.ends))].Offset += int64(w.random.IntN(4) - 2)
		}
		for n := range w.ends {
			w.ends[n].Offset = max(history.NoOffset, w.ends[n].Offset)
		}
	default:
		switch op := w.steps[i].(type) {
		case history.Process:
			switch kind {
			case 4: // at another time
				late := history.Time(w.random.IntN(20))
				op.Call, op.Return = op.Call+late, op.Return+late
			case 5: // by another client
				op.Client = history.ClientID(2 + w.random.IntN(3))
			case 6: // another order, another record
				op.Records = slices.Clone(op.Records)
				slices.Reverse(op.Records)
			case 7:
				op.Records = slices.Clone(op.Records)
				op.Records[0].Record = history.NewRecordID(0, uint32(1+w.random.IntN(3)))
			}
			w.steps[i] = op
		case history.Commit:
			switch kind {
			case 4:
				op.Call += shift
				if op.Return != history.Infinity {
					op.Return += shift
				}
			case 5:
				op.Client = history.ClientID(2 + w.random.IntN(3))
			default:
				op.Offset = max(0, op.Offset+int64(w.random.IntN(7)-3))
			}
			w.steps[i] = op
		}
	}
}

func (w *groupWorld) history() *history.History {
	h := history.New()
	for i, name := range []string{"web-0", "web-1", "c", "d"} {
		h.Client(history.ClientID(i), name, 1)
	}
	h.Client(4, "c", 2)
	h.Client(5, "observer", 1)
	h.Group(0, "g")
	h.Group(1, "h")
	for p := range w.final {
		h.Partition(history.PartitionID(p), "orders", int32(p))
	}
	for _, s := range w.steps {
		switch op := s.(type) {
		case history.Process:
			h.Process(op)
		case history.Commit:
			h.Commit(op)
		case history.Move:
			h.Move(op)
		}
	}
	for _, op := range w.produces {
		h.Produce(op) // the order among other clients' operations must not matter
	}
	h.Border(history.Border{Phase: history.DrainEnds, At: w.drainEnds})
	for _, end := range w.ends {
		h.GroupEnd(end)
	}
	for p, log := range w.final {
		end := w.start[p]
		if len(log) > 0 {
			end = max(end, log[len(log)-1].Offset+1)
		}
		h.Read(history.Read{Client: 5, Partition: history.PartitionID(p), Call: 220, Return: 221, From: w.start[p], Next: end,
			HighWatermark: end, Records: log, Final: true})
		h.Cover(history.Cover{Partition: history.PartitionID(p), Call: 220, Return: 221, LogStart: w.start[p], End: end, Complete: w.complete[p]})
	}
	return h
}

// verdictOf is what the plain definitions say: places of anomalies, sorted, and
// whether something is open.
type verdictOf struct {
	places []where
	open   bool
}

type where struct {
	anomaly   Anomaly
	group     party
	partition history.PartitionID
	offset    int64
}

func (v *verdictOf) add(a Anomaly, key groupPartition, offset int64) {
	v.places = append(v.places, where{a, party(key.group) + 1, key.partition, offset})
}

func sorted(list []where) []where {
	slices.SortFunc(list, func(a, b where) int {
		return cmp.Or(cmp.Compare(a.anomaly, b.anomaly), cmp.Compare(a.group, b.group), cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	return list
}

// plainPart is one group's part in one partition.
type plainPart struct {
	key     groupPartition
	done    []plainDone
	commits []plainCommit // failed ones left out
	commit  bool          // some commit was tried
	end     *history.GroupEnd
}

type plainDone struct {
	history.Seen
	op       history.Process
	step, at int // its operation, and its place in it
}

type plainCommit struct {
	history.Commit
	step int
}

func (d plainDone) soonest() history.Time {
	if d.at == len(d.op.Records)-1 {
		return d.op.Return
	}
	return d.op.Call
}

func (w *groupWorld) parts() []*plainPart {
	var list []*plainPart
	for g := range 2 {
		for p := range w.final {
			part := &plainPart{key: groupPartition{history.GroupID(g), history.PartitionID(p)}}
			for step, s := range w.steps {
				switch op := s.(type) {
				case history.Process:
					for at, r := range op.Records {
						if (groupPartition{op.Group, op.Partition}) == part.key {
							part.done = append(part.done, plainDone{r, op, step, at})
						}
					}
				case history.Commit:
					if (groupPartition{op.Group, op.Partition}) == part.key {
						part.commit = true
						if op.Outcome != history.Failed {
							part.commits = append(part.commits, plainCommit{op, step})
						}
					}
				}
			}
			for i := range w.ends {
				if (groupPartition{w.ends[i].Group, w.ends[i].Partition}) == part.key {
					part.end = &w.ends[i]
				}
			}
			list = append(list, part)
		}
	}
	return list
}

func (w *groupWorld) sent(r history.RecordID) *history.Produce {
	i := slices.IndexFunc(w.produces, func(op history.Produce) bool { return op.Record == r })
	if i < 0 {
		return nil
	}
	return &w.produces[i]
}

func plainAtMostOnce(w *groupWorld) (v verdictOf) {
	for _, part := range w.parts() {
		for i, again := range part.done {
			if slices.ContainsFunc(part.done[:i], func(first plainDone) bool { return first.Seen == again.Seen }) {
				v.add(DoubleProcessing, part.key, again.Offset)
			}
		}
	}
	return v
}

func plainAtLeastOnce(w *groupWorld) (v verdictOf) {
	for _, part := range w.parts() {
		if !part.commit && part.end == nil {
			continue
		}
		if part.end == nil || !part.end.Known {
			v.open = true
			continue
		}
		v.open = v.open || !w.complete[part.key.partition]
		for _, r := range w.final[part.key.partition] {
			v.open = v.open || r.Offset >= part.end.Offset
			op := w.sent(r.Record)
			acknowledged := op.Outcome == history.OK && (op.Offset == r.Offset || op.Offset == history.NoOffset)
			processed := slices.ContainsFunc(part.done, func(d plainDone) bool { return d.Record == r.Record })
			if acknowledged && !processed && r.Offset < part.end.Offset {
				v.add(Unseen, part.key, r.Offset)
			}
		}
	}
	return v
}

func plainCommitSafety(w *groupWorld) (v verdictOf) {
	for _, part := range w.parts() {
		var accepted []plainCommit
		for _, c := range part.commits {
			if c.Outcome == history.OK {
				accepted = append(accepted, c)
			}
		}
		if len(accepted) == 0 {
			continue
		}
		v.open = v.open || !w.complete[part.key.partition]
		for _, r := range w.final[part.key.partition] {
			premature := func(c plainCommit) bool {
				return c.Offset > r.Offset && !slices.ContainsFunc(part.done, func(d plainDone) bool {
					after := d.soonest() > c.Return || d.soonest() == c.Return && d.op.Client == c.Client && d.step > c.step
					return d.Offset == r.Offset && !after || r.Record != 0 && d.Record == r.Record && d.soonest() < c.Return
				})
			}
			if slices.ContainsFunc(accepted, premature) {
				v.add(PrematureCommit, part.key, r.Offset)
			}
		}
		plainRegressions(&v, part, accepted)
		w.plainTold(&v, part, accepted)
	}
	return v
}

func plainRegressions(v *verdictOf, part *plainPart, accepted []plainCommit) {
	inOrder := slices.Clone(accepted)
	slices.SortFunc(inOrder, func(a, b plainCommit) int { return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.step, b.step)) })
	forgotten := map[int]bool{}
	for _, c := range inOrder {
		var before []plainCommit
		for _, b := range accepted {
			if !forgotten[b.step] && (b.Return < c.Call || b.Return == c.Call && b.Client == c.Client && b.step < c.step) {
				before = append(before, b)
			}
		}
		if slices.ContainsFunc(before, func(b plainCommit) bool { return b.Offset > c.Offset }) {
			v.add(OffsetRegression, part.key, c.Offset)
			for _, b := range before {
				forgotten[b.step] = true
			}
		}
	}
}

func (w *groupWorld) plainTold(v *verdictOf, part *plainPart, accepted []plainCommit) {
	judge := func(offset int64, before func(plainCommit) bool) {
		var highest *plainCommit
		for i, c := range accepted {
			if before(c) && (highest == nil || c.Offset > highest.Offset) {
				highest = &accepted[i]
			}
		}
		if highest == nil || highest.Offset <= max(0, offset) {
			return
		}
		if !slices.ContainsFunc(part.commits, func(c plainCommit) bool { return c.Offset == offset && c.Return > highest.Call }) {
			v.add(OffsetRegression, part.key, offset)
		}
	}
	if part.end != nil && part.end.Known {
		judge(part.end.Offset, func(c plainCommit) bool { return c.Return < w.drainEnds })
	}
	for _, s := range w.steps {
		if move, ok := s.(history.Move); ok && move.Partition == part.key.partition {
			judge(move.To, func(c plainCommit) bool { return c.Client == members && c.Return <= move.At })
		}
	}
}

func plainKeyOrder(w *groupWorld) (v verdictOf) {
	for _, part := range w.parts() {
		at := map[int64][]plainDone{}
		for _, d := range part.done {
			at[d.Offset] = append(at[d.Offset], d)
		}
		key := func(list []plainDone) uint64 {
			for _, d := range list {
				if d.Record != list[0].Record {
					return 0
				}
			}
			if op := w.sent(list[0].Record); op != nil {
				return op.Key
			}
			return 0
		}
		before := func(x, y plainDone) bool {
			return x.op.Return < y.op.Call || x.step == y.step && x.at < y.at
		}
		for low, ys := range at {
			reversed := false
			for high, xs := range at {
				for _, x := range xs {
					first := !slices.ContainsFunc(ys, func(y plainDone) bool { return !before(x, y) })
					reversed = reversed || high > low && key(xs) != 0 && key(xs) == key(ys) && first
				}
			}
			if reversed {
				v.add(Reordered, part.key, low)
			}
		}
	}
	return v
}

// The checkers of groups must agree with the plain definitions on every history.
func TestGroupCheckersAgreeWithPlainDefinitions(t *testing.T) {
	models := map[Guarantee]func(*groupWorld) verdictOf{
		AtMostOnce: plainAtMostOnce, AtLeastOnce: plainAtLeastOnce, CommitSafety: plainCommitSafety, KeyOrder: plainKeyOrder,
	}
	tally := map[Guarantee]map[string]int{}
	for _, g := range []Guarantee{AtMostOnce, AtLeastOnce, CommitSafety, KeyOrder} {
		tally[g] = map[string]int{}
		for seed := range *groupHistories {
			w := newGroupWorld(rand.New(rand.NewPCG(uint64(seed), 7)))
			h := w.history()
			panel, err := NewPanel([]Claim{{Guarantee: g}})
			require.NoError(t, err)
			h.Replay(panel)
			f := newFindings(panel.claims[0], panel.evidence.names)
			judges[g](&panel.evidence, panel.claims[0], f)
			var got []where
			for _, found := range f.found {
				got = append(got, where{found.anomaly, found.group, found.partition, found.offset})
			}
			want := models[g](w)
			if !slices.Equal(sorted(want.places), sorted(got)) || want.open != (f.undecided > 0) {
				var text bytes.Buffer
				require.NoError(t, h.WriteNDJSON(&text))
				require.Fail(t, "they disagree", "%s, seed %d: the definitions say %v, open %v; the checker %v, open %v: %s\n%s",
					g, seed, want.places, want.open, got, f.undecided > 0, f.doubt, text.String())
			}
			r := f.result()
			tally[g][r.Verdict.String()]++
			for _, a := range r.Anomalies {
				tally[g][string(a.Name)]++
			}
		}
		d, _ := Describe(g)
		t.Log(g, tally[g])
		// The comparison is worth something only with many histories of each kind.
		require.Greater(t, tally[g][Holds.String()], *groupHistories/20, g)
		for _, a := range d.Anomalies {
			require.Greater(t, tally[g][string(a)], *groupHistories/20, "%s: %s", g, a)
		}
	}
}
