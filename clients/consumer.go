package clients

import (
	"fmt"
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
	MoveCommitted                   // the group's committed offset, as the first position
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
	// FromEpoch and NextEpoch are the leader epochs of the records before From
	// and Next, NoEpoch if unknown: what Seek and a commit take.
	FromEpoch, NextEpoch kafka.LeaderEpoch
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
	// LogEnd, where set, is called for each answer that says where a log ends and
	// brings no records.
	LogEnd func(LogEnd)
	// AutoCommitted, where set, is called at the end of each commit that the
	// consumer made by itself; began is the Stamp of its start.
	AutoCommitted func(began int64, results []CommitResult)
	// GroupFailed, where set, says that the consumer can be no member of its
	// group any more (FENCED_INSTANCE_ID, INCONSISTENT_GROUP_PROTOCOL, a refusal).
	// What it had is lost; only Close is left.
	GroupFailed func(error)
}

// Consumer is Kafka's consumer, with partitions assigned by hand or by its group:
// positions, fetching ahead, offset reset and truncation detection.
type Consumer struct {
	client       *Client
	config       ConsumerConfig
	events       ConsumerEvents
	partitions   []*consumerPartition
	byName       map[kafka.TopicPartition]*consumerPartition
	noticed      []*consumerPartition // the partitions that byName is of
	stirred      []*consumerPartition // to be looked at
	lookedAt     []*consumerPartition // memory of the last look
	ready        []*consumerPartition // that have data, the longest waiting first
	sessions     []*fetchSession
	leaders      int     // the metadata's changes that were seen
	chunks       []Chunk // memory of the last poll
	decompressor batch.Decompressor
	timer        Timer
	group        consumerGroup
}

// NewConsumer makes a consumer on a client of its own or a shared one.
func NewConsumer(c *Client, config ConsumerConfig, events ConsumerEvents) *Consumer {
	if events.Stamp == nil {
		events.Stamp = func() int64 { return int64(c.host.Now()) }
	}
	consumer := &Consumer{client: c, config: config, events: events}
	consumer.timer.Fire = c.step
	consumer.startGroup()
	c.cores = append(c.cores, consumer)
	return consumer
}

