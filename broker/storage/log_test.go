package storage

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"pgregory.net/rapid"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

const testNow = host.WallTime(1_700_000_000 * 1e9)

func testOptions(change func(*Config)) Options {
	o := Options{Partition: kafka.TopicPartition{Topic: "orders"}, TopicID: kafka.TopicID{9}, Config: DefaultConfig(), Now: testNow}
	if change != nil {
		change(o.Config)
	}
	return o
}

func openLog(t testing.TB, fs host.FS, o Options) *Log {
	l, _, err := Open(fs, "logs/orders-0", o)
	require.NoError(t, err)
	return l
}

// records builds a batch with one record for each value, a millisecond apart.
func records(at host.WallTime, values ...string) []byte {
	var b batch.Builder
	for i, v := range values {
		b.Append(at.Millis()+int64(i), nil, []byte(v), nil)
	}
	return b.Finish()
}

func produced(id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int) []byte {
	var b batch.Builder
	for range n {
		b.Append(testNow.Millis(), nil, []byte("v"), nil)
	}
	b.SetProducer(id, epoch, sequence)
	return b.Finish()
}

func mustAppend(t testing.TB, l *Log, epoch kafka.LeaderEpoch, b []byte) AppendInfo {
	info, err := l.AppendAsLeader(b, epoch, testNow)
	require.NoError(t, err)
	return info
}

func read(t testing.TB, l *Log, from kafka.Offset, maxBytes int, upTo kafka.Offset, minOne bool) (first, next kafka.Offset, bytes int) {
	extent, err := l.Read(from, maxBytes, upTo, minOne)
	require.NoError(t, err)
	b, err := extent.Bytes()
	require.NoError(t, err)
	first, next = kafka.NoOffset, kafka.NoOffset
	for h := range batch.Iterate(b) {
		if first == kafka.NoOffset {
			first = h.BaseOffset
		}
		bytes += h.Size()
		next = h.NextOffset()
	}
	require.Equal(t, len(b), bytes, "whole batches")
	return first, next, bytes
}

func TestReadKeepsToBatchesAndBounds(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.IndexIntervalBytes = 100 }))
	for i := range 50 {
		mustAppend(t, l, 0, records(testNow, fmt.Sprint("first", i), "second"))
	}
	size := len(records(testNow, "first10", "second"))

	first, next, _ := read(t, l, 21, 3*size, 100, false)
	require.Equal(t, []kafka.Offset{20, 26}, []kafka.Offset{first, next}, "from the batch that holds the offset")
	_, next, _ = read(t, l, 20, 3*size-1, 100, false)
	require.Equal(t, kafka.Offset(24), next, "not a byte more than asked")
	_, next, _ = read(t, l, 20, 1<<20, 30, false)
	require.Equal(t, kafka.Offset(30), next, "not beyond upTo")
	_, next, _ = read(t, l, 20, 1<<20, 31, false)
	require.Equal(t, kafka.Offset(30), next, "no batch that reaches beyond upTo")
	_, next, _ = read(t, l, 20, 1<<20, 1000, false)
	require.Equal(t, kafka.Offset(100), next)
	_, _, n := read(t, l, 20, 1, 100, false)
	require.Zero(t, n)
	_, next, _ = read(t, l, 20, 1, 100, true)
	require.Equal(t, kafka.Offset(22), next, "one batch, however large")
	_, _, n = read(t, l, 100, 1<<20, 100, true)
	require.Zero(t, n, "the end is no error")
	_, _, n = read(t, l, 40, 1<<20, 40, true)
	require.Zero(t, n)
	for _, outside := range []kafka.Offset{-1, 101} {
		_, err := l.Read(outside, 1, 100, true)
		require.ErrorIs(t, err, kerr.OffsetOutOfRange)
	}
}

