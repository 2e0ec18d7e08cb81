package clients

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// AnyPartition leaves a record's partition to the partitioner.
const AnyPartition int32 = -1

// Record is one record to send. Its bytes are copied.
type Record struct {
	Topic      string
	Partition  int32 // AnyPartition unless the application chooses
	Key, Value []byte
	Headers    []batch.RecordHeader
	Timestamp  int64  // milliseconds
	Cookie     uint64 // comes back in the Delivery
}

// ProducerEvents are a producer's callbacks. They may call the producer.
type ProducerEvents struct {
	// Delivered is called exactly once for each record that Send took.
	Delivered func(Delivery)
	// Unblocked is called after ErrWouldBlock when trying again may help.
	Unblocked func()
}

// Producer is Kafka's producer: accumulator, sender and, where idempotent, the
// keeper of sequences (KIP-98, KIP-360).
type Producer struct {
	client *Client
	config ProducerConfig
	events ProducerEvents

	topics     map[string]*producerTopic
	recent     *producerTopic       // of the last Send: mostly the next one's too
	partitions []*producerPartition // in order of their becoming known
	active     []*producerPartition // that have work, in the same order
	woken      []*producerPartition // to join them
	drainFrom  int                  // where the next drain starts, for fairness at max.request.size

	identity    identity
	transaction *transaction // nil without transactional.id
	bufferUsed  int64
	open        int // records without outcome
	flushing    bool
	starved     bool // somebody waits for buffer.memory: send what there is
	blocked     bool
	freed       bool  // there is a reason to call Unblocked
	fatal       int16 // why nothing leaves any more (librdkafka)
	updates     int   // the metadata that was last seen

	timer        Timer
	compressor   batch.Compressor
	decompressor batch.Decompressor // to split a batch
	spareBatches []*producerBatch
	spareBuffers [][]byte
}

type producerTopic struct {
	name       string
	known      *TopicMetadata
	partitions []*producerPartition
	spread     spreader
	ratio      batch.Ratio // what records of the topic are expected to compress to
}

// NewProducer makes a producer on a client of its own or a shared one.
func NewProducer(c *Client, config ProducerConfig, events ProducerEvents) *Producer {
	p := &Producer{client: c, config: config, events: events, topics: map[string]*producerTopic{}}
	p.identity.reset()
	p.identity.timer.Fire = c.step
	p.timer.Fire = c.step
	if config.TransactionalID != "" {
		p.startTransactions()
	}
	c.cores = append(c.cores, p)
	return p
}

// Open is the number of records that were taken and have no outcome yet.
func (p *Producer) Open() int { return p.open }

// Flush sends what there is without waiting for linger, until nothing is open.
func (p *Producer) Flush() {
	p.flushing = p.open > 0
	p.client.step()
}

// Send takes a record. ErrWouldBlock means that the topic's metadata or
// buffer.memory is missing; MESSAGE_TOO_LARGE and UNKNOWN_TOPIC_OR_PARTITION
// (a partition that the topic does not have) are final, ErrAbortable asks for
// the transaction to be aborted, ErrTransactionState says that none is open, and
// ErrFatal ends the producer. With an error nothing was taken; otherwise the
// record's partition is returned.
func (p *Producer) Send(r *Record) (int32, error) {
	if p.fatal != 0 {
		return AnyPartition, fmt.Errorf("%w: %w", ErrFatal, kerr.ErrorForCode(p.fatal))
	}
	if p.transaction != nil {
		if err := p.transaction.maySend(); err != nil {
			return AnyPartition, err
		}
	}
	topic := p.topic(r.Topic)
	if topic == nil {
		p.blocked = true
		return AnyPartition, ErrWouldBlock
	}
	estimate := batch.SizeUpperBound(r.Key, r.Value, r.Headers)
	if estimate > p.config.MaxRequestSize || int64(estimate) > p.config.BufferMemory {
		return AnyPartition, fmt.Errorf("record of %d bytes: %w", estimate, kerr.MessageTooLarge)
	}
	number, draws, err := p.choose(topic, r)
	if err != nil {
		return AnyPartition, err
	}
	partition := topic.partitions[number]
	bytes, err := p.append(partition, r, estimate)
	if err != nil {
		return AnyPartition, err
	}
	if p.transaction != nil {
		p.transaction.noticeSend(partition)
	}
	if draws {
		topic.spread.appended(bytes, len(partition.queue) > 1)
	}
	return number, nil
}

// choose picks the partition, and says whether it came from those who spread
// records without a key.
func (p *Producer) choose(topic *producerTopic, r *Record) (number int32, drawn bool, err error) {
	if number = r.Partition; number != AnyPartition {
		if number < 0 || int(number) >= len(topic.partitions) {
			return number, false, fmt.Errorf("partition %d of %d of %s: %w", number, len(topic.partitions), r.Topic, kerr.UnknownTopicOrPartition)
		}
		return number, false, nil
	}
	if number, keyed := p.config.partitionForKey(r.Key, len(topic.partitions)); keyed {
		return number, false, nil
	}
	return topic.spread.choose(topic), true, nil
}

