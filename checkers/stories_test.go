package checkers

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// judge gives one claim's result and checks that a panel says the same.
func judge(t *testing.T, h *history.History, c Claim) Result {
	checker, err := New(c)
	require.NoError(t, err)
	h.Replay(checker)
	return checker.Result()
}

func counts(r Result) string {
	var parts []string
	for _, a := range r.Anomalies {
		parts = append(parts, fmt.Sprintf("%s %d", a.Name, a.Count))
	}
	return strings.Join(parts, ", ")
}

func TestStories(t *testing.T) {
	for _, s := range readStories(t, "testdata/stories.txt") {
		t.Run(s.name, func(t *testing.T) {
			require.NotEmpty(t, s.expect)
			for _, e := range s.expect {
				r := judge(t, s.history, e.claim)
				verdict := r.Verdict.String()
				if r.Reason == "nothing exercised" {
					verdict = "nothing"
				}
				require.Equal(t, e.verdict, verdict, "%s: %s", e.claim.Guarantee, r.Reason)
				require.Equal(t, e.anomalies, counts(r), "%s: %s", e.claim.Guarantee, r.Reason)
				require.Len(t, r.Witnesses, len(r.Anomalies))
				var told int64
				for _, w := range r.Damage.Windows {
					told += w.Records
				}
				require.Equal(t, r.Damage.Records, told)
			}
		})
	}
}

// Every guarantee must have stories that it rejects with each of its anomalies,
// and such as it accepts.
func TestStoriesAreComplete(t *testing.T) {
	accepted := map[Guarantee]bool{}
	rejected := map[Guarantee]map[Anomaly]bool{}
	for _, s := range readStories(t, "testdata/stories.txt") {
		for _, e := range s.expect {
			g := e.claim.Guarantee
			accepted[g] = accepted[g] || e.verdict == "holds"
			for _, a := range anomalies {
				if strings.Contains(e.anomalies, string(a)) {
					if rejected[g] == nil {
						rejected[g] = map[Anomaly]bool{}
					}
					rejected[g][a] = true
				}
			}
		}
	}
	for _, d := range Guarantees {
		require.True(t, accepted[d.Guarantee], "no story that %s accepts", d.Guarantee)
		for _, a := range d.Anomalies {
			if d.Guarantee == FreshReads && a != StaleRead && a != Reordered {
				continue // the same code as linearizable-log
			}
			require.True(t, rejected[d.Guarantee][a], "no story in which %s finds %q", d.Guarantee, a)
		}
		require.Len(t, rejected[d.Guarantee], len(rejected[d.Guarantee]))
	}
}

// Every anomaly is described once, and named by some guarantee.
func TestAnomaliesAreDescribed(t *testing.T) {
	named := map[Anomaly]bool{}
	for _, d := range Guarantees {
		for _, a := range d.Anomalies {
			named[a] = true
		}
	}
	for i, d := range Anomalies {
		require.NotEmpty(t, d.Meaning)
		require.True(t, named[d.Anomaly], d.Anomaly)
		require.Equal(t, i, slices.Index(anomalies, d.Anomaly), "described twice: %s", d.Anomaly)
		delete(named, d.Anomaly)
	}
	require.Empty(t, named, "not described")
}

