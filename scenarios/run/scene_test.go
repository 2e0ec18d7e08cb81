package run

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/checkers/history"
	"assay/scenarios"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// shipped loads a shipped scenario without value files.
func shipped(t testing.TB, name string) format.Scenario {
	t.Helper()
	source, err := scenarios.Find(name)
	require.NoError(t, err)
	file, diagnostics := format.Load(source, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	return file.Base
}

// told plays a seed that violates something, and once more to tell of it.
func told(t testing.TB, s *format.Scenario, seed uint64) (first, again *Outcome) {
	t.Helper()
	first, err := Simulate(s, seed, nil, Options{})
	require.NoError(t, err)
	tell := &Tell{}
	for _, judged := range first.Claims {
		if judged.Verdict == checkers.Violated {
			tell.Claims = append(tell.Claims, TellClaim{judged.Claim, witnessOf(judged.Witness(), first)})
		}
	}
	require.NotEmpty(t, tell.Claims, "seed %#x violates nothing", seed)
	again, err = Simulate(s, seed, nil, Options{Tell: tell})
	require.NoError(t, err)
	require.Len(t, again.Scenes, len(tell.Claims))
	return first, again
}

func witnessOf(w *checkers.Witness, o *Outcome) result.Witness {
	of := result.Witness{Anomaly: string(w.Anomaly), Partition: w.Name, Offsets: w.Offsets, Sentence: w.Sentence}
	for _, op := range w.Ops {
		returned := int64(op.Return)
		if op.Return == history.Infinity {
			returned = -1
		}
		of.Operations = append(of.Operations, result.Operation{Client: op.Name, What: op.What, Call: int64(op.Call), Return: returned})
	}
	for _, f := range w.Faults {
		of.Faults = append(of.Faults, o.Faults[f.ID-1].Spec.ID)
	}
	return of
}

// TestTellingChangesNothing: a run that is told of is the same run.
func TestTellingChangesNothing(t *testing.T) {
	s := shipped(t, "museum/hw-truncate-loss")
	first, again := told(t, &s, 0x101a)
	require.Equal(t, first.Digest, again.Digest)
	require.Equal(t, first.Events, again.Events)
	require.Equal(t, first.Claims, again.Claims)
	require.Equal(t, first.Exercise, again.Exercise)
	require.Empty(t, first.Scenes)
	_, third := told(t, &s, 0x101a)
	require.Equal(t, again.Scenes, third.Scenes)
}

// TestScenesHaveTheStory: what a newcomer must see of each kind of violation, in
// this order.
func TestScenesHaveTheStory(t *testing.T) {
	for _, c := range []struct {
		scenario string
		seed     uint64
		claim    string
		story    []string
	}{
		{"museum/hw-truncate-loss", 0x101a, "no-loss", []string{
			"web-0 sends web-0#294",
			"web-0 > broker-1 Produce web-0#294 (acks=all)",
			"broker-1 appends web-0#294 at offset 293, epoch 1",
			"broker-1 > broker-2 Fetch response: web-0#294 at 293",
			"broker-2 copies web-0#294 at offset 293",
			"broker-1 raises its high watermark to 294: web-0#294 is committed",
			"web-0 is told: acknowledged at offset 293",
			"broker-1 is cut off from broker-2, outgoing only (t2)",
			"broker-1 > broker-2 Fetch response: offset 294 LOST the network partition held it up",
			"broker-2 cuts its log from 294 back to 293: web-0#294 is gone from it",
			"broker-1 is killed (t4)",
			"controller-3 makes broker-2 the leader, epoch 3 (t5 asks for it)",
			"broker-2 leads in epoch 3, its log ends at 293: without web-0#294",
			"broker-3 cuts its log from 294 back to 293: web-0#294 is gone from it",
			"broker-2 appends web-0#300 at offset 293, epoch 3: the place that web-0#294 had",
			"broker-2 > auditor Fetch response: web-0#300 at 293",
			"auditor reads the whole log at the end and does not find web-0#294: lost write",
		}},
		{"museum/retry-no-idempotence", 0x98, "no-duplicates", []string{
			"broker-1 is cut off from web-0, outgoing only (t1)",
			"broker-1 appends web-0#322 at offset 321",
			"broker-1 > web-0 Produce response: web-0#322 at offset 321 LOST",
			"web-0 loses all its connections (t2)",
			"web-0 > broker-1 Produce web-0#322, request 2",
			"broker-1 appends web-0#322 at offset 322",
			"auditor reads the whole log at the end: duplicate",
		}},
		{"museum/epoch-lookup-offset-only", 0x279, "log-agreement", []string{
			"broker-1 appends west-2#83 at offset 564, epoch 1",
			"broker-2 leads in epoch 2, its log ends at 564",
			"broker-2 appends east-2#82 at offset 564, epoch 2",
			"broker-2 holds batch 564-564 of epoch 2",
		}},
		{"museum/consumer-no-truncation-check", 0x320, "no-skips", []string{
			"broker-1 > reader-0 Fetch response: web-0#119 at 118",
			"broker-1 is killed",
			"controller-1 has made an unclean election: broker-3 was not in sync",
			"broker-1 cuts its log from 273 back to 118",
			"broker-3 appends web-0#274 at offset 118, epoch 3",
			"broker-3 > reader-0 Fetch response: offsets 240 to 602, behind 118",
		}},
		{"museum/bounce-fencing", 0x903, "no-loss", []string{
			"broker-2 appends web-0#1 at offset 0, epoch 0",
			"broker-2 loses power, unsynced data is lost (t2)",
			"broker-2 begins with an empty log: web-0#1 is gone from it",
			"broker-2 leads in epoch 2, its log ends at 0: without web-0#1",
			"broker-3 cuts its log from 196 back to 0: web-0#1 is gone from it",
		}},
		{"museum/hw-truncate-diverge", 0x101b, "log-agreement", []string{
			"broker-1 copies web-7#46 at offset 422",
			"broker-2 loses power, unsynced data is lost (t5)",
			"broker-2 recovers its log, which ends at 422: web-7#46 is gone from it",
			"broker-2 appends web-5#55 at offset 422, epoch 3",
		}},
		{"hung-transaction", 0x4046, "recovers", []string{
			"invoicing-0 is cut off from broker-1, outgoing only (t3)",
			"invoicing-0 sends invoicing-0#110",
			"invoicing-0 > broker-1 Produce invoicing-0#110 (acks=all)",
			"invoicing-0 is told of transaction 20 (invoicing-0#110 to 113): commit, failed (NETWORK_EXCEPTION)",
			"broker-2 decides to abort the transaction of invoicing-0",
			"broker-1 is asked to abort what invoicing-0 has in invoices/0",
			"broker-1 has the abort marker of invoicing-0 in invoices/0 committed",
			"invoicing-0 is killed (t4)",
			"broker-1 appends invoicing-0#110 at offset 129",
			"auditor hears from the leader that the last stable offset of invoices/0 is 129 and its high watermark 362: hung transaction",
		}},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			s := shipped(t, c.scenario)
			_, again := told(t, &s, c.seed)
			i := slices.IndexFunc(again.Scenes, func(scene result.Scene) bool { return scene.Claim == c.claim })
			require.GreaterOrEqual(t, i, 0)
			requireSound(t, again.Scenes[i])
			requireStory(t, linesOf(again.Scenes[i]), c.story)
		})
	}
}

