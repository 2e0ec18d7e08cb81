package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/kafka"
)

// committer carries a group's commits to its coordinator in the order in which
// they were asked for.
//
// Several may be on the wire, since the coordinator takes one connection's
// requests in their order. One that failed and could be tried again holds up
// those behind it that have not left. But where a later commit of the same
// partition has left already it is not tried again: it would set the offset
// back. (Kafka's consumer never retries commitAsync, for the same reason.)
type committer struct {
	member *groupMember
	queue  []*commit // not ended, oldest first
	timer  Timer
}

// commit is one call of Commit with what has become of its parts so far.
type commit struct {
	parts    []commitPart
	deadline host.Time
	// once: neither a failed attempt nor a failed search for the coordinator is
	// repeated, as with Kafka's commitAsync.
	once         bool
	failedBefore int // of the coordinator's searches, when it was asked for
	generation   int32
	done         func([]CommitResult)

	onWire   bool
	told     bool
	failures int
	notUntil host.Time
}

type commitPart struct {
	CommitOffset
	ended     bool
	ambiguous bool // an attempt may have been taken
	overtaken bool // a later commit of the partition has left
	result    CommitResult
}

func (c *committer) start(m *groupMember) {
	c.member = m
	c.timer.Fire = m.coordinator.client.step
}

// add takes a commit to be sent at the next step.
func (c *committer) add(offsets []CommitOffset, deadline host.Time, once bool, done func([]CommitResult)) {
	op := &commit{deadline: deadline, once: once, failedBefore: c.member.coordinator.failed, generation: c.member.generation, done: done}
	for _, o := range offsets {
		op.parts = append(op.parts, commitPart{CommitOffset: o, result: CommitResult{Partition: o.Partition, Offset: o.Offset}})
	}
	c.queue = append(c.queue, op)
	c.member.coordinator.client.again = true
}

// step sends what may leave and ends what is overdue.
func (c *committer) step() {
	client := c.member.coordinator.client
	now := client.host.Now()
	if len(c.queue) == 0 {
		return
	}
	next, held := host.Never, false
	for i := 0; i < len(c.queue); i++ {
		op := c.queue[i]
		if now >= op.deadline {
			op.giveUp(kerr.RequestTimedOut.Code)
		}
		if !op.onWire && !op.ended() && !held {
			held = !c.try(op, now)
			if now < op.notUntil {
				next = min(next, op.notUntil)
			}
		}
		if !op.ended() {
			next = min(next, op.deadline)
		}
	}
	c.tell()
	client.timers.Set(&c.timer, next)
}

// tell calls those whose commits have ended, in order.
func (c *committer) tell() {
	client := c.member.coordinator.client
	for i := 0; i < len(c.queue); {
		op := c.queue[i]
		if !op.ended() {
			i++
			continue
		}
		c.queue = slices.Delete(c.queue, i, i+1)
		results := make([]CommitResult, len(op.parts))
		for j := range op.parts {
			part := &op.parts[j]
			results[j] = part.result
			if part.result.Outcome == Acknowledged {
				client.host.Observe(host.Event{Point: PointOffsetCommitted, Subject: part.Partition.Topic, Args: [6]int64{
					int64(part.Partition.Partition), int64(part.Offset),
				}})
			}
		}
		op.told = true
		client.again = true
		op.done(results)
	}
}

// try sends a commit and reports whether those behind it may leave.
func (c *committer) try(op *commit, now host.Time) bool {
	if now < op.notUntil {
		return false
	}
	if code := c.member.mayCommit(op); code != 0 {
		op.giveUp(code)
		return true
	}
	peer := c.member.coordinator.ready()
	if code := c.member.coordinator.takeRefusal(); code != 0 {
		op.giveUp(code)
		return true
	}
	if peer == nil {
		if op.once && c.member.coordinator.failed > op.failedBefore {
			op.giveUp(kerr.CoordinatorNotAvailable.Code)
		}
		return op.ended()
	}
	c.send(op, peer)
	return true
}

func (c *committer) send(op *commit, p *peer) {
	client := c.member.coordinator.client
	var names []kafka.TopicPartition
	for i := range op.parts {
		names = append(names, op.parts[i].Partition)
	}
	version := client.groupVersion(p, kmsg.OffsetCommit, names)
	body := kmsg.NewPtrOffsetCommitRequest()
	body.Version = version
	generation := c.member.generation
	body.Group, body.Generation = c.member.group, generation
	if generation != noGeneration {
		body.MemberID = c.member.id
		body.InstanceID = c.member.instanceSince(7, version)
	}
	named := make([]topicNamed, len(op.parts))
	for i := range op.parts {
		part := &op.parts[i]
		named[i] = client.topicNamed(version, part.Partition.Topic)
		if part.ended {
			continue
		}
		asked := kmsg.NewOffsetCommitRequestTopicPartition()
		asked.Partition, asked.Offset = part.Partition.Partition, int64(part.Offset)
		asked.Metadata = kmsg.StringPtr("")
		if version >= 6 {
			asked.LeaderEpoch = int32(part.Epoch)
		}
		topic := commitTopic(body, named[i])
		topic.Partitions = append(topic.Partitions, asked)
	}
	op.onWire = true
	c.overtake(op)
	err := client.network.send(p, call{body: body, done: func(response kmsg.Response, err error) {
		c.answered(op, generation, named, response, err)
	}})
	if err != nil {
		op.onWire = false
		op.giveUp(codeOf(err))
	}
}

