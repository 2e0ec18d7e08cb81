package campaign

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers"
	"assay/checkers/history"
	"assay/faults"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// damageClasses are what a delivery matrix counts, with the anomalies of each.
var damageClasses = []struct {
	name      string
	anomalies []checkers.Anomaly
}{
	{result.Lost, []checkers.Anomaly{checkers.LostWrite, checkers.Unseen, checkers.PollSkip}},
	{result.Duplicated, []checkers.Anomaly{checkers.Duplicate, checkers.DoubleProcessing}},
	{result.Reordered, []checkers.Anomaly{checkers.Reordered}},
	{result.Torn, []checkers.Anomaly{checkers.TornTransaction, checkers.AbortedRead, checkers.IntermediateRead}},
	{result.Zombie, []checkers.Anomaly{checkers.ZombieCommit}},
}

// classOf is the class of an anomaly, "" for what is no damage to a record.
func classOf(a checkers.Anomaly) string {
	for _, class := range damageClasses {
		if slices.Contains(class.anomalies, a) {
			return class.name
		}
	}
	return ""
}

// Explained counts the damaged records of one class and run that faults of one
// kind explain.
type Explained struct {
	Class   string `json:"class"`
	Fault   string `json:"fault"` // a kind, or one of the rows of result.Delivery that are none
	Records int64  `json:"records"`
}

// explainedDamage attributes what the claims of a run found to the faults that
// explain it. A place that several claims find damaged in one way counts once,
// and in the row of each kind among its faults. What the application left out on
// purpose no fault explains.
func explainedDamage(claims []checkers.Result, leftOut []workload.LeftOut) []Explained {
	d := damaged{covered: map[damagedLog][]span{}, leftOut: map[groupPlace]bool{}}
	for _, l := range leftOut {
		d.leftOut[groupPlace{l.Group, fmt.Sprintf("%s/%d", l.Partition.Topic, l.Partition.Partition), int64(l.Offset)}] = true
	}
	for _, claim := range claims {
		counted := map[checkers.Anomaly]int64{}
		for _, w := range claim.Damage.Windows {
			counted[w.Anomaly] += w.Records
			if class := classOf(w.Anomaly); class != "" {
				for _, part := range d.apart(w) {
					d.count(class, part)
				}
			}
		}
		for _, a := range claim.Anomalies { // of windows that were too many to be listed nobody knows the faults
			if class := classOf(a.Name); class != "" && a.Count > counted[a.Name] && claim.Damage.Omitted > 0 {
				d.add(class, result.AllFaults, a.Count-counted[a.Name])
				d.add(class, result.Unattributed, a.Count-counted[a.Name])
			}
		}
	}
	slices.SortFunc(d.found, func(a, b Explained) int {
		return cmp.Or(cmp.Compare(a.Fault, b.Fault), cmp.Compare(a.Class, b.Class))
	})
	return d.found
}

// damaged is the damage of one run so far.
type damaged struct {
	found   []Explained
	covered map[damagedLog][]span
	leftOut map[groupPlace]bool
}

// groupPlace is a record as a group sees it.
type groupPlace struct {
	group, partition string
	offset           int64
}

// apart parts a window of what a group never processed where the application was
// told to leave a record out: that record is a window of its own.
func (d *damaged) apart(w checkers.Window) []checkers.Window {
	if w.Anomaly != checkers.Unseen || w.FirstOffset == history.NoOffset || len(d.leftOut) == 0 {
		return []checkers.Window{w}
	}
	var parts []checkers.Window
	for offset := w.FirstOffset; offset <= w.LastOffset; offset++ {
		skipped := d.skipped(w, offset)
		if last := len(parts) - 1; last < 0 || skipped != d.skipped(w, parts[last].FirstOffset) {
			part := w
			part.FirstOffset, part.Records = offset, 0
			parts = append(parts, part)
		}
		last := &parts[len(parts)-1]
		last.LastOffset, last.Records = offset, last.Records+1
	}
	return parts
}

func (d *damaged) skipped(w checkers.Window, offset int64) bool {
	return w.Anomaly == checkers.Unseen && d.leftOut[groupPlace{w.Group, w.Name, offset}]
}

// damagedLog is where places are counted once.
type damagedLog struct{ class, group, partition string }

// span is offsets from one to another.
type span struct{ first, last int64 }

