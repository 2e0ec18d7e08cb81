package storage

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/sim"
)

// ledger is what the world outside a writer remembers of its log.
type ledger struct {
	t        *testing.T
	model    []stored
	ever     map[kafka.Offset][][]byte
	durable  kafka.Offset // the recovery point
	safe     kafka.Offset // a truncation to here was begun and not ended
	power    bool         // the last stop was a power loss
	mark     kafka.Offset // the high watermark: below it nothing is truncated
	sequence kafka.Sequence
	epoch    kafka.LeaderEpoch
	counts   map[*host.Point]int
	restarts int
	open     int // transactions that were found open, added up
	// truncations, including those that a kill cut short
	truncations int
}

// writer is a node that writes one partition, with everything in small.
type writer struct {
	host   host.Host
	ledger *ledger
	dir    *LogDir
	log    *Log
}

func (w *writer) Start(h host.Host) {
	w.host = h
	config := DefaultConfig()
	config.SegmentBytes, config.IndexIntervalBytes, config.ProducerIDExpiration, config.VerifyTransactions = 1500, 200, Forever, false
	var err error
	w.dir, _, err = OpenDir(h.FS(), "logs", DirOptions{Identity: Identity{1, "c", "d"}, Now: h.Wall(), Observer: h,
		ConfigFor: func(string) *Config { return config }})
	require.NoError(w.ledger.t, err)
	if w.log = w.dir.Log(crashPartition); w.log == nil {
		w.log, err = w.dir.CreateLog(crashPartition, kafka.TopicID{1}, h.Wall())
		require.NoError(w.ledger.t, err)
	}
	w.ledger.compare(w.log)
	h.WakeAt(h.Now().Add(time.Millisecond))
}

// compare checks a log that was just opened against the ledger and takes over
// what it has.
func (g *ledger) compare(l *Log) {
	g.restarts++
	now := (&crashTest{log: l}).read(g.t)
	bound := g.durable
	if !g.power {
		bound = g.safe
	}
	for i, s := range g.model {
		if s.header.LastOffset() < min(bound, g.safe) {
			require.Less(g.t, i, len(now), "offset %d is gone, the recovery point was %d", s.header.BaseOffset, g.durable)
			require.True(g.t, bytes.Equal(s.bytes, now[i].bytes), "offset %d changed", s.header.BaseOffset)
		}
	}
	producers := ProducerStates{expiration: Forever}
	for _, s := range now {
		known := slices.ContainsFunc(g.ever[s.header.BaseOffset], func(b []byte) bool { return bytes.Equal(b, s.bytes) })
		require.True(g.t, known, "offset %d was never written so", s.header.BaseOffset)
		producers.take(&s.header, s.bytes)
		g.epoch = max(g.epoch, s.header.LeaderEpoch)
	}
	require.Equal(g.t, producers.List(), l.Producers().List())
	require.Equal(g.t, producers.transactions.open, l.OpenTransactions())
	require.Equal(g.t, producers.transactions.appendAborted(nil, 0, 1<<62), l.AppendAborted(nil, 0, 1<<62))
	g.open += len(l.OpenTransactions())
	g.model, g.power, g.safe, g.durable = now, false, 1<<62, l.RecoveryPoint()
	g.mark = min(g.mark, l.LogEndOffset()) // a follower that lost data is behind, and catches up
	g.resume()
}

// resume sets the sequence that the producer goes on with.
func (g *ledger) resume() {
	g.sequence = 0
	for _, s := range g.model {
		if !s.header.IsControl() {
			g.sequence = s.header.LastSequence().Add(1)
		}
	}
}

func (w *writer) Wake() {
	g, chance := w.ledger, w.host.Rand("writer")
	switch chance.IntN(12) {
	case 0:
		if n := len(g.model); n > 0 {
			keep := max(0, n-1-chance.IntN(20))
			at := g.model[keep].header.BaseOffset
			if at < g.mark {
				break
			}
			g.safe = at
			g.truncations++
			require.NoError(g.t, w.log.TruncateTo(at, w.host.Wall()))
			g.model, g.durable, g.safe = g.model[:keep], min(g.durable, w.log.RecoveryPoint()), 1<<62
			g.epoch++
			g.resume()
		}
	case 1:
		w.log.Flush()
	case 3:
		w.mark(chance)
	case 2:
		if n := len(g.model); n > 0 {
			g.mark = max(g.mark, g.model[max(0, n-1-chance.IntN(20))].header.BaseOffset)
		}
		require.NoError(g.t, w.dir.Checkpoint(func(l *Log) kafka.Offset { return g.mark }))
	default:
		w.append(chance)
	}
	w.host.WakeAt(w.host.Now().Add(time.Millisecond))
}

