package crosscheck

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"testing"

	"assay/checkers"
	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

var histories = flag.Int("histories", 1_200, "how many random histories to compare")

// world makes a history of a correct log by running its operations in a random
// order, each taking effect somewhere between its call and its return.
type world struct {
	random   *rand.Rand
	log      []history.RecordID
	produces []history.Produce
	reads    []history.Read
	lengths  []history.ListOffsets
	sent     []uint32
}

func newWorld(random *rand.Rand) *world {
	clients := 1 + random.IntN(4)
	w := &world{random: random, sent: make([]uint32, clients)}
	now := history.Time(0)
	unknown := 0
	for range 4 + random.IntN(25) {
		now += history.Time(random.IntN(4))
		from, to := now-history.Time(random.IntN(12)), now+history.Time(random.IntN(12))
		client := history.ClientID(random.IntN(clients))
		from += 12 // no time before the run
		to += 12
		switch kind := random.IntN(10); {
		case kind < 5:
			w.sent[client]++
			op := history.Produce{Record: history.NewRecordID(client, w.sent[client]), Call: from, Return: to, Attempts: 1,
				Offset: int64(len(w.log))}
			switch outcome := random.IntN(10); {
			case outcome == 0:
				op.Outcome, op.Offset = history.Failed, history.NoOffset
			case outcome < 4 && unknown < 4:
				unknown++
				op.Outcome, op.Offset, op.Return = history.Indeterminate, history.NoOffset, history.Infinity
				if outcome == 1 {
					w.produces = append(w.produces, op) // it took no effect
					continue
				}
			case outcome == 4:
				op.Offset = history.NoOffset // acks=0
			}
			if op.Outcome != history.Failed {
				w.log = append(w.log, op.Record)
			}
			w.produces = append(w.produces, op)
		case kind < 8 && len(w.log) > 0:
			w.read(client, from, to)
		default:
			w.lengths = append(w.lengths, history.ListOffsets{Client: client, Call: from, Return: to, End: int64(len(w.log))})
		}
	}
	return w
}

func (w *world) read(client history.ClientID, from, to history.Time) {
	start := w.random.IntN(len(w.log))
	end := start + 1 + w.random.IntN(len(w.log)-start)
	op := history.Read{Client: client, Call: from, Return: to, From: int64(start), Next: int64(end), HighWatermark: history.NoOffset}
	for i := start; i < end; i++ {
		op.Records = append(op.Records, history.Seen{Offset: int64(i), Record: w.log[i]})
	}
	w.reads = append(w.reads, op)
}

// mutate breaks the history in one place, perhaps.
func (w *world) mutate() {
	random := w.random
	switch kind := random.IntN(9); {
	case kind == 0 && len(w.produces) > 0: // another time
		op := &w.produces[random.IntN(len(w.produces))]
		shift := history.Time(random.IntN(60))
		op.Call += shift
		if op.Return != history.Infinity {
			op.Return += shift
		}
	case kind == 1 && len(w.produces) > 0: // another offset
		op := &w.produces[random.IntN(len(w.produces))]
		if op.Outcome == history.OK && op.Offset != history.NoOffset {
			op.Offset = max(0, op.Offset+int64(random.IntN(5)-2))
		}
	case kind == 2 && len(w.produces) > 0: // another outcome
		op := &w.produces[random.IntN(len(w.produces))]
		op.Outcome, op.Offset = history.Failed, history.NoOffset
		if op.Return == history.Infinity {
			op.Return = op.Call + 5
		}
	case kind == 3 && len(w.produces) > 0: // never sent
		i := random.IntN(len(w.produces))
		w.produces = append(w.produces[:i], w.produces[i+1:]...)
	case kind == 4 && len(w.reads) > 0: // another record
		op := &w.reads[random.IntN(len(w.reads))]
		op.Records[random.IntN(len(op.Records))].Record = w.log[random.IntN(len(w.log))]
	case kind == 5 && len(w.reads) > 0: // the whole read elsewhere
		op := &w.reads[random.IntN(len(w.reads))]
		op.From++
		op.Next++
		for i := range op.Records {
			op.Records[i].Offset++
		}
	case kind == 6 && len(w.reads) > 0: // earlier
		op := &w.reads[random.IntN(len(w.reads))]
		back := min(op.Call, history.Time(random.IntN(60)))
		op.Call, op.Return = op.Call-back, op.Return-back
	case kind == 7 && len(w.lengths) > 0:
		op := &w.lengths[random.IntN(len(w.lengths))]
		op.End = max(0, op.End+int64(random.IntN(5)-2))
	case kind == 8 && len(w.lengths) > 0:
		op := &w.lengths[random.IntN(len(w.lengths))]
		back := min(op.Call, history.Time(random.IntN(60)))
		op.Call, op.Return = op.Call-back, op.Return-back
	}
}

