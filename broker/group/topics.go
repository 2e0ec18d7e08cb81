package group

import (
	"cmp"
	"iter"
	"slices"

	"assay/internal/kafka"
)

// Topics is what the cluster's metadata says about topics.
type Topics interface {
	// Topic finds a topic by its name; false for none.
	Topic(name string) (id kafka.TopicID, partitions int32, ok bool)
	// TopicNames are those of all topics, the brokers' own too.
	TopicNames() iter.Seq[string]
	// TopicsVersion grows whenever anything may have changed.
	TopicsVersion() int64
	// LastCreation is the version with which a topic came last.
	LastCreation() int64
}

// noTopics is the metadata of a coordinator that was given none.
type noTopics struct{}

func (noTopics) Topic(string) (kafka.TopicID, int32, bool) { return kafka.TopicID{}, 0, false }
func (noTopics) TopicNames() iter.Seq[string]              { return slices.Values[[]string](nil) }
func (noTopics) TopicsVersion() int64                      { return 0 }
func (noTopics) LastCreation() int64                       { return 0 }

// PartitionID names a partition by its topic's id, so that a topic that was
// deleted and created again is another one.
type PartitionID struct {
	Topic     kafka.TopicID
	Partition int32
}

// Compare orders by topic id and number.
func (p PartitionID) Compare(o PartitionID) int {
	return cmp.Or(slices.Compare(p.Topic[:], o.Topic[:]), cmp.Compare(p.Partition, o.Partition))
}

// contains: partitions are sorted.
func containsPartition(partitions []PartitionID, p PartitionID) bool {
	_, found := slices.BinarySearchFunc(partitions, p, PartitionID.Compare)
	return found
}
