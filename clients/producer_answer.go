package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// answered takes the end of one produce request, good or bad. Batches were
// put into the body in order, and brokers answer in that order; a batch that
// the answer leaves out ends as an unknown error.
func (p *Producer) answered(body *kmsg.ProduceRequest, batches []*producerBatch, response kmsg.Response, err error) {
	answer, ok := response.(*kmsg.ProduceResponse)
	if err != nil || !ok {
		for _, b := range batches {
			p.ended(b, kafka.NoOffset, codeOf(err))
		}
		return
	}
	for _, b := range batches {
		part := p.partOf(answer, b)
		if part == nil {
			p.ended(b, kafka.NoOffset, kerr.UnknownServerError.Code)
			continue
		}
		leader := Leader{kafka.BrokerID(part.CurrentLeader.LeaderID), kafka.LeaderEpoch(part.CurrentLeader.LeaderEpoch)}
		if part.ErrorCode != 0 {
			p.client.metadata.LearnLeader(b.partition.name, leader)
		}
		p.ended(b, kafka.Offset(part.BaseOffset), part.ErrorCode)
	}
}

func (p *Producer) partOf(answer *kmsg.ProduceResponse, b *producerBatch) *kmsg.ProduceResponseTopicPartition {
	id := p.client.metadata.topics[b.partition.name.Topic].ID
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if answer.Version >= 13 && t.TopicID != id || answer.Version < 13 && t.Topic != b.partition.name.Topic {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == b.partition.name.Partition {
				return &t.Partitions[j]
			}
		}
	}
	return nil
}

// ended takes the end of one attempt of one batch.
func (p *Producer) ended(b *producerBatch, base kafka.Offset, code int16) {
	t := b.partition
	b.onWire = false
	t.onWire--
	p.client.again = true
	if code == kerr.DuplicateSequenceNumber.Code {
		// It was appended, too long ago for the broker to know the offset.
		code, base = 0, kafka.NoOffset
	}
	if code == 0 {
		p.succeeded(b, base)
		return
	}
	if meansStaleMetadata(code) {
		p.client.metadata.RequestUpdate()
	}
	b.ambiguous = b.ambiguous || !isDefinite(code)
	if b.told { // given up while on the wire; t.unresolved says the rest
		t.settle(b)
		p.release(b)
		return
	}
	if code == kerr.MessageTooLarge.Code && b.count() > 1 && p.config.Profile.splitsBatches() {
		p.split(b)
		return
	}
	b.lastError = code
	if p.mayTryAgain(b, code) {
		p.retry(b, code)
		return
	}
	p.giveUp(b)
}

func (p *Producer) succeeded(b *producerBatch, base kafka.Offset) {
	t := b.partition
	t.settle(b)
	t.unknown = 0
	if b.sequenced {
		t.acknowledge(b)
	}
	if !b.told {
		b.lastError = 0
		p.complete(b, Acknowledged, base)
	}
	p.release(b)
}

func (p *Producer) retry(b *producerBatch, code int16) {
	t := b.partition
	if !b.sequenced {
		t.settle(b)
	}
	t.requeue(b)
	b.notUntil = p.client.host.Now().Add(p.client.config.RetryBackoff.Wait(b.attempts, p.client.random))
	p.client.host.Observe(host.Event{Point: PointBatchRetried, Subject: t.name.Topic, Args: [6]int64{
		int64(t.name.Partition), int64(b.count()), int64(b.attempts), int64(code),
	}})
}

// giveUp ends a batch that is not on the wire without success.
func (p *Producer) giveUp(b *producerBatch) {
	p.endUnsent(b)
	if p.config.Profile == ProfileFranzGo {
		p.failAll(b.partition, b.lastError)
	}
}

// endUnsent tells of a batch that is not on the wire. It is a failure only if
// no attempt can have appended it. Its sequence is not used again: the
// partition becomes unresolved. (To reuse it is the museum's seq-reuse.)
func (p *Producer) endUnsent(b *producerBatch) {
	t := b.partition
	t.settle(b)
	if b.sequenced {
		t.unresolved = true
	}
	outcome := Failed
	if b.ambiguous {
		outcome = Indeterminate
	}
	if p.transaction != nil {
		p.transaction.batchFailed(b)
	}
	p.complete(b, outcome, kafka.NoOffset)
	p.release(b)
}

// expire gives up what is older than delivery.timeout.ms. A batch on the wire
// is reported at once but stays pending: its sequence is undecided until the
// answer, or the loss of the connection, has come.
func (p *Producer) expire(now host.Time) {
	if p.config.Profile == ProfileFranzGo {
		p.franzGoExpire(now)
		return
	}
	for _, t := range p.activePartitions() {
		for i := 0; i < len(t.pending); i++ {
			b := t.pending[i]
			if now < b.created.Add(p.config.DeliveryTimeout) {
				break
			}
			if b.told || !b.onWire {
				continue // the latter is in the queue
			}
			p.abandon(b, kerr.RequestTimedOut.Code)
		}
		for len(t.queue) > 0 && now >= t.queue[0].created.Add(p.config.DeliveryTimeout) {
			b := t.queue[0]
			t.unqueue(b)
			if b.lastError == 0 {
				b.lastError = kerr.RequestTimedOut.Code
			}
			p.giveUp(b)
		}
	}
}
