package broker

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// OffsetDelete, version 0 (KIP-496): forgets offsets of a group.

func (n *Node) offsetDelete(e *exchange, r *kmsg.OffsetDeleteRequest) {
	response := kmsg.NewPtrOffsetDeleteResponse()
	var partitions []kafka.TopicPartition
	for i := range r.Topics {
		topic, err := n.topicNamed(false, r.Topics[i].Topic, kafka.TopicID{})
		out := kmsg.NewOffsetDeleteResponseTopic()
		out.Topic = r.Topics[i].Topic
		for _, asked := range r.Topics[i].Partitions {
			p := kmsg.NewOffsetDeleteResponseTopicPartition()
			p.Partition = asked.Partition
			if err != nil || asked.Partition < 0 || int(asked.Partition) >= topic.partitions {
				p.ErrorCode = kerr.UnknownTopicOrPartition.Code
			} else {
				partitions = append(partitions, kafka.TopicPartition{Topic: topic.name, Partition: asked.Partition})
			}
			out.Partitions = append(out.Partitions, p)
		}
		response.Topics = append(response.Topics, out)
	}
	done := func(err error) {
		if err != nil {
			response.ErrorCode, response.Topics = errorCode(err), nil
		}
		n.answer(e, response)
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		done(err)
		return
	}
	if err := coordinator.CheckDelete(r.Group); err != nil {
		done(err)
		return
	}
	partitions = refuseSubscribed(coordinator, r.Group, partitions, response)
	records := coordinator.Delete(r.Group, partitions)
	if len(records) == 0 {
		done(nil)
		return
	}
	coordinator.write(asRecords(records), done)
}

// refuseSubscribed leaves partitions out that the group's members read.
func refuseSubscribed(s *groupService, name string, partitions []kafka.TopicPartition, response *kmsg.OffsetDeleteResponse) []kafka.TopicPartition {
	for i := range response.Topics {
		t := &response.Topics[i]
		if !s.Subscribes(name, t.Topic) {
			continue
		}
		for j := range t.Partitions {
			t.Partitions[j].ErrorCode = kerr.GroupSubscribedToTopic.Code
		}
		partitions = slices.DeleteFunc(partitions, func(p kafka.TopicPartition) bool { return p.Topic == t.Topic })
	}
	return partitions
}