// The witnesses' sentences, to be read.
func TestWitnessesAreTold(t *testing.T) {
	var out bytes.Buffer
	for _, s := range readStories(t, "testdata/stories.txt") {
		for _, e := range s.expect {
			r := judge(t, s.history, e.claim)
			if r.Verdict == Holds {
				continue
			}
			fmt.Fprintf(&out, "%s\n  %s %s: %s\n", s.name, e.claim.Guarantee, r.Verdict, r.Reason)
			fmt.Fprintf(&out, "    of %d judged, %d undecided\n", r.Judged, r.Undecided)
			for _, w := range r.Damage.Windows {
				fmt.Fprintf(&out, "    %s%s: %d at offsets %d to %d of %s, %s .. %s\n", strings.TrimLeft(w.Group+" ", " "), w.Anomaly, w.Records, w.FirstOffset, w.LastOffset, w.Name, Clock(w.From), Clock(w.To))
			}
			for _, w := range r.Witnesses {
				if w.Sentence != r.Reason {
					fmt.Fprintf(&out, "  also %s: %s\n", w.Anomaly, w.Sentence)
				}
				for _, op := range w.Ops {
					fmt.Fprintf(&out, "    %s .. %s  %s %s\n", Clock(op.Call), Clock(op.Return), op.Name, op.What)
				}
				if w.Advice != "" {
					fmt.Fprintf(&out, "    %s\n", w.Advice)
				}
				for _, f := range w.Faults {
					fmt.Fprintf(&out, "    %s\n", TellFault(f))
				}
			}
		}
	}
	const golden = "testdata/witnesses.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}

// cast gathers who takes part in a history.
type cast struct {
	history.Ignore
	names     map[history.ClientID]string
	committed bool // whether only readers of committed records are meant
	all       Scope
}

// Client implements history.Sink.
func (c *cast) Client(id history.ClientID, name string, _ int) { c.names[id] = name }

// Partition implements history.Sink.
func (c *cast) Partition(_ history.PartitionID, topic string, _ int32) {
	c.all.Topics = append(c.all.Topics, topic)
}

// Group implements history.Sink.
func (c *cast) Group(_ history.GroupID, name string) { c.all.Groups = append(c.all.Groups, name) }

// Read implements history.Sink.
func (c *cast) Read(op history.Read) {
	if op.Committed || !c.committed {
		c.all.Readers = append(c.all.Readers, c.names[op.Client])
	}
}

// named narrows a guarantee's claim to some of the names.
func named(g Guarantee, names Scope) Scope {
	switch d, _ := Describe(g); {
	case d.Scope == GroupScope:
		return Scope{Groups: names.Groups}
	case d.Scope == ReaderScope && g != AtomicTransactions:
		return Scope{Readers: names.Readers}
	default:
		return Scope{Topics: names.Topics}
	}
}

// A claim that names what a story tells of is judged as one that names nothing;
// one that names something else has nothing to judge.
func TestStoriesUnderScopes(t *testing.T) {
	for _, s := range readStories(t, "testdata/stories.txt") {
		for _, e := range s.expect {
			if !reflect.DeepEqual(e.claim, Claim{Guarantee: e.claim.Guarantee, Within: e.claim.Within, Quiet: e.claim.Quiet}) {
				continue
			}
			in := cast{names: map[history.ClientID]string{}, committed: e.claim.Guarantee == NoAbortedReads}
			s.history.Replay(&in)
			whole, own, foreign := e.claim, e.claim, e.claim
			own.Scope = named(e.claim.Guarantee, in.all)
			foreign.Scope = named(e.claim.Guarantee, Scope{Topics: []string{"elsewhere"}, Readers: []string{"nobody"}, Groups: []string{"nobody"}})
			want, got, nothing := judge(t, s.history, whole), judge(t, s.history, own), judge(t, s.history, foreign)
			require.Equal(t, want.Verdict, got.Verdict, "%s: %s", s.name, e.claim.Guarantee)
			require.Equal(t, want.Anomalies, got.Anomalies, "%s: %s", s.name, e.claim.Guarantee)
			// What is atomic spans topics, circles go through all readers, and the faults are the cluster's.
			if e.claim.Guarantee != AtomicTransactions && e.claim.Guarantee != Recovers && !strings.Contains(e.anomalies, string(CircularFlow)) {
				require.Equal(t, Holds, nothing.Verdict, "%s: %s elsewhere", s.name, e.claim.Guarantee)
				require.False(t, nothing.Exercised, "%s: %s elsewhere", s.name, e.claim.Guarantee)
			}
		}
	}
}

// The same of pipelines: theirs are from orders to invoices, by group g.
func TestStoriesUnderPaths(t *testing.T) {
	for _, s := range readStories(t, "testdata/stories.txt") {
		for _, e := range s.expect {
			if e.claim.Guarantee != ExactlyOnce {
				continue
			}
			path, want := e.claim.Path, judge(t, s.history, e.claim)
			for _, same := range []Path{{To: path.To, Observer: path.Observer}, {From: path.From, Observer: path.Observer}, {path.From, path.To, nil, "g", path.Observer}} {
				got := judge(t, s.history, Claim{Guarantee: ExactlyOnce, Path: same})
				require.Equal(t, want.Verdict, got.Verdict, "%s: %v", s.name, same)
				require.Equal(t, want.Anomalies, got.Anomalies, "%s: %v", s.name, same)
			}
			for _, other := range []Path{{From: "elsewhere", Observer: path.Observer}, {Group: "nobody", Observer: path.Observer}} {
				got := judge(t, s.history, Claim{Guarantee: ExactlyOnce, Path: other})
				require.Equal(t, Holds, got.Verdict, "%s: %v", s.name, other)
				require.False(t, got.Exercised, "%s: %v", s.name, other)
			}
		}
	}
}

// One panel for all claims says what one checker for each says.
func TestPanelAgreesWithSingleCheckers(t *testing.T) {
	var claims []Claim
	for _, d := range Guarantees {
		claims = append(claims, Claim{Guarantee: d.Guarantee})
	}
	for _, s := range readStories(t, "testdata/stories.txt") {
		panel, err := NewPanel(claims)
		require.NoError(t, err)
		s.history.Replay(panel)
		for i, r := range panel.Results() {
			require.Equal(t, judge(t, s.history, claims[i]), r, "%s: %s", s.name, claims[i].Guarantee)
		}
	}
}
