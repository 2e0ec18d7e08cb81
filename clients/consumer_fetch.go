package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// fetched is one partition's part of a fetch request, to compare the answer
// with.
type fetched struct {
	partition  *consumerPartition
	generation int
	offset     kafka.Offset
	topicID    kafka.TopicID
}

// step positions, validates and fetches whatever can be.
func (c *Consumer) step() {
	now := c.client.host.Now()
	c.noticeLeaders()
	next := c.stepGroup(now)
	for _, p := range c.partitions {
		if p.busy || p.state == failed {
			continue
		}
		if now < p.notUntil {
			next = min(next, p.notUntil)
			continue
		}
		switch p.state {
		case unpositioned:
			c.reset(p)
		case unvalidated:
			c.validate(p)
		}
	}
	for i := 0; i < len(c.client.metadata.brokers); i++ {
		c.fetch(c.client.metadata.brokers[i].ID, now)
	}
	c.client.timers.Set(&c.timer, next)
}

// noticeLeaders marks the positions that a new leader epoch has made
// doubtful: the new leader may have cut records that we have read (KIP-320).
func (c *Consumer) noticeLeaders() {
	for _, p := range c.partitions {
		c.noticeTopic(p)
		leader := c.client.metadata.Leader(p.name)
		if leader.Epoch <= p.leaderEpoch || p.state != fetchable {
			continue
		}
		// What the former leader sent or will send is not waited for.
		p.forgetRequests()
		if c.config.NoTruncationCheck || p.positionEpoch == kafka.NoEpoch {
			p.leaderEpoch = leader.Epoch
			continue
		}
		p.state = unvalidated
	}
}

// noticeTopic forgets the epochs of a topic that was deleted and made anew:
// those of another log say nothing about this one (KIP-516). The position
// stays, as in Kafka; the new log may not reach it.
func (c *Consumer) noticeTopic(p *consumerPartition) {
	t := c.client.metadata.Topic(p.name.Topic)
	if t == nil || t.ID == p.topicID {
		return
	}
	if !p.topicID.IsZero() {
		p.forgetRequests()
		p.leaderEpoch, p.positionEpoch = kafka.NoEpoch, kafka.NoEpoch
	}
	p.topicID = t.ID
}

// leaderOf returns the leader's peer if it can take a request, and sees to it
// that it or the metadata comes if not.
func (c *Consumer) leaderOf(p *consumerPartition) (*peer, Leader) {
	leader := c.client.metadata.Leader(p.name)
	if leader.Broker < 0 {
		if m := &c.client.metadata; !m.needed && !m.inFlight {
			m.RequestUpdate()
		}
		return nil, leader
	}
	return c.client.network.ready(leader.Broker), leader
}

// fetch asks a broker for all its partitions at once: one fetch a broker is
// under way at a time, and none while fetched data of it waits to be polled,
// as in Kafka 4.
func (c *Consumer) fetch(id kafka.BrokerID, now host.Time) {
	if slices.Contains(c.fetching, id) {
		return
	}
	var asked []fetched
	for _, p := range c.partitions {
		if c.client.metadata.Leader(p.name).Broker != id {
			continue
		}
		if p.hasData() && !p.paused {
			return
		}
		if p.state == fetchable && !p.busy && !p.paused && now >= p.notUntil {
			asked = append(asked, fetched{p, p.generation, p.position, c.client.metadata.topics[p.name.Topic].ID})
		}
	}
	if len(asked) == 0 {
		return
	}
	peer := c.client.network.ready(id)
	if peer == nil {
		return
	}
	stamp := c.events.Stamp()
	body := c.fetchRequest(peer.versions[kmsg.Fetch], asked)
	err := c.client.network.send(peer, call{
		body:  body,
		extra: c.config.FetchMaxWait,
		done: func(response kmsg.Response, err error) {
			c.fetching = slices.DeleteFunc(c.fetching, func(b kafka.BrokerID) bool { return b == id })
			c.fetchAnswered(stamp, asked, response, err)
		},
	})
	if err != nil {
		for _, f := range asked {
			c.fail(f.partition, err)
		}
		return
	}
	c.fetching = append(c.fetching, id)
	for _, f := range asked {
		f.partition.busy = true
	}
}

