package clients

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// The timestamps by which ListOffsets asks for a log's ends.
const (
	latestTimestamp   int64 = -1 // the high watermark, or last stable offset
	earliestTimestamp int64 = -2 // the log start offset
)

// reset looks up where auto.offset.reset, or the application by SeekTo, puts
// the position.
func (c *Consumer) reset(p *consumerPartition) {
	timestamp := latestTimestamp
	switch {
	case p.seeking:
		timestamp = p.seekTime
	case c.config.OffsetReset == ResetNone:
		c.fail(p, fmt.Errorf("%v has no position and auto.offset.reset is none: %w", p.name, kerr.OffsetOutOfRange))
		return
	case c.config.OffsetReset == ResetEarliest:
		timestamp = earliestTimestamp
	}
	peer, leader := c.leaderOf(p)
	if peer == nil {
		return
	}
	asked := c.events.Stamp()
	c.askAbout(p, peer, c.listOffsetsRequest(peer, p.name, timestamp, leader), func(response kmsg.Response) {
		offset, epoch, code := listedOffset(response)
		if code != 0 {
			c.retryLater(p, code)
			return
		}
		if timestamp == latestTimestamp {
			c.tellLogEnd(LogEnd{p.name, asked, kafka.NoOffset, offset})
		}
		if offset == kafka.NoOffset && p.seeking { // no record is that young
			p.seekTime = latestTimestamp
			return
		}
		p.leaderEpoch = leader.Epoch // the leader has checked it
		reason := MoveReset
		switch {
		case p.seeking:
			reason = MoveSeek
		case !p.everPositioned:
			reason = MoveAssigned
		}
		c.move(p, offset, epoch, reason)
	})
}

// EndOffset asks the partition's leader once for the end of what consumers may
// read: the high watermark, or the last stable offset. ErrNotReady means that
// leader or connection is missing; they are being looked for.
func (c *Consumer) EndOffset(name kafka.TopicPartition, done func(kafka.Offset, error)) error {
	p := c.find(name)
	if p == nil {
		return ErrNotReady
	}
	peer, leader := c.leaderOf(p)
	if peer == nil {
		return ErrNotReady
	}
	body := c.listOffsetsRequest(peer, name, latestTimestamp, leader)
	return c.client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		c.client.again = true
		if err != nil {
			done(kafka.NoOffset, err)
			return
		}
		offset, _, code := listedOffset(response)
		if code != 0 {
			if meansStaleMetadata(code) {
				c.client.metadata.RequestUpdate()
			}
			done(kafka.NoOffset, kerr.ErrorForCode(code))
			return
		}
		done(offset, nil)
	}})
}

func (c *Consumer) listOffsetsRequest(peer *peer, name kafka.TopicPartition, timestamp int64, leader Leader) *kmsg.ListOffsetsRequest {
	body := kmsg.NewPtrListOffsetsRequest()
	body.Version = peer.versions[kmsg.ListOffsets]
	body.ReplicaID = -1
	body.IsolationLevel = c.isolation()
	if body.Version >= 10 {
		body.TimeoutMillis = int32(c.client.config.RequestTimeout.Milliseconds())
	}
	part := kmsg.NewListOffsetsRequestTopicPartition()
	part.Partition = name.Partition
	part.Timestamp = timestamp
	if body.Version >= 4 {
		part.CurrentLeaderEpoch = int32(leader.Epoch)
	}
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = name.Topic
	topic.Partitions = append(topic.Partitions, part)
	body.Topics = append(body.Topics, topic)
	return body
}

// listedOffset reads the answer about one partition.
func listedOffset(response kmsg.Response) (kafka.Offset, kafka.LeaderEpoch, int16) {
	answer, ok := response.(*kmsg.ListOffsetsResponse)
	if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return kafka.NoOffset, kafka.NoEpoch, kerr.UnknownServerError.Code
	}
	part := &answer.Topics[0].Partitions[0]
	return kafka.Offset(part.Offset), kafka.LeaderEpoch(part.LeaderEpoch), part.ErrorCode
}

// validate asks the new leader where the epoch of our last record ends there.
func (c *Consumer) validate(p *consumerPartition) {
	peer, leader := c.leaderOf(p)
	if peer == nil {
		return
	}
	version := peer.versions[kmsg.OffsetForLeaderEpoch]
	if version == noVersion { // an old broker: nothing can be found out
		p.leaderEpoch, p.state = leader.Epoch, fetchable
		return
	}
	body := kmsg.NewPtrOffsetForLeaderEpochRequest()
	body.Version = version
	body.ReplicaID = -1
	part := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	part.Partition = p.name.Partition
	part.CurrentLeaderEpoch = int32(leader.Epoch)
	part.LeaderEpoch = int32(p.positionEpoch)
	topic := kmsg.NewOffsetForLeaderEpochRequestTopic()
	topic.Topic = p.name.Topic
	topic.Partitions = append(topic.Partitions, part)
	body.Topics = append(body.Topics, topic)
	c.askAbout(p, peer, body, func(response kmsg.Response) {
		answer, ok := response.(*kmsg.OffsetForLeaderEpochResponse)
		if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
			c.retryLater(p, kerr.UnknownServerError.Code)
			return
		}
		part := &answer.Topics[0].Partitions[0]
		if part.ErrorCode != 0 {
			c.retryLater(p, part.ErrorCode)
			return
		}
		p.failures = 0
		p.leaderEpoch = leader.Epoch
		p.state = fetchable
		end, epoch := kafka.Offset(part.EndOffset), kafka.LeaderEpoch(part.LeaderEpoch)
		if end < 0 || epoch < 0 {
			c.outOfRange(p) // the leader has nothing left of our epoch or before
		} else if end < p.position {
			c.truncated(p, end, epoch)
		}
	})
}

// askAbout sends a request about one partition. Its answer counts only while
// the position is still the one it was about.
func (c *Consumer) askAbout(p *consumerPartition, peer *peer, body kmsg.Request, answered func(kmsg.Response)) {
	generation := p.generation
	p.busy = true
	err := c.client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		if p.generation != generation {
			return
		}
		p.busy = false
		p.stir()
		c.client.again = true
		if err != nil {
			c.retryLater(p, codeOf(err))
			return
		}
		answered(response)
	}})
	if err != nil {
		c.fail(p, err)
	}
}

// truncated goes back to where the log parted from what was read. An
// application without a reset policy must decide itself, as in Kafka.
func (c *Consumer) truncated(p *consumerPartition, end kafka.Offset, epoch kafka.LeaderEpoch) {
	if end >= p.position {
		// The leader does not know our epoch, and its log reaches the position
		// without it: that of a leader who wrote nothing, from whom we had our
		// first position. By offsets nothing was cut; Kafka asks for no more.
		p.positionEpoch = epoch
		return
	}
	if c.config.OffsetReset == ResetNone {
		c.fail(p, fmt.Errorf("%v was truncated to %d below position %d: %w", p.name, end, p.position, kerr.OffsetOutOfRange))
		return
	}
	c.move(p, end, epoch, MoveTruncated)
}
