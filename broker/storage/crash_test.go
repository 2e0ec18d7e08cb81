package storage

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

var crashPartition = kafka.TopicPartition{Topic: "orders", Partition: 3}

// stored is a batch that the log holds, or held once.
type stored struct {
	header batch.Header
	bytes  []byte
}

// crashTest drives one partition through appends, truncations, syncs that end
// in any order, kills and power losses, beside a model of what it must hold.
type crashTest struct {
	t      *rapid.T
	fs     *memFS
	config *Config
	dir    *LogDir
	log    *Log
	now    host.WallTime
	epoch  kafka.LeaderEpoch

	model     []stored                  // what the log holds
	ever      map[kafka.Offset][]stored // what it held at an offset at any time
	sequences map[kafka.ProducerID]kafka.Sequence
}

func newCrashTest(t *rapid.T) *crashTest {
	c := &crashTest{t: t, fs: newMemFS(), now: 1e18, config: DefaultConfig(),
		ever: map[kafka.Offset][]stored{}, sequences: map[kafka.ProducerID]kafka.Sequence{}}
	c.config.SegmentBytes = int32(rapid.IntRange(700, 3000).Draw(t, "segment.bytes"))
	c.config.IndexIntervalBytes = int32(rapid.SampledFrom([]int{0, 100, 500}).Draw(t, "index.interval.bytes"))
	c.config.ProducerIDExpiration, c.config.VerifyTransactions = Forever, false
	c.open()
	return c
}

func (c *crashTest) open() {
	var err error
	c.dir, _, err = OpenDir(c.fs, "logs", DirOptions{Identity: Identity{1, "cluster", "directory"},
		ConfigFor: func(string) *Config { return c.config }, Now: c.now})
	require.NoError(c.t, err)
	if c.log = c.dir.Log(crashPartition); c.log == nil {
		c.log, err = c.dir.CreateLog(crashPartition, kafka.TopicID{1}, c.now)
		require.NoError(c.t, err)
	}
}

func (c *crashTest) buildBatch() []byte {
	var b batch.Builder
	records := rapid.IntRange(1, 4).Draw(c.t, "records")
	for range records {
		value := make([]byte, rapid.IntRange(0, 120).Draw(c.t, "size"))
		for i := range value {
			value[i] = byte(c.now) + byte(i)
		}
		c.now += 1e6
		b.Append(c.now.Millis(), nil, value, nil)
	}
	if id := kafka.ProducerID(rapid.IntRange(-1, 2).Draw(c.t, "producer")); id >= 0 {
		b.SetProducer(id, 0, c.sequences[id])
		if c.log.TransactionOpen(id, 0) || rapid.Bool().Draw(c.t, "transactional") {
			b.SetTransactional()
		}
	}
	return b.Finish()
}

// mark ends a producer's transaction, open or not.
func (c *crashTest) mark() {
	m := Marker{ProducerID: kafka.ProducerID(rapid.IntRange(0, 2).Draw(c.t, "producer")), Commit: rapid.Bool().Draw(c.t, "commit")}
	info, err := c.log.AppendMarker(m, c.epoch, c.now)
	require.NoError(c.t, err)
	extent, err := c.log.Read(info.FirstOffset, 1<<20, c.log.LogEndOffset(), true)
	require.NoError(c.t, err)
	whole, err := extent.Bytes()
	require.NoError(c.t, err)
	h, err := batch.Validate(whole)
	require.NoError(c.t, err)
	c.stored(stored{h, slices.Clone(whole)})
}

func (c *crashTest) stored(s stored) {
	c.model = append(c.model, s)
	c.ever[s.header.BaseOffset] = append(c.ever[s.header.BaseOffset], s)
}

func (c *crashTest) append() {
	b := c.buildBatch()
	h, _ := batch.ReadHeader(b)
	before := slices.Clone(b)
	info, err := c.log.AppendAsLeader(b, c.epoch, c.now)
	require.NoError(c.t, err)
	require.True(c.t, info.Appended)
	require.Equal(c.t, before, b, "the sender's bytes are frozen")
	if h.HasProducerID() {
		c.sequences[h.ProducerID] = h.LastSequence().Add(1)
	}
	own := slices.Clone(b)
	batch.SetBaseOffsetAndEpoch(own, info.FirstOffset, c.epoch)
	h, _ = batch.ReadHeader(own)
	c.stored(stored{h, own})
}

func (c *crashTest) truncate() {
	if len(c.model) == 0 {
		return
	}
	keep := rapid.IntRange(0, len(c.model)-1).Draw(c.t, "keep")
	at := c.model[keep].header.BaseOffset
	require.NoError(c.t, c.log.TruncateTo(at, c.now))
	require.Equal(c.t, at, c.log.LogEndOffset())
	c.model = c.model[:keep]
	c.resetSequences()
	c.epoch++ // a log is only truncated for a new leader
}

func (c *crashTest) resetSequences() {
	clear(c.sequences)
	for _, s := range c.model {
		if s.header.HasProducerID() && !s.header.IsControl() {
			c.sequences[s.header.ProducerID] = s.header.LastSequence().Add(1)
		}
	}
}

