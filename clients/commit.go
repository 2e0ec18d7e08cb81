package clients

import "assay/internal/kafka"

// CommitOffset is one partition's offset to be committed: that of the next
// record to be processed. Epoch is that of the last record before it, NoEpoch
// if unknown.
type CommitOffset struct {
	Partition kafka.TopicPartition
	Offset    kafka.Offset
	Epoch     kafka.LeaderEpoch
}

// CommitResult is what became of one CommitOffset over all attempts.
type CommitResult struct {
	Partition kafka.TopicPartition
	Offset    kafka.Offset
	Outcome   Outcome
	Error     int16 // Kafka's error code of the last attempt, 0 for none
}

// CommittedOffset is what a group's coordinator says of one partition.
type CommittedOffset struct {
	Partition kafka.TopicPartition
	Offset    kafka.Offset // NoOffset: nothing committed
	Epoch     kafka.LeaderEpoch
}
