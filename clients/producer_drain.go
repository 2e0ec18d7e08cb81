package clients

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// drain sends what is ready to every broker that can take it.
func (p *Producer) drain(now host.Time) {
	for i := 0; i < len(p.client.network.peers); i++ {
		id := p.client.network.peers[i].id
		if id < 0 || !p.hasReady(id, now) {
			continue
		}
		for peer := p.client.network.ready(id); peer != nil && p.hasRoom(peer); {
			batches := p.collect(id, now)
			if len(batches) == 0 {
				break
			}
			p.transmit(peer, batches, now)
			if !p.hasReady(id, now) {
				break
			}
		}
	}
}

// hasRoom keeps max.in.flight.requests.per.connection.
func (p *Producer) hasRoom(peer *peer) bool { return len(peer.calls) < p.config.MaxInFlight }

// hasReady says whether some partition led by the broker has a reason to send.
// A partition without a leader asks for metadata.
func (p *Producer) hasReady(id kafka.BrokerID, now host.Time) bool {
	for _, t := range p.activePartitions() {
		if len(t.queue) == 0 {
			continue
		}
		leader := p.client.metadata.Leader(t.name)
		if leader.Broker < 0 {
			if m := &p.client.metadata; !m.needed && !m.inFlight {
				p.client.metadata.RequestUpdate()
			}
			continue
		}
		if leader.Broker == id && p.mayLeave(t, t.queue[0], leader, now) && p.isReady(t, t.queue[0], now) {
			return true
		}
	}
	return false
}

// isReady is Kafka's RecordAccumulator.batchReady: full, lingered, retried, or
// wanted out.
func (p *Producer) isReady(t *producerPartition, b *producerBatch, now host.Time) bool {
	return len(t.queue) > 1 || b.whole != nil || p.flushing || p.starved || now >= b.created.Add(p.config.Linger)
}

// mayLeave says whether order, sequences and backoff let a batch leave now.
func (p *Producer) mayLeave(t *producerPartition, b *producerBatch, leader Leader, now host.Time) bool {
	if p.fatal != 0 || p.transaction != nil && !p.transaction.lets(t, b) {
		return false
	}
	if p.config.MaxInFlight == 1 && t.onWire > 0 {
		return false // order across brokers too, while leadership moves
	}
	if b.attempts > 0 && now < b.notUntil && leader.Epoch <= b.tried {
		return false // a new leader is tried at once (KIP-951)
	}
	if !p.config.Idempotent {
		return true
	}
	if b.sequenced {
		return t.mayRetry(b)
	}
	if !p.identity.known() || !t.mayDrainNew(p.config.MaxInFlight) {
		return false
	}
	return !t.isStale(&p.identity) || len(t.pending) == 0
}

// collect takes at most one batch of each partition that the broker leads, up
// to max.request.size. It starts behind where it last stopped.
func (p *Producer) collect(id kafka.BrokerID, now host.Time) []*producerBatch {
	var batches []*producerBatch
	size := 0
	active := p.activePartitions()
	first := p.firstActive(p.drainFrom)
	for i := range active {
		t := active[(first+i)%len(active)]
		if len(t.queue) == 0 {
			continue
		}
		leader, b := p.client.metadata.Leader(t.name), t.queue[0]
		if leader.Broker != id || !p.mayLeave(t, b, leader, now) {
			continue
		}
		if len(batches) > 0 && size+b.size() > p.config.MaxRequestSize {
			p.drainFrom = t.index
			break
		}
		size += b.size()
		p.takeOut(t, b, leader)
		batches = append(batches, b)
	}
	return batches
}

