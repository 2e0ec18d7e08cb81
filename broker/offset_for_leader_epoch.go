package broker

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// OffsetForLeaderEpoch, versions 2 to 4: where an epoch ends in the leader's
// log, for consumers that check their position after a change of leaders
// (KIP-320). 3 adds the replica id.

func (n *Node) offsetForLeaderEpoch(e *exchange, r *kmsg.OffsetForLeaderEpochRequest) {
	response := kmsg.NewPtrOffsetForLeaderEpochResponse()
	for i := range r.Topics {
		topic, topicErr := n.topicNamed(false, r.Topics[i].Topic, kafka.TopicID{})
		out := kmsg.NewOffsetForLeaderEpochResponseTopic()
		out.Topic = r.Topics[i].Topic
		for j := range r.Topics[i].Partitions {
			asked := &r.Topics[i].Partitions[j]
			p := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			p.Partition, p.LeaderEpoch, p.EndOffset = asked.Partition, -1, -1
			err := topicErr
			if err == nil {
				err = n.endOfEpoch(topic, asked, &p)
			}
			p.ErrorCode = errorCode(err)
			out.Partitions = append(out.Partitions, p)
		}
		response.Topics = append(response.Topics, out)
	}
	n.answer(e, response)
}

func (n *Node) endOfEpoch(topic knownTopic, asked *kmsg.OffsetForLeaderEpochRequestTopicPartition, p *kmsg.OffsetForLeaderEpochResponseTopicPartition) error {
	h, err := n.hostedPartition(topic, asked.Partition)
	if err != nil {
		return err
	}
	n.host.Serial(h.lane)
	if err := h.CheckLeader(kafka.LeaderEpoch(asked.CurrentLeaderEpoch)); err != nil {
		return err
	}
	epoch, end := h.EndOfEpoch(kafka.LeaderEpoch(asked.LeaderEpoch))
	p.LeaderEpoch, p.EndOffset = int32(epoch), int64(end)
	return nil
}