func TestAppendRefusesWithoutAChange(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.MaxMessageBytes = 200 }))
	mustAppend(t, l, 0, records(testNow, "v"))
	control := records(testNow, "v")
	control[22] |= 0x20
	for name, c := range map[string]struct {
		batch  []byte
		answer error
	}{
		"too large":   {records(testNow, string(make([]byte, 200))), kerr.MessageTooLarge},
		"two batches": {append(records(testNow, "a"), records(testNow, "b")...), kerr.InvalidRecord},
		"marker":      {control, kerr.InvalidRecord},
		"future":      {records(testNow+host.WallTime(2*time.Hour), "v"), kerr.InvalidTimestamp},
		"cut":         {records(testNow, "v")[:65], kerr.CorruptMessage},
	} {
		_, err := l.AppendAsLeader(c.batch, 0, testNow)
		require.ErrorIs(t, err, c.answer, name)
		require.Equal(t, kafka.Offset(1), l.LogEndOffset(), name)
		require.NoError(t, l.Err(), name)
	}
}

func TestIdempotence(t *testing.T) {
	type step struct {
		epoch    kafka.ProducerEpoch
		sequence kafka.Sequence
		n        int
		offset   kafka.Offset // of the answer
		appended bool
		answer   error
	}
	ok := func(epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int, offset kafka.Offset) step {
		return step{epoch, sequence, n, offset, true, nil}
	}
	again := func(epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int, offset kafka.Offset) step {
		return step{epoch, sequence, n, offset, false, nil}
	}
	refused := func(epoch kafka.ProducerEpoch, sequence kafka.Sequence, n int, answer error) step {
		return step{epoch, sequence, n, 0, false, answer}
	}
	const largest = 1<<31 - 1
	for name, steps := range map[string][]step{
		"in order":        {ok(0, 0, 2, 0), ok(0, 2, 1, 2), ok(0, 3, 5, 3)},
		"gap":             {ok(0, 0, 2, 0), refused(0, 3, 1, kerr.OutOfOrderSequenceNumber), ok(0, 2, 1, 2)},
		"retry":           {ok(0, 0, 2, 0), ok(0, 2, 3, 2), again(0, 0, 2, 0), again(0, 2, 3, 2), ok(0, 5, 1, 5)},
		"retry differs":   {ok(0, 0, 2, 0), refused(0, 0, 1, kerr.OutOfOrderSequenceNumber), refused(0, 1, 1, kerr.OutOfOrderSequenceNumber)},
		"window of five":  {ok(0, 0, 1, 0), ok(0, 1, 1, 1), ok(0, 2, 1, 2), ok(0, 3, 1, 3), ok(0, 4, 1, 4), again(0, 0, 1, 0), ok(0, 5, 1, 5), refused(0, 0, 1, kerr.OutOfOrderSequenceNumber), again(0, 1, 1, 1)},
		"unknown goes on": {ok(0, 17, 1, 0), ok(0, 18, 1, 1)},
		"new epoch":       {ok(0, 0, 2, 0), refused(1, 2, 1, kerr.OutOfOrderSequenceNumber), ok(1, 0, 1, 2), ok(1, 1, 1, 3)},
		"zombie":          {ok(0, 0, 2, 0), ok(1, 0, 2, 2), refused(0, 2, 1, kerr.InvalidProducerEpoch)},
		"zombie's retry":  {ok(0, 0, 2, 0), ok(1, 0, 2, 2), refused(0, 0, 2, kerr.InvalidProducerEpoch), again(1, 0, 2, 2)},
		"wrap":            {ok(0, largest-1, 2, 0), ok(0, 0, 1, 2), again(0, largest-1, 2, 0)},
		"wrap in a batch": {ok(0, largest-1, 4, 0), refused(0, 0, 1, kerr.OutOfOrderSequenceNumber), ok(0, 2, 1, 4), again(0, largest-1, 4, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			fs := newMemFS()
			l := openLog(t, fs, testOptions(nil))
			for i, s := range steps {
				info, err := l.AppendAsLeader(produced(5, s.epoch, s.sequence, s.n), 0, testNow)
				if s.answer != nil {
					require.ErrorIs(t, err, s.answer, "step %d", i)
					continue
				}
				require.NoError(t, err, "step %d", i)
				require.Equal(t, s.appended, info.Appended, "step %d", i)
				require.Equal(t, s.offset, info.FirstOffset, "step %d", i)
				require.Equal(t, s.offset+kafka.Offset(s.n)-1, info.LastOffset, "step %d", i)
				if i%2 == 1 { // what is known survives a restart at any time
					l = openLog(t, fs, testOptions(nil))
				}
			}
		})
	}
}

