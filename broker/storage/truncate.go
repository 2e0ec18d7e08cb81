package storage

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// TruncateTo cuts the log's end so that it holds nothing at or above offset. A
// batch that reaches beyond it goes as a whole, so the log may end below
// offset. An offset at or above the end cuts no records; one below the first
// segment empties the log and starts it there.
func (l *Log) TruncateTo(offset kafka.Offset, now host.WallTime) error {
	if l.offline != nil {
		return l.offline
	}
	if offset >= l.logEnd {
		// Always cut the epochs: one that this replica began as a leader and
		// never wrote in may contradict the present leader's history, and
		// nothing else would ever remove it.
		if l.epochs.TruncateFromEnd(l.logEnd) {
			return l.writeEpochs()
		}
		return nil
	}
	if offset < l.segments[0].base {
		return l.TruncateFullyAndStartAt(offset, now)
	}
	for l.active().base > offset {
		if err := l.active().remove(); err != nil {
			return l.check(err)
		}
		l.segments = l.segments[:len(l.segments)-1]
	}
	last := l.active()
	if err := l.indexed(last); err != nil {
		return l.check(err)
	}
	end, err := last.truncate(offset)
	if err != nil {
		return l.check(err)
	}
	l.logEnd = end
	if end < l.logStart {
		l.logStart = end
		if err := l.writeLogStart(end); err != nil {
			return l.check(err)
		}
	}
	return l.afterTruncation(now)
}

// TruncateFullyAndStartAt drops everything; the log is empty then and its next
// offset is start. A follower does so when the leader's log begins above its
// own end.
func (l *Log) TruncateFullyAndStartAt(start kafka.Offset, now host.WallTime) error {
	if l.offline != nil {
		return l.offline
	}
	if err := l.writeLogStart(start); err != nil {
		return l.check(err)
	}
	from := l.logStart
	for len(l.segments) > 0 {
		if err := l.active().remove(); err != nil {
			return l.check(err)
		}
		l.segments = l.segments[:len(l.segments)-1]
	}
	first, err := createSegment(l.fs, l.dir, start, l.config, now)
	if err != nil {
		// Never without a segment, even offline.
		l.segments = []*segment{{base: start}}
		return l.check(err)
	}
	l.segments = []*segment{first}
	l.logStart, l.logEnd = start, start
	l.epochs = EpochCache{}
	if start > from {
		l.observe(PointLogStart, int64(from), int64(start))
	}
	if err := l.removeSnapshots(func(kafka.Offset) bool { return true }); err != nil {
		return l.check(err)
	}
	if err := l.writeEpochs(); err != nil {
		return err
	}
	return l.afterTruncation(now)
}

// afterTruncation brings what is derived from the log in line with its end.
func (l *Log) afterTruncation(now host.WallTime) error {
	l.flushing.dirDirty = true
	if err := l.lowerRecoveryPoint(); err != nil {
		return l.check(err)
	}
	if l.epochs.TruncateFromEnd(l.logEnd) {
		if err := l.writeEpochs(); err != nil {
			return err
		}
	}
	end := l.logEnd
	if err := l.removeSnapshots(func(at kafka.Offset) bool { return at > end }); err != nil {
		return l.check(err)
	}
	return l.check(l.loadProducers(now))
}

// DeleteRecordsTo moves the log's start to start and drops the segments that
// lie wholly below (DeleteRecords, KIP-107; retention). The caller bounds
// start by its high watermark. Above the log's end it is OFFSET_OUT_OF_RANGE;
// below the log's start nothing happens.
func (l *Log) DeleteRecordsTo(start kafka.Offset) error {
	switch {
	case l.offline != nil:
		return l.offline
	case start > l.logEnd:
		return fmt.Errorf("log %v: cannot start at %d, its end is %d: %w", l.partition, start, l.logEnd, kerr.OffsetOutOfRange)
	case start <= l.logStart:
		return nil
	}
	if err := l.writeLogStart(start); err != nil {
		return l.check(err)
	}
	from := l.logStart
	l.logStart = start
	l.producers.transactions.startAt(start)
	drop := 0
	for drop+1 < len(l.segments) && l.segments[drop+1].base <= start {
		if err := l.segments[drop].remove(); err != nil {
			return l.check(err)
		}
		drop++
	}
	if drop > 0 {
		l.segments = append(l.segments[:0], l.segments[drop:]...)
		l.flushing.dirDirty = true
		first := l.segments[0].base
		if err := l.removeSnapshots(func(at kafka.Offset) bool { return at < first }); err != nil {
			return l.check(err)
		}
	}
	l.observe(PointLogStart, int64(from), int64(start))
	if l.epochs.TruncateFromStart(start) {
		return l.writeEpochs()
	}
	return nil
}