// topic finds or makes the state of a topic; nil while its metadata is missing.
func (p *Producer) topic(name string) *producerTopic {
	topic := p.recent
	if topic == nil || topic.name != name {
		topic = p.topics[name]
		p.recent = topic
	}
	if topic != nil && p.updates == p.client.metadata.updates {
		return topic
	}
	known := p.client.metadata.Topic(name)
	if known == nil || len(known.Leaders) == 0 {
		if topic == nil {
			p.client.metadata.Want(name)
			p.stepSoon()
		}
		return topic
	}
	if topic == nil {
		topic = &producerTopic{name: name, ratio: batch.Uncompressed, spread: p.newSpreader()}
		p.topics[name] = topic
	}
	topic.known = known
	for len(topic.partitions) < len(known.Leaders) {
		partition := newProducerPartition(kafka.TopicPartition{Topic: name, Partition: int32(len(topic.partitions))})
		topic.partitions = append(topic.partitions, partition)
		partition.index = len(p.partitions)
		p.partitions = append(p.partitions, partition)
	}
	return topic
}

// append puts a record into the partition's youngest batch or a new one, and
// returns by how much the batch grew.
func (p *Producer) append(partition *producerPartition, r *Record, estimate int) (int, error) {
	b := partition.youngestOpen()
	fresh := b == nil || !b.builder.HasRoomFor(p.config.BatchSize, r.Timestamp, r.Key, r.Value, r.Headers)
	if fresh {
		charged := int64(max(p.config.BatchSize, estimate))
		if p.bufferUsed+charged > max(p.config.BufferMemory, charged) {
			p.blocked, p.starved = true, true
			p.stepSoon()
			return 0, ErrWouldBlock
		}
		b = p.newBatch(partition, charged, p.client.host.Now())
		partition.queue = append(partition.queue, b)
		p.activate(partition)
	}
	before := b.builder.Size()
	b.builder.Append(r.Timestamp, r.Key, r.Value, r.Headers)
	b.cookies = append(b.cookies, r.Cookie)
	p.open++
	if fresh {
		p.noticeBatch(partition, b)
	}
	return b.builder.Size() - before, nil
}

// noticeBatch reacts to a new batch: the one before it is full and may go, or
// this one's linger begins.
func (p *Producer) noticeBatch(partition *producerPartition, b *producerBatch) {
	if len(partition.queue) > 1 || p.config.Linger <= 0 || p.flushing {
		p.stepSoon()
		return
	}
	if due := b.created.Add(p.config.Linger); due < p.timer.At() {
		p.client.timers.Set(&p.timer, due)
	}
}

// stepSoon lets the sender run after the caller, as Java's sender thread runs
// beside it: several sends of one step may share a batch, and no callback
// comes out of Send.
func (p *Producer) stepSoon() { p.client.timers.Set(&p.timer, p.client.host.Now()) }

// step is one round of Kafka's Sender.
func (p *Producer) step() {
	now := p.client.host.Now()
	p.noticeMetadata()
	p.expire(now)
	p.settleSequences()
	if p.transaction != nil {
		p.transaction.step(now)
	} else if p.config.Idempotent {
		p.identity.acquire(p)
	}
	p.drain(now)
	if p.open == 0 {
		p.flushing = false
	}
	p.rest()
	p.client.timers.Set(&p.timer, p.nextDeadline(now))
	if p.blocked && p.freed {
		p.blocked, p.freed, p.starved = false, false, false
		p.events.Unblocked()
	}
	p.freed = false
}

func (p *Producer) noticeMetadata() {
	if p.updates == p.client.metadata.updates {
		return
	}
	for _, partition := range p.partitions { // new partitions of known topics
		p.topic(partition.name.Topic)
	}
	p.updates = p.client.metadata.updates
	p.freed = true
}

// complete tells all records of a batch their outcome.
func (p *Producer) complete(b *producerBatch, outcome Outcome, base kafka.Offset) {
	b.told = true
	p.observe(outcome, b, base)
	p.open -= len(b.cookies)
	p.bufferUsed -= b.charged
	p.freed = true
	d := Delivery{
		Topic: b.partition.name.Topic, Partition: b.partition.name.Partition, Offset: kafka.NoOffset,
		Outcome: outcome, Error: b.lastError, Attempts: b.attempts,
	}
	for i, cookie := range b.cookies {
		d.Cookie = cookie
		if base >= 0 {
			d.Offset = base + kafka.Offset(i)
		}
		p.events.Delivered(d)
	}
}

func (p *Producer) observe(outcome Outcome, b *producerBatch, base kafka.Offset) {
	point, last := PointBatchAcknowledged, int64(base)
	switch outcome {
	case Failed:
		point, last = PointBatchFailed, int64(b.lastError)
	case Indeterminate:
		point, last = PointBatchGivenUp, int64(b.lastError)
	}
	p.client.host.Observe(host.Event{Point: point, Subject: b.partition.name.Topic, Args: [6]int64{
		int64(b.partition.name.Partition), int64(b.count()), int64(b.attempts), last,
	}})
}
