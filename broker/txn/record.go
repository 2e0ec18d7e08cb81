package txn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// Record is one change of the transactions' state, as a record of the
// transactions topic. The encodings are Kafka's own.
type Record = interface {
	// AppendKey appends the record's key.
	AppendKey(dst []byte) []byte
	// AppendValue appends the record's value; false is a tombstone.
	AppendValue(dst []byte) (value []byte, present bool)
}

// TransactionRecord is the state of a transactional id or, Deleted, that it has
// expired.
type TransactionRecord struct {
	ID          string
	Deleted     bool
	Transaction Transaction // unless Deleted
	flexible    bool        // how it is encoded
}

// Versions of keys and values.
const (
	transactionKey     = 0
	rigidValue         = 0
	flexibleValue      = 1 // with producer ids before and after (KIP-890)
	lengthOfKeyVersion = 2
)

// AppendKey implements Record.
func (r *TransactionRecord) AppendKey(dst []byte) []byte {
	key := kmsg.TxnMetadataKey{Version: transactionKey, TransactionalID: r.ID}
	return key.AppendTo(dst)
}

// AppendValue implements Record.
func (r *TransactionRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	t := &r.Transaction
	value := kmsg.TxnMetadataValue{Version: rigidValue, ProducerID: int64(t.ID), ProducerEpoch: int16(t.Epoch), TimeoutMillis: t.TimeoutMillis,
		State: kmsg.TransactionState(t.State), Topics: byTopic(t.Partitions), StartTimestamp: t.StartMillis, LastUpdateTimestamp: t.UpdateMillis,
		PreviousProducerID: -1, NextProducerID: -1, NextProducerEpoch: -1}
	if t.State == Empty {
		value.Topics = nil
	}
	if r.flexible {
		value.Version = flexibleValue
		value.PreviousProducerID, value.NextProducerID = int64(t.PreviousID), int64(t.NextID)
		value.ClientTransactionVersion = int16(t.ClientVersion)
	}
	return value.AppendTo(dst), true
}

// byTopic groups partitions in their order.
func byTopic(partitions []kafka.TopicPartition) []kmsg.TxnMetadataValueTopic {
	topics := []kmsg.TxnMetadataValueTopic{} // empty is not null: that is Empty's
	for _, p := range partitions {
		if last := len(topics) - 1; last < 0 || topics[last].Topic != p.Topic {
			topics = append(topics, kmsg.TxnMetadataValueTopic{Topic: p.Topic})
		}
		topic := &topics[len(topics)-1]
		topic.Partitions = append(topic.Partitions, p.Partition)
	}
	return topics
}

// ErrRecord is the cause of every error of Decode.
var ErrRecord = errors.New("not a record of the transactions topic")

// decoder reads records of the transactions topic.
type decoder struct {
	record     TransactionRecord
	key        kmsg.TxnMetadataKey
	value      kmsg.TxnMetadataValue
	partitions []kafka.TopicPartition
}

// Decode reads one record; a nil value is a tombstone. The record is the
// Coordinator's until the next call, and its strings alias key and value. A
// record of a kind that is not known is nil: a later version may have written it.
func (c *Coordinator) Decode(key, value []byte) (Record, error) {
	r, err := c.decoder.decode(key, value)
	if r == nil || err != nil {
		return nil, err
	}
	return r, nil
}

func (d *decoder) decode(key, value []byte) (*TransactionRecord, error) {
	if len(key) < lengthOfKeyVersion {
		return nil, fmt.Errorf("%w: a key of %d bytes", ErrRecord, len(key))
	}
	if binary.BigEndian.Uint16(key) != transactionKey {
		return nil, nil
	}
	if err := d.key.UnsafeReadFrom(key); err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrRecord, err)
	}
	d.record = TransactionRecord{ID: d.key.TransactionalID, Deleted: value == nil}
	if d.record.Deleted {
		return &d.record, nil
	}
	if len(value) < lengthOfKeyVersion || binary.BigEndian.Uint16(value) > flexibleValue {
		return nil, fmt.Errorf("%w: a value of an unknown version", ErrRecord)
	}
	d.value.ClientTransactionVersion = 0 // reading leaves it where a value lacks it
	if err := d.value.UnsafeReadFrom(value); err != nil {
		return nil, fmt.Errorf("%w: value: %w", ErrRecord, err)
	}
	v := &d.value
	if v.State < 0 || State(v.State) > CompleteAbort {
		return nil, fmt.Errorf("%w: state %d", ErrRecord, v.State)
	}
	d.record.flexible = v.Version >= flexibleValue
	d.record.Transaction = Transaction{Producer: Producer{kafka.ProducerID(v.ProducerID), kafka.ProducerEpoch(v.ProducerEpoch)},
		PreviousID: kafka.ProducerID(v.PreviousProducerID), NextID: kafka.ProducerID(v.NextProducerID), LastEpoch: kafka.NoProducerEpoch,
		State: State(v.State), TimeoutMillis: v.TimeoutMillis, Partitions: d.read(v.Topics),
		StartMillis: v.StartTimestamp, UpdateMillis: v.LastUpdateTimestamp, ClientVersion: Version(v.ClientTransactionVersion)}
	return &d.record, nil
}

func (d *decoder) read(topics []kmsg.TxnMetadataValueTopic) []kafka.TopicPartition {
	d.partitions = d.partitions[:0]
	for i := range topics {
		for _, partition := range topics[i].Partitions {
			d.partitions = append(d.partitions, kafka.TopicPartition{Topic: topics[i].Topic, Partition: partition})
		}
	}
	// Kafka itself writes them in no order.
	slices.SortFunc(d.partitions, kafka.TopicPartition.Compare)
	return d.partitions
}
