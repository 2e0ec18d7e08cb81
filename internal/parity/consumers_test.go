package parity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The requests of groups of KIP-848, whose members name themselves.

// buildConsumerHeartbeat takes what the member has as TOPIC:PARTITION. epoch=0,
// which joins, is the default and says everything.
func buildConsumerHeartbeat(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Group, r.MemberID, r.MemberEpoch = w.text("group", ""), w.text("member", ""), int32(w.number("epoch", 0))
	r.RebalanceTimeoutMillis = -1
	if w.says("topics") {
		r.SubscribedTopicNames = append([]string{}, w.list("topics")...)
	}
	if w.says("regex") {
		r.SubscribedTopicRegex = kmsg.StringPtr(w.text("regex", ""))
	}
	r.ServerAssignor = optional(w.text("assignor", ""))
	if r.MemberEpoch == 0 {
		r.RebalanceTimeoutMillis = 60_000
	}
	if r.MemberEpoch == 0 || w.says("owned") {
		r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	}
	for _, text := range w.list("owned") {
		topic := kmsg.NewConsumerGroupHeartbeatRequestTopic()
		name, number, _ := strings.Cut(text, ":")
		partition, err := strconv.ParseInt(number, 10, 32)
		require.NoError(w.t, err)
		topic.TopicID, topic.Partitions = m.topicID(name), []int32{int32(partition)}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func buildConsumerDescribe(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrConsumerGroupDescribeRequest()
	r.Groups = w.list("groups")
	return r
}

// describeConsumers writes the answers down, and adds members, whose order means
// nothing.
func describeConsumers(line, add func(string, ...any), response kmsg.Response, m *memory) {
	switch r := response.(type) {
	case *kmsg.ConsumerGroupHeartbeatResponse:
		text := fmt.Sprintf("%s epoch=%d", name(r.ErrorCode), r.MemberEpoch)
		if r.Assignment != nil {
			var assigned []string
			for _, t := range r.Assignment.Topics {
				assigned = append(assigned, fmt.Sprintf("%s%v", m.topicName("", t.TopicID), sorted(t.Partitions)))
			}
			slices.Sort(assigned)
			text += fmt.Sprintf(" assigned=%v", assigned)
		}
		line("%s", text)
	case *kmsg.ConsumerGroupDescribeResponse:
		for _, g := range r.Groups {
			line("%s %s %s epoch=%d target=%d", g.Group, name(g.ErrorCode), g.State, g.Epoch, g.AssignmentEpoch)
			for _, member := range g.Members {
				add("  %s epoch=%d topics=%v regex=%s has=%v target=%v", member.MemberID, member.MemberEpoch, member.SubscribedTopics,
					protocolOf(member.SubscribedTopicRegex), assigned(member.Assignment), assigned(member.TargetAssignment))
			}
		}
	}
}

func assigned(a kmsg.Assignment) []string {
	var topics []string
	for _, t := range a.TopicPartitions {
		topics = append(topics, fmt.Sprintf("%s%v", t.Topic, sorted(t.Partitions)))
	}
	slices.Sort(topics)
	return topics
}

func sorted(numbers []int32) []int32 { return slices.Sorted(slices.Values(numbers)) }

// reaches repeats a member's heartbeat until it is answered with an epoch: what
// the coordinator does in its own time may be to come.
func (p *performance) reaches(request *kmsg.ConsumerGroupHeartbeatRequest, epoch int32) (response *kmsg.ConsumerGroupHeartbeatResponse) {
	p.await(func() bool {
		answer, ok := p.player.call(p.request(request)).(*kmsg.ConsumerGroupHeartbeatResponse)
		require.True(p.t, ok)
		response = answer
		return answer.ErrorCode != 0 || answer.MemberEpoch == epoch
	}, "%s does not reach epoch %d", request.MemberID, epoch)
	return response
}

// bumped asks until a group of KIP-848 is in an epoch.
func (p *performance) bumped(group string, epoch int32) {
	p.await(func() bool {
		r := kmsg.NewPtrConsumerGroupDescribeRequest()
		r.Version, r.Groups = 1, []string{group}
		answer, ok := p.player.call(p.request(r)).(*kmsg.ConsumerGroupDescribeResponse)
		require.True(p.t, ok)
		return answer.Groups[0].Epoch == epoch
	}, "%s does not reach epoch %d", group, epoch)
}