// history records in a random order: the checkers must not mind.
func (w *world) history() *history.History {
	h := history.New()
	for i := range w.sent {
		h.Client(history.ClientID(i), string(rune('a'+i)), 1)
	}
	h.Partition(0, "orders", 0)
	// The log is known to start at 0; that nothing covers it decides nothing here.
	h.Cover(history.Cover{})
	var steps []func()
	for _, op := range w.produces {
		steps = append(steps, func() { h.Produce(op) })
	}
	for _, op := range w.reads {
		steps = append(steps, func() { h.Read(op) })
	}
	for _, op := range w.lengths {
		steps = append(steps, func() { h.ListOffsets(op) })
	}
	w.random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	for _, step := range steps {
		step()
	}
	return h
}

// The sweep and the search must agree on every history.
func TestSweepAgreesWithSearch(t *testing.T) {
	tally := map[[2]bool]int{}
	for seed := range *histories {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		w := newWorld(random)
		for range random.IntN(3) {
			w.mutate()
		}
		h := w.history()
		for _, exact := range []bool{false, true} {
			claim := checkers.Claim{Guarantee: checkers.LinearizableLog}
			if exact {
				claim.Guarantee = checkers.FreshReads
			}
			checker, err := checkers.New(claim)
			require.NoError(t, err)
			h.Replay(checker)
			result := checker.Result()
			searched, ok := Linearizable(h, 0, exact)
			require.True(t, ok)
			if searched == (result.Verdict == checkers.Violated) {
				var text bytes.Buffer
				require.NoError(t, h.WriteNDJSON(&text))
				require.Fail(t, "the sweep and the search disagree", "seed %d, exact %v: the search says linearizable=%v, the sweep %s: %s\n%s",
					seed, exact, searched, result.Verdict, result.Reason, text.String())
			}
			tally[[2]bool{exact, searched}]++
		}
	}
	// The comparison is worth something only with many histories of each kind.
	for _, exact := range []bool{false, true} {
		require.Greater(t, tally[[2]bool{exact, true}], *histories/5, "linearizable ones, exact %v", exact)
		require.Greater(t, tally[[2]bool{exact, false}], *histories/5, "others, exact %v", exact)
	}
	t.Log(tally)
}

func TestTooManyOperationsAreNotSearched(t *testing.T) {
	h := history.New()
	h.Partition(0, "orders", 0)
	for i := range Limit + 1 {
		h.Produce(history.Produce{Record: history.NewRecordID(0, uint32(i+1)), Call: 1, Return: 2, Offset: int64(i)})
	}
	_, ok := Linearizable(h, 0, false)
	require.False(t, ok)
}