// Assign sets the partitions to read. New ones start at the group's committed
// offset, where there is a group and it has one, else by auto.offset.reset,
// unless Seek gives them a position; others keep theirs.
func (c *Consumer) Assign(partitions []kafka.TopicPartition) {
	var assigned []*consumerPartition
	for _, name := range partitions {
		p := c.find(name)
		if p == nil {
			p = newConsumerPartition(name)
			if c.inGroup() {
				p.state = uncommitted
			}
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

// The ends of a log, as SeekTo takes them. They are ListOffsets' timestamps.
const (
	SeekLatest   kafka.Offset = -1 // what comes after all that may be read now
	SeekEarliest kafka.Offset = -2
)

// SeekTo sets a position by offset, or to an end of the log as its leader will
// name it (seekToBeginning and seekToEnd of Kafka's consumer): the position is
// missing until then, and nothing is read. An unknown number below 0 is a bug
// of the caller and panics.
func (c *Consumer) SeekTo(name kafka.TopicPartition, to kafka.Offset) {
	switch {
	case to >= 0:
		c.Seek(name, to, kafka.NoEpoch)
	case to == SeekLatest || to == SeekEarliest:
		c.seekListed(name, int64(to))
	default:
		panic(fmt.Sprintf("clients: seek to %d", to))
	}
}

// SeekToTime sets a position to the first record whose timestamp (milliseconds)
// is not below the given one, or to the log's end where there is none yet.
func (c *Consumer) SeekToTime(name kafka.TopicPartition, timestamp int64) {
	if timestamp < 0 {
		panic(fmt.Sprintf("clients: seek to time %d", timestamp))
	}
	c.seekListed(name, timestamp)
}

// seekListed leaves the position to ListOffsets.
func (c *Consumer) seekListed(name kafka.TopicPartition, timestamp int64) {
	p := c.find(name)
	if p == nil {
		return
	}
	p.forgetRequests()
	p.handedOut, p.polledOver = nothingHandedOut, nothingHandedOut
	p.state, p.seeking, p.seekTime = unpositioned, true, timestamp
	c.client.step()
}

// Pause stops the fetching of a partition until Resume; its position stays. What
// was fetched is kept and not handed out.
func (c *Consumer) Pause(name kafka.TopicPartition) {
	if p := c.find(name); p != nil {
		p.paused = true
		p.stir()
	}
}

// Resume undoes Pause.
func (c *Consumer) Resume(name kafka.TopicPartition) {
	p := c.find(name)
	if p == nil || !p.paused {
		return
	}
	p.paused = false
	p.stir()
	c.client.step()
	if p.hasData() {
		c.events.Available()
	}
}

// Position is the offset of the next record, NoOffset where there is none yet.
func (c *Consumer) Position(name kafka.TopicPartition) kafka.Offset {
	if p := c.find(name); p != nil && !p.seeking {
		return p.position
	}
	return kafka.NoOffset
}

// Lag is how far the position is behind the last known high watermark, or last
// stable offset where only what is committed is read; 0 if nothing is known.
func (c *Consumer) Lag(name kafka.TopicPartition) int64 {
	p := c.find(name)
	if p == nil || p.position < 0 {
		return 0
	}
	return max(0, int64(p.readableEnd(c.config)-p.position))
}

// Poll returns what has been fetched, at most max.poll.records, and lets the
// next fetches go. It does not wait: an empty answer is followed by Available.
// The chunks and their records are valid until the next Poll.
func (c *Consumer) Poll() []Chunk {
	if c.group.polling {
		return nil // out of a callback of this very poll
	}
	c.pollAgain()
	c.pollMembership(c.client.host.Now())
	clear(c.chunks)
	c.chunks = c.chunks[:0]
	room := c.config.MaxPollRecords
	if c.group.revoking {
		room = 0
	}
	for room > 0 {
		p := c.nextWithData()
		if p == nil {
			break
		}
		room -= c.take(p, room)
	}
	if c.group.waiting = len(c.chunks) == 0 && c.group.closing == nil; c.group.waiting && !c.group.revoking {
		c.group.pollBy = host.Never
	}
	c.client.step()
	return c.chunks
}

// pollAgain notes that the application is done with what it was handed before.
func (c *Consumer) pollAgain() {
	if !c.inGroup() {
		return
	}
	for _, p := range c.partitions {
		p.polledOver = p.handedOut
	}
	c.group.waiting = false
	if c.group.due != host.Never {
		c.maybeAutoCommit(c.client.host.Now())
	}
}

// makeReady puts a partition with new data behind those that have some.
func (c *Consumer) makeReady(p *consumerPartition) {
	if !p.fetches.ready {
		p.fetches.ready = true
		c.ready = append(c.ready, p)
	}
}

// nextWithData takes turns, so that no partition starves another.
func (c *Consumer) nextWithData() *consumerPartition {
	for len(c.ready) > 0 && !c.ready[0].hasData() {
		c.ready[0].fetches.ready = false
		c.ready[0] = nil
		c.ready = c.ready[1:]
	}
	for _, p := range c.ready {
		if p.hasData() && !p.paused && !p.leaving {
			return p
		}
	}
	return nil
}

// take moves up to room records of a partition into a chunk.
func (c *Consumer) take(p *consumerPartition, room int) int {
	if p.raw != nil {
		if err := p.decode(c.config, &c.decompressor); err != nil {
			c.fail(p, err)
			return 0
		}
	}
	n := min(room, len(p.decoded)-p.read)
	chunk := Chunk{
		Partition: p.name, Requested: p.requested, From: p.position, FromEpoch: p.positionEpoch,
		HighWatermark: p.highWatermark, Records: p.decoded[p.read : p.read+n],
	}
	p.read += n
	if p.read < len(p.decoded) {
		last := p.decoded[p.read-1].Offset
		p.position, p.positionEpoch = last+1, p.epochAt(last)
	} else {
		p.position, p.positionEpoch = p.decodedEnd, p.decodedEpoch
		p.stir()
	}
	chunk.Next, chunk.NextEpoch = p.position, p.positionEpoch
	p.handedOut = handedOut{p.position, p.positionEpoch}
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
	if c.sameAssignment() {
		return c.byName[name]
	}
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
	p.handedOut, p.polledOver = nothingHandedOut, nothingHandedOut
	p.state, p.seeking = fetchable, false
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