func TestProducersExpire(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.ProducerIDExpiration = time.Minute }))
	mustAppend(t, l, 0, produced(5, 0, 0, 1))
	require.Zero(t, l.ExpireProducers(testNow+host.WallTime(time.Minute-time.Millisecond)))
	require.Equal(t, 1, l.ExpireProducers(testNow+host.WallTime(time.Minute)))
	require.Zero(t, l.Producers().Len())
}

func TestFollowerTakesOnlyWhatFollows(t *testing.T) {
	leader := openLog(t, newMemFS(), testOptions(nil))
	mustAppend(t, leader, 0, records(testNow, "a", "b"))
	mustAppend(t, leader, 3, produced(5, 0, 0, 2))
	extent, err := leader.Read(0, 1<<20, 4, true)
	require.NoError(t, err)
	all, err := extent.Bytes()
	require.NoError(t, err)

	follower := openLog(t, newMemFS(), testOptions(nil))
	bad := append([]byte{}, all...)
	bad[len(bad)-1] ^= 1
	_, err = follower.AppendAsFollower(bad, testNow)
	require.ErrorIs(t, err, kerr.CorruptMessage)
	require.Zero(t, follower.LogEndOffset(), "all or nothing")

	info, err := follower.AppendAsFollower(all[:len(all)-3], testNow)
	require.NoError(t, err)
	require.Equal(t, kafka.Offset(2), follower.LogEndOffset(), "a cut batch is left out")
	require.Equal(t, kafka.Offset(1), info.LastOffset)

	_, err = follower.AppendAsFollower(all, testNow)
	require.ErrorIs(t, err, kerr.OffsetOutOfRange, "it has the first already")
	require.Equal(t, kafka.Offset(2), follower.LogEndOffset())

	require.NoError(t, follower.TruncateFullyAndStartAt(0, testNow))
	_, err = follower.AppendAsFollower(all, testNow)
	require.NoError(t, err)
	require.Equal(t, leader.Epochs().Entries(), follower.Epochs().Entries())
	require.Equal(t, leader.Producers().List(), follower.Producers().List())
}

func TestOffsetForTimestamp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, _, err := Open(newMemFS(), "logs/orders-0", testOptions(func(c *Config) {
			c.SegmentBytes, c.IndexIntervalBytes, c.TimestampAfterMax = 600, 80, Forever
		}))
		require.NoError(t, err)
		var timestamps []int64
		for range rapid.IntRange(0, 30).Draw(t, "batches") {
			var b batch.Builder
			for range rapid.IntRange(1, 4).Draw(t, "records") {
				timestamps = append(timestamps, rapid.Int64Range(0, 40).Draw(t, "timestamp"))
				b.Append(timestamps[len(timestamps)-1], nil, []byte("v"), nil)
			}
			_, err := l.AppendAsLeader(b.Finish(), 2, testNow)
			require.NoError(t, err)
		}
		start := 0
		if len(timestamps) > 0 {
			start = rapid.IntRange(0, len(timestamps)).Draw(t, "start")
			require.NoError(t, l.DeleteRecordsTo(kafka.Offset(start)))
		}
		for asked := int64(0); asked <= 41; asked++ {
			want := notFound
			for i := start; i < len(timestamps); i++ {
				if timestamps[i] >= asked {
					want = TimestampOffset{timestamps[i], kafka.Offset(i), 2}
					break
				}
			}
			found, err := l.OffsetForTimestamp(asked)
			require.NoError(t, err)
			require.Equal(t, want, found, "asked for %d of %v from %d", asked, timestamps, start)
		}
	})
}

func TestEpochLookupAgainstAllRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c EpochCache
		var epochs []kafka.LeaderEpoch // by offset
		epoch := kafka.LeaderEpoch(rapid.IntRange(0, 2).Draw(t, "first"))
		for range rapid.IntRange(1, 10).Draw(t, "runs") {
			c.Assign(epoch, kafka.Offset(len(epochs)))
			for range rapid.IntRange(1, 5).Draw(t, "length") {
				epochs = append(epochs, epoch)
			}
			epoch += kafka.LeaderEpoch(rapid.IntRange(1, 3).Draw(t, "gap"))
		}
		end := kafka.Offset(len(epochs))
		for asked := kafka.NoEpoch; asked < epoch+2; asked++ {
			// KIP-279: the largest epoch not above the asked one that has records,
			// and the offset after its last record.
			wantEpoch, wantEnd := asked, kafka.Offset(0)
			for o, e := range epochs {
				if e <= asked {
					wantEpoch, wantEnd = e, kafka.Offset(o+1)
				}
			}
			if asked == kafka.NoEpoch || asked > c.Latest() {
				wantEpoch, wantEnd = kafka.NoEpoch, kafka.NoOffset
			}
			gotEpoch, gotEnd := c.EndOffset(asked, end, Flaws{})
			require.Equal(t, wantEpoch, gotEpoch, "asked %d of %v", asked, c.Entries())
			require.Equal(t, wantEnd, gotEnd, "asked %d of %v", asked, c.Entries())
		}
		cut := kafka.Offset(rapid.IntRange(0, len(epochs)).Draw(t, "cut"))
		upper, lower := EpochCache{c.Entries()}, EpochCache{c.Entries()}
		lower.TruncateFromEnd(cut)
		upper.TruncateFromStart(cut)
		for o := range end {
			if o < cut {
				require.Equal(t, epochs[o], lower.For(o))
			} else {
				require.Equal(t, epochs[o], upper.For(o))
			}
		}
	})
}

func TestEpochLookupFlaw(t *testing.T) {
	c := EpochCache{[]EpochStart{{1, 0}, {3, 20}, {5, 30}}}
	epoch, end := c.EndOffset(4, 40, Flaws{})
	require.Equal(t, []any{kafka.LeaderEpoch(3), kafka.Offset(30)}, []any{epoch, end})
	epoch, end = c.EndOffset(4, 40, Flaws{EpochLookupOffsetOnly: true})
	require.Equal(t, []any{kafka.LeaderEpoch(4), kafka.Offset(30)}, []any{epoch, end})
}

func TestRollsBySizeAndAge(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(func(c *Config) { c.SegmentBytes, c.SegmentAge = 200, time.Minute }))
	for range 5 {
		mustAppend(t, l, 0, records(testNow, "0123456789")) // 79 bytes
	}
	require.Equal(t, []kafka.Offset{0, 2, 4}, l.SegmentBases())
	_, err := l.AppendAsLeader(records(testNow+host.WallTime(2*time.Minute), "late"), 0, testNow+host.WallTime(2*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []kafka.Offset{0, 2, 4, 5}, l.SegmentBases())
}

func TestDeleteRecords(t *testing.T) {
	fs := newMemFS()
	o := testOptions(func(c *Config) { c.SegmentBytes = 200 })
	l := openLog(t, fs, o)
	for epoch := range 6 {
		mustAppend(t, l, kafka.LeaderEpoch(epoch), records(testNow, "0123456789"))
	}
	require.ErrorIs(t, l.DeleteRecordsTo(7), kerr.OffsetOutOfRange)
	require.NoError(t, l.DeleteRecordsTo(3))
	for range 2 {
		require.Equal(t, []kafka.Offset{2, 4}, l.SegmentBases())
		require.Equal(t, kafka.Offset(3), l.LogStartOffset())
		require.Equal(t, []EpochStart{{3, 3}, {4, 4}, {5, 5}}, l.Epochs().Entries())
		_, err := l.Read(2, 1, 6, true)
		require.ErrorIs(t, err, kerr.OffsetOutOfRange)
		l = openLog(t, fs, o) // as after a kill
	}
}

