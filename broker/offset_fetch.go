package broker

import (
	"cmp"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/internal/kafka"
)

// OffsetFetch, versions 1 to 10: 2 adds the error of the group and asks for all
// by a null list of topics, 5 adds leader epochs, 7 asks for stable offsets
// alone (KIP-447), 8 for several groups at once (KIP-709), 9 adds the member
// (KIP-848), 10 names topics by id.

// heldOffsetFetch is an offset fetch until all of its groups are answered.
type heldOffsetFetch struct {
	exchange *exchange
	version  int16
	groups   []*fetchedGroup
	waiting  int
}

// fetchedGroup is one group of an offset fetch: what was asked, then the answer.
type fetchedGroup struct {
	name   string
	member *string // who asks; nil for anybody
	epoch  group.GenerationID
	all    bool
	topics []fetchedTopic
	err    error
}

type fetchedTopic struct {
	name       string
	id         kafka.TopicID
	err        error
	partitions []fetchedOffset
}

type fetchedOffset struct {
	number    int32
	committed group.Committed
	err       error
}

// nothingCommitted is the answer for a partition without a committed offset.
var nothingCommitted = group.Committed{Offset: kafka.NoOffset, LeaderEpoch: kafka.NoEpoch}

func (n *Node) offsetFetch(e *exchange, r *kmsg.OffsetFetchRequest) {
	f := &heldOffsetFetch{exchange: e, version: r.Version, groups: n.readOffsetFetch(r), waiting: 1}
	stable := r.Version >= 7 && r.RequireStable
	for _, g := range f.groups {
		coordinator, err := n.groupServiceOf(g.name)
		switch {
		case err != nil:
			g.err = err
		case stable:
			// An offset that is decided and not committed yet may be the group's
			// last word: who asks for stable offsets waits for it.
			f.waiting++
			n.awaitCommitted(coordinator.coordinator, func(err error) {
				if g.err = offsetFetchError(err); err == nil {
					n.fetchOffsets(coordinator, g, f.version, true)
				}
				n.offsetFetched(f)
			})
		default:
			n.fetchOffsets(coordinator, g, f.version, false)
		}
	}
	n.offsetFetched(f)
}

// offsetFetchError: clients before 3.9 do not know COORDINATOR_NOT_AVAILABLE as
// an answer to this request; Kafka says NOT_COORDINATOR instead.
func offsetFetchError(err error) error {
	if err == kerr.CoordinatorNotAvailable {
		return kerr.NotCoordinator
	}
	return err
}

// readOffsetFetch takes what is asked out of the request.
func (n *Node) readOffsetFetch(r *kmsg.OffsetFetchRequest) []*fetchedGroup {
	if r.Version < 8 {
		g := &fetchedGroup{name: r.Group, epoch: group.NoGeneration, all: r.Version >= 2 && r.Topics == nil}
		for i := range r.Topics {
			g.topics = append(g.topics, fetchedTopic{name: r.Topics[i].Topic, partitions: unanswered(r.Topics[i].Partitions)})
		}
		return []*fetchedGroup{g}
	}
	groups := make([]*fetchedGroup, len(r.Groups))
	for i := range r.Groups {
		g := &fetchedGroup{name: r.Groups[i].Group, epoch: group.NoGeneration, all: r.Groups[i].Topics == nil}
		if r.Version >= 9 {
			g.member, g.epoch = r.Groups[i].MemberID, group.GenerationID(r.Groups[i].MemberEpoch)
		}
		for j := range r.Groups[i].Topics {
			from := &r.Groups[i].Topics[j]
			topic := fetchedTopic{name: from.Topic, id: from.TopicID, partitions: unanswered(from.Partitions)}
			if r.Version >= 10 {
				var known knownTopic
				known, topic.err = n.topicNamed(true, "", from.TopicID)
				topic.name = known.name
			}
			g.topics = append(g.topics, topic)
		}
		groups[i] = g
	}
	return groups
}

func unanswered(partitions []int32) []fetchedOffset {
	offsets := make([]fetchedOffset, len(partitions))
	for i, number := range partitions {
		offsets[i] = fetchedOffset{number: number, committed: nothingCommitted}
	}
	return offsets
}

