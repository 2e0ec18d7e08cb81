package storage

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"pgregory.net/rapid"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

func transactional(id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int) []byte {
	var b batch.Builder
	for range n {
		b.Append(testNow.Millis(), nil, []byte("v"), nil)
	}
	b.SetProducer(id, epoch, sequence)
	b.SetTransactional()
	return b.Finish()
}

// verified appends a transaction's batch after its coordinator has confirmed.
func verified(t testing.TB, l *Log, id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int) AppendInfo {
	if l.NeedsVerification(id, epoch) {
		guard := l.BeginVerification(id, epoch, sequence, false, testNow)
		require.NoError(t, l.Verified(id, epoch, guard))
	}
	return mustAppend(t, l, 0, transactional(id, epoch, sequence, n))
}

func mustMark(t testing.TB, l *Log, m Marker) AppendInfo {
	info, err := l.AppendMarker(m, 0, testNow)
	require.NoError(t, err)
	return info
}

func TestMarkerEndsATransaction(t *testing.T) {
	fs := newMemFS()
	l := openLog(t, fs, testOptions(nil))
	mustAppend(t, l, 0, records(testNow, "before"))
	verified(t, l, 7, 0, 0, 2)
	mustAppend(t, l, 0, transactional(7, 0, 2, 1))
	require.Equal(t, kafka.Offset(1), l.FirstUnstableOffset())
	require.Equal(t, []OpenTransaction{{7, 1}}, l.OpenTransactions())

	info := mustMark(t, l, Marker{ProducerID: 7, CoordinatorEpoch: 3})
	require.Equal(t, kafka.Offset(4), info.FirstOffset)
	require.Empty(t, l.OpenTransactions())
	require.Equal(t, kafka.Offset(1), l.FirstUnstableOffset(), "until the marker is committed")
	l.Committed(4)
	require.Equal(t, kafka.Offset(1), l.FirstUnstableOffset(), "the marker itself is not below the high watermark")
	l.Committed(5)
	require.Equal(t, kafka.NoOffset, l.FirstUnstableOffset())
	require.Equal(t, []AbortedTransaction{{7, 1, 4, 5}}, l.AppendAborted(nil, 0, 5))

	extent, err := l.Read(4, 1<<20, 5, true)
	require.NoError(t, err)
	whole, err := extent.Bytes()
	require.NoError(t, err)
	h, err := batch.Validate(whole)
	require.NoError(t, err)
	require.True(t, h.IsControl() && h.IsTransactional())
	var key, value []byte
	require.NoError(t, batch.ForEachRecord(whole, func(r batch.Record) error { key, value = r.Key, r.Value; return nil }))
	require.Equal(t, []byte{0, 0, 0, 0}, key, "version 0, type abort")
	require.Equal(t, []byte{0, 0, 0, 0, 0, 3}, value, "version 0, coordinator epoch 3")

	l = openLog(t, fs, testOptions(nil))
	require.Equal(t, []AbortedTransaction{{7, 1, 4, 5}}, l.AppendAborted(nil, 0, 5))
	_, err = l.AppendMarker(Marker{ProducerID: 7, CoordinatorEpoch: 2}, 0, testNow)
	require.ErrorIs(t, err, kerr.TransactionCoordinatorFenced, "a replaced coordinator, also after a restart")
}

func TestMarkersAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		marker Marker
		answer error
	}{
		"of the transaction":                      {Marker{ProducerEpoch: 4, CoordinatorEpoch: 2}, nil},
		"of an older epoch":                       {Marker{ProducerEpoch: 3, CoordinatorEpoch: 2}, kerr.InvalidProducerEpoch},
		"of a replaced coordinator":               {Marker{ProducerEpoch: 4, CoordinatorEpoch: 1}, kerr.TransactionCoordinatorFenced},
		"of the next epoch":                       {Marker{ProducerEpoch: 5, CoordinatorEpoch: 2}, nil},
		"version 2, of the next epoch":            {Marker{ProducerEpoch: 5, CoordinatorEpoch: 2, TransactionVersion: 2}, nil},
		"version 2, of the epoch: a late one":     {Marker{ProducerEpoch: 4, CoordinatorEpoch: 2, TransactionVersion: 2}, kerr.InvalidProducerEpoch},
		"version 2, of an older epoch":            {Marker{ProducerEpoch: 3, CoordinatorEpoch: 2, TransactionVersion: 2}, kerr.InvalidProducerEpoch},
		"version 1, of the epoch, is not told":    {Marker{ProducerEpoch: 4, CoordinatorEpoch: 2, TransactionVersion: 1}, nil},
		"of the transaction, by a newer":          {Marker{ProducerEpoch: 4, CoordinatorEpoch: 9, Commit: true}, nil},
		"of an older epoch by a replaced":         {Marker{ProducerEpoch: 3, CoordinatorEpoch: 1}, kerr.InvalidProducerEpoch},
		"version 2, next epoch, by a replaced":    {Marker{ProducerEpoch: 5, CoordinatorEpoch: 1, TransactionVersion: 2}, kerr.TransactionCoordinatorFenced},
		"version 2, an epoch beyond (of a fence)": {Marker{ProducerEpoch: 6, CoordinatorEpoch: 2, TransactionVersion: 2}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLog(t, newMemFS(), testOptions(nil))
			mustMark(t, l, Marker{ProducerID: 7, ProducerEpoch: 3, CoordinatorEpoch: 2})
			verified(t, l, 7, 4, 0, 1)
			end := l.LogEndOffset()
			c.marker.ProducerID = 7
			_, err := l.AppendMarker(c.marker, 0, testNow)
			if c.answer != nil {
				require.ErrorIs(t, err, c.answer)
				require.Equal(t, end, l.LogEndOffset())
				require.Len(t, l.OpenTransactions(), 1)
				return
			}
			require.NoError(t, err)
			require.Empty(t, l.OpenTransactions())
			_, err = l.AppendMarker(c.marker, 0, testNow)
			require.NoError(t, err, "the same again, as after a lost answer")
		})
	}
}

func TestFormerCoordinatorFlaw(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.Flaws.FormerCoordinatorMarks = true }))
	mustMark(t, l, Marker{ProducerID: 7, CoordinatorEpoch: 5})
	verified(t, l, 7, 0, 0, 1)
	mustMark(t, l, Marker{ProducerID: 7, CoordinatorEpoch: 4})
	require.Empty(t, l.OpenTransactions())
}

// TestEpochAfterAMarker: a marker of the next epoch fences what is still on its
// way (KIP-890 part 2), and the next transaction begins with sequence 0.
func TestEpochAfterAMarker(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(nil))
	verified(t, l, 7, 0, 0, 3)
	mustMark(t, l, Marker{ProducerID: 7, ProducerEpoch: 1, Commit: true, TransactionVersion: 2})
	require.Equal(t, kafka.ProducerEpoch(1), l.Producers().List()[0].Epoch)

	guard := l.BeginVerification(7, 0, 3, true, testNow)
	require.NoError(t, l.Verified(7, 0, guard))
	_, err := l.AppendAsLeader(transactional(7, 0, 3, 1), 0, testNow)
	require.ErrorIs(t, err, kerr.InvalidProducerEpoch, "late")
	guard = l.BeginVerification(7, 1, 3, true, testNow)
	require.NoError(t, l.Verified(7, 1, guard))
	_, err = l.AppendAsLeader(transactional(7, 1, 3, 1), 0, testNow)
	require.ErrorIs(t, err, kerr.OutOfOrderSequenceNumber, "the new epoch begins with 0")
	verified(t, l, 7, 1, 0, 1)
	_, err = l.AppendAsLeader(produced(7, 1, 1, 1), 0, testNow)
	require.ErrorIs(t, err, kerr.InvalidTxnState, "a plain record in the open transaction")
}

