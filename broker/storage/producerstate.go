package storage

import (
	"fmt"
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
	lastOffset   kafka.Offset
	timestamp    int64
	lastSequence kafka.Sequence
	offsetDelta  int32
}

// baseSequence of a batch that wraps is above its last, but with the flaw.
func (b *producedBatch) baseSequence(flaws Flaws) kafka.Sequence {
	if flaws.NoSequenceWrap {
		return b.lastSequence - kafka.Sequence(b.offsetDelta)
	}
	return b.lastSequence.Add(-b.offsetDelta)
}

func (b *producedBatch) firstOffset() kafka.Offset { return b.lastOffset - kafka.Offset(b.offsetDelta) }

// producer is what a log knows of one producer id.
type producer struct {
	id            kafka.ProducerID
	epoch         kafka.ProducerEpoch
	lastTimestamp int64 // of its last batch, in milliseconds; expiry counts from it
	// transactionStart is the first offset of the open transaction, NoOffset
	// without one.
	transactionStart kafka.Offset
	coordinatorEpoch kafka.LeaderEpoch // of the last marker, NoEpoch before one
	count            int32             // used entries of window, oldest first
	window           [windowSize]producedBatch
}

// producers are those of a log, by id. Most logs have few, and new ones mostly
// have the largest id.
type producers []*producer

// find returns a producer, nil for one that is not known.
func (p producers) find(id kafka.ProducerID) *producer {
	if at, known := p.search(id); known {
		return p[at]
	}
	return nil
}