func (c *crashTest) completeSyncs() {
	for range rapid.IntRange(1, 6).Draw(c.t, "syncs") {
		if len(c.fs.pending) == 0 {
			return
		}
		op := c.fs.complete(rapid.IntRange(0, len(c.fs.pending)-1).Draw(c.t, "sync"))
		_, mine := c.dir.Done(op, nil)
		require.True(c.t, mine)
	}
}

func (c *crashTest) kill() {
	c.fs.kill()
	c.open()
}

// losePower checks what durability promises: all below the recovery point is
// there as it was, and behind it nothing that was never written.
func (c *crashTest) losePower() {
	durable := c.log.RecoveryPoint()
	c.fs.losePower(func(n int) int { return rapid.IntRange(0, n-1).Draw(c.t, "survives") })
	c.open()
	var now []stored
	for _, s := range c.contents() {
		require.True(c.t, slices.ContainsFunc(c.ever[s.header.BaseOffset], func(e stored) bool { return bytes.Equal(e.bytes, s.bytes) }),
			"a batch at offset %d that was never written", s.header.BaseOffset)
		now = append(now, s)
	}
	for i, s := range c.model {
		if s.header.LastOffset() < durable {
			require.Less(c.t, i, len(now), "batch at %d was durable (to %d)", s.header.BaseOffset, durable)
			require.Equal(c.t, s.bytes, now[i].bytes)
		}
	}
	c.model = now
	c.resetSequences()
}

// contents reads the whole log by small fetches.
func (c *crashTest) contents() []stored { return c.read(c.t) }

func (c *crashTest) read(t require.TestingT) []stored {
	var all []stored
	for next := c.log.LogStartOffset(); next < c.log.LogEndOffset(); {
		extent, err := c.log.Read(next, 400, c.log.LogEndOffset(), true)
		require.NoError(t, err)
		b, err := extent.Bytes()
		require.NoError(t, err)
		require.NotEmpty(t, b)
		for len(b) > 0 {
			h, whole, rest, err := batch.Next(b)
			require.NoError(t, err)
			require.NoError(t, batch.CheckCRC(whole))
			require.Equal(t, next, h.BaseOffset)
			all = append(all, stored{h, slices.Clone(whole)})
			next, b = h.NextOffset(), rest
		}
	}
	return all
}

// check compares the log and all that is derived from it with the model.
func (c *crashTest) check() {
	require.NoError(c.t, c.log.Err())
	contents := c.contents()
	require.Equal(c.t, len(c.model), len(contents))
	var epochs EpochCache
	producers := ProducerStates{expiration: Forever}
	for i, s := range contents {
		require.Equal(c.t, c.model[i].bytes, s.bytes)
		epochs.Assign(s.header.LeaderEpoch, s.header.BaseOffset)
		producers.take(&s.header, s.bytes)
		c.epoch = max(c.epoch, s.header.LeaderEpoch)
	}
	require.Equal(c.t, epochs.Entries(), c.log.Epochs().Entries())
	require.Equal(c.t, producers.appendSnapshot(nil, 0, 0), c.log.Producers().appendSnapshot(nil, 0, 0))
	c.checkIndexes()
}

func (c *crashTest) checkIndexes() {
	for _, s := range c.log.segments {
		require.NoError(c.t, c.log.indexed(s))
		require.True(c.t, s.offsets.sane(s.size))
		require.True(c.t, s.times.sane())
		for i := range s.offsets.len() {
			offset, position := s.offsets.at(i)
			h, err := s.headerAt(position)
			require.NoError(c.t, err)
			require.Equal(c.t, offset, h.LastOffset())
		}
		for i := range s.times.len() {
			timestamp, offset := s.times.at(i)
			h, _, err := s.find(offset)
			require.NoError(c.t, err)
			require.Equal(c.t, timestamp, h.MaxTimestamp)
			require.Equal(c.t, offset, h.LastOffset())
		}
	}
}

func TestCrashes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrashTest(t)
		t.Repeat(map[string]func(*rapid.T){
			"append":     func(t *rapid.T) { c.t = t; c.append() },
			"append_two": func(t *rapid.T) { c.t = t; c.append(); c.append() },
			"mark":       func(t *rapid.T) { c.t = t; c.mark() },
			"epoch":      func(t *rapid.T) { c.t = t; c.epoch++ },
			"truncate":   func(t *rapid.T) { c.t = t; c.truncate() },
			"flush":      func(t *rapid.T) { c.t = t; c.log.Flush() },
			"sync":       func(t *rapid.T) { c.t = t; c.completeSyncs() },
			"sync_more":  func(t *rapid.T) { c.t = t; c.completeSyncs() },
			"checkpoint": func(t *rapid.T) {
				c.t = t
				require.NoError(t, c.dir.Checkpoint(func(l *Log) kafka.Offset { return l.LogEndOffset() }))
			},
			"kill":       func(t *rapid.T) { c.t = t; c.kill() },
			"lose_power": func(t *rapid.T) { c.t = t; c.losePower() },
			"":           func(t *rapid.T) { c.t = t; c.check() },
		})
	})
}
