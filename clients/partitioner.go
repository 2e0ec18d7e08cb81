package clients

import (
	"encoding/binary"
	"math/rand/v2"
)

// murmur2 is the 32-bit MurmurHash2 with the seed that Kafka's clients use to
// map keys to partitions.
func murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
	)
	h := uint32(seed) ^ uint32(len(data))
	for len(data) >= 4 {
		k := binary.LittleEndian.Uint32(data) * m
		k ^= k >> 24
		h = h*m ^ k*m
		data = data[4:]
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(data[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// PartitionForKey is the partition of a keyed record: Kafka clears the sign
// bit of the hash (toPositive), it does not negate.
func PartitionForKey(key []byte, partitions int) int32 {
	return int32(murmur2(key) & 0x7fffffff % uint32(partitions))
}

// stickyPartitioner chooses for records without a key: it stays with one
// partition until about batch.size bytes went there, then draws another
// (KIP-794, uniform; without the adaptive weights).
type stickyPartitioner struct {
	partition int32
	produced  int
	chosen    bool
}

// choose returns the present partition. Leaderless ones are not drawn while
// another has a leader.
func (s *stickyPartitioner) choose(leaders []Leader, random *rand.Rand) int32 {
	if !s.chosen || int(s.partition) >= len(leaders) {
		s.draw(leaders, random)
	}
	return s.partition
}

func (s *stickyPartitioner) draw(leaders []Leader, random *rand.Rand) {
	s.chosen, s.produced = true, 0
	available := 0
	for i := range leaders {
		if leaders[i].Broker >= 0 {
			available++
		}
	}
	if available == 0 {
		s.partition = int32(random.IntN(len(leaders)))
		return
	}
	n := random.IntN(available)
	for i := range leaders {
		if leaders[i].Broker < 0 {
			continue
		}
		if n == 0 {
			s.partition = int32(i)
			return
		}
		n--
	}
}

// appended counts and switches. A switch waits for a full batch, so as not to
// leave half-filled ones behind, but no longer than twice the batch size.
func (s *stickyPartitioner) appended(bytes, batchSize int, batchesFull bool) {
	s.produced += bytes
	if s.produced >= batchSize && batchesFull || s.produced >= 2*batchSize {
		s.chosen = false
	}
}
