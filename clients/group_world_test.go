package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// fakeGroup is a group without members at a correct coordinator.
type fakeGroup struct {
	coordinator kafka.BrokerID
	offsets     map[kafka.TopicPartition]CommittedOffset
}

func (c *fakeCluster) group(name string) *fakeGroup {
	g := c.groups[name]
	if g == nil {
		g = &fakeGroup{coordinator: 1, offsets: map[kafka.TopicPartition]CommittedOffset{}}
		c.groups[name] = g
	}
	return g
}

func (g *fakeGroup) String() string {
	var lines []string
	for _, o := range slices.SortedFunc(maps.Values(g.offsets), func(a, b CommittedOffset) int {
		return strings.Compare(a.Partition.String(), b.Partition.String())
	}) {
		lines = append(lines, fmt.Sprintf("%v=%d (epoch %d)", o.Partition, o.Offset, o.Epoch))
	}
	return strings.Join(lines, " ")
}

var fakeErrors = []*kerr.Error{
	kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.GroupAuthorizationFailed,
	kerr.RequestTimedOut, kerr.UnstableOffsetCommit, kerr.IllegalGeneration, kerr.StaleMemberEpoch,
	kerr.ConcurrentTransactions, kerr.ProducerFenced, kerr.InvalidProducerEpoch, kerr.InvalidProducerIDMapping, kerr.UnknownProducerID,
	kerr.InvalidTxnState, kerr.TransactionAbortable, kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.UnknownTopicOrPartition,
	kerr.TopicAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
}

func fakeError(fate string) int16 {
	for _, e := range fakeErrors {
		if e.Message == strings.TrimPrefix(fate, "after-") {
			return e.Code
		}
	}
	return 0
}

func (c *fakeCluster) findCoordinator(r *kmsg.FindCoordinatorRequest) kmsg.Response {
	c.finds++
	answer := kmsg.NewPtrFindCoordinatorResponse()
	key := r.CoordinatorKey
	if r.Version >= 4 {
		key = r.CoordinatorKeys[0]
	}
	g := c.group(key)
	code := fakeError(c.findFate[c.finds])
	if code == 0 && c.brokers[g.coordinator-1].down {
		code = kerr.CoordinatorNotAvailable.Code
	}
	name, _, _ := strings.Cut(string(c.brokers[g.coordinator-1].addr), ":")
	if r.Version < 4 {
		answer.ErrorCode, answer.NodeID, answer.Host, answer.Port = code, int32(g.coordinator), name, 9092
		return answer
	}
	found := kmsg.NewFindCoordinatorResponseCoordinator()
	found.Key, found.ErrorCode, found.NodeID, found.Host, found.Port = key, code, int32(g.coordinator), name, 9092
	answer.Coordinators = append(answer.Coordinators, found)
	return answer
}

// offsetCommit handles a request by its fate: a code alone refuses, after-CODE
// refuses what was taken; lose loses the answer, drop the request, close breaks
// the connection after the offset was taken, late-5s delays the answer.
func (b *fakeBroker) offsetCommit(conn host.Conn, r *kmsg.OffsetCommitRequest, reply func(kmsg.Response)) {
	c := b.cluster
	c.commits++
	fate := c.commitFate[c.commits]
	code := fakeError(fate)
	g := c.group(r.Group)
	if g.coordinator != b.id {
		code, fate = kerr.NotCoordinator.Code, ""
	}
	if members := c.rebalanced[r.Group]; members != nil && code == 0 {
		code = members.refusesCommit(r)
	}
	take := fate != "drop" && (code == 0 || strings.HasPrefix(fate, "after-"))
	answer := kmsg.NewPtrOffsetCommitResponse()
	var said []string
	for _, t := range r.Topics {
		name := t.Topic
		if r.Version >= 10 {
			name = topicOfID(t.TopicID)
		}
		topic := kmsg.NewOffsetCommitResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			at := kafka.TopicPartition{Topic: name, Partition: p.Partition}
			if take {
				g.offsets[at] = CommittedOffset{at, kafka.Offset(p.Offset), kafka.LeaderEpoch(p.LeaderEpoch)}
				if c.taken != nil {
					c.taken(g.offsets[at])
				}
			}
			said = append(said, fmt.Sprintf("%v=%d", at, p.Offset))
			part := kmsg.NewOffsetCommitResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, code
			topic.Partitions = append(topic.Partitions, part)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	c.world.log("broker %d: commit v%d %s of %s, generation %d %s", b.id, r.Version, strings.Join(said, " "), r.Group, r.Generation, fate)
	switch {
	case fate == "lose" || fate == "drop":
	case fate == "close":
		c.world.deliverClosed(conn)
	case strings.HasPrefix(fate, "late-"):
		d, _ := time.ParseDuration(fate[len("late-"):])
		c.world.later(host.Time(d), func() { reply(answer) })
	default:
		reply(answer)
	}
}

func (b *fakeBroker) offsetFetch(r *kmsg.OffsetFetchRequest) kmsg.Response {
	c := b.cluster
	c.offsetFinds++
	answer := kmsg.NewPtrOffsetFetchResponse()
	name := r.Group
	if r.Version >= 8 {
		name = r.Groups[0].Group
	}
	g := c.group(name)
	code := fakeError(c.offsetFate[c.offsetFinds])
	if g.coordinator != b.id {
		code = kerr.NotCoordinator.Code
	}
	at := func(topic string, partition int32) CommittedOffset {
		p := kafka.TopicPartition{Topic: topic, Partition: partition}
		if o, ok := g.offsets[p]; ok && code == 0 {
			return o
		}
		return CommittedOffset{p, kafka.NoOffset, kafka.NoEpoch}
	}
	if r.Version < 8 {
		answer.ErrorCode = code
		for _, t := range r.Topics {
			topic := kmsg.NewOffsetFetchResponseTopic()
			topic.Topic = t.Topic
			for _, p := range t.Partitions {
				part := kmsg.NewOffsetFetchResponseTopicPartition()
				o := at(t.Topic, p)
				part.Partition, part.Offset, part.LeaderEpoch = p, int64(o.Offset), int32(o.Epoch)
				topic.Partitions = append(topic.Partitions, part)
			}
			answer.Topics = append(answer.Topics, topic)
		}
		return answer
	}
	group := kmsg.NewOffsetFetchResponseGroup()
	group.Group, group.ErrorCode = name, code
	for _, t := range r.Groups[0].Topics {
		topic := kmsg.NewOffsetFetchResponseGroupTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		named := t.Topic
		if r.Version >= 10 {
			named = topicOfID(t.TopicID)
		}
		for _, p := range t.Partitions {
			part := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			o := at(named, p)
			part.Partition, part.Offset, part.LeaderEpoch = p, int64(o.Offset), int32(o.Epoch)
			topic.Partitions = append(topic.Partitions, part)
		}
		group.Topics = append(group.Topics, topic)
	}
	answer.Groups = append(answer.Groups, group)
	return answer
}

// offsetAt is the first offset with a timestamp of at least the given one.
func (l *fakeLog) offsetAt(timestamp int64) (int64, int32) {
	for _, whole := range l.batches {
		if h, _ := batch.ReadHeader(whole); h.MaxTimestamp >= timestamp {
			return int64(h.BaseOffset), int32(h.LeaderEpoch)
		}
	}
	return -1, -1
}
