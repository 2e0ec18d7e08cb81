package parity

import (
	"fmt"
	"slices"
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

// partitionsByTopic reads TOPIC:PARTITION:REST,... into topics in their order.
func partitionsByTopic(w *words, key string, topic func(name string), partition func(number int32, rest []string)) {
	last := ""
	for i, text := range w.list(key) {
		parts := strings.Split(text, ":")
		if i == 0 || parts[0] != last {
			topic(parts[0])
			last = parts[0]
		}
		partition(parse32(w, parts[1]), parts[2:])
	}
}

// buildOffsetCommit takes offsets as TOPIC:PARTITION:OFFSET[:EPOCH[:METADATA]].
func buildOffsetCommit(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetCommitRequest()
	v := w.number("v", 0)
	r.Group, r.MemberID = w.text("group", ""), m.memberID(w.text("member", ""))
	r.Generation = int32(w.number("generation", -1))
	if id := w.text("instance", ""); id != "" {
		r.InstanceID = &id
	}
	partitionsByTopic(w, "offsets", func(name string) {
		topic := kmsg.NewOffsetCommitRequestTopic()
		if v >= 10 {
			topic.TopicID = m.topicID(name)
		} else {
			topic.Topic = name
		}
		r.Topics = append(r.Topics, topic)
	}, func(number int32, rest []string) {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition = number
		offset, err := strconv.ParseInt(rest[0], 10, 64)
		require.NoError(w.t, err)
		p.Offset = offset
		if len(rest) > 1 {
			p.LeaderEpoch = parse32(w, rest[1])
		}
		if len(rest) > 2 {
			metadata := strings.Repeat(rest[2], int(w.number("times", 1)))
			p.Metadata = &metadata
		}
		topic := &r.Topics[len(r.Topics)-1]
		topic.Partitions = append(topic.Partitions, p)
	})
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
			partitionsByTopic(w, "partitions", func(name string) {
				topic := kmsg.NewOffsetFetchRequestTopic()
				topic.Topic = name
				r.Topics = append(r.Topics, topic)
			}, func(number int32, _ []string) {
				topic := &r.Topics[len(r.Topics)-1]
				topic.Partitions = append(topic.Partitions, number)
			})
		}
		return r
	}
	for _, name := range w.list("group") {
		group := kmsg.NewOffsetFetchRequestGroup()
		group.Group = name
		if member := m.memberID(w.text("member", "")); member != "" {
			group.MemberID = &member
		}
		group.MemberEpoch = int32(w.number("epoch", -1))
		if !all {
			group.Topics = []kmsg.OffsetFetchRequestGroupTopic{}
			partitionsByTopic(w, "partitions", func(name string) {
				topic := kmsg.NewOffsetFetchRequestGroupTopic()
				if v >= 10 {
					topic.TopicID = m.topicID(name)
				} else {
					topic.Topic = name
				}
				group.Topics = append(group.Topics, topic)
			}, func(number int32, _ []string) {
				topic := &group.Topics[len(group.Topics)-1]
				topic.Partitions = append(topic.Partitions, number)
			})
		}
		r.Groups = append(r.Groups, group)
	}
	return r
}

// buildOffsetDelete takes partitions as TOPIC:PARTITION.
func buildOffsetDelete(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrOffsetDeleteRequest()
	r.Group = w.text("group", "")
	partitionsByTopic(w, "partitions", func(name string) {
		topic := kmsg.NewOffsetDeleteRequestTopic()
		topic.Topic = name
		r.Topics = append(r.Topics, topic)
	}, func(number int32, _ []string) {
		p := kmsg.NewOffsetDeleteRequestTopicPartition()
		p.Partition = number
		topic := &r.Topics[len(r.Topics)-1]
		topic.Partitions = append(topic.Partitions, p)
	})
	return r
}

// describeGroups writes the answers about groups down, partitions sorted: their
// order means nothing.
func describeGroups(line func(string, ...any), response kmsg.Response, m *memory) {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
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
	slices.Sort(lines)
	for _, l := range lines {
		line("%s", l)
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
	for attempt := 0; !p.hasCoordinator(group); attempt++ {
		require.True(p.t, p.player.again(attempt), "%s gets no coordinator", group)
	}
}

func (p *performance) hasCoordinator(group string) bool {
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.Version, find.CoordinatorKey = 3, group
	found, ok := p.player.call(p.request(find)).(*kmsg.FindCoordinatorResponse)
	if !ok || found.ErrorCode != 0 {
		return false
	}
	fetch := kmsg.NewPtrOffsetFetchRequest()
	fetch.Version, fetch.Group, fetch.Topics = 7, group, []kmsg.OffsetFetchRequestTopic{}
	answer, ok := p.player.call(p.request(fetch)).(*kmsg.OffsetFetchResponse)
	return ok && answer.ErrorCode == 0
}
