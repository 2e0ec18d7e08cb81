package metadata

import (
	"fmt"
	"maps"
	"slices"

	"assay/internal/kafka"
)

// Apply returns the image after the records of the entry at offset, and what
// they changed. The same path serves live operation, recovery and snapshots.
// Records that contradict the image (a partition of an unknown topic) are our
// own bug and panic.
func (i *Image) Apply(offset kafka.Offset, epoch Epoch, records []Record) (*Image, Delta) {
	b := builder{from: i, image: *i}
	b.apply(offset, epoch, records)
	image := b.image
	return &image, b.delta()
}

// Draft is an image to which records are added one after the other, as Apply
// would, while nobody else looks at it: what one of them copied, the next one
// changes in place.
type Draft struct{ builder }

// NewDraft returns a draft that begins as an image.
func NewDraft(from *Image) *Draft { return &Draft{builder{from: from, image: *from}} }

// Image is the draft as it is now. It changes with the next Add: what was taken
// from it, but for the state of a partition or a broker, may change with it.
func (d *Draft) Image() *Image { return &d.image }

// Add applies records of the entry at offset.
func (d *Draft) Add(offset kafka.Offset, epoch Epoch, records []Record) {
	d.apply(offset, epoch, records)
}

// builder is an image under construction. It copies a part of the former image
// before it first changes it, and remembers what it touched.
type builder struct {
	from  *Image
	image Image

	ownBrokers, ownTopics, ownConfigs bool
	copiedTopics                      map[kafka.TopicID]bool
	changed                           *Topic // the copied one that was changed last
	copiedConfigs                     map[ConfigResource]bool

	touchedBrokers    map[kafka.BrokerID]bool
	touchedPartitions []PartitionKey // as they came, some repeatedly
	touchedTopics     map[kafka.TopicID]string
	touchedConfigs    map[ConfigResource]bool
}

func (b *builder) apply(offset kafka.Offset, epoch Epoch, records []Record) {
	if offset < b.image.offset {
		panic(fmt.Sprintf("metadata offset %d applied after %d", offset, b.image.offset))
	}
	b.image.offset, b.image.epoch = offset, epoch
	b.touchedPartitions = slices.Grow(b.touchedPartitions, len(records)) // a new topic has a record for each
	for _, r := range records {
		r.apply(b)
	}
}

func (r RegisterBroker) apply(b *builder) {
	b.setBroker(&Broker{
		ID: r.Broker, Incarnation: r.Incarnation, Epoch: r.Epoch, Fenced: true, Host: r.Host, Port: r.Port, Rack: r.Rack,
	})
}

func (r BrokerChange) apply(b *builder) {
	present := b.image.Broker(r.Broker)
	if present == nil || present.Epoch != r.Epoch {
		return
	}
	changed := *present
	changed.Fenced, changed.ShuttingDown = r.Fenced, r.ShuttingDown
	b.setBroker(&changed)
}

func (b *builder) setBroker(broker *Broker) {
	if !b.ownBrokers {
		b.image.brokers = slices.Clone(b.image.brokers)
		b.ownBrokers = true
	}
	at, found := searchBroker(b.image.brokers, broker.ID)
	if found {
		b.image.brokers[at] = broker
	} else {
		b.image.brokers = slices.Insert(b.image.brokers, at, broker)
	}
	touch(&b.touchedBrokers, broker.ID, true)
}

func (r TopicRecord) apply(b *builder) {
	if b.image.byName[r.Name] != nil || b.image.byID[r.ID] != nil {
		panic(fmt.Sprintf("metadata: topic %s %s exists", r.Name, r.ID))
	}
	touch(&b.touchedTopics, r.ID, r.Name)
	touch(&b.copiedTopics, r.ID, true)
	b.setTopic(&Topic{Name: r.Name, ID: r.ID})
}

func (r *PartitionRecord) apply(b *builder) {
	topic := b.ownTopic(r.Topic)
	if int(r.Partition) != len(topic.Partitions) {
		panic(fmt.Sprintf("metadata: partition %s-%d follows partition %d", topic.Name, r.Partition, len(topic.Partitions)-1))
	}
	topic.Partitions = append(topic.Partitions, &r.State) // neither ever changes
	b.touchedPartitions = append(b.touchedPartitions, PartitionKey{topic.Name, topic.ID, r.Partition})
}