func TestVerification(t *testing.T) {
	begin := func(t *testing.T) (*Log, func(sequence kafka.Sequence) error) {
		l := openLog(t, newMemFS(), testOptions(nil))
		return l, func(sequence kafka.Sequence) error {
			_, err := l.AppendAsLeader(transactional(7, 0, sequence, 1), 0, testNow)
			return err
		}
	}
	t.Run("none", func(t *testing.T) {
		l, send := begin(t)
		require.True(t, l.NeedsVerification(7, 0))
		require.ErrorIs(t, send(0), kerr.InvalidTxnState)
		l.BeginVerification(7, 0, 0, false, testNow)
		require.ErrorIs(t, send(0), kerr.InvalidTxnState, "asked, not answered")
		require.Zero(t, l.LogEndOffset())
	})
	t.Run("once for a transaction", func(t *testing.T) {
		l, send := begin(t)
		guard := l.BeginVerification(7, 0, 0, false, testNow)
		require.NoError(t, l.Verified(7, 0, guard))
		require.True(t, l.NeedsVerification(7, 0), "nothing is open yet: another batch asks too")
		require.NoError(t, send(0))
		require.False(t, l.NeedsVerification(7, 0))
		require.NoError(t, send(1))
		mustMark(t, l, Marker{ProducerID: 7, Commit: true})
		require.True(t, l.NeedsVerification(7, 0))
		require.ErrorIs(t, send(2), kerr.InvalidTxnState, "late")
	})
	t.Run("a marker makes an answer worthless", func(t *testing.T) {
		l, send := begin(t)
		guard := l.BeginVerification(7, 0, 0, false, testNow)
		mustMark(t, l, Marker{ProducerID: 7})
		require.ErrorIs(t, l.Verified(7, 0, guard), kerr.InvalidTxnState)
		again := l.BeginVerification(7, 0, 0, false, testNow)
		require.ErrorIs(t, l.Verified(7, 0, guard), kerr.InvalidTxnState, "the answer is about the transaction before")
		require.ErrorIs(t, send(0), kerr.InvalidTxnState)
		require.NoError(t, l.Verified(7, 0, again))
		require.NoError(t, send(0))
	})
	t.Run("two batches ask at once", func(t *testing.T) {
		l, send := begin(t)
		first := l.BeginVerification(7, 0, 0, false, testNow)
		second := l.BeginVerification(7, 0, 1, false, testNow)
		require.NoError(t, l.Verified(7, 0, second))
		require.ErrorIs(t, send(1), kerr.OutOfOrderSequenceNumber, "one that was sent before still waits")
		require.NoError(t, l.Verified(7, 0, first))
		require.NoError(t, send(0))
		require.NoError(t, l.Verified(7, 0, second), "the transaction is open by now")
		require.NoError(t, send(1))
	})
	t.Run("version 2 begins with 0", func(t *testing.T) {
		l, send := begin(t)
		guard := l.BeginVerification(7, 0, 5, true, testNow)
		require.NoError(t, l.Verified(7, 0, guard))
		require.ErrorIs(t, send(5), kerr.OutOfOrderSequenceNumber)
	})
	t.Run("a coordinator's records are verified too, and have no sequence", func(t *testing.T) {
		l, _ := begin(t)
		b := transactional(7, 0, kafka.NoSequence, 1)
		_, err := l.AppendAsCoordinator(b, 0, testNow)
		require.ErrorIs(t, err, kerr.InvalidTxnState)
		guard := l.BeginVerification(7, 0, kafka.NoSequence, false, testNow)
		require.NoError(t, l.Verified(7, 0, guard))
		for range 3 {
			info, err := l.AppendAsCoordinator(b, 0, testNow)
			require.NoError(t, err)
			require.True(t, info.Appended)
		}
		require.Equal(t, []OpenTransaction{{7, 0}}, l.OpenTransactions())
	})
	t.Run("switched off", func(t *testing.T) {
		l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.VerifyTransactions = false }))
		mustAppend(t, l, 0, transactional(7, 0, 0, 1))
	})
	t.Run("forgotten with its producer", func(t *testing.T) {
		l, send := begin(t)
		guard := l.BeginVerification(7, 0, 0, false, testNow)
		l.ExpireProducers(testNow + host.WallTime(24*time.Hour))
		require.ErrorIs(t, l.Verified(7, 0, guard), kerr.InvalidTxnState)
		require.ErrorIs(t, send(0), kerr.InvalidTxnState)
	})
}

func TestOpenTransactionsDoNotExpire(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.ProducerIDExpiration = time.Minute }))
	verified(t, l, 7, 0, 0, 1)
	require.Zero(t, l.ExpireProducers(testNow+host.WallTime(time.Hour)))
	mustMark(t, l, Marker{ProducerID: 7})
	require.Equal(t, 1, l.ExpireProducers(testNow+host.WallTime(time.Hour)))
	require.Len(t, l.AppendAborted(nil, 0, 2), 1, "what was aborted stays aborted")
}

func TestSequenceWrapFlaw(t *testing.T) {
	const largest = kafka.Sequence(1<<31 - 1)
	for _, flawed := range []bool{false, true} {
		l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.Flaws.NoSequenceWrap = flawed }))
		mustAppend(t, l, 0, produced(5, 0, largest-1, 1))
		mustAppend(t, l, 0, produced(5, 0, largest, 1))
		_, err := l.AppendAsLeader(produced(5, 0, 0, 1), 0, testNow)
		if flawed {
			require.ErrorIs(t, err, kerr.OutOfOrderSequenceNumber)
		} else {
			require.NoError(t, err)
		}
	}
}