// takeOut moves the first batch of a queue onto the wire.
func (p *Producer) takeOut(t *producerPartition, b *producerBatch, leader Leader) {
	n := copy(t.queue, t.queue[1:])
	t.queue[n] = nil
	t.queue = t.queue[:n]
	if p.config.Idempotent && !b.sequenced {
		if t.isStale(&p.identity) {
			first := t.producerID == kafka.NoProducerID
			t.startSequences(p.identity)
			if first {
				t.nextSequence, t.acknowledged = p.config.FirstSequence, p.config.FirstSequence
			}
		}
		t.assignSequence(b)
		b.finish(p)
		t.pending = append(t.pending, b)
	} else if !b.sequenced {
		if b.whole == nil {
			b.finish(p)
		}
		t.pending = append(t.pending, b)
	}
	b.onWire = true
	b.attempts++
	b.tried = leader.Epoch
	t.onWire++
}

func (p *Producer) transmit(peer *peer, batches []*producerBatch, now host.Time) {
	version := peer.versions[kmsg.Produce]
	body := kmsg.NewPtrProduceRequest()
	if p.transaction != nil {
		body.TransactionID = &p.config.TransactionalID
		if !p.transaction.version2 {
			version = min(version, lastProduceBefore2)
		}
	}
	body.Version = version
	body.Acks = int16(p.config.Acks)
	body.TimeoutMillis = int32(p.config.RequestTimeout.Milliseconds())
	for _, b := range batches {
		topic := p.topicOf(body, b.partition.name.Topic, version)
		part := kmsg.NewProduceRequestTopicPartition()
		part.Partition, part.Records = b.partition.name.Partition, b.whole
		topic.Partitions = append(topic.Partitions, part)
		p.client.host.Observe(host.Event{Point: PointBatchSent, Subject: b.partition.name.Topic, Args: [6]int64{
			int64(part.Partition), int64(b.count()), int64(b.attempts), int64(len(b.whole)),
		}})
	}
	sent := call{body: body}
	if p.config.Acks != AcksNone {
		sent.done = func(response kmsg.Response, err error) { p.answered(body, batches, response, err) }
	}
	err := p.client.network.send(peer, sent)
	switch {
	case err != nil:
		p.answered(body, batches, nil, err)
	case p.config.Acks == AcksNone:
		for _, b := range batches {
			p.ended(b, kafka.NoOffset, 0)
		}
	}
}

// topicOf finds or adds the topic's part of a request, named as the version
// names topics: by id from version 13 on (KIP-516).
func (p *Producer) topicOf(body *kmsg.ProduceRequest, name string, version int16) *kmsg.ProduceRequestTopic {
	id := p.client.metadata.topics[name].ID
	for i := range body.Topics {
		if t := &body.Topics[i]; version >= 13 && t.TopicID == id || version < 13 && t.Topic == name {
			return t
		}
	}
	topic := kmsg.NewProduceRequestTopic()
	if version >= 13 {
		topic.TopicID = id
	} else {
		topic.Topic = name
	}
	body.Topics = append(body.Topics, topic)
	return &body.Topics[len(body.Topics)-1]
}

// nextDeadline is when there will be something to do without any event.
func (p *Producer) nextDeadline(now host.Time) host.Time {
	next := host.Never
	for _, t := range p.activePartitions() {
		for _, b := range t.pending {
			if b.onWire && !b.told {
				next = min(next, p.expiry(b, now))
				break
			}
		}
		if len(t.queue) == 0 {
			continue
		}
		b := t.queue[0]
		next = min(next, p.expiry(b, now))
		if b.attempts > 0 && b.notUntil > now {
			next = min(next, b.notUntil)
		}
		if due := b.created.Add(p.config.Linger); due > now && b.whole == nil {
			next = min(next, due)
		}
	}
	return next
}

// expiry is when a batch is given up. What franz-go holds on to beyond it waits
// for an answer, not for a time.
func (p *Producer) expiry(b *producerBatch, now host.Time) host.Time {
	at := b.created.Add(p.config.DeliveryTimeout)
	if p.config.Profile == ProfileFranzGo && at <= now {
		return host.Never
	}
	return at
}
