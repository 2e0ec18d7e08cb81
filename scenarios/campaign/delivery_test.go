package campaign

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/checkers/history"
	"assay/internal/kafka"
	"assay/scenarios/result"
	"assay/scenarios/workload"
)

func window(a checkers.Anomaly, name string, first, last int64, kinds ...string) checkers.Window {
	w := checkers.Window{Anomaly: a, Name: name, FirstOffset: first, LastOffset: last, Records: last - first + 1}
	for _, kind := range kinds {
		w.Faults = append(w.Faults, history.Fault{Kind: kind})
	}
	return w
}

func found(windows ...checkers.Window) checkers.Result {
	r := checkers.Result{}
	counts := map[checkers.Anomaly]int64{}
	for _, w := range windows {
		r.Damage.Windows = append(r.Damage.Windows, w)
		counts[w.Anomaly] += w.Records
	}
	for a, n := range counts {
		r.Anomalies = append(r.Anomalies, checkers.AnomalyCount{Name: a, Count: n})
	}
	return r
}

// TestExplainedDamage: a place counts once for a class, and in the row of each
// kind that explains it.
func TestExplainedDamage(t *testing.T) {
	crowded := found(window(checkers.Duplicate, "orders/2", 0, 0, "reset"))
	crowded.Anomalies[0].Count, crowded.Damage.Omitted = 41, 3
	got := explainedDamage([]checkers.Result{
		found(window(checkers.LostWrite, "orders/0", 10, 14, "kill", "kill", "pause")),
		found(window(checkers.LostWrite, "orders/0", 12, 16, "kill"), window(checkers.LostWrite, "orders/1", 12, 12)),
		found(window(checkers.Undrained, "orders/0", 0, 99, "kill")), // no damage to records
		crowded,
	}, nil)
	require.Equal(t, []Explained{
		{result.Duplicated, result.AllFaults, 41}, {result.Lost, result.AllFaults, 8},
		{result.Lost, "kill", 7}, {result.Lost, result.NoFault, 1}, {result.Lost, "pause", 5},
		{result.Duplicated, "reset", 1}, {result.Duplicated, result.Unattributed, 40},
	}, got)
	require.Empty(t, explainedDamage([]checkers.Result{{}}, nil))
}

// TestLeftOutOnPurpose: no fault explains what an application was told to leave out,
// in the groups and at the places where it did.
func TestLeftOutOnPurpose(t *testing.T) {
	unseen := window(checkers.Unseen, "orders/0", 10, 14, "kill")
	unseen.Group = "billing"
	elsewhere := window(checkers.Unseen, "orders/0", 11, 11, "pause")
	elsewhere.Group = "audit"
	orders := kafka.TopicPartition{Topic: "orders", Partition: 0}
	got := explainedDamage([]checkers.Result{found(unseen, elsewhere, window(checkers.LostWrite, "orders/1", 12, 12, "kill"))},
		[]workload.LeftOut{{Group: "billing", Partition: orders, Offset: 11}, {Group: "billing", Partition: orders, Offset: 12}, {Group: "billing", Partition: orders, Offset: 99}})
	require.Equal(t, []Explained{{result.Lost, result.AllFaults, 7}, {result.Lost, "kill", 4}, {result.Lost, result.LeftOut, 2}, {result.Lost, "pause", 1}}, got)
}

// TestDeliveryMatrix: kinds that did no damage have their zeros, and classes that
// no claim looks for are left out.
func TestDeliveryMatrix(t *testing.T) {
	var m deliveryMatrix
	m.add(Summary{FaultKinds: result.Counters{"kill": 2, "pause": 1}, Explained: []Explained{{result.Lost, "kill", 3}, {result.Lost, result.AllFaults, 3}}})
	m.add(Summary{FaultKinds: result.Counters{"kill": 1}})
	lost := func(n int64) result.Counters { return result.Counters{result.Lost: n} }
	require.Equal(t, []result.Delivery{
		{Fault: result.AllFaults, Applied: 4, Seeds: 2, Records: lost(3)},
		{Fault: "kill", Applied: 3, Seeds: 2, Records: lost(3)}, {Fault: "pause", Applied: 1, Seeds: 1, Records: lost(0)},
		{Fault: result.NoFault, Records: lost(0)},
	}, m.result([]string{result.Lost}, 2))
	require.Nil(t, m.result(nil, 2))
}
