package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/txn"
	"assay/internal/kafka"
)

// AddPartitionsToTxn, versions 0 to 5: up to 3 it is a producer's and of one
// transaction, 2 knows PRODUCER_FENCED; from 4 on it comes from brokers, for
// several transactions, and may only verify (KIP-890); with 5 partitions are
// added as they are written to.

// heldAddition is a request until all its transactions are answered.
type heldAddition struct {
	node     *Node
	exchange *exchange
	response *kmsg.AddPartitionsToTxnResponse
	waiting  int
}

func (n *Node) addPartitionsToTxn(e *exchange, r *kmsg.AddPartitionsToTxnRequest) {
	h := &heldAddition{node: n, exchange: e, response: kmsg.NewPtrAddPartitionsToTxnResponse()}
	if r.Version < 4 {
		h.ofProducer(r)
		return
	}
	h.waiting = 1 + len(r.Transactions)
	h.response.Transactions = make([]kmsg.AddPartitionsToTxnResponseTransaction, len(r.Transactions))
	for i := range r.Transactions {
		h.ofBroker(&r.Transactions[i], &h.response.Transactions[i])
	}
	h.answered()
}

func (h *heldAddition) answered() {
	if h.waiting--; h.waiting == 0 {
		h.node.answer(h.exchange, h.response)
	}
}

// ofProducer adds to the transaction of the producer that asks.
func (h *heldAddition) ofProducer(r *kmsg.AddPartitionsToTxnRequest) {
	var partitions []kafka.TopicPartition
	for i := range r.Topics {
		partitions = appendPartitions(partitions, r.Topics[i].Topic, r.Topics[i].Partitions)
	}
	answer := func(errors partitionErrors) {
		for i := range r.Topics {
			topic := kmsg.NewAddPartitionsToTxnResponseTopic()
			topic.Topic = r.Topics[i].Topic
			for _, number := range r.Topics[i].Partitions {
				p := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
				p.Partition, p.ErrorCode = number, errors.code(topic.Topic, number, h.exchange.version)
				topic.Partitions = append(topic.Partitions, p)
			}
			h.response.Topics = append(h.response.Topics, topic)
		}
		h.waiting = 1
		h.answered()
	}
	if errors := internalAmong(partitions); errors != nil {
		answer(errors)
		return
	}
	h.add(r.TransactionalID, producerOf(r.ProducerID, r.ProducerEpoch), partitions, answer)
}

// ofBroker adds to, or verifies, one of several transactions.
func (h *heldAddition) ofBroker(r *kmsg.AddPartitionsToTxnRequestTransaction, out *kmsg.AddPartitionsToTxnResponseTransaction) {
	var partitions []kafka.TopicPartition
	for i := range r.Topics {
		partitions = appendPartitions(partitions, r.Topics[i].Topic, r.Topics[i].Partitions)
	}
	topics := r.Topics
	*out = kmsg.NewAddPartitionsToTxnResponseTransaction()
	out.TransactionalID = r.TransactionalID
	answer := func(errors partitionErrors) {
		for i := range topics {
			topic := kmsg.NewAddPartitionsToTxnResponseTransactionTopic()
			topic.Topic = topics[i].Topic
			for _, number := range topics[i].Partitions {
				p := kmsg.NewAddPartitionsToTxnResponseTransactionTopicPartition()
				p.Partition, p.ErrorCode = number, errors.code(topic.Topic, number, h.exchange.version)
				topic.Partitions = append(topic.Partitions, p)
			}
			out.Topics = append(out.Topics, topic)
		}
		h.answered()
	}
	producer := producerOf(r.ProducerID, r.ProducerEpoch)
	if r.VerifyOnly {
		answer(h.node.verifyPartitions(r.TransactionalID, producer, partitions))
		return
	}
	h.add(r.TransactionalID, producer, partitions, answer)
}

// add adds all partitions or none: one that does not exist keeps the others out
// (OPERATION_NOT_ATTEMPTED).
func (h *heldAddition) add(id string, p txn.Producer, partitions []kafka.TopicPartition, answer func(partitionErrors)) {
	if errors := h.node.unknownAmong(partitions); errors != nil {
		answer(errors)
		return
	}
	version := txn.Version(0)
	if h.exchange.version >= firstOfVersion2 {
		version = txn.EpochPerTransaction
	}
	h.node.addToTransaction(id, p, partitions, version, func(err error) { answer(allPartitions(err)) })
}

// addToTransaction adds partitions to a transaction that is coordinated here,
// and ends once that is committed.
func (n *Node) addToTransaction(id string, p txn.Producer, partitions []kafka.TopicPartition, version txn.Version, done func(error)) {
	s, err := n.transactionServiceOf(id)
	if err != nil {
		done(err)
		return
	}
	record, err := s.AddPartitions(n.moment.Wall, id, p, partitions, version)
	s.refused(id, p, err)
	if err != nil || record == nil {
		done(err)
		return
	}
	s.write(record, done)
}

// verifyPartitions looks whether partitions take part in a transaction that is
// coordinated here.
func (n *Node) verifyPartitions(id string, p txn.Producer, partitions []kafka.TopicPartition) partitionErrors {
	if errors := n.unknownAmong(partitions); errors != nil {
		return errors
	}
	s, err := n.transactionServiceOf(id)
	if err != nil {
		return allPartitions(err)
	}
	errors := make(partitionErrors, len(partitions))
	var fenced error
	for _, partition := range partitions {
		errors[partition] = s.Verify(id, p, partition)
		fenced = errors[partition]
	}
	s.refused(id, p, fenced) // it is fenced for all or none
	return errors
}

// internalAmong returns nil if no partition is of the brokers' own topics, else an
// error for each: AddOffsetsToTxn is the way to those.
func internalAmong(partitions []kafka.TopicPartition) (internal partitionErrors) {
	for _, p := range partitions {
		if metadata.IsInternal(p.Topic) {
			if internal == nil {
				internal = allPartitions(kerr.OperationNotAttempted)
			}
			internal[p] = kerr.TopicAuthorizationFailed
		}
	}
	return internal
}

// unknownAmong returns nil if all partitions exist, else an error for each.
func (n *Node) unknownAmong(partitions []kafka.TopicPartition) partitionErrors {
	var unknown partitionErrors
	for _, p := range partitions {
		if n.image.Partition(p) == nil {
			if unknown == nil {
				unknown = allPartitions(kerr.OperationNotAttempted)
			}
			unknown[p] = kerr.UnknownTopicOrPartition
		}
	}
	return unknown
}

func appendPartitions(to []kafka.TopicPartition, topic string, numbers []int32) []kafka.TopicPartition {
	for _, number := range numbers {
		to = append(to, kafka.TopicPartition{Topic: topic, Partition: number})
	}
	return to
}

// partitionErrors are the errors by partition; that of anyPartition is
// everybody else's.
type partitionErrors map[kafka.TopicPartition]error

var anyPartition = kafka.TopicPartition{Partition: -1}

func allPartitions(err error) partitionErrors { return partitionErrors{anyPartition: err} }

func (p partitionErrors) of(partition kafka.TopicPartition) error {
	if err, own := p[partition]; own {
		return err
	}
	return p[anyPartition]
}

func (p partitionErrors) code(topic string, number int32, version int16) int16 {
	return errorCode(fencedBefore(p.of(kafka.TopicPartition{Topic: topic, Partition: number}), version, 2))
}