func (p producers) search(id kafka.ProducerID) (at int, known bool) {
	end := len(p)
	for at < end {
		if middle := (at + end) / 2; p[middle].id < id {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at, at < len(p) && p[at].id == id
}

// add adds a producer, unless one of its id is known.
func (p *producers) add(s *producer) {
	if at, known := p.search(s.id); !known {
		*p = slices.Insert(*p, at, s)
	}
}

// ProducerStates are the producers that a log knows (KIP-98): enough to refuse
// a zombie, to notice a gap, and to answer a repetition; and their transactions.
type ProducerStates struct {
	known        producers
	expiration   time.Duration
	transactions transactions

	verifications map[kafka.ProducerID]*verification // nil before the first
	guards        Guard                              // given so far
}

// Len is the number of producers known.
func (p *ProducerStates) Len() int { return len(p.known) }

// ProducerInfo describes a producer, for DescribeProducers and tests.
type ProducerInfo struct {
	ID            kafka.ProducerID
	Epoch         kafka.ProducerEpoch
	LastSequence  kafka.Sequence // NoSequence before its first batch
	LastOffset    kafka.Offset
	LastTimestamp int64
	Remembered    int // batches in the window
	// CoordinatorEpoch is that of the last marker, NoEpoch before one.
	CoordinatorEpoch kafka.LeaderEpoch
	TransactionStart kafka.Offset // of the open transaction, NoOffset without one
}

// List describes all producers, ordered by id.
func (p *ProducerStates) List() []ProducerInfo {
	list := make([]ProducerInfo, 0, len(p.known))
	for _, s := range p.known {
		info := ProducerInfo{ID: s.id, Epoch: s.epoch, LastSequence: kafka.NoSequence, LastOffset: kafka.NoOffset,
			LastTimestamp: s.lastTimestamp, Remembered: int(s.count), CoordinatorEpoch: s.coordinatorEpoch, TransactionStart: s.transactionStart}
		if s.count > 0 {
			info.LastSequence, info.LastOffset = s.window[s.count-1].lastSequence, s.window[s.count-1].lastOffset
		}
		list = append(list, info)
	}
	return list
}

// duplicateOf returns the batch that h repeats, one of the last of its producer,
// to be answered with what was answered then. Nil: it is none, or too old to be
// known.
func (p *ProducerStates) duplicateOf(h *batch.Header, flaws Flaws) *producedBatch {
	s := p.known.find(h.ProducerID)
	if s == nil || s.epoch != h.ProducerEpoch { // a zombie's retry must not look like a duplicate
		return nil
	}
	for i := range s.count {
		if b := &s.window[i]; b.lastSequence == h.LastSequence() && b.baseSequence(flaws) == h.BaseSequence {
			return b
		}
	}
	return nil
}

// check decides over a batch of records that repeats nothing. The errors are
// INVALID_PRODUCER_EPOCH for a zombie, OUT_OF_ORDER_SEQUENCE_NUMBER for a gap, a
// repetition too old to be known, or a new epoch that does not begin with 0, and
// INVALID_TXN_STATE for a record outside of the producer's open transaction. A
// producer that is not known may go on with any sequence (KIP-360). A
// coordinator numbers nothing.
func (p *ProducerStates) check(h *batch.Header, from origin, flaws Flaws) error {
	s := p.known.find(h.ProducerID)
	if s != nil && h.ProducerEpoch < s.epoch {
		return fmt.Errorf("producer %d: epoch %d, but %d is known: %w",
			h.ProducerID, h.ProducerEpoch, s.epoch, kerr.InvalidProducerEpoch)
	}
	if from == fromClient {
		if v := p.verifications[h.ProducerID]; v != nil {
			if err := v.checkSequence(h, s); err != nil {
				return err
			}
		}
		if err := s.checkSequence(h, flaws); err != nil {
			return err
		}
	}
	if s != nil && s.transactionStart != kafka.NoOffset && !h.IsTransactional() {
		return fmt.Errorf("producer %d epoch %d: a record outside of its open transaction: %w",
			h.ProducerID, h.ProducerEpoch, kerr.InvalidTxnState)
	}
	return nil
}

// checkSequence is check's part that a coordinator is spared; s is nil for a
// producer that is not known.
func (s *producer) checkSequence(h *batch.Header, flaws Flaws) error {
	if s == nil {
		return nil
	}
	if h.ProducerEpoch > s.epoch {
		if h.BaseSequence != 0 {
			return fmt.Errorf("producer %d: new epoch %d begins with sequence %d: %w",
				h.ProducerID, h.ProducerEpoch, h.BaseSequence, kerr.OutOfOrderSequenceNumber)
		}
		return nil
	}
	last := kafka.NoSequence // a marker began the epoch: 0 comes first
	if s.count > 0 {
		last = s.window[s.count-1].lastSequence
	}
	if !follows(last, h.BaseSequence, flaws) {
		return fmt.Errorf("producer %d epoch %d: sequence %d after %d: %w",
			h.ProducerID, h.ProducerEpoch, h.BaseSequence, last, kerr.OutOfOrderSequenceNumber)
	}
	return nil
}

// follows reports whether next is the sequence after last.
func follows(last, next kafka.Sequence, flaws Flaws) bool {
	if flaws.NoSequenceWrap {
		return int64(next) == int64(last)+1
	}
	return next == last.Add(1)
}

// checkMarker decides over a marker: INVALID_PRODUCER_EPOCH for one of an older
// epoch, TRANSACTION_COORDINATOR_FENCED for one of an older coordinator. A marker
// of transaction version 2 carries the epoch after the transaction's, so one of
// the same epoch is late, unless nothing is open: then it is the same again.
func (p *ProducerStates) checkMarker(m *Marker, flaws Flaws) error {
	s := p.known.find(m.ProducerID)
	if s == nil {
		return nil
	}
	late := m.TransactionVersion >= 2 && m.ProducerEpoch == s.epoch && s.transactionStart != kafka.NoOffset
	if m.ProducerEpoch < s.epoch || late {
		return fmt.Errorf("producer %d: a marker of epoch %d, but %d is known: %w",
			m.ProducerID, m.ProducerEpoch, s.epoch, kerr.InvalidProducerEpoch)
	}
	if m.CoordinatorEpoch < s.coordinatorEpoch && !flaws.FormerCoordinatorMarks {
		return fmt.Errorf("producer %d: a marker of coordinator epoch %d, but %d is known: %w",
			m.ProducerID, m.CoordinatorEpoch, s.coordinatorEpoch, kerr.TransactionCoordinatorFenced)
	}
	return nil
}

// take takes in a batch that is in the log, from a client, a coordinator, a
// leader or a scan. whole is looked at for control batches only.
func (p *ProducerStates) take(h *batch.Header, whole []byte) {
	switch {
	case !h.HasProducerID():
	case !h.IsControl():
		p.takeRecords(h)
	default:
		if m, ends := readMarker(h, whole); ends {
			p.takeMarker(h, &m)
		}
	}
}

func (p *ProducerStates) takeRecords(h *batch.Header) {
	s := p.ofEpoch(h.ProducerID, h.ProducerEpoch)
	if s.count == windowSize {
		copy(s.window[:], s.window[1:])
		s.count--
	}
	s.window[s.count] = producedBatch{h.LastOffset(), h.MaxTimestamp, h.LastSequence(), h.LastOffsetDelta}
	s.count++
	s.lastTimestamp = h.MaxTimestamp
	if !h.IsTransactional() {
		return
	}
	delete(p.verifications, h.ProducerID)
	if s.transactionStart == kafka.NoOffset {
		s.transactionStart = h.BaseOffset
		p.transactions.begin(h.ProducerID, h.BaseOffset)
	}
}

// takeMarker ends the producer's transaction. A marker of a later epoch also
// fences what the producer may still send in the former one (KIP-890).
func (p *ProducerStates) takeMarker(h *batch.Header, m *Marker) {
	s := p.ofEpoch(m.ProducerID, m.ProducerEpoch)
	s.coordinatorEpoch, s.lastTimestamp = m.CoordinatorEpoch, h.MaxTimestamp
	delete(p.verifications, m.ProducerID)
	if s.transactionStart != kafka.NoOffset {
		s.transactionStart = kafka.NoOffset
		p.transactions.end(m.ProducerID, h.LastOffset(), m.Commit)
	}
}

// ofEpoch is the state of a producer, new or brought to the epoch.
func (p *ProducerStates) ofEpoch(id kafka.ProducerID, epoch kafka.ProducerEpoch) *producer {
	s := p.known.find(id)
	if s == nil {
		s = &producer{id: id, epoch: epoch, transactionStart: kafka.NoOffset, coordinatorEpoch: kafka.NoEpoch}
		p.known.add(s)
	}
	if s.epoch != epoch {
		s.epoch, s.count = epoch, 0
	}
	return s
}

// expire forgets the producers whose last batch is older than the expiration,
// but for those with an open transaction.
func (p *ProducerStates) expire(now host.WallTime) (expired int) {
	before := len(p.known)
	p.expireVerifications(now)
	p.known = slices.DeleteFunc(p.known, func(s *producer) bool {
		return s.transactionStart == kafka.NoOffset && olderThan(s.lastTimestamp, now.Millis(), p.expiration)
	})
	return before - len(p.known)
}

// olderThan compares milliseconds with a duration that may be Forever.
func olderThan(timestamp, now int64, limit time.Duration) bool {
	return limit != Forever && now >= timestamp && now-timestamp >= int64(min(limit, math.MaxInt64)/time.Millisecond)
}

// reset forgets all producers.
func (p *ProducerStates) reset() {
	p.known = nil
	clear(p.verifications)
	p.transactions.reset()
}