// TestScenesOfGroups: where a consumer went on, and what its group had processed
// and committed before.
func TestScenesOfGroups(t *testing.T) {
	const seed = 0xc0257
	for _, c := range []struct {
		claim  string
		commit format.Commit
		story  []string
	}{
		{"at-most-once", format.CommitAfterProcess, []string{
			"broker-2 appends web-0#102 at offset 101",
			"billing-1 goes on at its group's committed offset 101",
			"broker-2 > billing-1 Fetch response: web-0#102 at 101",
			"billing-1 processes web-0#102",
			"billing-1 is killed",
			"billing-1 goes on at its group's committed offset 101: 101 comes again",
			"broker-2 > billing-1 Fetch response: web-0#102 at 101",
			"billing-1 processes web-0#102, offset 101 of orders/1, for group billing, as number 1 of 72 records: double processing",
		}},
		{"at-least-once", format.CommitBeforeProcess, []string{
			"web-0 is told: acknowledged at offset 101",
			"broker-2 > billing-1 Fetch response: web-0#102 at 101",
			"billing-1 > broker-2 OffsetCommit 139 for group billing",
			"billing-1 commits offset 139 of orders/1 for group billing: accepted",
			"billing-1 is killed",
			"billing-1 goes on at its group's committed offset 139: 101 is left out",
			"auditor hears from the coordinator that group billing has committed offset 227 of orders/1: unseen",
		}},
	} {
		t.Run(c.claim, func(t *testing.T) {
			s := shipped(t, "consumer-restart")
			s.Workload.Consumers[0].Commit = c.commit
			_, again := told(t, &s, seed)
			i := slices.IndexFunc(again.Scenes, func(scene result.Scene) bool { return scene.Claim == c.claim })
			require.GreaterOrEqual(t, i, 0)
			requireSound(t, again.Scenes[i])
			requireStory(t, linesOf(again.Scenes[i]), c.story)
		})
	}
}