func commitTopic(body *kmsg.OffsetCommitRequest, named topicNamed) *kmsg.OffsetCommitRequestTopic {
	for i := range body.Topics {
		if t := &body.Topics[i]; t.Topic == named.name && t.TopicID == named.id {
			return t
		}
	}
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic, topic.TopicID = named.name, named.id
	body.Topics = append(body.Topics, topic)
	return &body.Topics[len(body.Topics)-1]
}

// answered takes the end of one attempt.
func (c *committer) answered(op *commit, generation int32, named []topicNamed, response kmsg.Response, err error) {
	client := c.member.coordinator.client
	client.again = true
	op.onWire = false
	if op.told {
		return // given up while it was on the wire
	}
	answer, ok := response.(*kmsg.OffsetCommitResponse)
	first, again := int16(0), false
	for i := range op.parts {
		part := &op.parts[i]
		if part.ended {
			continue
		}
		code := codeOf(err)
		if code == 0 {
			code = kerr.UnknownServerError.Code
			if ok {
				code = committedCode(answer, named[i], part.Partition.Partition)
			}
		}
		if first == 0 {
			first = code
		}
		part.took(code)
		if !part.ended && (!c.mayRetry(code) || op.once || part.overtaken) {
			part.fail()
		}
		again = again || !part.ended
	}
	if again {
		op.failures++
		op.notUntil = client.host.Now().Add(client.config.RetryBackoff.Wait(op.failures, client.random))
	}
	c.member.coordinator.noticeError(first)
	if consumer := c.member.consumer; consumer != nil && consumer.group.membership != nil {
		consumer.group.membership.commitRefused(first, generation)
	}
}

func (c *committer) mayRetry(code int16) bool {
	return commitMayRetry(code) || c.member.retriesCommit(code)
}

func committedCode(answer *kmsg.OffsetCommitResponse, topic topicNamed, partition int32) int16 {
	for i := range answer.Topics {
		t := &answer.Topics[i]
		if t.Topic != topic.name || t.TopicID != topic.id {
			continue
		}
		for j := range t.Partitions {
			if t.Partitions[j].Partition == partition {
				return t.Partitions[j].ErrorCode
			}
		}
	}
	return kerr.UnknownServerError.Code
}

// overtake notes in earlier commits on the wire which partitions op has too.
func (c *committer) overtake(op *commit) {
	for _, earlier := range c.queue[:slices.Index(c.queue, op)] {
		for i := range earlier.parts {
			part := &earlier.parts[i]
			part.overtaken = part.overtaken || slices.ContainsFunc(op.parts, func(p commitPart) bool {
				return !p.ended && p.Partition == part.Partition
			})
		}
	}
}

// ended says whether the fate of every part is known.
func (op *commit) ended() bool {
	return !slices.ContainsFunc(op.parts, func(p commitPart) bool { return !p.ended })
}

// took notes the end of one attempt for one partition.
func (p *commitPart) took(code int16) {
	p.result.Error = code
	p.ambiguous = p.ambiguous || code != 0 && !isDefiniteForCommit(code)
	if code == 0 {
		p.ended, p.result.Outcome = true, Acknowledged
	}
}

func (p *commitPart) fail() {
	p.ended, p.result.Outcome = true, Failed
	if p.ambiguous {
		p.result.Outcome = Indeterminate
	}
}

// giveUp ends what has not ended. What is on the wire may still be taken.
func (op *commit) giveUp(code int16) {
	for i := range op.parts {
		part := &op.parts[i]
		if part.ended {
			continue
		}
		if part.result.Error == 0 || op.onWire {
			part.result.Error = code
		}
		part.ambiguous = part.ambiguous || op.onWire
		part.fail()
	}
}

// endAll gives up everything: the consumer closes.
func (c *committer) endAll() {
	if len(c.queue) == 0 {
		return
	}
	for _, op := range c.queue {
		op.giveUp(kerr.RequestTimedOut.Code)
	}
	c.tell()
}

// commitMayRetry lists what commitSync of Kafka's consumer tries again after
// (ConsumerCoordinator.OffsetCommitResponseHandler).
func commitMayRetry(code int16) bool {
	switch code {
	case networkException, kerr.CoordinatorLoadInProgress.Code, kerr.CoordinatorNotAvailable.Code, kerr.NotCoordinator.Code,
		kerr.RequestTimedOut.Code, kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code:
		return true
	}
	return false
}

// isDefiniteForCommit says whether an answer proves that this attempt set no
// offset and never will. NOT_COORDINATOR and COORDINATOR_NOT_AVAILABLE do not:
// a coordinator that wrote the offset and lost its partition, or waited for its
// followers in vain, answers so too.
func isDefiniteForCommit(code int16) bool {
	switch code {
	case kerr.CoordinatorLoadInProgress.Code, kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code,
		kerr.GroupAuthorizationFailed.Code, kerr.TopicAuthorizationFailed.Code, kerr.OffsetMetadataTooLarge.Code,
		kerr.InvalidCommitOffsetSize.Code, kerr.InvalidGroupID.Code, kerr.GroupIDNotFound.Code, kerr.UnsupportedVersion.Code,
		kerr.InvalidRequest.Code,
		// Checked against the group before anything is written.
		kerr.UnknownMemberID.Code, kerr.IllegalGeneration.Code, kerr.FencedInstanceID.Code, kerr.RebalanceInProgress.Code,
		kerr.StaleMemberEpoch.Code, kerr.FencedMemberEpoch.Code:
		return true
	}
	return false
}
