package clients

import (
	"slices"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// MoveReason says why a consumer's position moved without reading.
type MoveReason uint8

// The reasons.
const (
	MoveAssigned  MoveReason = iota // the first position
	MoveSeek                        // the application asked
	MoveReset                       // auto.offset.reset
	MoveTruncated                   // the log was cut below the position (KIP-320)
)

// Move is a change of position without reading. From is NoOffset at first.
type Move struct {
	Partition kafka.TopicPartition
	From, To  kafka.Offset
	Reason    MoveReason
}

// Chunk is what a poll returns of one partition.
type Chunk struct {
	Partition     kafka.TopicPartition
	Requested     int64        // ConsumerEvents.Stamp when the fetch that brought it was sent
	From, Next    kafka.Offset // the position before and after
	HighWatermark kafka.Offset // as the leader said with it
	Records       []batch.Record
}

// ConsumerEvents are a consumer's callbacks. They may call the consumer.
type ConsumerEvents struct {
	// Stamp, where set, is asked for the time when a fetch is sent. The
	// owner's clock may be another than the host's.
	Stamp func() int64
	// Available is called when a poll that would have been empty may no longer be.
	Available func()
	// Moved is called for each change of position without reading.
	Moved func(Move)
	// Failed says that a partition needs the application: no position and
	// auto.offset.reset=none (OFFSET_OUT_OF_RANGE), a corrupt batch, a refusal.
	// The partition rests until Seek.
	Failed func(kafka.TopicPartition, error)
}

// Consumer is Kafka's consumer with partitions assigned by hand: positions,
// fetching ahead, offset reset and truncation detection.
type Consumer struct {
	client     *Client
	config     ConsumerConfig
	events     ConsumerEvents
	partitions []*consumerPartition
	fetching   []kafka.BrokerID // brokers that owe the answer to a fetch
	chunks     []Chunk          // memory of the last poll
	pollFrom   int              // the partition where the next poll starts
	timer      Timer
}

// NewConsumer makes a consumer on a client of its own or a shared one.
func NewConsumer(c *Client, config ConsumerConfig, events ConsumerEvents) *Consumer {
	if events.Stamp == nil {
		events.Stamp = func() int64 { return int64(c.host.Now()) }
	}
	consumer := &Consumer{client: c, config: config, events: events}
	consumer.timer.Fire = c.step
	c.cores = append(c.cores, consumer)
	return consumer
}

// Assign sets the partitions to read. New ones start by auto.offset.reset
// unless Seek gives them a position; others keep theirs.
func (c *Consumer) Assign(partitions []kafka.TopicPartition) {
	var assigned []*consumerPartition
	for _, name := range partitions {
		p := c.find(name)
		if p == nil {
			p = newConsumerPartition(name)
		}
		assigned = append(assigned, p)
		c.client.metadata.Want(name.Topic)
	}
	for _, p := range c.partitions {
		if !slices.Contains(assigned, p) {
			p.forgetRequests()
		}
	}
	c.partitions = assigned
	c.client.step()
}

// Seek sets a position. Epoch is that of the last record before it, NoEpoch
// if unknown; then truncation is found only from the next read on.
func (c *Consumer) Seek(name kafka.TopicPartition, offset kafka.Offset, epoch kafka.LeaderEpoch) {
	p := c.find(name)
	if p == nil {
		return
	}
	c.move(p, offset, epoch, MoveSeek)
	c.client.step()
}

// Position is the offset of the next record, NoOffset where there is none yet.
func (c *Consumer) Position(name kafka.TopicPartition) kafka.Offset {
	if p := c.find(name); p != nil {
		return p.position
	}
	return kafka.NoOffset
}

// Lag is how far the position is behind the last known high watermark, 0 if
// nothing is known.
func (c *Consumer) Lag(name kafka.TopicPartition) int64 {
	p := c.find(name)
	if p == nil || p.position < 0 || p.highWatermark < p.position {
		return 0
	}
	return int64(p.highWatermark - p.position)
}

// Poll returns what has been fetched, at most max.poll.records, and lets the
// next fetches go. It does not wait: an empty answer is followed by Available.
// The chunks and their records are valid until the next Poll.
func (c *Consumer) Poll() []Chunk {
	clear(c.chunks)
	c.chunks = c.chunks[:0]
	room := c.config.MaxPollRecords
	for room > 0 {
		at := c.nextWithData()
		if at < 0 {
			break
		}
		room -= c.take(c.partitions[at], room)
		if c.pollFrom = at; !c.partitions[at].hasData() {
			c.pollFrom = at + 1 // else the next poll goes on with it
		}
	}
	c.client.step()
	return c.chunks
}

// nextWithData takes turns, so that no partition starves another.
func (c *Consumer) nextWithData() int {
	for i := range c.partitions {
		if at := (c.pollFrom + i) % len(c.partitions); c.partitions[at].hasData() {
			return at
		}
	}
	return -1
}

// take moves up to room records of a partition into a chunk.
func (c *Consumer) take(p *consumerPartition, room int) int {
	if p.raw != nil {
		if err := p.decode(c.config); err != nil {
			c.fail(p, err)
			return 0
		}
	}
	n := min(room, len(p.decoded)-p.read)
	chunk := Chunk{
		Partition: p.name, Requested: p.requested, From: p.position,
		HighWatermark: p.highWatermark, Records: p.decoded[p.read : p.read+n],
	}
	p.read += n
	if p.read < len(p.decoded) {
		last := p.decoded[p.read-1].Offset
		p.position, p.positionEpoch = last+1, p.epochAt(last)
	} else {
		p.position, p.positionEpoch = p.decodedEnd, p.decodedEpoch
	}
	chunk.Next = p.position
	if chunk.Next == chunk.From {
		return 0
	}
	c.chunks = append(c.chunks, chunk)
	c.client.host.Observe(host.Event{Point: PointConsumed, Subject: p.name.Topic, Args: [6]int64{
		int64(p.name.Partition), int64(n), int64(chunk.From), int64(chunk.Next),
	}})
	return n
}

func (c *Consumer) find(name kafka.TopicPartition) *consumerPartition {
	for _, p := range c.partitions {
		if p.name == name {
			return p
		}
	}
	return nil
}

// move sets a position without reading and tells so. What was fetched for the
// old one is thrown away.
func (c *Consumer) move(p *consumerPartition, to kafka.Offset, epoch kafka.LeaderEpoch, reason MoveReason) {
	from := p.position
	p.forgetRequests()
	p.position, p.positionEpoch = to, epoch
	p.state = fetchable
	p.everPositioned = true
	c.client.again = true
	point := PointOffsetReset
	if reason == MoveTruncated {
		point = PointConsumerTruncated
	}
	if reason == MoveTruncated || reason == MoveReset {
		c.client.host.Observe(host.Event{Point: point, Subject: p.name.Topic, Args: [6]int64{
			int64(p.name.Partition), int64(from), int64(to),
		}})
	}
	c.events.Moved(Move{Partition: p.name, From: from, To: to, Reason: reason})
}

func (c *Consumer) fail(p *consumerPartition, err error) {
	p.forgetRequests()
	p.state = failed
	c.events.Failed(p.name, err)
}