func (r PartitionChange) apply(b *builder) {
	topic := b.ownTopic(r.Topic)
	former := topic.Partition(r.Partition)
	if former == nil {
		panic(fmt.Sprintf("metadata: no partition %s-%d", topic.Name, r.Partition))
	}
	partition := *former
	topic.Partitions[r.Partition] = &partition
	partition.ISR, partition.ELR, partition.LastKnownELR, partition.Leader = r.ISR, r.ELR, r.LastKnownELR, r.Leader
	partition.LeaderEpoch, partition.PartitionEpoch = r.LeaderEpoch, r.PartitionEpoch
	b.touchedPartitions = append(b.touchedPartitions, PartitionKey{topic.Name, topic.ID, r.Partition})
}

func (r RemoveTopic) apply(b *builder) {
	topic := b.image.byID[r.ID]
	if topic == nil {
		panic(fmt.Sprintf("metadata: no topic %s to remove", r.ID))
	}
	b.changed = nil
	b.ownTopicIndex()
	delete(b.image.byName, topic.Name)
	delete(b.image.byID, topic.ID)
	at, _ := searchTopic(b.image.topics, topic.Name)
	b.image.topics = slices.Delete(b.image.topics, at, at+1)
	touch(&b.touchedTopics, topic.ID, topic.Name)
	for number := range topic.Partitions {
		b.touchedPartitions = append(b.touchedPartitions, PartitionKey{topic.Name, topic.ID, int32(number)})
	}
	resource := ConfigResource{TopicResource, topic.Name}
	if b.image.configs[resource] != nil {
		b.ownConfigIndex()
		delete(b.image.configs, resource)
		touch(&b.touchedConfigs, resource, true)
	}
}

// ownTopic returns a topic of this image alone, free to change.
func (b *builder) ownTopic(id kafka.TopicID) *Topic {
	if b.changed != nil && b.changed.ID == id {
		return b.changed
	}
	topic := b.image.byID[id]
	if topic == nil {
		panic(fmt.Sprintf("metadata: no topic %s", id))
	}
	if !b.copiedTopics[id] {
		touch(&b.copiedTopics, id, true)
		topic = &Topic{Name: topic.Name, ID: topic.ID, Partitions: slices.Clone(topic.Partitions)}
		b.setTopic(topic)
	}
	b.changed = topic
	return topic
}

func (b *builder) setTopic(topic *Topic) {
	b.ownTopicIndex()
	b.image.byName[topic.Name] = topic
	b.image.byID[topic.ID] = topic
	at, found := searchTopic(b.image.topics, topic.Name)
	if found {
		b.image.topics[at] = topic
	} else {
		b.image.topics = slices.Insert(b.image.topics, at, topic)
	}
}

func (b *builder) ownTopicIndex() {
	if b.ownTopics {
		return
	}
	b.ownTopics = true
	b.image.topics = slices.Clone(b.image.topics)
	b.image.byName = cloneMap(b.image.byName)
	b.image.byID = cloneMap(b.image.byID)
}

func (r ConfigRecord) apply(b *builder) {
	b.ownConfigIndex()
	config := b.image.configs[r.Resource]
	if !b.copiedConfigs[r.Resource] {
		touch(&b.copiedConfigs, r.Resource, true)
		config = cloneMap(config)
	}
	if r.Deleted {
		delete(config, r.Key)
	} else {
		config[r.Key] = r.Value
	}
	if len(config) == 0 {
		delete(b.image.configs, r.Resource)
		delete(b.copiedConfigs, r.Resource)
	} else {
		b.image.configs[r.Resource] = config
	}
	touch(&b.touchedConfigs, r.Resource, true)
}

func (b *builder) ownConfigIndex() {
	if !b.ownConfigs {
		b.ownConfigs = true
		b.image.configs = cloneMap(b.image.configs)
	}
}

func (r ProducerIDs) apply(b *builder) { b.image.nextProducerID = r.Next }

func (NoOp) apply(*builder) {}

// cloneMap returns a copy that may be written to, even of nil.
func cloneMap[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return make(M)
	}
	return maps.Clone(m)
}

func touch[K comparable, V any](set *map[K]V, key K, value V) {
	if *set == nil {
		*set = make(map[K]V)
	}
	(*set)[key] = value
}