// fetchOffsets fills in what the group has committed.
func (n *Node) fetchOffsets(c *groupService, g *fetchedGroup, version int16, stable bool) {
	if g.err = c.CheckFetch(g.name, g.member, g.epoch); g.err != nil {
		return
	}
	if g.all {
		g.topics = n.allCommitted(c, g.name, version)
	}
	for i := range g.topics {
		topic := &g.topics[i]
		for j := range topic.partitions {
			p := &topic.partitions[j]
			if p.err = topic.err; p.err != nil {
				continue
			}
			found, ok, err := c.Fetch(g.name, kafka.TopicPartition{Topic: topic.name, Partition: p.number}, topic.id, stable)
			if p.err = err; ok {
				p.committed = found
			}
		}
	}
}

// allCommitted lists the partitions that a group has committed. By id those of
// topics that exist.
func (n *Node) allCommitted(c *groupService, name string, version int16) (topics []fetchedTopic) {
	for _, p := range c.Partitions(name) {
		if len(topics) == 0 || topics[len(topics)-1].name != p.Topic {
			topics = append(topics, fetchedTopic{name: p.Topic})
			if t := n.image.Topic(p.Topic); t != nil && version >= 10 {
				topics[len(topics)-1].id = t.ID
			}
		}
		topic := &topics[len(topics)-1]
		if version >= 10 && topic.id.IsZero() {
			continue
		}
		topic.partitions = append(topic.partitions, fetchedOffset{number: p.Partition, committed: nothingCommitted})
	}
	return topics
}

// offsetFetched answers when nothing is waited for any more.
func (n *Node) offsetFetched(f *heldOffsetFetch) {
	if f.waiting--; f.waiting > 0 {
		return
	}
	response := kmsg.NewPtrOffsetFetchResponse()
	if f.version < 8 {
		response.ErrorCode, response.Topics = describeGroup(f.groups[0], f.version)
	}
	for _, g := range f.groups {
		if f.version >= 8 {
			response.Groups = append(response.Groups, describeGroupByName(g, f.version))
		}
	}
	n.answer(f.exchange, response)
}

// describeGroup is the answer before version 8. Version 1 has no error but
// those of the partitions.
func describeGroup(g *fetchedGroup, version int16) (code int16, topics []kmsg.OffsetFetchResponseTopic) {
	if g.err != nil && version >= 2 {
		return errorCode(g.err), nil
	}
	for i := range g.topics {
		from := &g.topics[i]
		topic := kmsg.NewOffsetFetchResponseTopic()
		topic.Topic = from.name
		for j := range from.partitions {
			p := kmsg.NewOffsetFetchResponseTopicPartition()
			committed := &from.partitions[j].committed
			p.Partition, p.ErrorCode = from.partitions[j].number, errorCode(cmp.Or(g.err, from.partitions[j].err))
			p.Offset, p.Metadata = int64(committed.Offset), &committed.Metadata
			if version >= 5 {
				p.LeaderEpoch = int32(committed.LeaderEpoch)
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		topics = append(topics, topic)
	}
	return 0, topics
}

// describeGroupByName is the answer from version 8 on.
func describeGroupByName(g *fetchedGroup, version int16) kmsg.OffsetFetchResponseGroup {
	out := kmsg.NewOffsetFetchResponseGroup()
	out.Group, out.ErrorCode = g.name, errorCode(g.err)
	if g.err != nil {
		return out
	}
	for i := range g.topics {
		from := &g.topics[i]
		topic := kmsg.NewOffsetFetchResponseGroupTopic()
		if version >= 10 {
			topic.TopicID = from.id
		} else {
			topic.Topic = from.name
		}
		for j := range from.partitions {
			p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
			committed := &from.partitions[j].committed
			p.Partition, p.ErrorCode = from.partitions[j].number, errorCode(from.partitions[j].err)
			p.Offset, p.LeaderEpoch, p.Metadata = int64(committed.Offset), int32(committed.LeaderEpoch), &committed.Metadata
			topic.Partitions = append(topic.Partitions, p)
		}
		if len(topic.Partitions) > 0 {
			out.Topics = append(out.Topics, topic)
		}
	}
	return out
}