func TestSnapshotsOfOldVersionsAreRead(t *testing.T) {
	p := ProducerStates{expiration: Forever}
	h := batch.Header{ProducerID: 5, LastOffsetDelta: 1, MaxTimestamp: 9}
	p.take(&h, nil)
	plain := p.appendSnapshot(nil, 2, 0)
	require.Equal(t, []byte{0, 1}, plain[:2], "without transactions the file is what it was")
	q := ProducerStates{expiration: Forever}
	require.True(t, q.readSnapshot(plain, 2, 0))
	require.Equal(t, p.List(), q.List())
	require.Equal(t, kafka.NoEpoch, q.List()[0].CoordinatorEpoch)
	cut := make([]byte, len(plain))
	for n := range plain {
		require.False(t, q.readSnapshot(cut[:copy(cut, plain[:n])], 2, 0))
	}
	p.known = append(p.known, p.known[0])
	require.False(t, q.readSnapshot(p.appendSnapshot(nil, 2, 0), 2, 0), "a producer that is named twice")
	require.Zero(t, q.Len())
}

// event is one batch of a history, as a naive model remembers it.
type event struct {
	first, last   kafka.Offset
	producer      kafka.ProducerID
	transactional bool
	marker        bool
	commit        bool
}

// history is all that is needed to say what a log must know of transactions.
type history struct {
	events        []event
	highWatermark kafka.Offset
	start         kafka.Offset
}

// transactions goes through the whole history.
func (h *history) transactions() (open []OpenTransaction, ended []endedTransaction, aborted []AbortedTransaction) {
	first := map[kafka.ProducerID]kafka.Offset{}
	for _, e := range h.events {
		begin, isOpen := first[e.producer]
		switch {
		case e.marker && isOpen:
			delete(first, e.producer)
			ended = append(ended, endedTransaction{begin, e.last})
			if !e.commit {
				aborted = append(aborted, AbortedTransaction{Producer: e.producer, First: begin, Last: e.last})
			}
		case e.transactional && !e.marker && !isOpen:
			first[e.producer] = e.first
		}
	}
	for id, at := range first {
		open = append(open, OpenTransaction{id, at})
	}
	slices.SortFunc(open, func(a, b OpenTransaction) int { return cmp.Compare(a.First, b.First) })
	return open, ended, aborted
}

func (h *history) check(t *rapid.T, l *Log) {
	open, ended, aborted := h.transactions()
	require.ElementsMatch(t, open, l.OpenTransactions())
	unstable := kafka.NoOffset
	for _, o := range open {
		if unstable == kafka.NoOffset || o.First < unstable {
			unstable = max(o.First, h.start)
		}
	}
	for _, e := range ended {
		if e.marker >= h.highWatermark && (unstable == kafka.NoOffset || e.first < unstable) {
			unstable = max(e.first, h.start)
		}
	}
	require.Equal(t, unstable, l.FirstUnstableOffset(), "high watermark %d", h.highWatermark)
	end := l.LogEndOffset()
	from := kafka.Offset(rapid.Int64Range(int64(h.start), int64(end)).Draw(t, "from"))
	upTo := kafka.Offset(rapid.Int64Range(int64(from), int64(end)).Draw(t, "up to"))
	var want, got []AbortedTransaction
	for _, a := range aborted {
		if a.Last >= from && a.First < upTo {
			want = append(want, a)
		}
	}
	for _, a := range l.AppendAborted(nil, from, upTo) {
		a.stable = 0
		got = append(got, a)
	}
	require.Equal(t, want, got, "from %d to %d", from, upTo)
}

