package storage

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Extent is where the answer to a fetch lies: whole batches in one segment.
// The zero value is an empty answer. It stays good while the log lives, also
// after a truncation or a removal of the segment: take Bytes in the same step.
type Extent struct {
	file     host.File
	Position int64
	Length   int
}

// Bytes returns the extent's bytes, which never change; nil if it is empty.
func (e Extent) Bytes() ([]byte, error) {
	if e.Length == 0 {
		return nil, nil
	}
	return e.file.View(e.Position, e.Length)
}

// AppendTo appends the extent's bytes to dst, for a reader that keeps none.
func (e Extent) AppendTo(dst []byte) ([]byte, error) {
	if e.Length == 0 {
		return dst, nil
	}
	dst = slices.Grow(dst, e.Length)[:len(dst)+e.Length]
	_, err := e.file.ReadAt(dst[len(dst)-e.Length:], e.Position)
	return dst, err
}

// File is the segment's file, for worlds that send from files.
func (e Extent) File() host.File { return e.file }

// Read returns the whole batches from the one that holds offset from on, at
// most maxBytes of them, none that reaches beyond upTo (the high watermark for
// consumers, the log's end for followers). minOne returns the first batch even
// if it alone is larger than maxBytes (KIP-74). Like Kafka, it does not go
// beyond the end of a segment, so an answer may be shorter than could be.
//
// It answers OFFSET_OUT_OF_RANGE for an offset outside the log,
// CORRUPT_MESSAGE where a segment holds no batches, and KAFKA_STORAGE_ERROR.
func (l *Log) Read(from kafka.Offset, maxBytes int, upTo kafka.Offset, minOne bool) (Extent, error) {
	if l.offline != nil {
		return Extent{}, l.offline
	}
	if from < l.logStart || from > l.logEnd {
		return Extent{}, fmt.Errorf("log %v: offset %d, the log has %d to %d: %w",
			l.partition, from, l.logStart, l.logEnd, kerr.OffsetOutOfRange)
	}
	upTo = min(upTo, l.logEnd)
	if from >= upTo {
		return Extent{}, nil
	}
	for i := l.segmentFor(from); i < len(l.segments); i++ {
		s := l.segments[i]
		if err := l.indexed(s); err != nil {
			return Extent{}, l.check(err)
		}
		h, position, err := s.find(from)
		if err == io.EOF {
			continue // what from named is gone; go on with the next segment
		}
		if err != nil {
			return Extent{}, l.check(err)
		}
		if h.NextOffset() > upTo || h.Size() > maxBytes && !minOne {
			return Extent{}, nil
		}
		wholeSegment := upTo >= l.segmentEnd(i)
		return Extent{file: s.log, Position: position, Length: s.lengthFrom(&h, position, maxBytes, upTo, wholeSegment)}, nil
	}
	return Extent{}, nil
}

// segmentEnd is the offset after the segment's last possible record.
func (l *Log) segmentEnd(i int) kafka.Offset {
	if i+1 < len(l.segments) {
		return l.segments[i+1].base
	}
	return l.logEnd
}

// lengthFrom is the length of the whole batches from the one at position that
// fit into maxBytes and end at or below upTo; at least the first one's.
func (s *segment) lengthFrom(first *batch.Header, position int64, maxBytes int, upTo kafka.Offset, wholeSegment bool) int {
	limit := position + int64(maxBytes)
	if wholeSegment && limit >= s.size {
		return int(s.size - position)
	}
	end := max(position+int64(first.Size()), s.offsets.lastBefore(limit, upTo))
	for {
		h, err := s.headerAt(end)
		if err != nil || h.NextOffset() > upTo || end+int64(h.Size()) > limit {
			return int(end - position)
		}
		end += int64(h.Size())
	}
}

// TimestampOffset is a record found by time.
type TimestampOffset struct {
	Timestamp int64 // milliseconds
	Offset    kafka.Offset
	Epoch     kafka.LeaderEpoch
}

// notFound is Kafka's answer for a timestamp after the last record's.
var notFound = TimestampOffset{Timestamp: noTimestamp, Offset: kafka.NoOffset, Epoch: kafka.NoEpoch}

// OffsetForTimestamp returns the first record whose timestamp is at or after
// timestamp (milliseconds), and Offset NoOffset if there is none. In a
// compressed batch it names the batch's first record.
func (l *Log) OffsetForTimestamp(timestamp int64) (TimestampOffset, error) {
	if l.offline != nil {
		return notFound, l.offline
	}
	for _, s := range l.segments {
		if err := l.indexed(s); err != nil {
			return notFound, l.check(err)
		}
		if s.maxTimestamp < timestamp {
			continue
		}
		found, err := s.findTimestamp(timestamp, l.logStart)
		if err != nil || found.Offset != kafka.NoOffset {
			return found, l.check(err)
		}
	}
	return notFound, nil
}

// OffsetOfMaxTimestamp returns the record with the largest timestamp, the
// first of several (ListOffsets -3, KIP-734).
func (l *Log) OffsetOfMaxTimestamp() (TimestampOffset, error) {
	if l.offline != nil {
		return notFound, l.offline
	}
	latest := int64(noTimestamp)
	for _, s := range l.segments {
		if err := l.indexed(s); err != nil {
			return notFound, l.check(err)
		}
		latest = max(latest, s.maxTimestamp)
	}
	if latest == noTimestamp {
		return notFound, nil
	}
	return l.OffsetForTimestamp(latest)
}

// findTimestamp looks for the first record of the segment at or above start
// and at or after timestamp.
func (s *segment) findTimestamp(timestamp int64, start kafka.Offset) (TimestampOffset, error) {
	h, position, err := s.find(max(start, s.times.lookup(timestamp)))
	for ; err == nil; h, err = s.headerAt(position) {
		if h.MaxTimestamp >= timestamp {
			whole, err := s.log.View(position, h.Size())
			if err != nil {
				return notFound, err
			}
			found, err := firstAtOrAfter(&h, whole, timestamp, start)
			if err != nil || found.Offset != kafka.NoOffset {
				return found, err
			}
		}
		position += int64(h.Size())
	}
	if err == io.EOF {
		err = nil
	}
	return notFound, err
}

var errFound = errors.New("found")

func firstAtOrAfter(h *batch.Header, whole []byte, timestamp int64, start kafka.Offset) (TimestampOffset, error) {
	if h.Compression() != batch.None {
		return TimestampOffset{h.MaxTimestamp, max(start, h.BaseOffset), h.LeaderEpoch}, nil
	}
	found := notFound
	err := batch.ForEachRecord(whole, func(r batch.Record) error {
		if r.Offset >= start && r.Timestamp >= timestamp {
			found = TimestampOffset{r.Timestamp, r.Offset, h.LeaderEpoch}
			return errFound
		}
		return nil
	})
	if err == errFound {
		err = nil
	}
	return found, err
}
