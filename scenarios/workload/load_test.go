package workload

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers/history"
	"assay/clients"
	"assay/internal/chance"
	"assay/internal/kafka"
)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestShareOfRate(t *testing.T) {
	require.Equal(t, 8*time.Millisecond, ShareOfRate(500, 4))
	require.Equal(t, time.Second, ShareOfRate(1, 1))
	require.Equal(t, 3*time.Millisecond, Load{Arrival: Constant, Gap: 3 * time.Millisecond}.next(0, newRandom()))
}

func TestZipfFollowsItsLaw(t *testing.T) {
	for _, theta := range []float64{0, 0.5, 0.99, 1, 1.5} {
		const keys, n = 1000, 200_000
		z := NewZipf(keys, theta)
		random := newRandom()
		counts := make([]int, keys)
		for range n {
			counts[z.Draw(random)]++
		}
		total := 0.0
		for rank := range keys {
			total += math.Pow(float64(rank+1), -theta)
		}
		for _, rank := range []int{0, 1, 2, 9, 99, 999} {
			want := n * math.Pow(float64(rank+1), -theta) / total
			require.InDelta(t, want, counts[rank], 5*math.Sqrt(want)+1, "theta %v rank %d", theta, rank)
		}
	}
}

func TestIntegerPowers(t *testing.T) {
	for _, v := range []uint64{1, 2, 3, 10, 1000, 999_983, 1 << 40} {
		require.InDelta(t, math.Log2(float64(v)), float64(log2(v))/(1<<32), 1e-9)
	}
	for _, x := range []float64{0, 0.25, 0.5, 1, 3.75, 12.3} {
		got := float64(exp2Negative(uint64(x*(1<<32)))) / float64(one)
		require.InEpsilon(t, math.Exp2(-x), got, 1e-6)
	}
	require.Equal(t, uint64(1), exp2Negative(60<<32), "no key is impossible")
}

func TestKeys(t *testing.T) {
	next := func(m *keyMaker) string { return string(m.next([]byte("field"))) }
	m := &keyMaker{keys: Keys{Distribution: RoundRobinKeys, Count: 3}}
	require.Equal(t, []string{"k0", "k1", "k2", "k0"}, []string{next(m), next(m), next(m), next(m)})
	require.Nil(t, (&keyMaker{}).next(nil))
	require.Equal(t, "field", next(&keyMaker{keys: Keys{Distribution: FieldKeys}}))
	seen := map[string]bool{}
	m = &keyMaker{keys: Keys{Distribution: UniformKeys, Count: 5}, random: newRandom()}
	for range 200 {
		seen[next(m)] = true
	}
	require.Len(t, seen, 5)
}

func TestFileValues(t *testing.T) {
	content := []byte("{\"id\": 7, \"to\": \"BER\"}\r\n\n{\"id\": 8, \"to\": \"M\\u0055C\"}\n{\"id\": 9, \"to\": \"HAM\"}")
	v, err := FileValues(content, false, "to")
	require.NoError(t, err)
	m := newValueMaker(v, 1, 2, newRandom())
	require.Equal(t, "MUC", string(m.next().Key), "the second instance of two begins with the second line")
	require.Equal(t, "BER", string(m.next().Key))
	v, err = FileValues(content, true, "id")
	require.NoError(t, err)
	m = newValueMaker(v, 0, 1, newRandom())
	keys := []string{string(m.next().Key), string(m.next().Key), string(m.next().Key)}
	slices.Sort(keys)
	require.Equal(t, []string{"7", "8", "9"}, keys, "shuffled lines come once each")

	for content, want := range map[string]string{
		"{\"a\": 1}\n{\"b\": 1}": `line 2: no field "a"`,
		"{\"a\": null}":          `line 1: no field "a"`,
		"{\"a\": 1}\n\nnonsense": "line 3: not a JSON object",
		"\n \n":                  "the file has no lines",
	} {
		_, err := FileValues([]byte(content), false, "a")
		require.ErrorIs(t, err, ErrPayload)
		require.ErrorContains(t, err, want)
	}
}

func TestSizedValues(t *testing.T) {
	require.Len(t, newValueMaker(SizedValues(1024), 0, 1, newRandom()).next().Value, 1024)
	require.Empty(t, newValueMaker(SizedValues(0), 0, 1, newRandom()).next().Value)
}