// requireStory: the lines have the parts, in this order.
func requireStory(t *testing.T, lines, story []string) {
	t.Helper()
	rest := lines
	for _, part := range story {
		at := slices.IndexFunc(rest, func(line string) bool { return strings.Contains(line, part) })
		require.GreaterOrEqual(t, at, 0, "%q does not come where it should in:\n%s", part, strings.Join(lines, "\n"))
		rest = rest[at+1:]
	}
}

// requireSound: a scene is consistent in itself.
func requireSound(t *testing.T, s result.Scene) {
	t.Helper()
	known := func(lane string) {
		require.True(t, slices.ContainsFunc(s.Lanes, func(l result.Lane) bool { return l.Name == lane }), "there is no lane %s", lane)
	}
	kinds := ""
	for _, lane := range s.Lanes {
		kinds += lane.Kind[:2]
	}
	require.Regexp(t, `^(cl)*(br)*(co)*$`, kinds)
	require.LessOrEqual(t, len(s.Messages)+len(s.Marks)+2*len(s.Gaps), maxEvents)
	for _, m := range s.Messages {
		known(m.From)
		known(m.To)
		require.Equal(t, m.Arrived < 0, m.Lost != "")
		require.GreaterOrEqual(t, m.Sent, s.From)
		require.LessOrEqual(t, max(m.Sent, m.Arrived), s.To)
		require.Positive(t, m.Count)
	}
	for _, m := range s.Marks {
		known(m.Lane)
		require.GreaterOrEqual(t, m.At, s.From)
		require.LessOrEqual(t, m.At, s.To)
	}
	for _, g := range s.Gaps {
		known(g.Lane)
		require.Less(t, g.From, g.To)
	}
	for _, l := range s.Leaders {
		known(l.Broker)
		require.LessOrEqual(t, l.From, l.To)
	}
	require.NotEmpty(t, s.Marks)
}

// linesOf says a scene in lines, in order of time.
func linesOf(s result.Scene) []string {
	type line struct {
		at   int64
		text string
	}
	var lines []line
	for _, g := range s.Gaps {
		lines = append(lines, line{g.From, g.Lane + " " + g.What})
	}
	for _, m := range s.Marks {
		lines = append(lines, line{m.At, m.Lane + " " + m.What})
	}
	for _, m := range s.Messages {
		text := fmt.Sprintf("%s > %s %s", m.From, m.To, m.What)
		if m.Lost != "" {
			text += " LOST " + m.Lost
		}
		lines = append(lines, line{m.Sent, text})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(a.at - b.at) })
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

