package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// step positions, validates and fetches whatever can be. It looks at the
// partitions that were stirred: something about them has changed since they were
// last looked at, or they wait for a time.
func (c *Consumer) step() {
	now := c.client.host.Now()
	c.noticeAssignment()
	c.noticeMetadata()
	next := c.stepGroup(now)
	stirred := c.stirred
	c.stirred = c.lookedAt[:0]
	for _, p := range stirred {
		p.fetches.stirred = false
		if p.fetches.consumer == c {
			next = min(next, c.look(p, now))
		}
	}
	clear(stirred)
	c.lookedAt = stirred
	for i := 0; i < len(c.client.metadata.brokers); i++ {
		c.fetch(c.session(c.client.metadata.brokers[i].ID))
	}
	c.client.timers.Set(&c.timer, next)
}

// noticeAssignment follows a change of the assigned partitions.
func (c *Consumer) noticeAssignment() {
	if c.sameAssignment() {
		return
	}
	for _, p := range c.noticed {
		p.fetches.consumer = nil
	}
	c.byName = make(map[kafka.TopicPartition]*consumerPartition, len(c.partitions))
	for _, p := range c.partitions {
		p.fetches.consumer = c
		c.byName[p.name] = p
		p.stir()
	}
	for _, p := range c.noticed {
		if p.fetches.consumer == nil {
			p.place(nil, false)
		}
	}
	c.noticed = c.partitions
}

// sameAssignment: a new assignment is a new slice.
func (c *Consumer) sameAssignment() bool {
	return len(c.partitions) == len(c.noticed) && (len(c.partitions) == 0 || &c.partitions[0] == &c.noticed[0])
}

// noticeMetadata stirs everything when a leader may have changed.
func (c *Consumer) noticeMetadata() {
	if c.leaders == c.client.metadata.changes {
		return
	}
	c.leaders = c.client.metadata.changes
	for _, p := range c.partitions {
		p.stir()
	}
}

// look does what one partition needs. It returns when it wants to be looked at
// again without being stirred.
func (c *Consumer) look(p *consumerPartition, now host.Time) host.Time {
	c.noticeLeader(p)
	next := host.Never
	switch {
	case p.busy || p.leaving || p.state == failed:
	case now < p.notUntil:
		next = p.notUntil
		p.stir()
	case p.state == unpositioned:
		c.reset(p)
		p.stirUnlessBusy()
	case p.state == unvalidated:
		c.validate(p)
		p.stirUnlessBusy()
	}
	leader := c.client.metadata.Leader(p.name).Broker
	if leader < 0 {
		p.place(nil, false)
		return next
	}
	p.place(c.session(leader), p.state == fetchable && !p.busy && !p.paused && !p.leaving && !p.hasData() && now >= p.notUntil)
	return next
}

// stirUnlessBusy: who could not ask yet tries again with each step.
func (p *consumerPartition) stirUnlessBusy() {
	if !p.busy && p.state != fetchable && p.state != failed {
		p.stir()
	}
}

