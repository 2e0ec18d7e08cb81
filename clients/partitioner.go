package clients

import (
	"encoding/binary"
	"hash/crc32"
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

// partitionForKey is the partition of a record with a key, false for one that
// is spread like those without.
//
//   - Kafka's and franz-go: by murmur2 (BuiltInPartitioner; KafkaHasher in
//     pkg/kgo/partitioner.go).
//   - librdkafka: by CRC-32, and an empty key is none (consistent_random:
//     rd_kafka_msg_partitioner_consistent_random in src/rdkafka_msg.c).
func (c *ProducerConfig) partitionForKey(key []byte, partitions int) (int32, bool) {
	switch {
	case key == nil || c.PartitionIgnoresKeys || c.RoundRobin:
		return 0, false
	case c.Profile != ProfileRdKafka:
		return PartitionForKey(key, partitions), true
	}
	return int32(crc32.ChecksumIEEE(key) % uint32(partitions)), len(key) > 0
}
