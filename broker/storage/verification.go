package storage

import (
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// A record that arrives after its transaction was aborted would open a
// transaction that nobody ever ends. So the first record of a transaction is
// taken only after its coordinator has confirmed that the transaction is open
// and has the partition (KIP-890). Later ones need no question: the open
// transaction is there to see.

// Guard stands for one verification. A marker or a first record in between
// makes it worthless: what the coordinator confirmed was another transaction.
type Guard uint64

// verification is a question that is open, or answered and not used.
type verification struct {
	guard    Guard
	epoch    kafka.ProducerEpoch
	lowest   kafka.Sequence // of the batches that wait
	adds     bool           // the question adds the partition (transaction version 2)
	verified bool
	since    int64 // milliseconds
}

// NeedsVerification reports whether a transactional batch of the producer may be
// appended only after a verification.
func (l *Log) NeedsVerification(id kafka.ProducerID, epoch kafka.ProducerEpoch) bool {
	return !l.TransactionOpen(id, epoch)
}

// TransactionOpen reports whether the producer has an open transaction of this
// epoch in the log.
func (l *Log) TransactionOpen(id kafka.ProducerID, epoch kafka.ProducerEpoch) bool {
	return l.producers.transactionOpen(id, epoch)
}

func (p *ProducerStates) transactionOpen(id kafka.ProducerID, epoch kafka.ProducerEpoch) bool {
	s := p.known.find(id)
	return s != nil && s.transactionStart != kafka.NoOffset && s.epoch == epoch
}

// FencesProducer reports whether the log knows the producer in a newer epoch.
func (l *Log) FencesProducer(id kafka.ProducerID, epoch kafka.ProducerEpoch) bool {
	s := l.producers.known.find(id)
	return s != nil && epoch < s.epoch
}

// BeginVerification is called before the coordinator is asked about a batch
// that begins with sequence (NoSequence for a coordinator's own). adds says that
// the question also adds the partition to the transaction.
func (l *Log) BeginVerification(id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence kafka.Sequence, adds bool, now host.WallTime) Guard {
	p := &l.producers
	v := p.verifications[id]
	switch {
	case v == nil:
		p.guards++
		v = &verification{guard: p.guards, epoch: epoch, lowest: sequence}
		if p.verifications == nil {
			p.verifications = make(map[kafka.ProducerID]*verification)
		}
		p.verifications[id] = v
	case epoch > v.epoch:
		v.epoch, v.lowest = epoch, sequence
	case epoch == v.epoch:
		v.lowest = min(v.lowest, sequence)
	}
	v.adds, v.verified, v.since = adds, false, now.Millis()
	return v.guard
}

// Verified says that the coordinator has confirmed. From now on the log takes
// the producer's first batch, or several, until a marker comes. It is
// INVALID_TXN_STATE where one has come since.
func (l *Log) Verified(id kafka.ProducerID, epoch kafka.ProducerEpoch, guard Guard) error {
	v := l.producers.verifications[id]
	if v != nil && v.guard == guard {
		v.verified = true
		return nil
	}
	if l.producers.transactionOpen(id, epoch) {
		return nil // another batch was first
	}
	return fmt.Errorf("log %v: producer %d epoch %d: the transaction that was verified has ended: %w", l.partition, id, epoch, kerr.InvalidTxnState)
}

// checkVerified refuses a transactional batch whose transaction nobody has
// confirmed: INVALID_TXN_STATE.
func (l *Log) checkVerified(h *batch.Header) error {
	if !l.config.VerifyTransactions || !h.IsTransactional() || l.producers.transactionOpen(h.ProducerID, h.ProducerEpoch) {
		return nil
	}
	if v := l.producers.verifications[h.ProducerID]; v != nil && v.verified {
		return nil
	}
	return fmt.Errorf("log %v: producer %d epoch %d has no transaction here: %w", l.partition, h.ProducerID, h.ProducerEpoch, kerr.InvalidTxnState)
}

// checkSequence refuses what overtook an earlier batch that still waits for its
// verification, and with transaction version 2 any beginning but 0 of a
// producer of which nothing is known: OUT_OF_ORDER_SEQUENCE_NUMBER.
func (v *verification) checkSequence(h *batch.Header, known *producer) error {
	nothing := known == nil || known.count == 0
	if v.adds && nothing && h.BaseSequence != 0 || h.BaseSequence > v.lowest {
		return fmt.Errorf("producer %d epoch %d: sequence %d, but %d is the first of the transaction: %w",
			h.ProducerID, h.ProducerEpoch, h.BaseSequence, v.lowest, kerr.OutOfOrderSequenceNumber)
	}
	return nil
}

// expireVerifications forgets the questions that nobody came back to.
func (p *ProducerStates) expireVerifications(now host.WallTime) {
	maps.DeleteFunc(p.verifications, func(_ kafka.ProducerID, v *verification) bool {
		return olderThan(v.since, now.Millis(), p.expiration)
	})
}
