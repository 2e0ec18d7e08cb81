// Package metadata is the cluster's metadata: the records of the metadata log,
// the immutable image that they add up to, and how a broker follows the log at
// its own pace. The controllers and the brokers run the same code here: one
// path applies records, live and in recovery.
package metadata

import (
	"assay/internal/kafka"
)

// Epoch counts the reigns of active controllers: the raft term. It grows along
// the metadata log.
type Epoch int32

// IncarnationID identifies one start of a broker's process. It is drawn anew at
// every start.
type IncarnationID [16]byte

// Record is one change of the metadata. A record is immutable; its slices
// belong to it.
type Record interface {
	kind() recordKind
	appendBody(dst []byte) []byte
	apply(b *builder)
}

// RegisterBroker enters one incarnation of a broker. The broker starts fenced.
type RegisterBroker struct {
	Broker      kafka.BrokerID
	Incarnation IncarnationID
	// Epoch is the metadata offset at which the broker registered (KIP-903).
	Epoch kafka.BrokerEpoch
	Host  string
	Port  int32
	Rack  string // "" is none
}

// BrokerChange sets what may change while a registration lives. It is ignored
// where the epoch is not that of the present registration.
type BrokerChange struct {
	Broker kafka.BrokerID
	Epoch  kafka.BrokerEpoch
	// Fenced brokers lead nothing and join no ISR.
	Fenced bool
	// ShuttingDown brokers asked to go: they lead nothing and join no ISR.
	ShuttingDown bool
}

// TopicRecord enters a topic; its partitions follow in the same entry.
type TopicRecord struct {
	Name string
	ID   kafka.TopicID
}

// PartitionRecord enters a partition, whole.
type PartitionRecord struct {
	Topic     kafka.TopicID
	Partition int32
	State     Partition
}

// PartitionChange replaces a partition's in-sync and eligible replicas and its
// leader, with the epochs that follow from the change.
type PartitionChange struct {
	Topic          kafka.TopicID
	Partition      int32
	ISR            []kafka.BrokerID
	ELR            []kafka.BrokerID
	LastKnownELR   []kafka.BrokerID
	Leader         kafka.BrokerID // kafka.NoLeader is none
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch kafka.PartitionEpoch
}

// RemoveTopic deletes a topic, its partitions and its configuration.
type RemoveTopic struct {
	ID kafka.TopicID
}

// ConfigRecord sets one key of a resource, or deletes it.
type ConfigRecord struct {
	Resource ConfigResource
	Key      string
	Value    string
	Deleted  bool // Value is "" then
}

// ProducerIDs says that producer ids below Next are given away.
type ProducerIDs struct {
	Next kafka.ProducerID
}

// NoOp changes nothing.
type NoOp struct{}

// ResourceType is Kafka's number for what a configuration belongs to.
type ResourceType int8

const (
	// TopicResource is a topic, by name.
	TopicResource ResourceType = 2
	// BrokerResource is a broker, by its id in decimal; "" is the default of
	// all brokers.
	BrokerResource ResourceType = 4
)

// ConfigResource names what a configuration belongs to.
type ConfigResource struct {
	Type ResourceType
	Name string
}

// Compare orders resources by type, then by name.
func (r ConfigResource) Compare(o ConfigResource) int {
	switch {
	case r.Type != o.Type:
		return int(r.Type) - int(o.Type)
	case r.Name < o.Name:
		return -1
	case r.Name > o.Name:
		return 1
	}
	return 0
}
