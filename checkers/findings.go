package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// maxWindows bounds how many windows of damage a result lists.
const maxWindows = 100

// findings gathers what a judge finds about one claim.
type findings struct {
	claim     Claim
	table     *names
	judged    int64
	undecided int64
	doubt     string // why the first undecided thing could not be decided
	counts    map[Anomaly]int64
	witnesses map[Anomaly]Witness
	found     []finding
}

func newFindings(c Claim, n *names) *findings {
	return &findings{claim: c, table: n, counts: map[Anomaly]int64{}, witnesses: map[Anomaly]Witness{}}
}

// finding is one anomaly at one place.
type finding struct {
	anomaly   Anomaly
	partition history.PartitionID
	offset    int64 // history.NoOffset if none
	from, to  history.Time
	// until is when the damage was first found to be done; zero if that is to.
	until  history.Time
	group  party // whose finding it is, if a group's
	client party // whose fault may be the cause, if a client's
}

// party is a group or a client, plus one; 0 is none.
type party uint32

// add counts a finding. The first of its kind is told by the witness, whose
// partition, anomaly and faults are filled in here.
func (f *findings) add(found finding, tell func() Witness) {
	f.counts[found.anomaly]++
	if f.counts[found.anomaly] == 1 {
		w := tell()
		w.Anomaly, w.Partition, w.Name = found.anomaly, found.partition, f.table.partition(found.partition)
		w.Faults = f.table.explain(found)
		if found.group > 0 {
			w.Group = f.table.group(history.GroupID(found.group - 1))
		}
		f.witnesses[found.anomaly] = w
	}
	f.found = append(f.found, found)
}

// damage joins neighbouring findings to windows.
func (f *findings) damage() Damage {
	slices.SortStableFunc(f.found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(slices.Index(anomalies, a.anomaly), slices.Index(anomalies, b.anomaly)),
			cmp.Compare(a.group, b.group), cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	d := Damage{Records: int64(len(f.found))}
	var last *Window // nil if it was omitted
	for i, found := range f.found {
		if i > 0 && found.follows(f.found[i-1]) {
			if last != nil {
				last.widen(found)
			}
			continue
		}
		if len(d.Windows) == maxWindows {
			d.Omitted++
			last = nil
			continue
		}
		d.Windows = append(d.Windows, Window{Anomaly: found.anomaly, Partition: found.partition, Name: f.table.partition(found.partition),
			FirstOffset: found.offset, From: found.from, first: found})
		last = &d.Windows[len(d.Windows)-1]
		if found.group > 0 {
			last.Group = f.table.group(history.GroupID(found.group - 1))
		}
		last.widen(found)
	}
	for i := range d.Windows {
		w := &d.Windows[i]
		whole := w.first
		whole.from, whole.to, whole.until = w.From, w.To, w.until
		w.Faults = f.table.explain(whole)
	}
	return d
}

// follows says whether a finding belongs to the window of the one before.
func (f finding) follows(before finding) bool {
	return f.anomaly == before.anomaly && f.group == before.group && f.partition == before.partition && f.offset <= before.offset+1
}

func (w *Window) widen(found finding) {
	w.LastOffset = found.offset
	w.Records++
	w.From, w.To, w.until = min(w.From, found.from), max(w.To, found.to), max(w.until, found.until)
}

// leaveOpen counts something that the history cannot decide.
func (f *findings) leaveOpen(why func() string) {
	f.undecided++
	if f.doubt == "" {
		f.doubt = why()
	}
}

func (f *findings) result() Result {
	r := Result{
		Claim: f.claim.Name, Guarantee: f.claim.Guarantee,
		Exercised: f.judged > 0, Judged: f.judged, Undecided: f.undecided,
		Anomalies: inOrder(f.counts), Damage: f.damage(),
	}
	for _, a := range r.Anomalies {
		r.Witnesses = append(r.Witnesses, f.witnesses[a.Name])
	}
	switch {
	case len(r.Witnesses) > 0:
		r.Verdict, r.Reason = Violated, r.Witnesses[0].Sentence
	case f.undecided > 0:
		r.Verdict, r.Reason = Inconclusive, f.doubt
	case !r.Exercised:
		r.Reason = "nothing exercised"
	default:
		r.Reason = fmt.Sprintf("no counterexample among %d judged", f.judged)
	}
	return r
}

// inOrder lists counts with the gravest anomaly first.
func inOrder(counts map[Anomaly]int64) []AnomalyCount {
	var list []AnomalyCount
	for _, a := range anomalies {
		if counts[a] > 0 {
			list = append(list, AnomalyCount{a, counts[a]})
		}
	}
	return list
}

// sortBy sorts in place and keeps the order of equals.
func sortBy[T any](list []T, key func(T) int64) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
