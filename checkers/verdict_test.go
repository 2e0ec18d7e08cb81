package checkers

import (
	"encoding/json"
	"fmt"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

func TestBound(t *testing.T) {
	for n, want := range map[int]string{
		0:      "no bound: no seeds",
		1:      "below 95 % of seeds at 95 %",
		20:     "below 14 % of seeds at 95 %",
		100:    "below 3 % of seeds at 95 %",
		200:    "below 1.5 % of seeds at 95 %",
		10_000: "below 0.03 % of seeds at 95 %",
	} {
		require.Equal(t, want, Bound(n), "%d seeds", n)
	}
}

func TestCombine(t *testing.T) {
	require.Equal(t, Inconclusive, Combine())
	require.Equal(t, Holds, Combine(Holds, Holds))
	require.Equal(t, Inconclusive, Combine(Holds, Inconclusive, Holds))
	require.Equal(t, Violated, Combine(Holds, Violated, Inconclusive))
}

func TestVerdictText(t *testing.T) {
	for _, v := range []Verdict{Holds, Inconclusive, Violated} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var back Verdict
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, v, back)
	}
	var v Verdict
	require.ErrorContains(t, json.Unmarshal([]byte(`"perhaps"`), &v), `unknown verdict "perhaps"`)
}

func TestTally(t *testing.T) {
	var tally Tally
	require.Equal(t, Inconclusive, tally.Verdict())
	for range 200 {
		tally.Add(Result{Verdict: Holds, Exercised: true})
	}
	require.Equal(t, Holds, tally.Verdict())
	require.Equal(t, "no counterexample in 200 of 200 seeds (below 1.5 % of seeds at 95 %)", tally.Sentence())
	tally.Add(Result{Verdict: Inconclusive, Exercised: true})
	require.Equal(t, Inconclusive, tally.Verdict())
	require.Equal(t, "no counterexample, but 1 of 201 seeds are inconclusive", tally.Sentence())
	tally.Add(Result{Verdict: Violated, Exercised: true, Anomalies: []AnomalyCount{{LostWrite, 2}}})
	tally.Add(Result{Verdict: Violated, Exercised: true, Anomalies: []AnomalyCount{{LostWrite, 3}, {InconsistentOffset, 1}}})
	require.Equal(t, Violated, tally.Verdict())
	require.Equal(t, "a counterexample in 2 of 203 seeds", tally.Sentence())
	require.Equal(t, []AnomalyCount{{LostWrite, 5}, {InconsistentOffset, 1}}, tally.Anomalies)

	var idle Tally
	idle.Add(Result{Verdict: Holds})
	require.Equal(t, Holds, idle.Verdict())
	require.Equal(t, "nothing exercised in 1 seeds", idle.Sentence())
}

func TestUnknownGuaranteeIsNamed(t *testing.T) {
	_, err := New(Claim{Name: "billing", Guarantee: "at-most-twice"})
	require.EqualError(t, err, `claim "billing": no checker for guarantee "at-most-twice"`)
}

func TestGuaranteesHaveJudges(t *testing.T) {
	require.Len(t, judges, len(Guarantees))
	for _, d := range Guarantees {
		require.Contains(t, judges, d.Guarantee)
		found, ok := Describe(d.Guarantee)
		require.True(t, ok)
		require.Equal(t, d.Meaning, found.Meaning)
		for _, a := range d.Anomalies {
			require.Contains(t, anomalies, a)
		}
	}
}

// Two runs of lost records, one for each of two power losses: two windows, each
// with its extent and the fault that explains it.
func TestDamageNamesItsFault(t *testing.T) {
	const ms = 1_000_000
	h := history.New()
	h.Client(0, "web-0", 1)
	h.Client(1, "web-1", 1)
	h.Client(2, "observer", 1)
	h.Partition(0, "orders", 0)
	h.Fault(history.Fault{ID: 1, Kind: "power_loss", Targets: []string{"broker-1"}, Start: 10*ms + ms/2, End: 12 * ms})
	h.Fault(history.Fault{ID: 2, Kind: "delay", Targets: []string{"broker-2"}, Start: 15 * ms, End: 16 * ms})
	h.Fault(history.Fault{ID: 3, Kind: "power_loss", Targets: []string{"broker-3"}, Start: 30*ms + ms/2, End: 32 * ms})
	var final []history.Seen
	for i := range 40 {
		// Two producers by turns: a window goes over both.
		record := history.NewRecordID(history.ClientID(i%2), uint32(i/2+1))
		call := history.Time(i) * ms
		h.Produce(history.Produce{Record: record, Call: call, Return: call + ms/4, Attempts: 1, Offset: int64(i)})
		if i < 5 || i > 10 && i < 29 || i > 30 {
			final = append(final, history.Seen{Offset: int64(i), Record: record})
		}
	}
	h.Read(history.Read{Client: 2, Call: 50 * ms, Return: 51 * ms, Next: 40, HighWatermark: 40, Records: final, Final: true})
	h.Cover(history.Cover{Call: 50 * ms, Return: 51 * ms, End: 40, Complete: true})

	r := judge(t, h, Claim{Guarantee: NoLoss})
	require.Equal(t, []AnomalyCount{{LostWrite, 8}}, r.Anomalies)
	require.EqualValues(t, 8, r.Damage.Records)
	require.Len(t, r.Damage.Windows, 2)
	first, second := r.Damage.Windows[0], r.Damage.Windows[1]
	require.Equal(t, []int64{5, 10, 6}, []int64{first.FirstOffset, first.LastOffset, first.Records})
	require.Equal(t, []history.Time{5 * ms, 10*ms + ms/4}, []history.Time{first.From, first.To})
	require.Equal(t, 1, first.Faults[0].ID)
	require.Equal(t, []int64{29, 30, 2}, []int64{second.FirstOffset, second.LastOffset, second.Records})
	require.Equal(t, 3, second.Faults[0].ID)
}

