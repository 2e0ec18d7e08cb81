package clients

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// noGeneration is the generation of who commits without being a member: a
// consumer with a fixed assignment.
const noGeneration int32 = -1

// groupMember is a client as its group's coordinator knows it. membership keeps
// it up to date. With a fixed
// assignment it is nobody in particular: no member id, no generation, so that
// the coordinator fences no commit of it.
type groupMember struct {
	group       string
	instance    string    // group.instance.id, "" for none
	epochs      bool      // by KIP-848: generation is a member epoch
	consumer    *Consumer // that subscribes; nil with a fixed assignment
	coordinator coordinator
	generation  int32  // or the member's epoch (KIP-848)
	id          string // member id, "" for none
}

func (m *groupMember) start(client *Client, config ConsumerConfig) {
	m.group, m.instance, m.generation, m.id = config.GroupID, config.GroupInstanceID, noGeneration, ""
	m.coordinator.start(client, coordinatesGroup, m.group)
}

// mayCommit is the error with which a commit fails before it is sent, 0 for
// none: a consumer that subscribes commits as a member or not at all.
func (m *groupMember) mayCommit(op *commit) int16 {
	switch {
	case m.consumer == nil:
		return 0
	case m.consumer.group.membership == nil:
		return kerr.UnknownMemberID.Code
	}
	return m.consumer.group.membership.mayCommit(op)
}

func (m *groupMember) retriesCommit(code int16) bool {
	return m.consumer != nil && m.consumer.group.membership != nil && m.consumer.group.membership.retriesCommit(code)
}

// lastVersionByName is the last version of OffsetCommit and OffsetFetch that
// names topics; later ones number them (KIP-848).
const lastVersionByName int16 = 9

// groupVersion chooses the version of a request about topics: ids can only be
// used where all are known.
func (c *Client) groupVersion(p *peer, key kmsg.Key, names []kafka.TopicPartition) int16 {
	version := p.versions[key]
	for _, name := range names {
		if t := c.metadata.Topic(name.Topic); t == nil || t.ID.IsZero() {
			return min(version, lastVersionByName)
		}
	}
	return version
}

// topicNamed is a topic as a version above or up to lastVersionByName has it.
type topicNamed struct {
	name string
	id   kafka.TopicID
}

func (c *Client) topicNamed(version int16, name string) topicNamed {
	if version > lastVersionByName {
		return topicNamed{id: c.metadata.topics[name].ID}
	}
	return topicNamed{name: name}
}

// fetchedOffset is what a coordinator said of one partition.
type fetchedOffset struct {
	CommittedOffset
	code int16
}

// fetchOffsets asks the coordinator once for the group's offsets. done gets one
// answer for each partition, in the order asked; where the whole request
// failed all have its code.
func (m *groupMember) fetchOffsets(p *peer, names []kafka.TopicPartition, done func([]fetchedOffset)) {
	c := m.coordinator.client
	version := c.groupVersion(p, kmsg.OffsetFetch, names)
	body := kmsg.NewPtrOffsetFetchRequest()
	body.Version = version
	// An offset that an open transaction may still change is waited for (KIP-447).
	body.RequireStable = version >= 7
	if version >= 8 {
		body.Groups = []kmsg.OffsetFetchRequestGroup{m.offsetFetchGroup(version, names)}
	} else {
		body.Group = m.group
		body.Topics = offsetFetchTopics(names)
	}
	named := make([]topicNamed, len(names))
	for i, name := range names {
		named[i] = c.topicNamed(version, name.Topic)
	}
	answered := func(response kmsg.Response, err error) {
		c.again = true
		code := codeOf(err)
		answer, ok := response.(*kmsg.OffsetFetchResponse)
		if code == 0 && !ok {
			code = kerr.UnknownServerError.Code
		}
		fetched := make([]fetchedOffset, len(names))
		for i, name := range names {
			fetched[i] = fetchedOffset{CommittedOffset{name, kafka.NoOffset, kafka.NoEpoch}, code}
			if code == 0 {
				m.readFetched(answer, named[i], &fetched[i])
			}
		}
		done(fetched)
		m.coordinator.noticeError(wholeCode(fetched))
	}
	if err := c.network.send(p, call{body: body, done: answered}); err != nil {
		answered(nil, err)
	}
}

// wholeCode is the first error of an answer: errors about the coordinator come
// for all partitions alike.
func wholeCode(fetched []fetchedOffset) int16 {
	for i := range fetched {
		if fetched[i].code != 0 {
			return fetched[i].code
		}
	}
	return 0
}

func (m *groupMember) offsetFetchGroup(version int16, names []kafka.TopicPartition) kmsg.OffsetFetchRequestGroup {
	group := kmsg.NewOffsetFetchRequestGroup()
	group.Group = m.group
	if version >= 9 && m.epochs && m.generation != noGeneration {
		group.MemberID, group.MemberEpoch = kmsg.StringPtr(m.id), m.generation
	}
	for _, name := range names {
		named := m.coordinator.client.topicNamed(version, name.Topic)
		at := slices.IndexFunc(group.Topics, func(t kmsg.OffsetFetchRequestGroupTopic) bool {
			return t.Topic == named.name && t.TopicID == named.id
		})
		if at < 0 {
			at = len(group.Topics)
			topic := kmsg.NewOffsetFetchRequestGroupTopic()
			topic.Topic, topic.TopicID = named.name, named.id
			group.Topics = append(group.Topics, topic)
		}
		group.Topics[at].Partitions = append(group.Topics[at].Partitions, name.Partition)
	}
	return group
}

func offsetFetchTopics(names []kafka.TopicPartition) (topics []kmsg.OffsetFetchRequestTopic) {
	for _, name := range names {
		at := slices.IndexFunc(topics, func(t kmsg.OffsetFetchRequestTopic) bool { return t.Topic == name.Topic })
		if at < 0 {
			at = len(topics)
			topic := kmsg.NewOffsetFetchRequestTopic()
			topic.Topic = name.Topic
			topics = append(topics, topic)
		}
		topics[at].Partitions = append(topics[at].Partitions, name.Partition)
	}
	return topics
}

// readFetched finds one partition in an answer: in the group's part from
// version 8 on (KIP-709).
func (m *groupMember) readFetched(answer *kmsg.OffsetFetchResponse, topic topicNamed, into *fetchedOffset) {
	into.code = kerr.UnknownServerError.Code // unless it is found
	if answer.Version < 8 {
		if answer.ErrorCode != 0 {
			into.code = answer.ErrorCode
			return
		}
		for _, t := range answer.Topics {
			for _, part := range t.Partitions {
				if t.Topic == topic.name && part.Partition == into.Partition.Partition {
					into.take(part.ErrorCode, part.Offset, part.LeaderEpoch)
				}
			}
		}
		return
	}
	for _, g := range answer.Groups {
		if g.Group != m.group {
			continue
		}
		if g.ErrorCode != 0 {
			into.code = g.ErrorCode
			return
		}
		for _, t := range g.Topics {
			for _, part := range t.Partitions {
				if t.Topic == topic.name && t.TopicID == topic.id && part.Partition == into.Partition.Partition {
					into.take(part.ErrorCode, part.Offset, part.LeaderEpoch)
				}
			}
		}
	}
}

func (f *fetchedOffset) take(code int16, offset int64, epoch int32) {
	f.code = code
	if code == 0 && offset >= 0 {
		f.Offset, f.Epoch = kafka.Offset(offset), kafka.LeaderEpoch(epoch)
	}
}
