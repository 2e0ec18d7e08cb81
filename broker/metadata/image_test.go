package metadata

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

// history draws entries that fit together, as a controller would write them.
type history struct {
	random *rand.Rand
	image  *Image
	topics int
}

func newHistory(seed uint64) *history {
	return &history{random: rand.New(rand.NewPCG(seed, 0)), image: Empty()}
}

func (h *history) next() Entry {
	e := Entry{Offset: h.image.Offset() + 1, Epoch: Epoch(1 + h.image.Offset()/10)}
	draft := h.image
	for range 1 + h.random.IntN(3) {
		r := h.draw(draft, e.Offset)
		e.Records = append(e.Records, r...)
		draft, _ = draft.Apply(e.Offset, e.Epoch, r)
	}
	h.image, _ = h.image.Apply(e.Offset, e.Epoch, e.Records)
	return e
}

func (h *history) draw(image *Image, offset kafka.Offset) []Record {
	broker := kafka.BrokerID(h.random.IntN(4))
	kind := h.random.IntN(8)
	if kind == 0 {
		return []Record{RegisterBroker{Broker: broker, Incarnation: IncarnationID{byte(offset)}, Epoch: kafka.BrokerEpoch(offset), Host: "h", Port: 1}}
	}
	if b := image.Broker(broker); b != nil && kind == 1 {
		return []Record{BrokerChange{Broker: broker, Epoch: b.Epoch, Fenced: h.random.IntN(2) == 0}}
	}
	if kind == 2 {
		return []Record{ProducerIDs{Next: image.NextProducerID() + 1000}}
	}
	if len(image.Topics()) == 0 || kind == 3 {
		h.topics++
		id := kafka.TopicID{0: 1, 14: byte(h.topics >> 8), 15: byte(h.topics)}
		records := []Record{TopicRecord{Name: fmt.Sprintf("topic-%d", h.topics), ID: id}}
		for number := range h.random.IntN(4) {
			records = append(records, &PartitionRecord{Topic: id, Partition: int32(number), State: Partition{
				Replicas: []kafka.BrokerID{0, 1}, ISR: []kafka.BrokerID{0, 1},
			}})
		}
		return records
	}
	topic := image.Topics()[h.random.IntN(len(image.Topics()))]
	switch {
	case kind == 4:
		return []Record{RemoveTopic{ID: topic.ID}}
	case kind == 5:
		return []Record{ConfigRecord{Resource: ConfigResource{TopicResource, topic.Name}, Key: fmt.Sprint("k", h.random.IntN(2)), Value: "v", Deleted: false}}
	case kind == 6:
		return []Record{ConfigRecord{Resource: ConfigResource{TopicResource, topic.Name}, Key: fmt.Sprint("k", h.random.IntN(2)), Deleted: true}}
	case len(topic.Partitions) > 0:
		number := int32(h.random.IntN(len(topic.Partitions)))
		p := topic.Partition(number)
		return []Record{PartitionChange{
			Topic: topic.ID, Partition: number, ISR: []kafka.BrokerID{kafka.BrokerID(h.random.IntN(2))}, Leader: 1,
			ELR: h.someBrokers(), LastKnownELR: h.someBrokers(),
			LeaderEpoch: p.LeaderEpoch + 1, PartitionEpoch: p.PartitionEpoch + 1,
		}}
	}
	return []Record{NoOp{}}
}

func (h *history) someBrokers() (ids []kafka.BrokerID) {
	for id := range kafka.BrokerID(4) {
		if h.random.IntN(3) == 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestSnapshotRebuildsTheImage(t *testing.T) {
	for seed := range uint64(50) {
		h := newHistory(seed)
		for range 60 {
			h.next()
			again, err := FromSnapshot(h.image.Snapshot())
			require.NoError(t, err)
			require.Equal(t, h.image.Snapshot(), again.Snapshot())
			require.Equal(t, h.image.Offset(), again.Offset())
			difference := Difference(h.image, again)
			require.True(t, difference.Empty(), "%+v", difference)
		}
	}
}

func TestImagesNeverChange(t *testing.T) {
	h := newHistory(1)
	var images []*Image
	var was [][]byte
	for range 200 {
		h.next()
		images, was = append(images, h.image), append(was, h.image.Snapshot())
	}
	for i, image := range images {
		require.Equal(t, was[i], image.Snapshot(), "image %d", i)
	}
}

// What Apply says has changed covers what Difference finds between the images.
func TestDeltaNamesEveryDifference(t *testing.T) {
	for seed := range uint64(50) {
		h := newHistory(seed)
		for range 60 {
			before := h.image
			e := h.next()
			after, delta := before.Apply(e.Offset, e.Epoch, e.Records)
			difference := Difference(before, after)
			require.Equal(t, difference.DeletedTopics, delta.DeletedTopics)
			require.Equal(t, difference.CreatedTopics, delta.CreatedTopics)
			require.Equal(t, difference.DeletedPartitions, delta.DeletedPartitions)
			require.Subset(t, delta.Partitions, difference.Partitions)
			require.Subset(t, delta.Brokers, difference.Brokers)
			require.Subset(t, delta.Configs, difference.Configs)
		}
	}
}

func TestSnapshotRefusesDamage(t *testing.T) {
	h := newHistory(3)
	for range 20 {
		h.next()
	}
	snapshot := h.image.Snapshot()
	for i := range snapshot {
		damaged := append([]byte(nil), snapshot...)
		damaged[i] ^= 0x10
		_, err := FromSnapshot(damaged)
		require.ErrorIs(t, err, ErrEncoding)
	}
	_, err := FromSnapshot(snapshot[:len(snapshot)-1])
	require.ErrorIs(t, err, ErrEncoding)
}

func TestBrokerChangeOfAnOldEpochIsIgnored(t *testing.T) {
	image, _ := Empty().Apply(1, 1, []Record{RegisterBroker{Broker: 1, Epoch: 1}})
	image, _ = image.Apply(2, 1, []Record{RegisterBroker{Broker: 1, Epoch: 2}})
	after, delta := image.Apply(3, 1, []Record{BrokerChange{Broker: 1, Epoch: 1, Fenced: false}})
	require.True(t, after.Broker(1).Fenced)
	require.True(t, delta.Empty())
}

func TestContradictionsPanic(t *testing.T) {
	image, _ := Empty().Apply(5, 1, []Record{TopicRecord{Name: "t", ID: someTopic}})
	for name, records := range map[string][]Record{
		"a topic twice":              {TopicRecord{Name: "t", ID: kafka.TopicID{1}}},
		"a partition out of order":   {&PartitionRecord{Topic: someTopic, Partition: 1}},
		"a change of no partition":   {PartitionChange{Topic: someTopic}},
		"a partition of no topic":    {&PartitionRecord{Topic: kafka.TopicID{9}}},
		"the removal of no topic":    {RemoveTopic{ID: kafka.TopicID{9}}},
		"a topic removed two times ": {RemoveTopic{ID: someTopic}, RemoveTopic{ID: someTopic}},
		"a removed topic's change":   {&PartitionRecord{Topic: someTopic}, RemoveTopic{ID: someTopic}, PartitionChange{Topic: someTopic}},
	} {
		require.Panics(t, func() { image.Apply(6, 1, records) }, name)
	}
	require.Panics(t, func() { image.Apply(4, 1, nil) }, "an offset that goes back")
}
