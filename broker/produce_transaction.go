package broker

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
)

// Versions of Produce that say what its sender knows of transactions.
const (
	// produceKnowsAbortable: the sender knows TRANSACTION_ABORTABLE (KIP-890).
	produceKnowsAbortable = 11
	// produceAddsPartition: the sender leaves it to the leader to add the partition
	// to the transaction (transaction version 2).
	produceAddsPartition = 12
)

// hasTransactionalBatch reports whether a request brings one. Without a
// transactional id it is refused as a whole: Kafka asks whether the client may
// write under that id before it looks at anything else.
func hasTransactionalBatch(r *kmsg.ProduceRequest) bool {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			header, err := batch.ReadHeader(r.Topics[i].Partitions[j].Records)
			if err == nil && header.IsTransactional() {
				return true
			}
		}
	}
	return false
}

// produceInTransaction takes in a transactional batch. The first one of a
// transaction waits until its coordinator has confirmed, and with it all that
// the connection sends after it; the request's other partitions do not wait.
func (n *Node) produceInTransaction(p *heldProduce, h *hosted, i, j int, header *batch.Header, one []byte) {
	out := &p.response.Topics[i].Partitions[j]
	v := transactionVerification{TransactionalID: p.transactionalID, Producer: transactionIdentity{header.ProducerID, header.ProducerEpoch},
		Partition: kafka.TopicPartition{Topic: h.key.Topic, Partition: h.key.Partition},
		Add:       p.exchange.version >= produceAddsPartition, Sequence: header.BaseSequence}
	if !n.needsVerification(h, v) {
		n.produceBatch(p, h, i, j, one)
		return
	}
	one = bytes.Clone(one) // it outlives this step, and may be part of a frame
	p.verifying++
	n.verifyTransaction(v, func(err error) {
		if err == nil {
			n.host.Serial(h.lane)
			n.produceBatch(p, h, i, j, one)
		} else {
			n.refuseProduce(p, h.key.Topic, out, verificationError(err, p.exchange.version))
		}
		p.verifying--
		if p.begun && p.verifying == 0 {
			p.exchange.unblock()
			n.answerProduce(p)
			n.resume(p.exchange.connection)
		}
	})
}

// verificationError is what a producer is told of a verification that failed.
// Older ones do not know what brokers tell each other: a coordinator's trouble
// becomes an error that they answer by sending again without asking for new
// metadata.
func verificationError(err error, version int16) error {
	switch errorCode(err) {
	case kerr.NetworkException.Code, kerr.CoordinatorLoadInProgress.Code, kerr.CoordinatorNotAvailable.Code, kerr.NotCoordinator.Code:
		return kerr.NotEnoughReplicas
	case kerr.ConcurrentTransactions.Code:
		if version < produceAddsPartition {
			return kerr.NotEnoughReplicas
		}
	case kerr.TransactionAbortable.Code:
		if version < produceKnowsAbortable {
			return kerr.InvalidTxnState
		}
	}
	return err
}
