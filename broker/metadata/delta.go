package metadata

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"assay/internal/kafka"
)

// PartitionKey names a partition of one incarnation of a topic.
type PartitionKey struct {
	Topic     string
	TopicID   kafka.TopicID
	Partition int32
}

// TopicPartition returns the partition's name, which a recreated topic shares.
func (k PartitionKey) TopicPartition() kafka.TopicPartition {
	return kafka.TopicPartition{Topic: k.Topic, Partition: k.Partition}
}

// Compare orders by topic name, then topic id, then partition.
func (k PartitionKey) Compare(o PartitionKey) int {
	if k.TopicID != o.TopicID {
		return cmp.Or(cmp.Compare(k.Topic, o.Topic), bytes.Compare(k.TopicID[:], o.TopicID[:]))
	}
	return cmp.Compare(k.Partition, o.Partition)
}

// TopicKey names one incarnation of a topic.
type TopicKey struct {
	Name string
	ID   kafka.TopicID
}

// Compare orders by name, then by id.
func (k TopicKey) Compare(o TopicKey) int {
	return cmp.Or(cmp.Compare(k.Name, o.Name), bytes.Compare(k.ID[:], o.ID[:]))
}

// Delta names what differs between two images, every list sorted. Handle what
// was deleted before what was created: a topic may be both, under two ids.
type Delta struct {
	DeletedTopics     []TopicKey
	DeletedPartitions []PartitionKey
	CreatedTopics     []TopicKey
	Partitions        []PartitionKey   // created or changed
	Brokers           []kafka.BrokerID // registered or changed; brokers are never removed
	Configs           []ConfigResource // look them up: a resource may have none left
}

// Empty reports whether nothing differs.
func (d *Delta) Empty() bool {
	return len(d.DeletedTopics) == 0 && len(d.DeletedPartitions) == 0 && len(d.CreatedTopics) == 0 &&
		len(d.Partitions) == 0 && len(d.Brokers) == 0 && len(d.Configs) == 0
}

// delta turns what was touched into what differs: what came and went within one
// entry is in neither list.
func (b *builder) delta() Delta {
	var d Delta
	for _, id := range slices.SortedFunc(maps.Keys(b.touchedTopics), func(x, y kafka.TopicID) int {
		return TopicKey{b.touchedTopics[x], x}.Compare(TopicKey{b.touchedTopics[y], y})
	}) {
		key := TopicKey{b.touchedTopics[id], id}
		before, after := b.from.byID[id] != nil, b.image.byID[id] != nil
		switch {
		case before && !after:
			d.DeletedTopics = append(d.DeletedTopics, key)
		case after && !before:
			d.CreatedTopics = append(d.CreatedTopics, key)
		}
	}
	slices.SortFunc(b.touchedPartitions, PartitionKey.Compare)
	touched := slices.Compact(b.touchedPartitions)
	d.Partitions = touched[:0] // in place
	var id kafka.TopicID       // that before and after are of
	var before, after *Topic
	for _, key := range touched {
		if key.TopicID != id {
			id, before, after = key.TopicID, b.from.byID[key.TopicID], b.image.byID[key.TopicID]
		}
		switch {
		case after.Partition(key.Partition) != nil:
			d.Partitions = append(d.Partitions, key)
		case before.Partition(key.Partition) != nil:
			d.DeletedPartitions = append(d.DeletedPartitions, key)
		}
	}
	d.Brokers = slices.Sorted(maps.Keys(b.touchedBrokers))
	d.Configs = slices.SortedFunc(maps.Keys(b.touchedConfigs), ConfigResource.Compare)
	return d
}

// Difference returns what differs between two images of one log, for a reader
// that jumped from one to the other by a snapshot.
func Difference(from, to *Image) Delta {
	b := builder{from: from, image: *to}
	for _, t := range from.topics {
		after := to.byID[t.ID]
		for number, p := range t.Partitions {
			if !p.equal(after.Partition(int32(number))) {
				b.touchedPartitions = append(b.touchedPartitions, PartitionKey{t.Name, t.ID, int32(number)})
			}
		}
	}
	for _, t := range to.topics {
		before := from.byID[t.ID]
		if before == nil {
			b.touchedPartitions = slices.Grow(b.touchedPartitions, len(t.Partitions))
		}
		for number := range t.Partitions {
			if before.Partition(int32(number)) == nil {
				b.touchedPartitions = append(b.touchedPartitions, PartitionKey{t.Name, t.ID, int32(number)})
			}
		}
	}
	for _, image := range []*Image{from, to} {
		for _, t := range image.topics {
			touch(&b.touchedTopics, t.ID, t.Name)
		}
		for _, broker := range image.brokers {
			if before := from.Broker(broker.ID); before == nil || *before != *to.Broker(broker.ID) {
				touch(&b.touchedBrokers, broker.ID, true)
			}
		}
		for resource := range image.configs { // order-free: they go into a set
			if !maps.Equal(from.configs[resource], to.configs[resource]) {
				touch(&b.touchedConfigs, resource, true)
			}
		}
	}
	return b.delta()
}

func (p *Partition) equal(o *Partition) bool {
	if p == o || p == nil || o == nil {
		return p == o // images share what did not change
	}
	return p.Leader == o.Leader && p.LeaderEpoch == o.LeaderEpoch && p.PartitionEpoch == o.PartitionEpoch &&
		slices.Equal(p.ISR, o.ISR) && slices.Equal(p.Replicas, o.Replicas) &&
		slices.Equal(p.ELR, o.ELR) && slices.Equal(p.LastKnownELR, o.LastKnownELR)
}