func TestHistogramAgainstExactQuantiles(t *testing.T) {
	random := newRandom()
	var h, half Histogram
	var exact []time.Duration
	for i := range 10_000 {
		d := chance.Exponential(20*time.Millisecond, random)
		exact = append(exact, d)
		if i%2 == 0 {
			h.Record(d)
		} else {
			half.Record(d)
		}
	}
	h.Add(&half)
	slices.Sort(exact)
	for _, perMille := range []uint64{1, 500, 900, 990, 999, 1000} {
		want := exact[perMille*10-1]
		require.InEpsilon(t, want, h.Quantile(perMille), 0.035, "%d of a thousand", perMille)
		require.GreaterOrEqual(t, h.Quantile(perMille), want)
	}
	require.Equal(t, exact[0], h.Min())
	require.Equal(t, exact[9999], h.Max())
	require.Equal(t, uint64(10_000), h.Count())
	counted := uint64(0)
	h.Buckets(func(_ time.Duration, n uint64) { counted += n })
	require.Equal(t, h.Count(), counted)
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	require.Zero(t, h.Quantile(990))
	require.Zero(t, h.Mean())
	h.Record(-5)
	h.Record(0)
	h.Record(100 * time.Hour)
	require.Equal(t, 100*time.Hour, h.Max())
	require.Equal(t, 100*time.Hour, h.Quantile(1000))
	for d := time.Duration(1); d < 1<<45; d = d*3/2 + 1 {
		require.LessOrEqual(t, min(d, upperBound(histogramBuckets-1)), upperBound(bucketOf(d)))
		if b := bucketOf(d); b > 0 {
			require.Greater(t, d, upperBound(b-1))
		}
	}
}

// sink keeps the produces.
type sink struct {
	history.Sink
	produces []history.Produce
	names    []string
}

func (s *sink) Client(_ history.ClientID, name string, incarnation int) {
	s.names = append(s.names, history.ClientName{Name: name, Incarnation: incarnation}.String())
}
func (s *sink) Partition(history.PartitionID, string, int32) {}
func (s *sink) Produce(p history.Produce)                    { s.produces = append(s.produces, p) }

// What an incarnation leaves open at its death is indeterminate, reported
// once, when the next begins; what the dead say afterwards does not count.
func TestRecorderClosesWhatTheDeadLeftOpen(t *testing.T) {
	now := history.Time(5)
	s := &sink{}
	r := NewRecorder(s, func() history.Time { return now }, nil)
	name := kafka.TopicPartition{Topic: "orders", Partition: 2}
	first := r.Begin("web-0")
	for range 3 {
		first.Sent(name, 9, 1)
	}
	now = 10
	first.Delivered(clients.Delivery{Cookie: 2, Offset: 77, Attempts: 300})
	require.Equal(t, 2, r.Open())
	now = 20
	second := r.Begin("web-0")
	require.Zero(t, r.Open())
	first.Delivered(clients.Delivery{Cookie: 1, Offset: 78})
	second.Sent(name, 0, 20)
	r.Finish()

	record := history.NewRecordID
	require.Equal(t, []history.Produce{
		{Record: record(1, 2), Key: 9, Call: 5, Return: 10, Outcome: history.OK, Attempts: 255, Offset: 77},
		{Record: record(1, 1), Key: 9, Call: 5, Return: history.Infinity, Outcome: history.Indeterminate, Offset: -1},
		{Record: record(1, 3), Key: 9, Call: 5, Return: history.Infinity, Outcome: history.Indeterminate, Offset: -1},
		{Record: record(2, 1), Call: 20, Return: history.Infinity, Outcome: history.Indeterminate, Offset: -1},
	}, s.produces)
	require.Equal(t, []string{"web-0", "web-0 (incarnation 2)"}, s.names)
	require.Equal(t, uint64(3), r.Metrics().Indeterminate)
}

// Settled sends are dropped from the front, whatever the order of outcomes.
func TestSessionMemoryStaysSmall(t *testing.T) {
	s := &sink{}
	r := NewRecorder(s, func() history.Time { return 1 }, nil)
	session := r.Begin("web-0")
	name := kafka.TopicPartition{Topic: "orders"}
	random := newRandom()
	var open []uint64
	for range 20_000 {
		open = append(open, uint64(session.NextRecord().Send()))
		session.Sent(name, 0, 0)
		if len(open) > 100 {
			i := random.IntN(50)
			session.Delivered(clients.Delivery{Cookie: open[i]})
			open = slices.Delete(open, i, i+1)
		}
	}
	require.Less(t, len(session.sends), 3000)
	require.Equal(t, 100, r.Open())
	seen := map[history.RecordID]bool{}
	for _, p := range s.produces {
		require.False(t, seen[p.Record])
		seen[p.Record] = true
	}
}