// Two kills of a member, each before it could commit: two windows of records
// processed twice, each with its fault, and not with that of another client.
// A window has neighbouring offsets of one kind, group and partition.
func TestWindowsJoinNeighbours(t *testing.T) {
	f := newFindings(Claim{}, &names{groups: []string{"g", "h"}})
	for _, found := range []finding{
		{anomaly: LostWrite, offset: 7, from: 30, to: 90},
		{anomaly: LostWrite, offset: 6, from: 20, to: 95},
		{anomaly: LostWrite, offset: 9, from: 40, to: 50},
		{anomaly: LostWrite, offset: 8, partition: 1, from: 40, to: 50},
		{anomaly: Duplicate, offset: 8, from: 40, to: 50},
		{anomaly: Unseen, offset: 3, group: 1, from: 1, to: 2},
		{anomaly: Unseen, offset: 4, group: 2, from: 1, to: 2},
		{anomaly: Unseen, offset: 5, group: 2, from: 5, to: 6},
	} {
		f.add(found, func() Witness { return Witness{} })
	}
	var windows []string
	d := f.damage()
	for _, w := range d.Windows {
		windows = append(windows, fmt.Sprintf("%s %s %d: %d at %d-%d, %d-%d", w.Anomaly, w.Group, w.Partition, w.Records, w.FirstOffset, w.LastOffset, w.From, w.To))
	}
	require.EqualValues(t, 8, d.Records)
	require.ElementsMatch(t, []string{
		"lost write  0: 2 at 6-7, 20-95", "lost write  0: 1 at 9-9, 40-50", "lost write  1: 1 at 8-8, 40-50", "duplicate  0: 1 at 8-8, 40-50",
		"unseen g 0: 1 at 3-3, 1-2", "unseen h 0: 2 at 4-5, 1-6"}, windows)
}

func TestDamageOfAGroupNamesItsFault(t *testing.T) {
	const ms = 1_000_000
	h := history.New()
	h.Client(0, "web-0", 1)
	for i := range 3 {
		h.Client(history.ClientID(1+i), "billing-0", 1+i)
	}
	h.Client(9, "audit-0", 1)
	h.Group(3, "billing")
	h.Partition(0, "orders", 0)
	h.Fault(history.Fault{ID: 1, Kind: "kill", Targets: []string{"broker-1"}, Start: 19 * ms, End: 21 * ms})
	h.Fault(history.Fault{ID: 2, Kind: "kill", Targets: []string{"billing-0"}, Start: 20 * ms, End: 22 * ms})
	h.Fault(history.Fault{ID: 3, Kind: "kill", Targets: []string{"audit-0"}, Start: 38 * ms, End: 41 * ms})
	h.Fault(history.Fault{ID: 4, Kind: "power_loss", Targets: []string{"billing-0"}, Start: 40 * ms, End: 42 * ms})
	work := func(client history.ClientID, at history.Time, from, to int64) {
		op := history.Process{Client: client, Group: 3, Call: at, Return: at + ms}
		for o := from; o < to; o++ {
			op.Records = append(op.Records, history.Seen{Offset: o, Record: history.NewRecordID(0, uint32(o+1))})
		}
		h.Process(op)
	}
	work(1, 10*ms, 0, 8)
	work(2, 25*ms, 5, 8)
	work(2, 30*ms, 8, 20)
	work(3, 45*ms, 16, 20)

	r := judge(t, h, Claim{Guarantee: AtMostOnce})
	require.Equal(t, []AnomalyCount{{DoubleProcessing, 7}}, r.Anomalies)
	require.EqualValues(t, 27, r.Judged)
	require.EqualValues(t, 7, r.Damage.Records)
	require.Len(t, r.Damage.Windows, 2)
	first, second := r.Damage.Windows[0], r.Damage.Windows[1]
	require.Equal(t, []int64{5, 7, 3}, []int64{first.FirstOffset, first.LastOffset, first.Records})
	require.Equal(t, []history.Time{10 * ms, 26 * ms}, []history.Time{first.From, first.To})
	require.Equal(t, "billing", first.Group)
	require.Equal(t, 2, first.Faults[0].ID)
	require.Equal(t, []int64{16, 19, 4}, []int64{second.FirstOffset, second.LastOffset, second.Records})
	require.Equal(t, 4, second.Faults[0].ID)
	require.Equal(t, "billing", r.Witness().Group)

	require.Equal(t, Violated, judge(t, h, Claim{Guarantee: AtMostOnce, Scope: Scope{Groups: []string{"audit", "billing"}}}).Verdict)
	for _, other := range []Scope{{Groups: []string{"audit"}}, {Topics: []string{"invoices"}}} {
		r := judge(t, h, Claim{Guarantee: AtMostOnce, Scope: other})
		require.Equal(t, Holds, r.Verdict)
		require.False(t, r.Exercised)
	}
}

