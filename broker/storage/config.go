// Package storage keeps partitions' logs on a host.FS: segments of record
// batches with their sparse indexes, the leader-epoch cache, the state of
// idempotent producers, checkpoints, and recovery after a stop of any kind.
//
// A Log is a pure state machine. It has no clock (time is an argument), no
// goroutine, and it never waits: syncs are submitted, and their ends come back
// through Done. Files have Kafka's names and roles; the batches in them are
// Kafka's format v2, byte for byte what is sent to fetchers.
package storage

import (
	"math"
	"time"
)

// Forever is a duration that never ends: "off" for every time in Config.
const Forever time.Duration = math.MaxInt64

// Config is what a partition's log takes from its topic's configuration. The
// comments name Kafka's keys.
type Config struct {
	SegmentBytes       int32         // segment.bytes
	SegmentAge         time.Duration // segment.ms
	IndexBytes         int32         // segment.index.bytes
	IndexIntervalBytes int32         // index.interval.bytes
	MaxMessageBytes    int32         // max.message.bytes, of one batch with its header

	FlushMessages int64         // flush.messages: unflushed records that make an append flush
	FlushInterval time.Duration // flush.ms: age of the oldest unflushed append at which FlushDue says so

	LogAppendTime      bool          // message.timestamp.type=LogAppendTime
	TimestampBeforeMax time.Duration // message.timestamp.before.max.ms
	TimestampAfterMax  time.Duration // message.timestamp.after.max.ms

	ProducerIDExpiration time.Duration // producer.id.expiration.ms, a broker's key

	// VerifyTransactions: transaction.partition.verification.enable, a broker's
	// key. Without it a transaction's first batch is taken from anybody.
	VerifyTransactions bool

	Flaws Flaws
}

// Flaws are the museum's switches in this package, all off in Kafka of today.
type Flaws struct {
	// NoCRCRecovery trusts tail and index after an unclean stop instead of
	// scanning by CRC (no-crc-recovery).
	NoCRCRecovery bool
	// EpochLookupOffsetOnly answers an epoch lookup with the start of the next
	// larger epoch and the epoch that was asked for, instead of the largest
	// epoch not above it (epoch-lookup-offset-only, undoes KIP-279).
	EpochLookupOffsetOnly bool
	// NoAbortIndex finds no aborted transaction (lso-is-hw).
	NoAbortIndex bool
	// NoSequenceWrap takes the sequence after the largest to be one more instead
	// of 0, and that before 0 to be one less (seq-wrap, KAFKA-7692).
	NoSequenceWrap bool
	// FormerCoordinatorMarks lets a coordinator that was replaced end
	// transactions (tc-failover, KAFKA-5131).
	FormerCoordinatorMarks bool
}

// DefaultConfig returns the defaults of Kafka 4.3.
func DefaultConfig() *Config {
	return &Config{
		SegmentBytes:         1 << 30,
		SegmentAge:           7 * 24 * time.Hour,
		IndexBytes:           10 << 20,
		IndexIntervalBytes:   4096,
		MaxMessageBytes:      1<<20 + 12,
		FlushMessages:        math.MaxInt64,
		FlushInterval:        Forever,
		TimestampBeforeMax:   Forever,
		TimestampAfterMax:    time.Hour,
		ProducerIDExpiration: 24 * time.Hour,
		VerifyTransactions:   true,
	}
}