// noticeLeader marks the position that a new leader epoch has made doubtful: the
// new leader may have cut records that we have read (KIP-320).
func (c *Consumer) noticeLeader(p *consumerPartition) {
	c.noticeTopic(p)
	leader := c.client.metadata.Leader(p.name)
	if leader.Epoch <= p.leaderEpoch || p.state != fetchable {
		return
	}
	// What the former leader sent or will send is not waited for.
	p.forgetRequests()
	if c.config.NoTruncationCheck || p.positionEpoch == kafka.NoEpoch {
		p.leaderEpoch = leader.Epoch
		return
	}
	p.state = unvalidated
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
func (c *Consumer) fetch(s *fetchSession) {
	if s.underWay || s.buffered > 0 || s.wanting == 0 {
		return
	}
	peer := c.client.network.ready(s.broker)
	if peer == nil {
		return
	}
	stamp := c.events.Stamp()
	body := c.fetchRequest(peer.versions[kmsg.Fetch], s)
	err := c.client.network.send(peer, call{
		body:  body,
		extra: c.config.FetchMaxWait,
		done: func(response kmsg.Response, err error) {
			s.underWay = false
			c.fetchAnswered(s, stamp, response, err)
		},
	})
	if err != nil {
		for _, p := range c.partitions {
			if p.fetches.asked == s {
				c.fail(p, err)
			}
		}
		return
	}
	s.underWay = true
}

// fetchRequest names what the session does not have yet as it is now, or
// everything.
func (c *Consumer) fetchRequest(version int16, s *fetchSession) *kmsg.FetchRequest {
	body := c.newFetch(version)
	body.SessionID, body.SessionEpoch = s.id, s.epoch
	if s.without || version < 7 {
		body.SessionID, body.SessionEpoch = 0, finalEpoch
	}
	full := body.SessionEpoch <= 0
	if full {
		for _, p := range c.partitions {
			if p.fetches.session == s && p.fetches.wants {
				c.nameFetched(body, s, p)
			}
		}
	}
	for _, p := range s.changed {
		if p.fetches.listed != s {
			continue // it went elsewhere, or was named already
		}
		p.fetches.listed = nil
		if !full && p.fetches.session == s && p.fetches.wants {
			c.nameFetched(body, s, p)
		}
	}
	clear(s.changed)
	s.changed = s.changed[:0]
	s.nameForgotten(body)
	return body
}

func (c *Consumer) newFetch(version int16) *kmsg.FetchRequest {
	body := kmsg.NewPtrFetchRequest()
	body.Version = version
	body.MaxWaitMillis = int32(c.config.FetchMaxWait.Milliseconds())
	body.MinBytes, body.MaxBytes = int32(c.config.FetchMinBytes), int32(c.config.FetchMaxBytes)
	body.IsolationLevel = c.isolation()
	return body
}

// finalEpoch ends a session, or asks for none.
const finalEpoch = -1

// lastFetch ends a session and fetches nothing.
func (c *Consumer) lastFetch(version int16, s *fetchSession) *kmsg.FetchRequest {
	body := c.newFetch(version)
	body.SessionID, body.SessionEpoch = s.id, finalEpoch
	return body
}

func (c *Consumer) nameFetched(body *kmsg.FetchRequest, s *fetchSession, p *consumerPartition) {
	version := body.Version
	key := fetchKey{name: p.name.Topic, partition: p.name.Partition}
	if version >= 13 {
		key.name, key.id = "", c.client.metadata.topics[p.name.Topic].ID
	}
	s.ask(p, key)
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition = p.name.Partition
	part.FetchOffset = int64(p.position)
	part.PartitionMaxBytes = int32(c.config.MaxPartitionFetchBytes)
	if version >= 9 {
		part.CurrentLeaderEpoch = int32(p.leaderEpoch)
	}
	if version >= 12 && !c.config.NoTruncationCheck {
		part.LastFetchedEpoch = int32(p.positionEpoch)
	}
	last := len(body.Topics) - 1
	if last < 0 || body.Topics[last].TopicID != key.id || body.Topics[last].Topic != key.name {
		topic := kmsg.NewFetchRequestTopic()
		topic.Topic, topic.TopicID = key.name, key.id
		body.Topics = append(body.Topics, topic)
		last++
	}
	body.Topics[last].Partitions = append(body.Topics[last].Partitions, part)
}

func (c *Consumer) isolation() int8 {
	if c.config.ReadCommitted {
		return 1
	}
	return 0
}

func (c *Consumer) fetchAnswered(s *fetchSession, sent int64, response kmsg.Response, err error) {
	c.client.again = true
	answer, ok := response.(*kmsg.FetchResponse)
	switch {
	case err != nil || !ok:
		c.fetchFailed(s, codeOf(err))
		return
	case answer.ErrorCode != 0:
		c.fetchFailed(s, answer.ErrorCode)
		return
	}
	available, answered := false, 0
	for i := range answer.Topics {
		t := &answer.Topics[i]
		key := fetchKey{name: t.Topic}
		if answer.Version >= 13 {
			key = fetchKey{id: t.TopicID}
		}
		for j := range t.Partitions {
			key.partition = t.Partitions[j].Partition
			p := s.asked[key]
			if p == nil {
				continue
			}
			answered++
			part := &t.Partitions[j]
			p.fetches.heard(part)
			if p.generation == p.fetches.at.generation {
				available = c.partFetched(p, part, sent) || available
			}
			p.stir()
		}
	}
	if answer.ThrottleMillis == 0 { // else it may be empty without a look at anything
		c.tellLogEnds(s, sent)
	}
	if s.epoch <= 0 && answered < len(s.asked) {
		c.fetchFailed(s, kerr.UnknownServerError.Code) // a full answer speaks of all
	} else {
		s.answered(c, answer.SessionID)
	}
	if available {
		c.events.Available()
	}
}

// fetchFailed takes an error of a fetch as a whole.
func (c *Consumer) fetchFailed(s *fetchSession, code int16) {
	var asked []*consumerPartition
	for _, p := range c.partitions {
		if p.fetches.asked == s && p.generation == p.fetches.at.generation && !p.hasData() {
			asked = append(asked, p)
		}
	}
	if s.failed(c, code) {
		return
	}
	for _, p := range asked {
		c.retryLater(p, code)
	}
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
		p.highWatermark, p.lastStable = kafka.Offset(part.HighWatermark), kafka.Offset(part.LastStableOffset)
		if len(part.RecordBatches) > 0 {
			p.raw, p.requested = part.RecordBatches, sent
			if c.config.ReadCommitted {
				p.aborted.reset(part.AbortedTransactions)
			}
			c.makeReady(p)
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