func TestScopeNarrowsAClaim(t *testing.T) {
	h := history.New()
	h.Client(0, "web-0", 1)
	h.Client(1, "billing-0", 1)
	h.Client(2, "audit-0", 1)
	h.Client(3, "observer", 1)
	one, two := history.NewRecordID(0, 1), history.NewRecordID(0, 2)
	h.Partition(0, "orders", 0)
	h.Partition(1, "invoices", 0)
	h.Produce(history.Produce{Record: one, Partition: 0, Call: 1, Return: 2, Offset: 0})
	h.Produce(history.Produce{Record: two, Partition: 1, Call: 3, Return: 4, Offset: 0})
	h.Read(history.Read{Client: 1, Call: 5, Return: 6, Next: 1, Records: []history.Seen{{Offset: 0, Record: one}}})
	h.Read(history.Read{Client: 2, Call: 5, Return: 6, Next: 1})
	h.Read(history.Read{Client: 3, Call: 7, Return: 8, Next: 1, Records: []history.Seen{{Offset: 0, Record: one}}, Final: true})
	h.Cover(history.Cover{Partition: 0, Call: 7, Return: 8, End: 1, Complete: true})
	h.Cover(history.Cover{Partition: 1, Call: 7, Return: 8, Complete: true})

	require.Equal(t, Violated, judge(t, h, Claim{Guarantee: NoLoss}).Verdict)
	require.Equal(t, Holds, judge(t, h, Claim{Guarantee: NoLoss, Scope: Scope{Topics: []string{"orders"}}}).Verdict)
	require.Equal(t, Violated, judge(t, h, Claim{Guarantee: NoSkips}).Verdict)
	require.Equal(t, Holds, judge(t, h, Claim{Guarantee: NoSkips, Scope: Scope{Readers: []string{"billing-0"}}}).Verdict)
}

func TestDense(t *testing.T) {
	var d dense[int]
	for _, i := range []int64{1 << 40, 3, -5, 511, 512, 1<<40 + 1} {
		*d.at(i) = int(i)
	}
	require.Nil(t, d.peek(1<<30))
	require.Equal(t, 3, d.get(3))
	require.Zero(t, d.get(4))
	var up, down, part []int
	d.all(func(_ int64, v *int) bool {
		if *v != 0 {
			up = append(up, *v)
		}
		return true
	})
	d.descend(func(_ int64, v *int) {
		if *v != 0 {
			down = append(down, *v)
		}
	})
	for _, to := range []int64{1<<40 + 1, 513} {
		d.ascend(4, to, func(i int64, v *int) bool {
			if *v != 0 {
				part = append(part, *v)
			}
			return true
		})
	}
	require.Equal(t, []int{-5, 3, 511, 512, 1 << 40, 1<<40 + 1}, up)
	require.Equal(t, []int{1<<40 + 1, 1 << 40, 512, 511, 3, -5}, down)
	require.Equal(t, []int{511, 512, 1 << 40, 511, 512}, part)
	for from, many := range map[int64]int{511: 2, -6: 1} {
		visited := 0
		d.ascend(from, 1<<50, func(int64, *int) bool { visited++; return visited < many })
		require.Equal(t, many, visited, "it stops where it is told")
	}
	d.ascend(3, 3, func(int64, *int) bool { require.Fail(t, "nothing is in between"); return true })

	is := func(v *int) bool { return *v != 0 }
	for _, within := range [][3]int64{{-10, 1 << 50, 1<<40 + 1}, {-10, 1<<40 + 1, 1 << 40}, {0, 512, 511}, {0, 511, 3}, {4, 511, -1}, {3, 4, 3}, {513, 1 << 40, -1}} {
		require.Equal(t, within[2], d.lastIn(within[0], within[1], is), within)
	}
}
