package clients

import (
	"slices"

	"assay/internal/kafka"
)

// producerPartition is what a producer keeps for one partition.
type producerPartition struct {
	name   kafka.TopicPartition
	index  int  // among the producer's
	active bool // see Producer.activate
	// queue holds the batches that wait to be sent, oldest first; retried ones
	// stand before those that never left.
	queue []*producerBatch
	// pending holds the batches that left and are not settled: on the wire or,
	// with a sequence, back in the queue to be retried. In order of sequence.
	pending []*producerBatch
	onWire  int

	// The numbers under which sequences are given here. They may lag behind
	// the producer's own until nothing of the old epoch is pending.
	producerID   kafka.ProducerID
	epoch        kafka.ProducerEpoch
	nextSequence kafka.Sequence
	acknowledged kafka.Sequence // the sequence after the last acknowledged record

	// unresolved: a batch with a sequence ended unacknowledged, so that there
	// may be a gap. Nothing new leaves until all that is pending has settled;
	// then either the gap turned out not to be one, or the epoch is bumped.
	unresolved bool
	// unknown counts answers that the partition is not known, since the last
	// good one.
	unknown       int
	participation participation // in the open transaction

	// bumping: there is a gap for sure. Nothing at all leaves any more.
	bumping bool
}

func newProducerPartition(name kafka.TopicPartition) *producerPartition {
	return &producerPartition{name: name, producerID: kafka.NoProducerID, epoch: kafka.NoProducerEpoch}
}

// youngestOpen is the batch that still takes records, nil for none.
func (t *producerPartition) youngestOpen() *producerBatch {
	if n := len(t.queue); n > 0 && t.queue[n-1].whole == nil {
		return t.queue[n-1]
	}
	return nil
}

// requeue puts a batch back for a retry, before all that came after it.
func (t *producerPartition) requeue(b *producerBatch) {
	at := 0
	if b.sequenced {
		for at < len(t.queue) && t.queue[at].sequenced && sequenceBefore(t.queue[at].sequence, b.sequence) {
			at++
		}
	}
	t.queue = slices.Insert(t.queue, at, b)
}

func (t *producerPartition) unqueue(b *producerBatch) {
	if i := slices.Index(t.queue, b); i >= 0 {
		t.queue = slices.Delete(t.queue, i, i+1)
	}
}

func (t *producerPartition) settle(b *producerBatch) {
	if i := slices.Index(t.pending, b); i >= 0 {
		t.pending = slices.Delete(t.pending, i, i+1)
	}
}

// isNextExpected says whether the broker should have taken the batch next,
// since all before it is acknowledged.
func (t *producerPartition) isNextExpected(b *producerBatch) bool {
	return b.sequence == t.acknowledged
}

// acknowledge moves the mark over a batch; answers may come out of order when
// a partition has moved.
func (t *producerPartition) acknowledge(b *producerBatch) {
	if sequenceBefore(t.acknowledged, b.next()) {
		t.acknowledged = b.next()
	}
}

// sequenceBefore orders two sequences that are less than half a circle apart:
// they wrap from 2^31-1 to 0.
func sequenceBefore(a, b kafka.Sequence) bool { return int32(b-a)<<1 > 0 }

// mayDrainNew says whether a batch that never left may leave now.
func (t *producerPartition) mayDrainNew(maxPending int) bool {
	return !t.unresolved && !t.bumping && len(t.pending) < maxPending
}

// mayRetry says whether a batch with a sequence may be sent again: only the
// first of the pending, the others wait for what becomes of it.
func (t *producerPartition) mayRetry(b *producerBatch) bool {
	return !t.bumping && (len(t.pending) == 0 || t.pending[0] == b)
}
