package clients

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

// The values of Kafka's own UtilsTest.testMurmur2.
func TestMurmur2AsKafka(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		require.Equal(t, want, int32(murmur2([]byte(key))), key)
	}
}

// toPositive clears the sign bit; taking the absolute value would differ.
func TestPartitionForKeyClearsTheSign(t *testing.T) {
	hash := int32(-973932308)
	require.Equal(t, hash&0x7fffffff%7, PartitionForKey([]byte("21"), 7))
	require.NotEqual(t, -hash%7, PartitionForKey([]byte("21"), 7))
}

// The values are those of librdkafka's tests/0048-partitioner.c.
func TestKeysOfTheOtherClients(t *testing.T) {
	rd := ProducerConfig{Profile: ProfileRdKafka}
	for key, hash := range map[string]uint32{
		"23456": 0xb1b451d7, "this is another string with more length to it perhaps": 0xb0150df7, "hejsan": 0xd077037e,
	} {
		partition, keyed := rd.partitionForKey([]byte(key), 17)
		require.True(t, keyed)
		require.Equal(t, int32(hash%17), partition, key)
	}
	_, keyed := rd.partitionForKey([]byte{}, 17)
	require.False(t, keyed, "an empty key is none to librdkafka")
	for _, profile := range []Profile{ProfileJava, ProfileFranzGo} {
		config := ProducerConfig{Profile: profile}
		for key, hash := range map[string]uint32{"": 0x106e08d9, "23456": 0x058d780f, "hejsan": 0x5ec19395} {
			partition, keyed := config.partitionForKey([]byte(key), 17)
			require.True(t, keyed)
			require.Equal(t, int32(hash&0x7fffffff%17), partition, key)
		}
	}
	for _, config := range []ProducerConfig{rd, {}, {Profile: ProfileFranzGo}, {RoundRobin: true}, {PartitionIgnoresKeys: true}} {
		_, keyed := config.partitionForKey(nil, 17)
		require.False(t, keyed)
	}
}

func topicLedBy(brokers ...kafka.BrokerID) *producerTopic {
	topic := &producerTopic{known: &TopicMetadata{}}
	for i, broker := range brokers {
		topic.known.Leaders = append(topic.known.Leaders, Leader{broker, 0})
		topic.partitions = append(topic.partitions, newProducerPartition(kafka.TopicPartition{Partition: int32(i)}))
	}
	return topic
}

func TestStickyPartitionerSwitchesByBytes(t *testing.T) {
	topic := topicLedBy(1, -1, 2, 3)
	s := stickyPartitioner{batchSize: 100, random: rand.New(rand.NewPCG(1, 2))}
	counts := map[int32]int{}
	for range 3000 {
		first := s.choose(topic)
		counts[first]++
		s.appended(60, true)
		require.Equal(t, first, s.choose(topic), "stays below the batch size")
		s.appended(40, true)
	}
	require.Zero(t, counts[1], "a partition without a leader is not drawn")
	for _, p := range []int32{0, 2, 3} {
		require.InDelta(t, 1000, counts[p], 150)
	}

	s.chosen = false
	first := s.choose(topic)
	s.appended(150, false)
	require.Equal(t, first, s.choose(topic), "a half-filled batch is not left behind")
	s.appended(50, false)
	require.False(t, s.chosen, "but twice the batch size is the end")
}

func TestRoundRobinGoesByCount(t *testing.T) {
	topic := topicLedBy(1, -1, 2)
	var r roundRobin
	var chosen []int32
	for range 5 {
		chosen = append(chosen, r.choose(topic))
		r.appended(1, false)
	}
	require.Equal(t, []int32{0, 2, 0, 2, 0}, chosen)
	require.Equal(t, int32(2), (&roundRobin{count: 5}).choose(topicLedBy(-1, -1, -1)))
}

func TestLingeringPartitionGoesByTime(t *testing.T) {
	w := newTestWorld(t, 1)
	topic := topicLedBy(1, 1, 1, 1, 1, 1, 1, 1)
	l := &lingeringPartition{host: w, random: rand.New(rand.NewPCG(1, 2))}
	w.run(time.Second)
	counts := map[int32]int{}
	for range 800 {
		first := l.choose(topic)
		counts[first]++
		l.appended(1<<20, true)
		w.run(9 * time.Millisecond)
		require.Equal(t, first, l.choose(topic), "however much was sent")
		w.run(time.Millisecond)
	}
	require.Len(t, counts, 8)
	for p := range int32(8) {
		require.InDelta(t, 100, counts[p], 40)
	}
	topic.known.Leaders[l.partition].Broker = kafka.NoLeader
	before := l.until
	l.choose(topic)
	require.Greater(t, l.until, before-1, "a partition without a leader is left at once")
}

func TestByBacklogPrefersWhatWaitsLess(t *testing.T) {
	topic := topicLedBy(1, 2, 3, -1)
	topic.partitions[0].queue = []*producerBatch{{cookies: make([]uint64, 9)}} // weight 1/10 against 1
	b := &byBacklog{random: rand.New(rand.NewPCG(1, 2))}
	counts := map[int32]int{}
	for range 2100 {
		first := b.choose(topic)
		counts[first]++
		b.appended(uniformBytes-1, true)
		require.Equal(t, first, b.choose(topic))
		b.appended(1, true)
	}
	require.InDelta(t, 100, counts[0], 40)
	require.InDelta(t, 1000, counts[1], 120)
	require.InDelta(t, 1000, counts[2], 120)
	require.Zero(t, counts[3])
}
