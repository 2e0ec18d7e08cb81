package clients

import (
	"math/rand/v2"
	"time"

	"assay/host"
)

// spreader chooses the partitions of one topic's records without a key.
type spreader interface {
	choose(topic *producerTopic) int32
	// appended hears what became of the last choice: how many bytes the batch
	// grew by, and whether the partition has full batches waiting.
	appended(bytes int, batchesFull bool)
}

func (p *Producer) newSpreader() spreader {
	switch {
	case p.config.RoundRobin:
		return &roundRobin{}
	case p.config.Profile == ProfileRdKafka:
		return &lingeringPartition{host: p.client.host, random: p.client.random}
	case p.config.Profile == ProfileFranzGo:
		return &byBacklog{random: p.client.random}
	}
	return &stickyPartitioner{batchSize: p.config.BatchSize, random: p.client.random}
}

// stickyPartitioner is Kafka's: it stays with one partition until about
// batch.size bytes went there, then draws another (KIP-794, uniform; without
// the adaptive weights).
type stickyPartitioner struct {
	batchSize int
	random    *rand.Rand
	partition int32
	produced  int
	chosen    bool
}

// choose returns the present partition. Leaderless ones are not drawn while
// another has a leader.
func (s *stickyPartitioner) choose(topic *producerTopic) int32 {
	leaders := topic.known.Leaders
	if !s.chosen || int(s.partition) >= len(leaders) {
		s.draw(leaders)
	}
	return s.partition
}

func (s *stickyPartitioner) draw(leaders []Leader) {
	s.chosen, s.produced = true, 0
	available := 0
	for i := range leaders {
		if leaders[i].Broker >= 0 {
			available++
		}
	}
	if available == 0 {
		s.partition = int32(s.random.IntN(len(leaders)))
		return
	}
	s.partition = nthWithLeader(leaders, s.random.IntN(available))
}

// nthWithLeader is the n-th partition with a leader, from 0.
func nthWithLeader(leaders []Leader, n int) int32 {
	for i := range leaders {
		if leaders[i].Broker < 0 {
			continue
		}
		if n == 0 {
			return int32(i)
		}
		n--
	}
	return 0
}

// appended counts and switches. A switch waits for a full batch, so as not to
// leave half-filled ones behind, but no longer than twice the batch size.
func (s *stickyPartitioner) appended(bytes int, batchesFull bool) {
	s.produced += bytes
	if s.produced >= s.batchSize && batchesFull || s.produced >= 2*s.batchSize {
		s.chosen = false
	}
}

// roundRobin is Kafka's RoundRobinPartitioner: one partition after the other,
// with a key or without, those with a leader if there are any.
type roundRobin struct{ count int }

func (r *roundRobin) choose(topic *producerTopic) int32 {
	leaders := topic.known.Leaders
	available := 0
	for i := range leaders {
		if leaders[i].Broker >= 0 {
			available++
		}
	}
	if available == 0 {
		return int32(r.count % len(leaders))
	}
	return nthWithLeader(leaders, r.count%available)
}

func (r *roundRobin) appended(int, bool) { r.count++ }

// lingeringPartition is librdkafka's: a random partition for
// sticky.partitioning.linger.ms, 10 by default, however many records come
// (rd_kafka_msg_sticky_partition in src/rdkafka_msg.c).
type lingeringPartition struct {
	host      host.Host
	random    *rand.Rand
	partition int32
	until     host.Time
}

const stickyPartitioningLinger = 10 * time.Millisecond

func (l *lingeringPartition) choose(topic *producerTopic) int32 {
	leaders := topic.known.Leaders
	now := l.host.Now()
	if now < l.until && int(l.partition) < len(leaders) && leaders[l.partition].Broker >= 0 {
		return l.partition
	}
	l.until = now.Add(stickyPartitioningLinger)
	l.partition = int32(l.random.IntN(len(leaders)))
	// One without a leader is drawn again, once (rd_kafka_msg_partitioner_random).
	if again := int32(l.random.IntN(len(leaders))); leaders[l.partition].Broker < 0 {
		l.partition = again
	}
	return l.partition
}

func (l *lingeringPartition) appended(int, bool) {}

// byBacklog is franz-go's: one partition until 64 KiB went there, then another,
// the likelier the fewer records wait for it (UniformBytesPartitioner, adaptive,
// in pkg/kgo/partitioner.go). Those without a leader are left out while there
// are others (writablePartitions).
type byBacklog struct {
	random    *rand.Rand
	partition int32
	produced  int
	chosen    bool
	weights   []int64
}

const uniformBytes = 64 << 10

func (b *byBacklog) choose(topic *producerTopic) int32 {
	if !b.chosen || int(b.partition) >= len(topic.partitions) {
		b.draw(topic)
	}
	return b.partition
}

func (b *byBacklog) draw(topic *producerTopic) {
	b.chosen, b.produced = true, 0
	b.weights = b.weights[:0]
	sum := int64(0)
	for i, t := range topic.partitions {
		weight := int64(0)
		if topic.known.Leaders[i].Broker >= 0 {
			weight = (1 << 40) / int64(1+t.waiting())
		}
		b.weights = append(b.weights, weight)
		sum += weight
	}
	if sum == 0 {
		b.partition = int32(b.random.IntN(len(topic.partitions)))
		return
	}
	at := b.random.Int64N(sum)
	for i, weight := range b.weights {
		if at < weight {
			b.partition = int32(i)
			return
		}
		at -= weight
	}
}

// waiting is how many records have no outcome yet.
func (t *producerPartition) waiting() (records int32) {
	for _, b := range t.queue {
		records += b.count()
	}
	for _, b := range t.pending {
		if b.onWire {
			records += b.count()
		}
	}
	return records
}

func (b *byBacklog) appended(bytes int, _ bool) {
	if b.produced += bytes; b.produced >= uniformBytes {
		b.chosen = false
	}
}