func (d *damaged) count(class string, w checkers.Window) {
	records := w.Records
	if w.FirstOffset != history.NoOffset {
		records = d.cover(damagedLog{class, w.Group, w.Name}, span{w.FirstOffset, w.LastOffset})
	}
	d.add(class, result.AllFaults, records)
	if d.skipped(w, w.FirstOffset) {
		d.add(class, result.LeftOut, records)
		return
	}
	kinds := make([]string, 0, len(w.Faults))
	for _, fault := range w.Faults {
		kinds = append(kinds, fault.Kind)
	}
	slices.Sort(kinds)
	for _, kind := range slices.Compact(kinds) {
		d.add(class, kind, records)
	}
	if len(kinds) == 0 {
		d.add(class, result.NoFault, records)
	}
}

// cover tells how many offsets of a span were not covered, and covers them.
func (d *damaged) cover(log damagedLog, s span) int64 {
	rest := []span{s}
	for _, known := range d.covered[log] {
		var left []span
		for _, r := range rest {
			if known.last < r.first || known.first > r.last {
				left = append(left, r)
				continue
			}
			if r.first < known.first {
				left = append(left, span{r.first, known.first - 1})
			}
			if r.last > known.last {
				left = append(left, span{known.last + 1, r.last})
			}
		}
		rest = left
	}
	d.covered[log] = append(d.covered[log], s)
	fresh := int64(0)
	for _, r := range rest {
		fresh += r.last - r.first + 1
	}
	return fresh
}

func (d *damaged) add(class, fault string, records int64) {
	if records == 0 {
		return
	}
	at := slices.IndexFunc(d.found, func(e Explained) bool { return e.Class == class && e.Fault == fault })
	if at < 0 {
		at = len(d.found)
		d.found = append(d.found, Explained{Class: class, Fault: fault})
	}
	d.found[at].Records += records
}

// appliedKinds counts a run's faults by kind, skipped ones apart.
func appliedKinds(o *run.Outcome) result.Counters {
	kinds := result.Counters{}
	for _, f := range o.Faults {
		if f.Outcome != faults.Skipped {
			kinds[string(f.Spec.Kind)]++
		}
	}
	return kinds
}

// deliveryMatrix joins the damage of a variant's runs.
type deliveryMatrix struct {
	applied result.Counters            // by kind
	seeds   map[string]int             // by kind
	records map[string]result.Counters // by row and class
}

func (d *deliveryMatrix) add(s Summary) {
	if d.applied == nil {
		*d = deliveryMatrix{applied: result.Counters{}, seeds: map[string]int{}, records: map[string]result.Counters{}}
	}
	for kind, n := range s.FaultKinds { // order-free: sums
		d.applied[kind] += n
		d.seeds[kind]++
	}
	for _, e := range s.Explained {
		if d.records[e.Fault] == nil {
			d.records[e.Fault] = result.Counters{}
		}
		d.records[e.Fault][e.Class] += e.Records
	}
}

// result is the matrix: all, each kind that was applied, then no fault, then
// what was left out on purpose and what is not attributed, if there is any. A class that no claim judges is left out.
func (d *deliveryMatrix) result(judged []string, seeds int) []result.Delivery {
	if len(judged) == 0 || seeds == 0 {
		return nil
	}
	row := func(fault string) result.Delivery {
		r := result.Delivery{Fault: fault, Applied: d.applied[fault], Seeds: d.seeds[fault], Records: result.Counters{}}
		for _, class := range judged {
			r.Records[class] = d.records[fault][class]
		}
		return r
	}
	all := row(result.AllFaults)
	all.Seeds = seeds
	var kinds []string
	for kind, n := range d.applied { // order-free: sorted below
		all.Applied += n
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	rows := []result.Delivery{all}
	for _, kind := range kinds {
		rows = append(rows, row(kind))
	}
	rows = append(rows, row(result.NoFault))
	if len(d.records[result.LeftOut]) > 0 {
		rows = append(rows, row(result.LeftOut))
	}
	if len(d.records[result.Unattributed]) > 0 {
		rows = append(rows, row(result.Unattributed))
	}
	return rows
}

// judgedClasses are those that some claim of a variant looks for, in the order of
// damageClasses.
func (t *tally) judgedClasses() (judged []string) {
	for _, class := range damageClasses {
		for i := range t.claims {
			described, _ := checkers.Describe(checkers.Guarantee(t.claims[i].claim.Guarantee))
			if slices.ContainsFunc(described.Anomalies, func(a checkers.Anomaly) bool { return slices.Contains(class.anomalies, a) }) {
				judged = append(judged, class.name)
				break
			}
		}
	}
	return judged
}