func TestFailedSyncTakesTheLogOffline(t *testing.T) {
	fs := newMemFS()
	l := openLog(t, fs, testOptions(func(c *Config) { c.FlushMessages = 1 }))
	mustAppend(t, l, 0, records(testNow, "v"))
	require.True(t, l.Flushing())
	require.Zero(t, l.RecoveryPoint())
	require.True(t, l.Done(fs.complete(0), host.ErrIO))
	for len(fs.pending) > 0 {
		require.True(t, l.Done(fs.complete(0), nil))
	}
	require.Zero(t, l.RecoveryPoint())
	_, err := l.AppendAsLeader(records(testNow, "v"), 0, testNow)
	require.ErrorIs(t, err, kerr.KafkaStorageError)
	require.ErrorIs(t, err, host.ErrIO)
	require.False(t, l.Flush(), "never tried again")
	require.Empty(t, fs.pending)
}

func TestFullDiskTakesTheLogOffline(t *testing.T) {
	fs := newMemFS()
	l := openLog(t, fs, testOptions(nil))
	fs.failing = true
	_, err := l.AppendAsLeader(records(testNow, "v"), 0, testNow)
	require.ErrorIs(t, err, kerr.KafkaStorageError)
	require.ErrorIs(t, err, host.ErrNoSpace)
	require.Error(t, l.TruncateFullyAndStartAt(5, testNow))
}

func TestGroupCommit(t *testing.T) {
	fs := newMemFS()
	l := openLog(t, fs, testOptions(func(c *Config) { c.FlushMessages = 1 }))
	mustAppend(t, l, 0, records(testNow, "first"))
	first := len(fs.pending)
	mustAppend(t, l, 0, records(testNow, "second"))
	mustAppend(t, l, 0, records(testNow, "third"))
	require.Len(t, fs.pending, first, "they wait for the flush in flight")
	for range first {
		l.Done(fs.complete(0), nil)
	}
	require.Equal(t, kafka.Offset(1), l.RecoveryPoint())
	require.Len(t, fs.pending, 1, "and share the next one")
	l.Done(fs.complete(0), nil)
	require.Equal(t, kafka.Offset(3), l.RecoveryPoint())
	require.False(t, l.Flushing())
}

func TestTornTailWithAndWithoutTheScan(t *testing.T) {
	for _, flawed := range []bool{false, true} {
		fs := newMemFS()
		o := testOptions(func(c *Config) { c.Flaws.NoCRCRecovery = flawed })
		l := openLog(t, fs, o)
		for range 3 {
			mustAppend(t, l, 0, records(testNow, "0123456789"))
		}
		file := fs.entries["logs/orders-0/00000000000000000000.log"]
		clear(file.data[len(file.data)-10:]) // the size arrived, the last sector did not
		l, recovery, err := Open(fs, "logs/orders-0", o)
		require.NoError(t, err)
		if flawed {
			require.False(t, recovery.Truncated)
			require.Equal(t, kafka.Offset(3), l.LogEndOffset(), "the corrupt batch is served")
			continue
		}
		require.True(t, recovery.Truncated)
		require.Equal(t, []kafka.Offset{3, 2}, []kafka.Offset{recovery.From, recovery.To})
		require.Equal(t, kafka.Offset(2), l.LogEndOffset())
	}
}

func TestExtentsStayFrozen(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(nil))
	mustAppend(t, l, 0, records(testNow, "before"))
	extent, err := l.Read(0, 1<<20, 1, true)
	require.NoError(t, err)
	b, err := extent.Bytes()
	require.NoError(t, err)
	sent := string(b)
	require.NoError(t, l.TruncateTo(0, testNow))
	mustAppend(t, l, 1, records(testNow, "behind"))
	require.Equal(t, sent, string(b))
}