// A witness in the middle of a long history is drawn with its neighbours, its
// fault, and nothing from afar.
func TestDrawShowsTheNeighbourhood(t *testing.T) {
	h := history.New()
	h.Client(0, "web-0", 1)
	h.Client(1, "web-1", 1)
	h.Client(2, "observer", 1)
	h.Partition(0, "orders", 0)
	h.Fault(history.Fault{ID: 7, Kind: "power_loss", Targets: []string{"broker-1"}, Start: 50_000, End: 50_500})
	var seen []history.Seen
	for i := range 1000 {
		client, at := history.ClientID(i%2), history.Time(i)*100
		if i == 500 {
			at += 5_000 // called after many later offsets were acknowledged
		}
		record := history.NewRecordID(client, uint32(i/2+1))
		h.Produce(history.Produce{Record: record, Call: at, Return: at + 50, Attempts: 1, Offset: int64(i)})
		seen = append(seen, history.Seen{Offset: int64(i), Record: record})
	}
	h.Read(history.Read{Client: 2, Call: 200_000, Return: 200_100, Next: 1000, HighWatermark: 1000, Records: seen, Final: true})
	h.Cover(history.Cover{Call: 200_000, Return: 200_200, End: 1000, Complete: true})

	checker, err := checkers.New(checkers.Claim{Guarantee: checkers.LinearizableLog})
	require.NoError(t, err)
	h.Replay(checker)
	result := checker.Result()
	require.Equal(t, checkers.Violated, result.Verdict)
	require.Equal(t, []int64{500}, result.Witness().Offsets)

	page, err := Draw(h, *result.Witness())
	require.NoError(t, err)
	require.Contains(t, string(page), "send web-0#251 @500")
	require.Contains(t, string(page), "power_loss of broker-1")
	require.Regexp(t, `observer reads web-\d#\d+ \.\. web-\d#\d+, \d+ records, @\d+`, string(page))
	require.NotContains(t, string(page), "@900")

	// From the file, with a witness as a result keeps it, come the same bytes.
	var file bytes.Buffer
	require.NoError(t, h.Save(&file))
	kept := checkers.Witness{Anomaly: result.Witness().Anomaly, Name: "orders/0", Offsets: result.Witness().Offsets}
	for _, op := range result.Witness().Ops {
		kept.Ops = append(kept.Ops, checkers.Operation{Name: op.Name, Call: op.Call, Return: op.Return})
	}
	again, err := DrawSaved(file.Bytes(), kept)
	require.NoError(t, err)
	require.Equal(t, string(page), string(again))

	g := gather(h, 0)
	cut := g.around(*result.Witness())
	require.LessOrEqual(t, len(cut.operations), Shown)
	require.Greater(t, len(cut.operations), Shown/2)

	_, err = Draw(h, checkers.Witness{Name: "orders/0"})
	require.ErrorContains(t, err, "names no offset")
	_, err = Draw(h, checkers.Witness{Name: "orders/1", Offsets: []int64{0}})
	require.ErrorContains(t, err, `no partition "orders/1"`)
	_, err = Draw(h, checkers.Witness{Name: "orders/0", Offsets: []int64{5000}})
	require.ErrorContains(t, err, "nothing was sent to")
	_, err = DrawSaved([]byte("hello"), checkers.Witness{})
	require.ErrorContains(t, err, "not a line of a history")
}

// A search that would explode ends after its number of steps, and the page says so.
func TestDrawEndsAfterItsSteps(t *testing.T) {
	h := history.New()
	h.Partition(0, "orders", 0)
	for i := range 2 {
		h.Client(history.ClientID(i), []string{"web-0", "web-1"}[i], 1)
	}
	one, two := history.NewRecordID(0, 1), history.NewRecordID(1, 1)
	h.Produce(history.Produce{Record: one, Call: 1, Return: 2, Attempts: 1, Offset: 0})
	h.Produce(history.Produce{Record: two, Call: 500, Return: 501, Attempts: 1, Offset: 0})
	// Many reads at one time, in any order, and none of them can be last.
	for i := range 30 {
		h.Client(history.ClientID(2+i), "reader-"+string(rune('a'+i)), 1)
		h.Read(history.Read{Client: history.ClientID(2 + i), Call: 10, Return: 600, Next: 1, HighWatermark: 1, Records: []history.Seen{{Record: one}}})
	}
	page, err := Draw(h, checkers.Witness{Anomaly: checkers.InconsistentOffset, Name: "orders/0", Offsets: []int64{0}})
	require.NoError(t, err)
	require.Contains(t, string(page), "the search for an order ended after")
}
