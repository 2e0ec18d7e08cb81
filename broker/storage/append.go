package storage

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// AppendInfo is what became of an append.
type AppendInfo struct {
	FirstOffset kafka.Offset
	LastOffset  kafka.Offset
	// LogAppendTime answers the field of the same name: the broker's time in
	// milliseconds, -1 where records keep the producer's.
	LogAppendTime int64
	// Appended is false for a duplicate: FirstOffset and LastOffset are then
	// those of the original.
	Appended bool
	Records  int64
}

// origin is who made a batch that a leader appends.
type origin int8

const (
	fromClient origin = iota
	// fromCoordinator: a broker's own records, which nobody sends twice.
	fromCoordinator
)

// AppendAsLeader appends one batch of a client: it copies the bytes, gives
// them offsets and the leader's epoch. The CRC must have been checked
// (batch.Validate), which a world may do before the node's turn.
//
// It answers MESSAGE_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP,
// CORRUPT_MESSAGE, the errors of idempotence (INVALID_PRODUCER_EPOCH,
// OUT_OF_ORDER_SEQUENCE_NUMBER) and of transactions (INVALID_TXN_STATE for one
// that is not verified), and KAFKA_STORAGE_ERROR. But for the last, an error
// leaves the log as it was.
func (l *Log) AppendAsLeader(b []byte, epoch kafka.LeaderEpoch, now host.WallTime) (AppendInfo, error) {
	return l.appendAsLeader(b, fromClient, epoch, now)
}

// AppendAsCoordinator is AppendAsLeader for what a coordinator on this broker
// writes, which has no sequences.
func (l *Log) AppendAsCoordinator(b []byte, epoch kafka.LeaderEpoch, now host.WallTime) (AppendInfo, error) {
	return l.appendAsLeader(b, fromCoordinator, epoch, now)
}

func (l *Log) appendAsLeader(b []byte, from origin, epoch kafka.LeaderEpoch, now host.WallTime) (AppendInfo, error) {
	if l.offline != nil {
		return notAppended, l.offline
	}
	h, err := l.checkFromClient(b, from, now)
	if err != nil {
		return notAppended, err
	}
	if h.HasProducerID() {
		if from == fromClient {
			if duplicate := l.producers.duplicateOf(&h, l.config.Flaws); duplicate != nil {
				return AppendInfo{FirstOffset: duplicate.firstOffset(), LastOffset: duplicate.lastOffset, LogAppendTime: duplicate.timestamp}, nil
			}
		}
		if err := l.checkVerified(&h); err != nil {
			return notAppended, err
		}
		if err := l.producers.check(&h, from, l.config.Flaws); err != nil {
			return notAppended, fmt.Errorf("log %v: %w", l.partition, err)
		}
	}
	// The sender's bytes are frozen: copy, then set.
	*l.scratch = append((*l.scratch)[:0], b...)
	return l.appendOwn(&h, *l.scratch, epoch, now)
}

var notAppended = AppendInfo{FirstOffset: kafka.NoOffset, LastOffset: kafka.NoOffset, LogAppendTime: noTimestamp}

// AppendMarker appends the end of a transaction. A marker for a transaction
// that has nothing here, or that has ended, is appended too and changes nothing
// but the producer's epoch.
//
// It answers INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED and
// KAFKA_STORAGE_ERROR.
func (l *Log) AppendMarker(m Marker, epoch kafka.LeaderEpoch, now host.WallTime) (AppendInfo, error) {
	if l.offline != nil {
		return notAppended, l.offline
	}
	if err := l.producers.checkMarker(&m, l.config.Flaws); err != nil {
		return notAppended, fmt.Errorf("log %v: %w", l.partition, err)
	}
	*l.scratch = m.appendTo((*l.scratch)[:0], now)
	h, err := batch.ReadHeader(*l.scratch)
	if err != nil {
		return notAppended, err
	}
	return l.appendOwn(&h, *l.scratch, epoch, now)
}

// appendOwn appends a batch whose bytes are the log's own at its end.
func (l *Log) appendOwn(h *batch.Header, own []byte, epoch kafka.LeaderEpoch, now host.WallTime) (AppendInfo, error) {
	info := AppendInfo{FirstOffset: l.logEnd, LastOffset: l.logEnd + kafka.Offset(h.LastOffsetDelta), LogAppendTime: noTimestamp,
		Appended: true, Records: int64(h.Count)}
	batch.SetBaseOffsetAndEpoch(own, l.logEnd, epoch)
	h.BaseOffset, h.LeaderEpoch = l.logEnd, epoch
	if l.config.LogAppendTime {
		info.LogAppendTime = now.Millis()
		batch.SetLogAppendTime(own, now.Millis())
		h.MaxTimestamp = now.Millis()
	}
	if err := l.appendBatch(h, own, now); err != nil {
		return notAppended, err
	}
	l.flushIfDue(now)
	return info, l.offline
}