// TestWitnessWithoutPlace: a witness that names neither record nor partition
// still gives a scene of its operations.
func TestWitnessWithoutPlace(t *testing.T) {
	s := load(t, small)
	o, err := Simulate(&s, 1, nil, Options{Tell: &Tell{Claims: []TellClaim{
		{"recovers", result.Witness{Anomaly: "undrained", Operations: []result.Operation{{Client: "the cluster", What: "has no working leader", Call: 4e9, Return: 4e9}}}},
		{"no-loss", result.Witness{Anomaly: "lost write", Partition: "nowhere/7", Offsets: []int64{3}}},
	}}})
	require.NoError(t, err)
	require.Len(t, o.Scenes, 2)
	require.Equal(t, []string{"auditor has no working leader: undrained"}, linesOf(o.Scenes[0]))
	require.Empty(t, o.Scenes[1].Marks)
}

func message(at int64, what string, weight int) sighting {
	return sighting{weight: weight, at: at, message: &result.Message{From: "a", To: "b", Sent: at, Arrived: at + 1, What: what, Count: 1}}
}

func mark(at int64, lane, what string, weight int) sighting {
	return sighting{weight: weight, at: at, mark: &result.Mark{Lane: lane, At: at, What: what, Kind: "epoch"}}
}

func whats(chosen []sighting) []string {
	var list []string
	for _, s := range chosen {
		if s.message != nil {
			list = append(list, fmt.Sprintf("%s x%d", s.message.What, s.message.Count))
		} else {
			list = append(list, s.mark.What)
		}
	}
	return list
}

func TestChoose(t *testing.T) {
	everything := span{from: 0, to: 1000, done: 1000}
	for _, c := range []struct {
		name   string
		all    []sighting
		within span
		limit  int
		want   []string
		left   int
	}{
		{"nothing", nil, everything, 10, nil, 0},
		{"in order of time", []sighting{mark(2, "a", "later", 80), mark(1, "a", "sooner", 80)}, everything, 10, []string{"sooner", "later"}, 0},
		{"what lies outside of the span", []sighting{mark(1, "a", "before", 90), mark(5, "a", "in", 90), mark(9, "a", "behind", 90)},
			span{from: 2, to: 8, done: 8}, 10, []string{"in"}, 2},
		{"what only fills", []sighting{mark(1, "a", "idle", weightIdle-1), mark(2, "a", "just", weightIdle)}, everything, 10, []string{"just"}, 1},
		{"after the damage", []sighting{mark(1, "a", "cause", 90), mark(6, "a", "later", 90), mark(7, "a", "the read", weightOperation)},
			span{from: 0, to: 10, done: 5}, 10, []string{"cause", "the read"}, 1},
		{"the least important goes, the later first", []sighting{mark(1, "a", "x", 50), mark(2, "b", "y", 90), mark(3, "c", "z", 50)}, everything, 2,
			[]string{"x", "y"}, 1},
		{"messages alike: all but the last are one", []sighting{message(1, "m", 60), message(2, "m", 60), message(3, "m", 60), message(4, "m", 60)},
			everything, 10, []string{"m x3", "m x1"}, 0},
		{"a turn of the story parts them", []sighting{message(1, "m", 60), mark(2, "a", "turn", 90), message(3, "m", 60), message(4, "m", 60)},
			everything, 10, []string{"m x1", "turn", "m x1", "m x1"}, 0},
		{"marks of one moment are one", []sighting{mark(1, "a", "x", 50), mark(1, "b", "z", 50), mark(1, "a", "y", 60)}, everything, 10, []string{"x; y", "z"}, 0},
		{"what was collapsed counts when it is left out", []sighting{message(1, "m", 60), message(2, "m", 60), message(3, "m", 60), mark(4, "a", "x", 90), mark(5, "b", "y", 90)},
			everything, 2, []string{"x", "y"}, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(c.all)
			chosen, left := choose(c.all, c.within, c.limit)
			require.Equal(t, c.want, whats(chosen))
			require.Equal(t, c.left, left)
			require.Equal(t, before, c.all, "the input is as it was")
		})
	}
}
