package broker

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// DescribeProducers, version 0 (KIP-664): the producers that a partition's
// leader knows, and where their open transactions begin. It is how hanging
// transactions are found.
func (n *Node) describeProducers(e *exchange, r *kmsg.DescribeProducersRequest) {
	response := kmsg.NewPtrDescribeProducersResponse()
	for i := range r.Topics {
		topic, topicErr := n.topicNamed(false, r.Topics[i].Topic, kafka.TopicID{})
		out := kmsg.NewDescribeProducersResponseTopic()
		out.Topic = r.Topics[i].Topic
		for _, partition := range r.Topics[i].Partitions {
			p := kmsg.NewDescribeProducersResponseTopicPartition()
			p.Partition = partition
			producers, err := n.activeProducers(topic, topicErr, partition)
			p.ErrorCode, p.ActiveProducers = errorCode(err), producers
			out.Partitions = append(out.Partitions, p)
		}
		response.Topics = append(response.Topics, out)
	}
	n.answer(e, response)
}

func (n *Node) activeProducers(topic knownTopic, err error, partition int32) ([]kmsg.DescribeProducersResponseTopicPartitionActiveProducer, error) {
	var h *hosted
	if err == nil {
		h, err = n.hostedPartition(topic, partition)
	}
	if err == nil {
		n.host.Serial(h.lane)
		err = h.CheckLeader(kafka.NoEpoch)
	}
	if err != nil {
		return nil, err
	}
	known := h.log.Producers().List()
	producers := make([]kmsg.DescribeProducersResponseTopicPartitionActiveProducer, len(known))
	for i, p := range known {
		producers[i] = kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
		out := &producers[i]
		out.ProducerID, out.ProducerEpoch, out.LastSequence = int64(p.ID), int32(p.Epoch), int32(p.LastSequence)
		out.LastTimestamp, out.CoordinatorEpoch = p.LastTimestamp, int32(p.CoordinatorEpoch)
		out.CurrentTxnStartOffset = int64(p.TransactionStart)
	}
	return producers, nil
}
