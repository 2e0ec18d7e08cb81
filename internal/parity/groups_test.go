package parity

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// buildFindCoordinator takes one key, or with keys= several.
func buildFindCoordinator(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.CoordinatorType = int8(w.number("type", 0))
	if w.number("v", 0) >= 4 {
		r.CoordinatorKeys = w.list("keys")
	} else {
		r.CoordinatorKey = w.text("key", "")
	}
	return r
}

// topicWords are the partitions of one topic as a story lists them.
type topicWords struct {
	name       string
	partitions []int32
	rest       [][]string // by partition: what follows its number
}

// byTopic reads TOPIC:PARTITION:REST,... into topics in their order.
func byTopic(w *words, key string) (topics []topicWords) {
	for i, text := range w.list(key) {
		parts := strings.Split(text, ":")
		if i == 0 || parts[0] != topics[len(topics)-1].name {
			topics = append(topics, topicWords{name: parts[0]})
		}
		t := &topics[len(topics)-1]
		t.partitions, t.rest = append(t.partitions, parse32(w, parts[1])), append(t.rest, parts[2:])
	}
	return topics
}

// buildOffsetCommit takes offsets as TOPIC:PARTITION:OFFSET[:EPOCH[:METADATA]].
func buildOffsetCommit(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetCommitRequest()
	v := w.number("v", 0)
	r.Group, r.MemberID = w.text("group", ""), m.memberID(w.text("member", ""))
	r.Generation = int32(w.number("generation", -1))
	r.InstanceID = optional(w.text("instance", ""))
	for _, t := range byTopic(w, "offsets") {
		topic := kmsg.NewOffsetCommitRequestTopic()
		if v >= 10 {
			topic.TopicID = m.topicID(t.name)
		} else {
			topic.Topic = t.name
		}
		for i, number := range t.partitions {
			p := kmsg.NewOffsetCommitRequestTopicPartition()
			rest := t.rest[i]
			offset, err := strconv.ParseInt(rest[0], 10, 64)
			require.NoError(w.t, err)
			p.Partition, p.Offset = number, offset
			if len(rest) > 1 {
				p.LeaderEpoch = parse32(w, rest[1])
			}
			if len(rest) > 2 {
				metadata := strings.Repeat(rest[2], int(w.number("times", 1)))
				p.Metadata = &metadata
			}
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// buildOffsetFetch takes partitions as TOPIC:PARTITION, "all" for a null list;
// from version 8 on groups may be several.
func buildOffsetFetch(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetFetchRequest()
	v := w.number("v", 0)
	r.RequireStable = w.text("stable", "false") == "true"
	all := w.text("partitions", "") == "all"
	if v < 8 {
		r.Group = w.text("group", "")
		if !all {
			r.Topics = []kmsg.OffsetFetchRequestTopic{}
			for _, t := range byTopic(w, "partitions") {
				topic := kmsg.NewOffsetFetchRequestTopic()
				topic.Topic, topic.Partitions = t.name, t.partitions
				r.Topics = append(r.Topics, topic)
			}
		}
		return r
	}
	for _, name := range w.list("group") {
		group := kmsg.NewOffsetFetchRequestGroup()
		group.Group = name
		group.MemberID = optional(m.memberID(w.text("member", "")))
		group.MemberEpoch = int32(w.number("epoch", -1))
		if !all {
			group.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
			for _, t := range byTopic(w, "partitions") {
				topic := kmsg.NewOffsetFetchRequestGroupTopic()
				topic.Partitions = t.partitions
				if v >= 10 {
					topic.TopicID = m.topicID(t.name)
				} else {
					topic.Topic = t.name
				}
				group.Topics = append(group.Topics, topic)
			}
		}
		r.Groups = append(r.Groups, group)
	}
	return r
}

// buildOffsetDelete takes partitions as TOPIC:PARTITION.
func buildOffsetDelete(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetDeleteRequest()
	r.Group = w.text("group", "")
	for _, t := range byTopic(w, "partitions") {
		topic := kmsg.NewOffsetDeleteRequestTopic()
		topic.Topic = t.name
		for _, number := range t.partitions {
			p := kmsg.NewOffsetDeleteRequestTopicPartition()
			p.Partition = number
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// describeGroups writes the answers about groups down, and adds keys and
// partitions, whose order means nothing.
func describeGroups(line, add func(string, ...any), response kmsg.Response, m *memory) {
	switch r := response.(type) {
	case *kmsg.FindCoordinatorResponse:
		if r.Version < 4 {
			add("%s node=%d port=%t", name(r.ErrorCode), r.NodeID, r.Port > 0)
		}
		for _, c := range r.Coordinators {
			add("%q %s node=%d port=%t", c.Key, name(c.ErrorCode), c.NodeID, c.Port > 0)
		}
	case *kmsg.OffsetCommitResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add("%s-%d %s", m.topicName(t.Topic, t.TopicID), p.Partition, name(p.ErrorCode))
			}
		}
	case *kmsg.OffsetFetchResponse:
		if r.Version >= 2 && r.Version < 8 {
			line("%s", name(r.ErrorCode))
		}
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add("%s", committed(r.Version, "", t.Topic, p.Partition, p.Offset, p.LeaderEpoch, p.Metadata, p.ErrorCode))
			}
		}
		for _, g := range r.Groups {
			add("%s %s", g.Group, name(g.ErrorCode))
			for _, t := range g.Topics {
				for _, p := range t.Partitions {
					add("%s", committed(r.Version, g.Group+" ", m.topicName(t.Topic, t.TopicID), p.Partition, p.Offset, p.LeaderEpoch, p.Metadata, p.ErrorCode))
				}
			}
		}
	case *kmsg.OffsetDeleteResponse:
		line("%s", name(r.ErrorCode))
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add("%s-%d %s", t.Topic, p.Partition, name(p.ErrorCode))
			}
		}
	}
}

func committed(version int16, group, topic string, partition int32, offset int64, epoch int32, metadata *string, code int16) string {
	text := fmt.Sprintf("%s%s-%d %s offset=%d", group, topic, partition, name(code), offset)
	if version >= 5 {
		text += fmt.Sprintf(" epoch=%d", epoch)
	}
	if metadata == nil {
		return text + " metadata=null"
	}
	return text + fmt.Sprintf(" metadata=%q", *metadata)
}

// coordinated asks until the group has a coordinator that serves.
func (p *performance) coordinated(group string) {
	p.await(func() bool { return p.hasCoordinator(group) }, "%s gets no coordinator", group)
}

func (p *performance) hasCoordinator(group string) bool {
	if !p.findsCoordinator(0, group) {
		return false
	}
	fetch := kmsg.NewPtrOffsetFetchRequest()
	fetch.Version, fetch.Group, fetch.Topics = 7, group, []kmsg.OffsetFetchRequestTopic{}
	answer, ok := p.player.call(p.request(fetch)).(*kmsg.OffsetFetchResponse)
	return ok && answer.ErrorCode == 0
}

func (p *performance) findsCoordinator(kind int8, key string) bool {
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.Version, r.CoordinatorKey, r.CoordinatorType = 3, key, kind
	found, ok := p.player.call(p.request(r)).(*kmsg.FindCoordinatorResponse)
	return ok && found.ErrorCode == 0
}
