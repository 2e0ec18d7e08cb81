package storage

import (
	"errors"
	"fmt"
	"sort"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// Log is one partition's log: records at offsets from LogStartOffset to before
// LogEndOffset. Everything that is written is visible at once; what is durable
// ends at RecoveryPoint.
//
// A file operation that fails takes the log offline: it and all later calls
// answer KAFKA_STORAGE_ERROR, and nothing is tried again.
type Log struct {
	// What every append and read looks at comes first: a broker has many logs,
	// and the next one is mostly not in the processor's caches.
	offline  error
	config   *Config    // shared by the logs of a topic
	segments []*segment // by base offset; never empty, the last one is active
	logStart kafka.Offset
	logEnd   kafka.Offset
	epochs   EpochCache
	flushing flushing

	producers ProducerStates
	snapshots []kafka.Offset // of the snapshot files, rising
	scratch   *[]byte        // used within a call

	fs        host.FS
	dir       string
	partition kafka.TopicPartition
	topicID   kafka.TopicID
	observer  Observer
	owner     owner
}

// owner is what a log tells the LogDir it belongs to.
type owner interface {
	// submitted hears of each operation whose Done the log waits for.
	submitted(op host.Op, l *Log)
	// recoveryPointLowered asks for a new checkpoint at once.
	recoveryPointLowered(l *Log)
	// failed hears that the log went offline.
	failed(err error)
}

// Options are what Open needs beside the configuration.
type Options struct {
	Partition kafka.TopicPartition
	TopicID   kafka.TopicID // written to a new log; an existing one keeps its own
	Config    *Config       // is not changed
	// RecoveryPoint is what the checkpoint says: everything below is durable.
	RecoveryPoint kafka.Offset
	// LogStart is where a new log begins. An existing one knows its start.
	LogStart kafka.Offset
	// Clean says that the files are as an orderly stop left them: no scan.
	Clean    bool
	Now      host.WallTime
	Observer Observer // may be nil
	// scratch is what the logs of a directory share; nil gives the log its own.
	scratch *[]byte
}

// Partition names the log.
func (l *Log) Partition() kafka.TopicPartition { return l.partition }

// TopicID is the topic's id as the log's partition.metadata has it; zero if
// that file was lost.
func (l *Log) TopicID() kafka.TopicID { return l.topicID }

// Dir is the log's directory.
func (l *Log) Dir() string { return l.dir }

// Config is the configuration in force.
func (l *Log) Config() *Config { return l.config }

// SetConfig puts another configuration in force from the next operation on.
func (l *Log) SetConfig(config *Config) {
	l.config = config
	l.producers.expiration = config.ProducerIDExpiration
	for _, s := range l.segments {
		s.intervalBytes = int64(config.IndexIntervalBytes)
	}
}

// LogStartOffset is the first offset that may be read.
func (l *Log) LogStartOffset() kafka.Offset { return l.logStart }

// LogEndOffset is the offset of the next record.
func (l *Log) LogEndOffset() kafka.Offset { return l.logEnd }

// Size is the size of all segments in bytes, without indexes.
func (l *Log) Size() (bytes int64) {
	for _, s := range l.segments {
		bytes += s.size
	}
	return bytes
}

// SegmentBases returns the base offsets of all segments.
func (l *Log) SegmentBases() []kafka.Offset {
	bases := make([]kafka.Offset, len(l.segments))
	for i, s := range l.segments {
		bases[i] = s.base
	}
	return bases
}

// Producers is the state of idempotent producers, to read.
func (l *Log) Producers() *ProducerStates { return &l.producers }

// Epochs is the leader-epoch cache, to read.
func (l *Log) Epochs() *EpochCache { return &l.epochs }

// LatestEpoch is the epoch of the last record or of the leader that began
// last, NoEpoch in an empty log.
func (l *Log) LatestEpoch() kafka.LeaderEpoch { return l.epochs.Latest() }

// EndOffsetForEpoch answers an epoch lookup; see EpochCache.EndOffset.
func (l *Log) EndOffsetForEpoch(asked kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	return l.epochs.EndOffset(asked, l.logEnd, l.config.Flaws)
}

// AssignEpoch says that this replica leads in epoch from the log's end on. A
// leader calls it before its first append.
func (l *Log) AssignEpoch(epoch kafka.LeaderEpoch) error {
	if l.offline != nil {
		return l.offline
	}
	return l.assignEpoch(epoch, l.logEnd)
}

func (l *Log) assignEpoch(epoch kafka.LeaderEpoch, start kafka.Offset) error {
	if epoch < 0 || !l.epochs.Assign(epoch, start) {
		return nil
	}
	return l.writeEpochs()
}

const epochFile = "leader-epoch-checkpoint"

func (l *Log) writeEpochs() error {
	return l.check(l.replace(epochFile, encodeEpochs(l.epochs.entries)))
}

// ExpireProducers forgets the producers that were silent for the expiration,
// and returns how many.
func (l *Log) ExpireProducers(now host.WallTime) int { return l.producers.expire(now) }

// Err is nil, or why the log is offline.
func (l *Log) Err() error { return l.offline }

// check takes the log offline if err is an error of the file system, and
// returns what the caller answers.
func (l *Log) check(err error) error {
	if err == nil || l.offline != nil {
		return l.offline
	}
	var answer *kerr.Error
	if errors.As(err, &answer) {
		return err
	}
	l.offline = fmt.Errorf("log %v: %w: %w", l.partition, err, kerr.KafkaStorageError)
	l.observe(PointOffline)
	if l.owner != nil {
		l.owner.failed(l.offline)
	}
	return l.offline
}

func (l *Log) active() *segment { return l.segments[len(l.segments)-1] }

// segmentFor is the index of the segment whose range holds offset: the last
// that begins at or below it.
func (l *Log) segmentFor(offset kafka.Offset) int {
	if l.active().base <= offset {
		return len(l.segments) - 1
	}
	return max(0, sort.Search(len(l.segments), func(i int) bool { return l.segments[i].base > offset })-1)
}

// indexed makes sure that a segment's indexes are open, building them anew
// where they are missing or make no sense.
func (l *Log) indexed(s *segment) error {
	if s.offsets != nil {
		return nil
	}
	sane, err := s.openIndexes(l.config.Flaws.NoCRCRecovery)
	if err != nil || sane {
		return err
	}
	l.observe(PointIndexRebuilt, int64(s.base))
	return s.rebuildIndexes()
}

// Close gives the file handles back. Nothing is flushed.
func (l *Log) Close() {
	for _, s := range l.segments {
		s.close()
	}
}

// Roll begins a new segment at the log's end. What is behind it is flushed in
// the background.
func (l *Log) Roll(now host.WallTime) error {
	if l.offline != nil {
		return l.offline
	}
	if l.active().size == 0 {
		return nil
	}
	if err := l.active().seal(); err != nil {
		return l.check(err)
	}
	if err := l.writeSnapshot(l.logEnd); err != nil {
		return l.check(err)
	}
	next, err := createSegment(l.fs, l.dir, l.logEnd, l.config, now)
	if err != nil {
		return l.check(err)
	}
	l.segments = append(l.segments, next)
	l.flushing.dirDirty = true
	l.observe(PointSegmentRoll, int64(l.logEnd))
	l.startFlush(l.logEnd)
	return l.offline
}
