package broker

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// ConsumerGroupDescribe, versions 0 and 1 (KIP-848): 1 adds the kind of the
// member (KIP-1099).

func (n *Node) consumerGroupDescribe(e *exchange, r *kmsg.ConsumerGroupDescribeRequest) {
	response := kmsg.NewPtrConsumerGroupDescribeResponse()
	for _, name := range r.Groups {
		response.Groups = append(response.Groups, n.describeConsumerGroup(name, r.Version))
		last := &response.Groups[len(response.Groups)-1]
		last.AuthorizedOperations = anyGroupOperation.ifAsked(r.IncludeAuthorizedOperations && last.ErrorCode == 0)
	}
	n.answer(e, response)
}

func (n *Node) describeConsumerGroup(name string, version int16) kmsg.ConsumerGroupDescribeResponseGroup {
	const ofConsumerProtocol = 1
	out := kmsg.NewConsumerGroupDescribeResponseGroup()
	out.Group = name
	coordinator, err := n.groupServiceOf(name)
	switch {
	case name == "":
		err = kerr.InvalidGroupID
	case err == nil:
		var d group.Description
		if d, err = coordinator.Describe(name); err != nil || d.Kind != group.Consumer {
			message := fmt.Sprintf("group %s has not the consumer protocol", name)
			if err != nil {
				message = fmt.Sprintf("there is no group %s", name)
			}
			out.ErrorMessage, err = &message, kerr.GroupIDNotFound
			break
		}
		out.State, out.Epoch, out.AssignmentEpoch, out.AssignorName = d.State, int32(d.Generation), int32(d.AssignmentEpoch), d.Assignor
		for i := range d.Members {
			from := &d.Members[i]
			m := kmsg.NewConsumerGroupDescribeResponseGroupMember()
			m.MemberID, m.InstanceID, m.RackID = string(from.Member), optional(from.Instance), optional(from.Rack)
			m.MemberEpoch, m.ClientID, m.ClientHost, m.SubscribedTopics = int32(from.Epoch), from.ClientID, from.ClientHost, from.Topics
			m.SubscribedTopicRegex = &from.Expression
			m.Assignment, m.TargetAssignment = n.named(from.Owned), n.named(from.Target)
			if version >= 1 {
				m.MemberType = ofConsumerProtocol
			}
			out.Members = append(out.Members, m)
		}
	}
	out.ErrorCode = errorCode(err)
	return out
}

// named puts names to partitions, as far as there still are such topics.
func (n *Node) named(partitions []group.PartitionID) (named kmsg.Assignment) {
	sorted := slices.SortedFunc(slices.Values(partitions), group.PartitionID.Compare)
	for id, numbers := range byTopicID(sorted) {
		if known := n.image.TopicByID(id); known != nil {
			topic := kmsg.NewAssignmentTopicPartition()
			topic.TopicID, topic.Topic, topic.Partitions = id, known.Name, numbers
			named.TopicPartitions = append(named.TopicPartitions, topic)
		}
	}
	return named
}