// TestTransactionsAgainstAllRecords plays random histories of interleaved
// transactions, with restarts and truncations anywhere, beside the naive model.
func TestTransactionsAgainstAllRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := newMemFS()
		o := testOptions(func(c *Config) {
			c.SegmentBytes, c.ProducerIDExpiration, c.VerifyTransactions = 600, Forever, false
		})
		l, _, err := Open(fs, "logs/orders-0", o)
		require.NoError(t, err)
		h := &history{}
		var epoch kafka.LeaderEpoch
		syncAll := func() {
			for len(fs.pending) > 0 {
				require.True(t, l.Done(fs.complete(0), nil))
			}
		}
		take := func(info AppendInfo, e event) {
			e.first, e.last = info.FirstOffset, info.LastOffset
			h.events = append(h.events, e)
		}
		producer := func() kafka.ProducerID { return kafka.ProducerID(rapid.IntRange(1, 4).Draw(t, "producer")) }
		t.Repeat(map[string]func(*rapid.T){
			"transactional": func(t *rapid.T) {
				id := producer()
				b := transactional(id, 0, kafka.NoSequence, rapid.IntRange(1, 3).Draw(t, "records"))
				info, err := l.AppendAsCoordinator(b, epoch, testNow)
				require.NoError(t, err)
				take(info, event{producer: id, transactional: true})
			},
			"plain": func(t *rapid.T) {
				info, err := l.AppendAsLeader(records(testNow, "v"), epoch, testNow)
				require.NoError(t, err)
				take(info, event{producer: kafka.NoProducerID})
			},
			"marker": func(t *rapid.T) {
				m := Marker{ProducerID: producer(), Commit: rapid.Bool().Draw(t, "commit")}
				info, err := l.AppendMarker(m, epoch, testNow)
				require.NoError(t, err)
				take(info, event{producer: m.ProducerID, marker: true, transactional: true, commit: m.Commit})
			},
			"high watermark": func(t *rapid.T) {
				h.highWatermark = kafka.Offset(rapid.Int64Range(int64(h.highWatermark), int64(l.LogEndOffset())).Draw(t, "to"))
				l.Committed(h.highWatermark)
			},
			"flush": func(t *rapid.T) {
				l.Flush()
				syncAll()
				require.NoError(t, l.checkpointed(l.RecoveryPoint()))
			},
			"restart": func(t *rapid.T) {
				at := o
				at.RecoveryPoint, at.Clean = l.RecoveryPoint(), rapid.Bool().Draw(t, "clean")
				fs.kill()
				l, _, err = Open(fs, "logs/orders-0", at)
				require.NoError(t, err)
				l.Committed(h.highWatermark)
			},
			"truncate": func(t *rapid.T) {
				keep := rapid.IntRange(0, len(h.events)).Draw(t, "keep")
				if keep == len(h.events) || h.events[keep].first < h.start {
					return
				}
				require.NoError(t, l.TruncateTo(h.events[keep].first, testNow))
				h.events = h.events[:keep]
				h.highWatermark = min(h.highWatermark, l.LogEndOffset())
				l.Committed(h.highWatermark)
				epoch++
			},
			"delete records": func(t *rapid.T) {
				to := min(h.highWatermark, l.RecoveryPoint())
				if to > h.start {
					h.start = kafka.Offset(rapid.Int64Range(int64(h.start), int64(to)).Draw(t, "start"))
					require.NoError(t, l.DeleteRecordsTo(h.start))
				}
			},
			"": func(t *rapid.T) { h.check(t, l) },
		})
	})
}

// TestFollowersKeepTransactions: what a leader knows, its followers learn from
// the records alone.
func TestFollowersKeepTransactions(t *testing.T) {
	leader, follower := openLog(t, newMemFS(), testOptions(nil)), openLog(t, newMemFS(), testOptions(nil))
	verified(t, leader, 1, 0, 0, 2)
	verified(t, leader, 2, 0, 0, 1)
	mustMark(t, leader, Marker{ProducerID: 2, ProducerEpoch: 1, CoordinatorEpoch: 6, TransactionVersion: 2})
	verified(t, leader, 2, 1, 0, 1)
	mustMark(t, leader, Marker{ProducerID: 1, CoordinatorEpoch: 6, Commit: true})
	extent, err := leader.Read(0, 1<<20, leader.LogEndOffset(), true)
	require.NoError(t, err)
	all, err := extent.Bytes()
	require.NoError(t, err)
	_, err = follower.AppendAsFollower(all, testNow)
	require.NoError(t, err)
	require.Equal(t, leader.Producers().List(), follower.Producers().List())
	require.Equal(t, leader.OpenTransactions(), follower.OpenTransactions())
	require.Equal(t, leader.AppendAborted(nil, 0, 100), follower.AppendAborted(nil, 0, 100))
	require.Equal(t, leader.FirstUnstableOffset(), follower.FirstUnstableOffset())
}
