package txn

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// AddPartitions decides that partitions take part in the producer's transaction,
// which the first of them begins. The record is nil where all do already.
// Refused are INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED and
// CONCURRENT_TRANSACTIONS; the last goes first, as what is pending may be the
// very change of the producer's id.
func (c *Coordinator) AddPartitions(now host.WallTime, id string, p Producer, partitions []kafka.TopicPartition, version Version) (*TransactionRecord, error) {
	if e := c.transactions[id]; e != nil && e.blocked() {
		return nil, kerr.ConcurrentTransactions
	}
	e, err := c.known(id)
	switch {
	case err != nil:
		return nil, err
	case e.ID != p.ID:
		return nil, kerr.InvalidProducerIDMapping
	case e.Epoch != p.Epoch:
		return nil, kerr.ProducerFenced
	case e.State == Ongoing && e.containsAll(partitions):
		return nil, nil
	}
	t := e.withPartitions(now, partitions, version)
	return c.write(id, &t), nil
}

func (e *entry) containsAll(partitions []kafka.TopicPartition) bool {
	for _, p := range partitions {
		if !e.contains(p) {
			return false
		}
	}
	return true
}

func (e *entry) contains(p kafka.TopicPartition) bool {
	_, found := slices.BinarySearchFunc(e.Partitions, p, kafka.TopicPartition.Compare)
	return found
}

// Verify says whether a partition takes part in the producer's open transaction
// (KIP-890): TRANSACTION_ABORTABLE if not, else what AddPartitions refuses with.
// What is pending does not matter: whoever asks looks again when it appends.
func (c *Coordinator) Verify(id string, p Producer, partition kafka.TopicPartition) error {
	e, err := c.known(id)
	switch {
	case err != nil:
		return err
	case e.ID != p.ID:
		return kerr.InvalidProducerIDMapping
	case e.Epoch != p.Epoch:
		return kerr.ProducerFenced
	case e.State.prepared():
		return kerr.ConcurrentTransactions
	case !e.contains(partition):
		return kerr.TransactionAbortable
	}
	return nil
}
