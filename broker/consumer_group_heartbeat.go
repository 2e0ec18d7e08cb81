package broker

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/internal/kafka"
)

// ConsumerGroupHeartbeat, versions 0 and 1 (KIP-848): a member joins, lives, says
// what it has, is told what it shall have, and leaves, all by its heartbeats. From
// version 1 on members make their own ids (KIP-1082), and may subscribe by a
// regular expression.

func (n *Node) consumerGroupHeartbeat(e *exchange, r *kmsg.ConsumerGroupHeartbeatRequest, clientID string) {
	heartbeat := &group.ConsumerHeartbeat{Group: r.Group, Member: group.MemberID(r.MemberID), Epoch: group.GenerationID(r.MemberEpoch),
		Instance: said(r.InstanceID), Rack: said(r.RackID), ClientID: clientID, ClientHost: n.clientHost(e), RebalanceTimeout: -1, Topics: r.SubscribedTopicNames,
		Assignor: said(r.ServerAssignor), Version: r.Version}
	if r.RebalanceTimeoutMillis >= 0 {
		heartbeat.RebalanceTimeout = time.Duration(r.RebalanceTimeoutMillis) * time.Millisecond
	}
	if r.Version < 1 && r.MemberID == "" {
		heartbeat.NewMember = n.newMemberID(clientID, r.InstanceID)
	} else if r.Version >= 1 {
		heartbeat.Expression, heartbeat.Expressed = said(r.SubscribedTopicRegex), r.SubscribedTopicRegex != nil
	}
	if r.Topics != nil {
		heartbeat.Owned = []group.PartitionID{} // that it has nothing is said, too
	}
	for i := range r.Topics {
		for _, number := range r.Topics[i].Partitions {
			heartbeat.Owned = append(heartbeat.Owned, group.PartitionID{Topic: r.Topics[i].TopicID, Partition: number})
		}
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		n.answerConsumerHeartbeat(e, &group.ConsumerHeartbeatAnswer{Err: err})
		return
	}
	coordinator.carryOut(coordinator.ConsumerHeartbeat(n.groupMoment(), heartbeat, e))
}

// said is "" for null.
func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (n *Node) answerConsumerHeartbeat(e *exchange, a *group.ConsumerHeartbeatAnswer) {
	response := kmsg.NewPtrConsumerGroupHeartbeatResponse()
	response.ErrorCode, response.MemberID, response.MemberEpoch = errorCode(a.Err), optional(string(a.Member)), int32(a.Epoch)
	response.HeartbeatIntervalMillis = int32(a.Interval.Milliseconds())
	if invalid := (*group.InvalidExpression)(nil); errors.As(a.Err, &invalid) {
		message := invalid.Error()
		response.ErrorMessage = &message
	}
	if a.Tells {
		assignment := kmsg.NewConsumerGroupHeartbeatResponseAssignment()
		for id, numbers := range byTopicID(a.Assigned) {
			topic := kmsg.NewConsumerGroupHeartbeatResponseAssignmentTopic()
			topic.TopicID, topic.Partitions = id, numbers
			assignment.Topics = append(assignment.Topics, topic)
		}
		response.Assignment = &assignment
	}
	n.answer(e, response)
}

// byTopicID goes over sorted partitions, topic by topic.
func byTopicID(partitions []group.PartitionID) func(yield func(kafka.TopicID, []int32) bool) {
	return func(yield func(kafka.TopicID, []int32) bool) {
		for len(partitions) > 0 {
			id := partitions[0].Topic
			var numbers []int32
			for len(partitions) > 0 && partitions[0].Topic == id {
				numbers, partitions = append(numbers, partitions[0].Partition), partitions[1:]
			}
			if !yield(id, numbers) {
				return
			}
		}
	}
}