func (c *Consumer) fetchRequest(version int16, asked []fetched) *kmsg.FetchRequest {
	body := kmsg.NewPtrFetchRequest()
	body.Version = version
	body.MaxWaitMillis = int32(c.config.FetchMaxWait.Milliseconds())
	body.MinBytes, body.MaxBytes = int32(c.config.FetchMinBytes), int32(c.config.FetchMaxBytes)
	body.IsolationLevel = c.isolation()
	// No fetch session: every request names all its partitions.
	body.SessionID, body.SessionEpoch = 0, -1
	for _, f := range asked {
		name := f.partition.name
		part := kmsg.NewFetchRequestTopicPartition()
		part.Partition = name.Partition
		part.FetchOffset = int64(f.offset)
		part.PartitionMaxBytes = int32(c.config.MaxPartitionFetchBytes)
		if version >= 9 {
			part.CurrentLeaderEpoch = int32(f.partition.leaderEpoch)
		}
		if version >= 12 && !c.config.NoTruncationCheck {
			part.LastFetchedEpoch = int32(f.partition.positionEpoch)
		}
		last := len(body.Topics) - 1
		if last < 0 || version >= 13 && body.Topics[last].TopicID != f.topicID || version < 13 && body.Topics[last].Topic != name.Topic {
			topic := kmsg.NewFetchRequestTopic()
			if version >= 13 {
				topic.TopicID = f.topicID
			} else {
				topic.Topic = name.Topic
			}
			body.Topics = append(body.Topics, topic)
			last++
		}
		body.Topics[last].Partitions = append(body.Topics[last].Partitions, part)
	}
	return body
}

func (c *Consumer) isolation() int8 {
	if c.config.ReadCommitted {
		return 1
	}
	return 0
}

func (c *Consumer) fetchAnswered(sent int64, asked []fetched, response kmsg.Response, err error) {
	c.client.again = true
	answer, ok := response.(*kmsg.FetchResponse)
	available := false
	for _, f := range asked {
		p := f.partition
		if p.generation != f.generation {
			continue
		}
		p.busy = false
		switch {
		case err != nil || !ok:
			c.retryLater(p, codeOf(err))
		case answer.ErrorCode != 0:
			c.retryLater(p, answer.ErrorCode)
		default:
			if part := partOfFetch(answer, f); part != nil {
				available = c.partFetched(p, part, sent) || available
			} else {
				c.retryLater(p, kerr.UnknownServerError.Code)
			}
		}
	}
	if available {
		c.events.Available()
	}
}

func partOfFetch(answer *kmsg.FetchResponse, f fetched) *kmsg.FetchResponseTopicPartition {
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if answer.Version >= 13 && t.TopicID != f.topicID || answer.Version < 13 && t.Topic != f.partition.name.Topic {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == f.partition.name.Partition {
				return &t.Partitions[j]
			}
		}
	}
	return nil
}

// partFetched takes one partition's answer and reports whether there is
// something to poll.
func (c *Consumer) partFetched(p *consumerPartition, part *kmsg.FetchResponseTopicPartition, sent int64) bool {
	diverging := part.DivergingEpoch
	switch code := part.ErrorCode; {
	case code == kerr.OffsetOutOfRange.Code:
		c.outOfRange(p)
	case code != 0:
		c.client.metadata.LearnLeader(p.name, Leader{
			kafka.BrokerID(part.CurrentLeader.LeaderID), kafka.LeaderEpoch(part.CurrentLeader.LeaderEpoch),
		})
		c.retryLater(p, code)
	case diverging.Epoch >= 0 && diverging.EndOffset >= 0 && !c.config.NoTruncationCheck:
		c.truncated(p, kafka.Offset(diverging.EndOffset), kafka.LeaderEpoch(diverging.Epoch))
	default:
		p.failures = 0
		p.highWatermark = kafka.Offset(part.HighWatermark)
		if len(part.RecordBatches) > 0 {
			p.raw, p.requested = part.RecordBatches, sent
			return true
		}
	}
	return false
}

// retryLater backs off from an error. What no retry mends goes to the
// application.
func (c *Consumer) retryLater(p *consumerPartition, code int16) {
	if !isRetriable(code) && code != kerr.UnknownServerError.Code {
		c.fail(p, kerr.ErrorForCode(code))
		return
	}
	if meansStaleMetadata(code) {
		c.client.metadata.RequestUpdate()
	}
	p.failures++
	p.notUntil = c.client.host.Now().Add(c.client.config.RetryBackoff.Wait(p.failures, c.client.random))
}

// outOfRange falls back to auto.offset.reset.
func (c *Consumer) outOfRange(p *consumerPartition) {
	if c.config.OffsetReset == ResetNone {
		c.fail(p, kerr.OffsetOutOfRange)
		return
	}
	p.forgetRequests()
	p.state = unpositioned
}