// checkFromClient checks everything about a client's batch but its producer.
func (l *Log) checkFromClient(b []byte, from origin, now host.WallTime) (batch.Header, error) {
	h, whole, rest, err := batch.Next(b)
	if err != nil {
		return h, err
	}
	if len(rest) > 0 {
		return h, fmt.Errorf("log %v: more than one record batch in a produce: %w", l.partition, kerr.InvalidRecord)
	}
	if from == fromClient {
		if err := h.CheckFromClient(); err != nil {
			return h, err
		}
	}
	if len(whole) > int(l.config.MaxMessageBytes) {
		return h, fmt.Errorf("log %v: batch of %d bytes, max.message.bytes is %d: %w",
			l.partition, len(whole), l.config.MaxMessageBytes, kerr.MessageTooLarge)
	}
	if len(whole) > int(l.config.SegmentBytes) {
		return h, fmt.Errorf("log %v: batch of %d bytes, segment.bytes is %d: %w",
			l.partition, len(whole), l.config.SegmentBytes, kerr.RecordListTooLarge)
	}
	if !l.config.LogAppendTime {
		if err := l.checkTimestamps(&h, now); err != nil {
			return h, err
		}
	}
	return h, nil
}

// checkTimestamps applies message.timestamp.before.max.ms and after.max.ms.
// It knows a batch's first and largest timestamp, not the smallest.
func (l *Log) checkTimestamps(h *batch.Header, now host.WallTime) error {
	before := l.config.TimestampBeforeMax
	after := l.config.TimestampAfterMax
	wall := now.Millis()
	if h.BaseTimestamp >= 0 && before != Forever && wall-h.BaseTimestamp > int64(before/time.Millisecond) ||
		after != Forever && h.MaxTimestamp-wall > int64(after/time.Millisecond) {
		return fmt.Errorf("log %v: timestamps %d to %d are too far from %d: %w",
			l.partition, h.BaseTimestamp, h.MaxTimestamp, wall, kerr.InvalidTimestamp)
	}
	return nil
}

// appendBatch writes one batch whose header is final, rolling before it where
// due, and takes it into all that is derived from the log.
func (l *Log) appendBatch(h *batch.Header, own []byte, now host.WallTime) error {
	if l.mayRoll() && l.active().mustRoll(l.config, len(own), h.LastOffset(), h.MaxTimestamp, now) {
		if err := l.Roll(now); err != nil {
			return err
		}
	}
	if err := l.active().append(own); err != nil {
		return l.check(err)
	}
	l.logEnd = h.NextOffset()
	l.producers.take(h, own)
	l.flushing.appended(now)
	return l.assignEpoch(h.LeaderEpoch, h.BaseOffset)
}

// AppendAsFollower appends batches fetched from the leader, at the offsets and
// epochs that they carry. A part of a batch at the end is ignored, as a fetch
// may be cut there. The first must begin at the log's end and each where the
// one before ended: if not, nothing is appended (OFFSET_OUT_OF_RANGE); nor if a
// batch's CRC does not fit (CORRUPT_MESSAGE).
func (l *Log) AppendAsFollower(b []byte, now host.WallTime) (AppendInfo, error) {
	info := AppendInfo{FirstOffset: kafka.NoOffset, LastOffset: kafka.NoOffset, LogAppendTime: noTimestamp}
	if l.offline != nil {
		return info, l.offline
	}
	if err := l.checkFromLeader(b); err != nil {
		return info, err
	}
	info.FirstOffset = l.logEnd
	for rest := b; len(rest) > 0; {
		h, whole, tail, err := batch.Next(rest)
		if err != nil {
			break // cut at the end; checked before
		}
		if err := l.appendBatch(&h, whole, now); err != nil {
			return info, err
		}
		info.LastOffset = h.LastOffset()
		info.Appended = true
		info.Records += int64(h.Count)
		rest = tail
	}
	if info.Appended {
		l.flushIfDue(now)
	}
	return info, l.offline
}

func (l *Log) checkFromLeader(b []byte) error {
	next := l.logEnd
	for len(b) >= batch.HeaderSize {
		h, err := batch.ReadHeader(b)
		if err != nil {
			return err
		}
		if err := h.Check(); err != nil {
			return err
		}
		if h.Size() > len(b) {
			return nil
		}
		if err := batch.CheckCRC(b[:h.Size()]); err != nil {
			return fmt.Errorf("log %v: from the leader: %w", l.partition, err)
		}
		if h.BaseOffset != next || h.LeaderEpoch < 0 {
			return fmt.Errorf("log %v: batch at offset %d epoch %d where %d is next: %w",
				l.partition, h.BaseOffset, h.LeaderEpoch, next, kerr.OffsetOutOfRange)
		}
		next = h.NextOffset()
		b = b[h.Size():]
	}
	return nil
}
