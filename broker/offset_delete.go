package broker

import (
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
	records, err := coordinator.Delete(r.Group, partitions)
	if err != nil || len(records) == 0 {
		done(err)
		return
	}
	coordinator.write(asRecords(records), done)
}