func (w *writer) append(chance *rand.Rand) {
	g := w.ledger
	var b batch.Builder
	for range 1 + chance.IntN(3) {
		b.Append(w.host.Wall().Millis(), nil, make([]byte, chance.IntN(200)), nil)
	}
	b.SetProducer(7, 0, g.sequence)
	b.SetTransactional()
	sent := b.Finish()
	h := w.willStore(sent)
	_, err := w.log.AppendAsLeader(sent, g.epoch, w.host.Wall())
	require.NoError(g.t, err)
	g.model = append(g.model, h)
	g.sequence = h.header.LastSequence().Add(1)
}

// mark ends the open transaction, or ends nothing.
func (w *writer) mark(chance *rand.Rand) {
	g := w.ledger
	m := Marker{ProducerID: 7, Commit: chance.IntN(2) == 0}
	h := w.willStore(m.appendTo(nil, w.host.Wall()))
	_, err := w.log.AppendMarker(m, g.epoch, w.host.Wall())
	require.NoError(g.t, err)
	g.model = append(g.model, h)
}

// willStore remembers a batch before it is written: a kill may come in between.
func (w *writer) willStore(sent []byte) stored {
	g := w.ledger
	own := slices.Clone(sent)
	batch.SetBaseOffsetAndEpoch(own, w.log.LogEndOffset(), g.epoch)
	h, err := batch.ReadHeader(own)
	require.NoError(g.t, err)
	g.ever[h.BaseOffset] = append(g.ever[h.BaseOffset], own)
	return stored{h, own}
}

func (w *writer) Done(op host.Op, err error) {
	require.NoError(w.ledger.t, err)
	_, mine := w.dir.Done(op, err)
	require.True(w.ledger.t, mine)
	w.ledger.durable = w.log.RecoveryPoint()
}

func (w *writer) Opened(host.Conn, host.Addr)      {}
func (w *writer) Received(host.Conn, host.Message) {}
func (w *writer) Closed(host.Conn, error)          {}

// TestCrashesInTheSimulator kills a writer, also in the middle of steps, and
// takes its power, at random times.
func TestCrashesInTheSimulator(t *testing.T) {
	counts := map[*host.Point]int{}
	restarts, truncations, open := 0, 0, 0
	for seed := range uint64(20) {
		g := &ledger{t: t, ever: map[kafka.Offset][][]byte{}, safe: 1 << 62, counts: counts}
		w := sim.New(sim.Config{Seed: seed})
		w.AddNode(sim.NodeSpec{Name: "b1", Factory: func() host.Node { return &writer{ledger: g} }})
		w.Observe(func(_ string, _ sim.Time, e host.Event) { counts[e.Point]++ })
		w.Start("b1")
		chance := w.Stream("crashes")
		for range 25 {
			w.Run(w.Now().Add(time.Duration(1 + chance.Int64N(int64(80*time.Millisecond)))))
			switch chance.IntN(4) {
			case 0:
				w.Kill("b1")
			case 1:
				w.KillMidStep("b1", 1+chance.IntN(30), 50*time.Millisecond)
				w.Run(w.Now().Add(60 * time.Millisecond))
			case 2:
				g.power = w.PowerLoss("b1", sim.Tear, chance)
			case 3:
				g.power = w.PowerLoss("b1", sim.LoseUnsynced, nil)
			}
			if !w.Up("b1") {
				w.Start("b1")
			}
		}
		restarts += g.restarts
		truncations += g.truncations
		open += g.open
	}
	require.Greater(t, restarts, 400)
	require.Greater(t, truncations, 400)
	require.Greater(t, open, 200, "restarts with an open transaction")
	for _, p := range []*host.Point{PointSegmentRoll, PointRecovered, PointRecoveryTruncated, PointFlushed} {
		require.Positive(t, counts[p], "never came to %s", p.Name)
	}
}
