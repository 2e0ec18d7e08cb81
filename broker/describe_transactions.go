package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// DescribeTransactions, version 0 (KIP-664). Of a transaction that is prepared
// it shows the partitions without a marker yet.

func (n *Node) describeTransactions(e *exchange, r *kmsg.DescribeTransactionsRequest) {
	response := kmsg.NewPtrDescribeTransactionsResponse()
	for _, id := range r.TransactionalIDs {
		response.TransactionStates = append(response.TransactionStates, n.describeTransaction(id))
	}
	n.answer(e, response)
}

func (n *Node) describeTransaction(id string) kmsg.DescribeTransactionsResponseTransactionState {
	out := kmsg.NewDescribeTransactionsResponseTransactionState()
	out.TransactionalID = id
	if id == "" {
		out.ErrorCode = kerr.InvalidRequest.Code
		return out
	}
	s, err := n.transactionServiceOf(id)
	if err != nil {
		out.ErrorCode = errorCode(err)
		return out
	}
	t, known := s.Transaction(id)
	if !known {
		out.ErrorCode = kerr.TransactionalIDNotFound.Code
		return out
	}
	out.State, out.TimeoutMillis, out.StartTimestamp = t.State.String(), t.TimeoutMillis, t.StartMillis
	out.ProducerID, out.ProducerEpoch = int64(t.ID), int16(t.Epoch)
	partitions := t.Partitions
	if c := s.completions[id]; c != nil {
		partitions = c.remaining
	}
	out.Topics = describedPartitions(partitions)
	return out
}

func describedPartitions(partitions []kafka.TopicPartition) (topics []kmsg.DescribeTransactionsResponseTransactionStateTopic) {
	for _, p := range partitions {
		if last := len(topics) - 1; last < 0 || topics[last].Topic != p.Topic {
			topic := kmsg.NewDescribeTransactionsResponseTransactionStateTopic()
			topic.Topic = p.Topic
			topics = append(topics, topic)
		}
		topic := &topics[len(topics)-1]
		topic.Partitions = append(topic.Partitions, p.Partition)
	}
	return topics
}