// TestBursts: all sends of an interval come within its first part, and the mean
// is that of the whole.
func TestBursts(t *testing.T) {
	load := Load{Arrival: Burst, Gap: 10 * time.Millisecond, Interval: 2 * time.Second, On: 300 * time.Millisecond}
	random := newRandom()
	at, count := time.Duration(0), 0
	for {
		at += load.next(at, random)
		if at >= 200*time.Second {
			break
		}
		count++
		require.Less(t, at%load.Interval, load.On, "send %d at %s", count, at)
	}
	require.InDelta(t, 20_000, count, 600)

	// From within a pause the next burst is next, and a gap of hours does not overflow.
	next := 700*time.Millisecond + load.next(700*time.Millisecond, random)
	require.GreaterOrEqual(t, next, load.Interval)
	rare := Load{Arrival: Burst, Gap: 1000 * time.Hour, Interval: 24 * time.Hour, On: 12 * time.Hour}
	require.Positive(t, rare.next(0, random))
}

// groupEvents are what a history keeps of a group's consumer, in order.
type groupEvents struct {
	history.Ignore
	list []any
}

func (g *groupEvents) Group(id history.GroupID, name string) { g.list = append(g.list, name) }
func (g *groupEvents) Process(op history.Process) {
	op.Records = slices.Clone(op.Records)
	g.list = append(g.list, op)
}
func (g *groupEvents) Commit(op history.Commit)     { g.list = append(g.list, op) }
func (g *groupEvents) GroupEnd(op history.GroupEnd) { g.list = append(g.list, op) }

// TestGroupHistory: work on records in a row is one operation, what a commit
// tells of comes before it, and the death of a client closes what is open.
func TestGroupHistory(t *testing.T) {
	events, now := &groupEvents{}, history.Time(0)
	recorder := NewRecorder(events, func() history.Time { return now }, nil)
	s := recorder.Begin("billing-0")
	zero, one := kafka.TopicPartition{Topic: "orders"}, kafka.TopicPartition{Topic: "orders", Partition: 1}
	done := func(at history.Time, partition kafka.TopicPartition, offset int64) {
		now = at
		s.Processed("billing", partition, history.Seen{Offset: offset, Record: 7}, at-1)
	}
	done(10, zero, 3)
	done(12, zero, 4)
	done(14, one, 8)
	now = 15
	s.Committing("billing", -1, []clients.CommitOffset{{Partition: zero, Offset: 5}, {Partition: one, Offset: 9}})
	now = 18
	s.Committed("billing", -1, 15, []clients.CommitResult{{Partition: zero, Offset: 5}, {Partition: one, Offset: 9, Outcome: clients.Failed, Error: 22}})
	done(20, zero, 5)
	s.Committing("billing", -1, []clients.CommitOffset{{Partition: zero, Offset: 6}})
	now = 30
	recorder.Begin("billing-0") // it died
	s.Committed("billing", -1, 20, nil)
	s.Processed("billing", zero, history.Seen{}, 30)
	s.GroupEnded("billing", zero, 5, nil)
	auditor := recorder.BeginUnmeasured("auditor")
	auditor.GroupEnded("billing", zero, 5, nil)
	auditor.GroupEnded("billing", one, -1, errors.New("nobody answers"))

	seen := func(offset int64) history.Seen { return history.Seen{Offset: offset, Record: 7} }
	commit := func(partition history.PartitionID, offset int64, call, ret history.Time, outcome history.Outcome, code int16) history.Commit {
		return history.Commit{Client: 1, Partition: partition, Generation: -1, Call: call, Return: ret, Outcome: outcome, Error: code, Offset: offset}
	}
	require.Equal(t, []any{
		"billing",
		history.Process{Client: 1, Call: 9, Return: 12, Records: []history.Seen{seen(3), seen(4)}},
		history.Process{Client: 1, Partition: 1, Call: 13, Return: 14, Records: []history.Seen{seen(8)}},
		commit(0, 5, 15, 18, history.OK, 0),
		commit(1, 9, 15, 18, history.Failed, 22),
		history.Process{Client: 1, Call: 19, Return: 20, Records: []history.Seen{seen(5)}},
		commit(0, 6, 20, history.Infinity, history.Indeterminate, 0),
		history.GroupEnd{At: 30, Known: true, Offset: 5},
		history.GroupEnd{Partition: 1, At: 30, Offset: -1},
	}, events.list)
}
