package metadata

import (
	"maps"
	"slices"

	"assay/internal/kafka"
)

// Image is the metadata as of one offset of the metadata log. It never changes:
// Apply makes another that shares what stayed the same, so that keeping one
// costs nothing. What its methods return must not be modified.
type Image struct {
	offset kafka.Offset
	epoch  Epoch

	brokers []*Broker // by id
	topics  []*Topic  // by name
	byName  map[string]*Topic
	byID    map[kafka.TopicID]*Topic
	configs map[ConfigResource]map[string]string

	nextProducerID kafka.ProducerID
}

// Broker is one registered broker.
type Broker struct {
	ID           kafka.BrokerID
	Incarnation  IncarnationID
	Epoch        kafka.BrokerEpoch
	Fenced       bool
	ShuttingDown bool
	Host         string
	Port         int32
	Rack         string // "" is none
}

// Active reports whether the broker may lead and join an ISR.
func (b *Broker) Active() bool { return b != nil && !b.Fenced && !b.ShuttingDown }

// Topic is one incarnation of a topic.
type Topic struct {
	Name       string
	ID         kafka.TopicID
	Partitions []*Partition // by partition number, without gaps
}

// Partition is the state of a partition that the controller decides on.
type Partition struct {
	Replicas []kafka.BrokerID // in the order of preference
	ISR      []kafka.BrokerID // in no meaningful order
	// ELR are the eligible leader replicas (KIP-966): outside the ISR, but known
	// to hold everything committed. Empty unless the ISR is below the minimum.
	ELR []kafka.BrokerID
	// LastKnownELR has one member while nobody is in sync: who led last. Empty
	// otherwise.
	LastKnownELR   []kafka.BrokerID
	Leader         kafka.BrokerID // kafka.NoLeader is none
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch kafka.PartitionEpoch
}

// Empty returns the image before the first record: offset 0, the metadata log
// starting at offset 1.
func Empty() *Image { return &Image{} }

// Offset is the last offset of the metadata log that the image includes; 0
// before the first.
func (i *Image) Offset() kafka.Offset { return i.offset }

// Epoch is the epoch of the entry at Offset.
func (i *Image) Epoch() Epoch { return i.epoch }

// Brokers returns the registered brokers by id.
func (i *Image) Brokers() []*Broker { return i.brokers }

// Broker returns a registered broker, or nil.
func (i *Image) Broker(id kafka.BrokerID) *Broker {
	at, found := searchBroker(i.brokers, id)
	if !found {
		return nil
	}
	return i.brokers[at]
}

// Topics returns the topics by name.
func (i *Image) Topics() []*Topic { return i.topics }

// Topic returns the topic of a name, or nil.
func (i *Image) Topic(name string) *Topic { return i.byName[name] }

// TopicByID returns the topic of an id, or nil.
func (i *Image) TopicByID(id kafka.TopicID) *Topic { return i.byID[id] }

// Partition returns a partition, or nil.
func (i *Image) Partition(p kafka.TopicPartition) *Partition {
	return i.byName[p.Topic].Partition(p.Partition)
}

// PartitionByID returns a partition of a topic's incarnation, or nil.
func (i *Image) PartitionByID(id kafka.TopicID, partition int32) *Partition {
	return i.byID[id].Partition(partition)
}

// Partition returns a partition of the topic, or nil. The topic may be nil.
func (t *Topic) Partition(partition int32) *Partition {
	if t == nil || partition < 0 || int(partition) >= len(t.Partitions) {
		return nil
	}
	return t.Partitions[partition]
}

// Config returns the value of a key that was set for a resource itself.
func (i *Image) Config(resource ConfigResource, key string) (value string, set bool) {
	value, set = i.configs[resource][key]
	return value, set
}

// Configs returns what was set for a resource itself, nil if nothing was. Walk
// it in the order of its sorted keys.
func (i *Image) Configs(resource ConfigResource) map[string]string { return i.configs[resource] }

// TopicConfig returns the value of a key for a topic: its own, else the one set
// for all brokers.
func (i *Image) TopicConfig(topic, key string) (value string, set bool) {
	if value, set = i.configs[ConfigResource{TopicResource, topic}][key]; set {
		return value, true
	}
	value, set = i.configs[ConfigResource{Type: BrokerResource}][key]
	return value, set
}

// NextProducerID is the first producer id that was never given away.
func (i *Image) NextProducerID() kafka.ProducerID { return i.nextProducerID }

// Records returns records that rebuild the image from Empty, in a fixed order.
func (i *Image) Records() []Record {
	var records []Record
	for _, b := range i.brokers {
		records = append(records, RegisterBroker{
			Broker: b.ID, Incarnation: b.Incarnation, Epoch: b.Epoch, Host: b.Host, Port: b.Port, Rack: b.Rack,
		})
		if !b.Fenced || b.ShuttingDown {
			records = append(records, BrokerChange{Broker: b.ID, Epoch: b.Epoch, Fenced: b.Fenced, ShuttingDown: b.ShuttingDown})
		}
	}
	for _, t := range i.topics {
		records = append(records, TopicRecord{Name: t.Name, ID: t.ID})
		for number := range t.Partitions {
			records = append(records, &PartitionRecord{Topic: t.ID, Partition: int32(number), State: *t.Partitions[number]})
		}
	}
	for _, resource := range slices.SortedFunc(maps.Keys(i.configs), ConfigResource.Compare) {
		config := i.configs[resource]
		for _, key := range slices.Sorted(maps.Keys(config)) {
			records = append(records, ConfigRecord{Resource: resource, Key: key, Value: config[key]})
		}
	}
	if i.nextProducerID != 0 {
		records = append(records, ProducerIDs{Next: i.nextProducerID})
	}
	return records
}

func searchBroker(brokers []*Broker, id kafka.BrokerID) (int, bool) {
	return slices.BinarySearchFunc(brokers, id, func(b *Broker, id kafka.BrokerID) int { return int(b.ID) - int(id) })
}

func searchTopic(topics []*Topic, name string) (int, bool) {
	return slices.BinarySearchFunc(topics, name, func(t *Topic, name string) int {
		switch {
		case t.Name < name:
			return -1
		case t.Name > name:
			return 1
		}
		return 0
	})
}
