// Package kafka names the numbers of the Kafka protocol, one type for each, so
// that swapping two of them does not compile. It holds no behaviour.
package kafka

import (
	"encoding/base64"
	"errors"
	"strconv"
)

// Offset is a record's position in a partition's log. The log end offset is
// the offset that the next record gets.
type Offset int64

// NoOffset is the protocol's "unknown" or "undefined" offset.
const NoOffset Offset = -1

// LeaderEpoch counts the leaders of one partition (KIP-101).
type LeaderEpoch int32

// NoEpoch is the protocol's "unknown" or "undefined" leader epoch.
const NoEpoch LeaderEpoch = -1

// ProducerID identifies an idempotent producer (KIP-98).
type ProducerID int64

// NoProducerID marks a batch without idempotence.
const NoProducerID ProducerID = -1

// ProducerEpoch counts the incarnations of one ProducerID.
type ProducerEpoch int16

// NoProducerEpoch goes with NoProducerID.
const NoProducerEpoch ProducerEpoch = -1

// Sequence numbers the records that one producer sends to one partition. It
// is never negative and wraps from its maximum to 0.
type Sequence int32

// NoSequence goes with NoProducerID.
const NoSequence Sequence = -1

// Add returns the sequence n records later; it wraps to 0 after the maximum.
// A negative n goes back.
func (s Sequence) Add(n int32) Sequence {
	return Sequence((int64(s) + int64(n)) & (1<<31 - 1))
}

// BrokerID is a broker's node id.
type BrokerID int32

// NoLeader is the leader of a partition that has none; it is also the replica
// id of a consumer in a fetch request.
const NoLeader BrokerID = -1

// BrokerEpoch identifies one registration of a broker at the controller
// (KIP-903).
type BrokerEpoch int64

// NoBrokerEpoch is the epoch of a broker that is not registered.
const NoBrokerEpoch BrokerEpoch = -1

// PartitionEpoch counts the changes of a partition's leader and in-sync
// replicas; a change names the epoch that it is based on.
type PartitionEpoch int32

// NoPartitionEpoch is the epoch of a partition not known yet.
const NoPartitionEpoch PartitionEpoch = -1

// TopicID identifies one incarnation of a topic: deleted and created again, it
// has another (KIP-516). The zero value is no topic.
type TopicID [16]byte

// String returns Kafka's form: URL-safe base64 without padding, 22 characters.
func (id TopicID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// IsZero reports whether id names no topic.
func (id TopicID) IsZero() bool { return id == TopicID{} }

// ErrTopicID is what ParseTopicID answers to anything but 22 base64 characters.
var ErrTopicID = errors.New("not a topic id")

// ParseTopicID reads the form that String writes.
func ParseTopicID(s string) (TopicID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(TopicID{}) {
		return TopicID{}, ErrTopicID
	}
	return TopicID(raw), nil
}

// TopicPartition names a partition.
type TopicPartition struct {
	Topic     string
	Partition int32
}

// String returns the partition's name as Kafka writes it: "orders-0".
func (p TopicPartition) String() string {
	return p.Topic + "-" + strconv.FormatInt(int64(p.Partition), 10)
}

// Compare orders partitions by topic, then by number.
func (p TopicPartition) Compare(q TopicPartition) int {
	switch {
	case p.Topic < q.Topic:
		return -1
	case p.Topic > q.Topic:
		return 1
	}
	return int(p.Partition) - int(q.Partition)
}
