package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/internal/kafka"
)

// AddOffsetsToTxn, versions 0 to 4: 2 knows PRODUCER_FENCED, 4
// TRANSACTION_ABORTABLE. It adds the partition of the offsets topic that holds
// the group; producers of version 2 have no need of it.

func (n *Node) addOffsetsToTxn(e *exchange, r *kmsg.AddOffsetsToTxnRequest) {
	answer := func(err error) {
		response := kmsg.NewPtrAddOffsetsToTxnResponse()
		response.ErrorCode = errorCode(fencedBefore(err, e.version, 2))
		n.answer(e, response)
	}
	partition, err := n.offsetsPartitionOf(r.Group)
	if err != nil {
		answer(err)
		return
	}
	n.addToTransaction(r.TransactionalID, producerOf(r.ProducerID, r.ProducerEpoch), []kafka.TopicPartition{partition}, 0, answer)
}

// offsetsPartitionOf is the partition of the offsets topic that holds a group.
// Its topic exists when somebody has asked for the group's coordinator:
// COORDINATOR_NOT_AVAILABLE before.
func (n *Node) offsetsPartitionOf(name string) (kafka.TopicPartition, error) {
	topic := n.image.Topic(metadata.OffsetsTopic)
	if topic == nil {
		n.ensureInternalTopic(metadata.OffsetsTopic)
		return kafka.TopicPartition{}, kerr.CoordinatorNotAvailable
	}
	return kafka.TopicPartition{Topic: metadata.OffsetsTopic, Partition: group.PartitionFor(name, len(topic.Partitions))}, nil
}
