package storage

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// windowSize is how many of a producer's last batches are remembered, which is
// also how many it may have in flight (KIP-98, KAFKA-5494).
const windowSize = 5

// producedBatch is what is remembered of one batch.
type producedBatch struct {
	lastSequence kafka.Sequence
	lastOffset   kafka.Offset
	offsetDelta  int32
	timestamp    int64
}

func (b *producedBatch) baseSequence() kafka.Sequence { return b.lastSequence.Add(-b.offsetDelta) }
func (b *producedBatch) firstOffset() kafka.Offset    { return b.lastOffset - kafka.Offset(b.offsetDelta) }

// producer is what a log knows of one producer id.
type producer struct {
	epoch         kafka.ProducerEpoch
	lastTimestamp int64 // of its last batch, in milliseconds; expiry counts from it
	count         int   // used entries of window, oldest first
	window        [windowSize]producedBatch
	// transactionStart is the first offset of the open transaction, NoOffset
	// without one. Transactions are not written yet.
	transactionStart kafka.Offset
}

// ProducerStates are the producers that a log knows (KIP-98): enough to refuse
// a zombie, to notice a gap, and to answer a repetition.
type ProducerStates struct {
	byID       map[kafka.ProducerID]*producer
	expiration time.Duration
}

func newProducerStates(expiration time.Duration) ProducerStates {
	return ProducerStates{byID: make(map[kafka.ProducerID]*producer), expiration: expiration}
}

// Len is the number of producers known.
func (p *ProducerStates) Len() int { return len(p.byID) }

// ProducerInfo describes a producer, for DescribeProducers and tests.
type ProducerInfo struct {
	ID            kafka.ProducerID
	Epoch         kafka.ProducerEpoch
	LastSequence  kafka.Sequence // NoSequence before its first batch
	LastOffset    kafka.Offset
	LastTimestamp int64
	Remembered    int // batches in the window
}

// List describes all producers, ordered by id.
func (p *ProducerStates) List() []ProducerInfo {
	list := make([]ProducerInfo, 0, len(p.byID))
	for _, id := range slices.Sorted(maps.Keys(p.byID)) {
		s := p.byID[id]
		info := ProducerInfo{ID: id, Epoch: s.epoch, LastSequence: kafka.NoSequence, LastOffset: kafka.NoOffset,
			LastTimestamp: s.lastTimestamp, Remembered: s.count}
		if s.count > 0 {
			info.LastSequence, info.LastOffset = s.window[s.count-1].lastSequence, s.window[s.count-1].lastOffset
		}
		list = append(list, info)
	}
	return list
}

// check decides over a client's batch. A duplicate is one of the last batches
// again, to be answered with what was answered then. The errors are
// INVALID_PRODUCER_EPOCH for a zombie and OUT_OF_ORDER_SEQUENCE_NUMBER for a
// gap, a repetition too old to be known, or a new epoch that does not begin
// with 0. A producer that is not known, or whose batches are all gone, may go
// on with any sequence (KIP-360).
//
// Fence before dedupe: a zombie's retry must not look like a duplicate.
func (p *ProducerStates) check(h *batch.Header) (duplicate *producedBatch, err error) {
	s := p.byID[h.ProducerID]
	if s == nil {
		return nil, nil
	}
	if h.ProducerEpoch < s.epoch {
		return nil, fmt.Errorf("producer %d: epoch %d, but %d is known: %w",
			h.ProducerID, h.ProducerEpoch, s.epoch, kerr.InvalidProducerEpoch)
	}
	if h.ProducerEpoch > s.epoch {
		if h.BaseSequence != 0 {
			return nil, fmt.Errorf("producer %d: new epoch %d begins with sequence %d: %w",
				h.ProducerID, h.ProducerEpoch, h.BaseSequence, kerr.OutOfOrderSequenceNumber)
		}
		return nil, nil
	}
	for i := range s.count {
		if b := &s.window[i]; b.lastSequence == h.LastSequence() && b.baseSequence() == h.BaseSequence {
			return b, nil
		}
	}
	if s.count == 0 {
		return nil, nil
	}
	if last := s.window[s.count-1].lastSequence; h.BaseSequence != last.Add(1) {
		return nil, fmt.Errorf("producer %d epoch %d: sequence %d after %d: %w",
			h.ProducerID, h.ProducerEpoch, h.BaseSequence, last, kerr.OutOfOrderSequenceNumber)
	}
	return nil, nil
}

// update takes in a batch that is in the log, from a client, a leader or a scan.
func (p *ProducerStates) update(h *batch.Header) {
	if !h.HasProducerID() || h.IsControl() {
		return
	}
	s := p.byID[h.ProducerID]
	if s == nil {
		s = &producer{epoch: h.ProducerEpoch, transactionStart: kafka.NoOffset}
		p.byID[h.ProducerID] = s
	}
	if s.epoch != h.ProducerEpoch {
		s.epoch, s.count = h.ProducerEpoch, 0
	}
	if s.count == windowSize {
		copy(s.window[:], s.window[1:])
		s.count--
	}
	s.window[s.count] = producedBatch{h.LastSequence(), h.LastOffset(), h.LastOffsetDelta, h.MaxTimestamp}
	s.count++
	s.lastTimestamp = h.MaxTimestamp
}

// expire forgets the producers whose last batch is older than the expiration.
func (p *ProducerStates) expire(now host.WallTime) (expired int) {
	before := len(p.byID)
	maps.DeleteFunc(p.byID, func(_ kafka.ProducerID, s *producer) bool {
		return s.transactionStart == kafka.NoOffset && olderThan(s.lastTimestamp, now.Millis(), p.expiration)
	})
	return before - len(p.byID)
}

// olderThan compares milliseconds with a duration that may be Forever.
func olderThan(timestamp, now int64, limit time.Duration) bool {
	return limit != Forever && now >= timestamp && now-timestamp >= int64(min(limit, math.MaxInt64)/time.Millisecond)
}

// reset forgets all producers.
func (p *ProducerStates) reset() { clear(p.byID) }
