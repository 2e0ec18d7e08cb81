package checkers

import (
	"strings"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

// Which faults are told beside a finding, and in which order.
func TestFaultsThatExplain(t *testing.T) {
	at := func(kind, target string, start, end history.Time) history.Fault {
		return history.Fault{Kind: kind, Targets: []string{target}, Start: start, End: end}
	}
	// The operations took from 100 to 200; partition 0 lies on broker-1 and broker-2.
	shown := func(until history.Time) finding { return finding{from: 100, to: 200, until: until} }
	byClient := shown(200)
	byClient.client = 1 // web-0
	cases := []struct {
		name    string
		finding finding
		faults  []history.Fault
		want    []int // numbers from 1, in the order of faults
	}{
		{"none", shown(200), nil, nil},
		{"the one that overlaps", shown(200), []history.Fault{at("pause", "broker-3", 10, 99), at("pause", "broker-3", 10, 100), at("pause", "broker-3", 201, 300)}, []int{2}},
		{"those that overlap, nearest to the start first", shown(200),
			[]history.Fault{at("pause", "broker-3", 10, 150), at("reset", "broker-1", 180, 180), at("delay", "broker-1", 90, 400), at("slow_disk", "broker-1", 200, 400)}, []int{3, 2, 1}},
		{"none overlaps: the last before", shown(200), []history.Fault{at("kill", "broker-1", 10, 20), at("pause", "broker-1", 30, 40), at("kill", "broker-1", 25, 50)}, []int{2}},
		{"shown later: the next one after", shown(900), []history.Fault{at("pause", "broker-1", 30, 40), at("pause", "broker-1", 500, 600), at("pause", "broker-1", 300, 400)}, []int{3}},
		{"what came when it had shown is no cause", shown(900), []history.Fault{at("pause", "broker-1", 30, 40), at("pause", "broker-1", 901, 950)}, []int{1}},
		{"at the moment when it showed", shown(900), []history.Fault{at("pause", "broker-1", 30, 40), at("pause", "broker-1", 900, 950)}, []int{2}},
		{"a power loss of a replica comes before what overlaps", shown(900), []history.Fault{at("pause", "broker-1", 100, 200), at("power_loss", "broker-2", 700, 800)}, []int{2, 1}},
		{"of one that has no replica it does not", shown(900), []history.Fault{at("pause", "broker-1", 100, 200), at("power_loss", "broker-3", 700, 800)}, []int{1}},
		{"of two power losses the nearer", shown(900), []history.Fault{at("power_loss", "broker-1", 700, 800), at("power_loss", "broker-2", 300, 310)}, []int{2}},
		{"a kill that is nearer, and the power loss beside it", shown(900), []history.Fault{at("power_loss", "broker-1", 700, 800), at("kill", "broker-2", 300, 310)}, []int{2, 1}},
		{"a kill that is farther is not told", shown(900), []history.Fault{at("power_loss", "broker-1", 300, 310), at("kill", "broker-2", 700, 800)}, []int{1}},
		{"nor one as near", shown(900), []history.Fault{at("power_loss", "broker-1", 300, 310), at("kill", "broker-2", 300, 800)}, []int{1}},
		{"one that was under way is nearest", shown(900), []history.Fault{at("power_loss", "broker-1", 201, 310), at("power_loss", "broker-2", 50, 200)}, []int{2}},
		{"one that had ended counts from its end", shown(900), []history.Fault{at("power_loss", "broker-1", 260, 310), at("power_loss", "broker-2", 90, 150)}, []int{2}},
		{"of two as near the first", shown(900), []history.Fault{at("power_loss", "broker-2", 300, 310), at("power_loss", "broker-1", 300, 400)}, []int{1}},
		{"the client's own kill", byClient, []history.Fault{at("kill", "broker-1", 150, 160), at("kill", "web-0", 150, 160)}, []int{2, 1}},
		{"another client's is not", byClient, []history.Fault{at("kill", "web-1", 150, 160), at("reset", "broker-1", 190, 190)}, []int{1, 2}},
		{"no more than three", shown(200), []history.Fault{at("pause", "broker-1", 110, 150), at("pause", "broker-2", 120, 150), at("pause", "broker-1", 130, 150), at("pause", "broker-1", 140, 150)}, []int{1, 2, 3}},
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			n := names{holders: [][]string{{"broker-1", "broker-2"}}}
			n.Client(0, "web-0", 1)
			n.Client(1, "web-1", 1)
			for i, fault := range c.faults {
				fault.ID = i + 1
				n.Fault(fault)
			}
			var told []int
			for _, fault := range n.explain(c.finding) {
				told = append(told, fault.ID)
			}
			require.Equal(t, c.want, told)
		})
	}
	// Where nobody knows who holds a partition, all but other clients are concerned.
	n := names{}
	n.Client(0, "web-0", 1)
	n.Fault(at("kill", "web-0", 300, 310))
	n.Fault(at("kill", "broker-9", 700, 800))
	require.Equal(t, []string{"broker-9"}, n.explain(shown(900))[0].Targets)
}
