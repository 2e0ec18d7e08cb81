package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// mayTryAgain decides on an error, and notes where it proves a gap in the
// sequences.
func (p *Producer) mayTryAgain(b *producerBatch, code int16) bool {
	if p.transaction != nil {
		return p.isOwed(b) && p.transaction.triesAgain(b, code)
	}
	switch p.config.Profile {
	case ProfileRdKafka:
		return p.isOwed(b) && p.rdKafkaTriesAgain(b, code)
	case ProfileFranzGo:
		return p.franzGoTriesAgain(b, code)
	}
	return p.isOwed(b) && p.javaTriesAgain(b, code)
}

// isOwed says whether time and retries are left.
func (p *Producer) isOwed(b *producerBatch) bool {
	return p.client.host.Now() < b.created.Add(p.config.DeliveryTimeout) && b.attempts <= p.config.Retries
}

// javaTriesAgain is canRetry of Kafka's TransactionManager.
func (p *Producer) javaTriesAgain(b *producerBatch, code int16) bool {
	if !b.sequenced {
		return p.config.Profile.retriesAfter(code)
	}
	t := b.partition
	switch code {
	case kerr.UnknownProducerID.Code:
		t.bumping = true
		return true
	case kerr.OutOfOrderSequenceNumber.Code:
		if sequenceBefore(b.sequence, t.acknowledged) {
			// The broker has taken later ones: it will never take this one
			// again, and cannot say whether it did.
			b.ambiguous = true
			t.bumping = p.config.SequenceCache
			return p.config.SequenceCache
		}
		// A batch behind one that is being retried just came too early.
		// Otherwise there is a gap, or the broker forgot us: a new epoch.
		if t.isNextExpected(b) || t.unresolved && t.pending[0] == b {
			t.bumping = true
		}
		return true
	}
	return p.config.Profile.retriesAfter(code)
}

// rdKafkaTriesAgain is rd_kafka_handle_idempotent_Produce_error of librdkafka
// (src/rdkafka_request.c): where it can no longer say what the broker has, the
// producer ends with a fatal error.
func (p *Producer) rdKafkaTriesAgain(b *producerBatch, code int16) bool {
	if !b.sequenced {
		return p.config.Profile.retriesAfter(code)
	}
	t := b.partition
	switch code {
	case kerr.OutOfOrderSequenceNumber.Code:
		if sequenceBefore(t.acknowledged, b.sequence) {
			t.bumping = true // those before it failed
			return true
		}
	case kerr.UnknownProducerID.Code:
		if b.attempts == 1 && t.isNextExpected(b) {
			t.bumping = true
			return true
		}
	default:
		return p.config.Profile.retriesAfter(code)
	}
	b.ambiguous = true
	p.fatal = code
	return false
}

// franzGoUnknownLimit is UnknownTopicRetries of franz-go (pkg/kgo/config.go).
const franzGoUnknownLimit = 4

// franzGoTriesAgain is handleReqRespBatch of franz-go (pkg/kgo/sink.go). What the
// broker may have is tried without end; sequences that the broker refuses start
// anew under the next epoch, whatever it has.
func (p *Producer) franzGoTriesAgain(b *producerBatch, code int16) bool {
	t := b.partition
	switch code {
	case kerr.RequestTimedOut.Code, kerr.NotEnoughReplicasAfterAppend.Code:
		b.unsure = true
	case kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code:
		if t.unknown++; t.unknown > franzGoUnknownLimit {
			return false
		}
	case kerr.OutOfOrderSequenceNumber.Code, kerr.UnknownProducerID.Code, kerr.InvalidProducerEpoch.Code:
		if b.sequenced {
			t.bumping = t.bumping || t.pending[0] == b
			return true
		}
	}
	if !p.config.Profile.retriesAfter(code) {
		return false
	}
	return p.isOwed(b) || p.config.Idempotent && !p.franzGoMayCancel(b)
}

// franzGoMayCancel says whether franz-go gives a batch up of which the broker
// answered nothing good: one that was never written, or whose last answer
// came and none ever left it unsure (maybeFailErr and canFailFromLoadErrs in
// pkg/kgo/sink.go). Without sequences there is nothing to keep whole.
func (p *Producer) franzGoMayCancel(b *producerBatch) bool {
	return !p.config.Idempotent || !b.onWire && b.lastError != networkException && !b.unsure
}

// failAll ends everything that waits for a partition, and what is on the wire
// as far as it is told. With franz-go one failure does so: to leave out a batch
// would break the chain of sequences (failAllRecords in pkg/kgo/sink.go).
func (p *Producer) failAll(t *producerPartition, code int16) {
	for _, b := range slices.Concat(t.pending, t.queue) {
		if b.told || b.onWire {
			continue
		}
		if at := slices.Index(t.queue, b); at < 0 {
			continue // sequenced ones are in both
		}
		t.unqueue(b)
		b.lastError = code
		p.endUnsent(b)
	}
	for _, b := range t.pending {
		if b.onWire && !b.told {
			p.abandon(b, code)
		}
	}
}

// franzGoExpire is RecordDeliveryTimeout, which franz-go looks at for the oldest
// batch of a partition alone, and not while the broker may have it.
func (p *Producer) franzGoExpire(now host.Time) {
	for _, t := range p.activePartitions() {
		var oldest *producerBatch
		switch {
		case len(t.pending) > 0:
			oldest = t.pending[0]
		case len(t.queue) > 0:
			oldest = t.queue[0]
		default:
			continue
		}
		if !oldest.told && now >= oldest.created.Add(p.config.DeliveryTimeout) && p.franzGoMayCancel(oldest) {
			p.failAll(t, kerr.RequestTimedOut.Code)
		}
	}
}

// abandon tells of a batch on the wire that it was given up.
func (p *Producer) abandon(b *producerBatch, code int16) {
	b.lastError = code
	if b.sequenced {
		b.partition.unresolved = true
	}
	if p.transaction != nil {
		p.transaction.batchFailed(b)
	}
	p.complete(b, Indeterminate, kafka.NoOffset)
}