func TestAllocationsDoNotGrowWithRecords(t *testing.T) {
	l := openLog(t, newMemFS(), testOptions(nil))
	file := l.active().log.(*memFile).inode
	file.data = make([]byte, 0, 64<<20)
	values := make([]string, 100)
	b := records(testNow, values...)
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { _, _ = l.AppendAsLeader(b, 0, testNow) }), 1.0)
	end := l.LogEndOffset()
	require.Zero(t, testing.AllocsPerRun(200, func() {
		extent, err := l.Read(end/2, 16<<10, end-100, true)
		if err != nil || extent.Length < 8<<10 {
			panic("short read")
		}
	}))
}

// FuzzRecovery puts arbitrary bytes into the files of the last segment: Open
// must neither panic nor fail, and must end with a log that can be used.
func FuzzRecovery(f *testing.F) {
	f.Add([]byte("x"), uint16(70), []byte{1}, []byte{}, []byte{9}, []byte("1\n0\n"))
	f.Add([]byte{}, uint16(20), make([]byte, 24), make([]byte, 24), make([]byte, 64), []byte{})
	f.Add(make([]byte, 200), uint16(500), []byte{}, []byte{}, []byte{}, []byte("1\n1\n0 0\ncrc32c 00000000\n"))
	f.Fuzz(func(t *testing.T, garbage []byte, at uint16, index, times, snapshot, epochs []byte) {
		for _, flawed := range []bool{false, true} {
			fs := newMemFS()
			o := testOptions(func(c *Config) {
				c.SegmentBytes, c.IndexIntervalBytes, c.Flaws.NoCRCRecovery = 400, 50, flawed
			})
			l := openLog(t, fs, o)
			for i := range 8 {
				mustAppend(t, l, 0, produced(5, 0, kafka.Sequence(i), 1))
			}
			last := segmentPrefix("logs/orders-0", l.active().base)
			file := fs.entries[last+".log"]
			place := int(at) % (len(file.data) + 1)
			file.data = append(file.data[:place:place], garbage...)
			fs.entries[last+".index"].data = index
			fs.entries[last+".timeindex"].data = times
			fs.entries[last+".snapshot"].data = snapshot
			fs.entries["logs/orders-0/"+epochFile].data = epochs

			l, _, err := Open(fs, "logs/orders-0", o)
			require.NoError(t, err)
			end := l.LogEndOffset()
			for next := l.LogStartOffset(); next < end; {
				extent, err := l.Read(next, 300, end, true)
				if flawed && (err != nil || extent.Length == 0) {
					break // the flaw's own affair, short of a panic
				}
				require.NoError(t, err)
				b, err := extent.Bytes()
				require.NoError(t, err)
				got := batch.EndOffset(b)
				if flawed && got <= next {
					break
				}
				require.Greater(t, got, next)
				for _, whole := range batch.Iterate(b) {
					require.True(t, flawed || batch.CheckCRC(whole) == nil)
				}
				next = got
			}
			if !flawed {
				info := mustAppend(t, l, 7, records(testNow, "afterwards"))
				require.Equal(t, end, info.FirstOffset)
				require.Equal(t, kafka.LeaderEpoch(7), l.LatestEpoch())
			}
		}
	})
}

func BenchmarkAppend16KiB(b *testing.B) {
	l := openLog(b, newMemFS(), testOptions(func(c *Config) { c.SegmentBytes = 1 << 28 }))
	l.active().log.(*memFile).inode.data = make([]byte, 0, 1<<26) // the file's growth is the world's affair
	batch := records(testNow, string(make([]byte, 16<<10)))
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.AppendAsLeader(batch, 0, testNow); err != nil {
			b.Fatal(err)
		}
		if l.Size() > 1<<25 {
			file := l.active().log.(*memFile).inode
			file.data, l.active().size = file.data[:0], 0
		}
	}
}

func BenchmarkReadTail(b *testing.B) {
	l := openLog(b, newMemFS(), testOptions(nil))
	for range 5000 {
		mustAppend(b, l, 0, records(testNow, string(make([]byte, 200))))
	}
	b.ReportAllocs()
	for b.Loop() {
		if extent, err := l.Read(4990, 1<<20, 5000, true); err != nil || extent.Length == 0 {
			b.Fatal(err)
		}
	}
}
