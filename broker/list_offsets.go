package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/storage"
	"assay/internal/kafka"
)

// ListOffsets, versions 0 to 10: 0 answers with a list of offsets, 2 adds the
// isolation level (read_committed: the latest is the last stable offset), 4 leader epochs, 7 the largest timestamp (-3, KIP-734), 8
// the earliest local offset (-4), 9 the latest tiered one (-5, there is none).

// Timestamps with a meaning of their own.
const (
	latestOffset        = -1
	earliestOffset      = -2
	maxTimestampOffset  = -3
	earliestLocalOffset = -4
	latestTieredOffset  = -5
)

func (n *Node) listOffsets(e *exchange, r *kmsg.ListOffsetsRequest) {
	response := kmsg.NewPtrListOffsetsResponse()
	for i := range r.Topics {
		topic, topicErr := n.topicNamed(false, r.Topics[i].Topic, kafka.TopicID{})
		out := kmsg.NewListOffsetsResponseTopic()
		out.Topic = r.Topics[i].Topic
		for j := range r.Topics[i].Partitions {
			asked := &r.Topics[i].Partitions[j]
			found, err := storage.TimestampOffset{}, topicErr
			if err == nil {
				found, err = n.findOffset(topic, asked, r)
			}
			if err != nil {
				found = storage.TimestampOffset{Timestamp: -1, Offset: kafka.NoOffset, Epoch: kafka.NoEpoch}
			}
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.ErrorCode = asked.Partition, errorCode(err)
			p.Timestamp, p.Offset, p.LeaderEpoch = found.Timestamp, int64(found.Offset), int32(found.Epoch)
			if r.Version == 0 && found.Offset >= 0 {
				p.OldStyleOffsets = []int64{int64(found.Offset)}
			}
			out.Partitions = append(out.Partitions, p)
		}
		response.Topics = append(response.Topics, out)
	}
	n.answer(e, response)
}

func (n *Node) findOffset(topic knownTopic, asked *kmsg.ListOffsetsRequestTopicPartition, r *kmsg.ListOffsetsRequest) (storage.TimestampOffset, error) {
	if r.Version < sinceVersion(asked.Timestamp) {
		return storage.TimestampOffset{}, kerr.UnsupportedVersion
	}
	h, err := n.hostedPartition(topic, asked.Partition)
	if err != nil {
		return storage.TimestampOffset{}, err
	}
	n.host.Serial(h.lane)
	epoch := kafka.NoEpoch
	if r.Version >= 4 {
		epoch = kafka.LeaderEpoch(asked.CurrentLeaderEpoch)
	}
	if err := h.CheckLeader(epoch); err != nil {
		return storage.TimestampOffset{}, err
	}
	limit := h.HighWatermark()
	if r.Version >= 2 && r.IsolationLevel == readCommitted {
		limit = h.LastStableOffset()
	}
	if r.ReplicaID >= 0 {
		limit = h.LogEndOffset()
	} else if asked.Timestamp != earliestOffset && asked.Timestamp != earliestLocalOffset && !h.KnowsCommitted() {
		// A new leader does not know yet how far its predecessor had committed;
		// an answer could go back behind what the client has seen (KIP-207).
		if r.Version < 5 {
			return storage.TimestampOffset{}, kerr.LeaderNotAvailable
		}
		return storage.TimestampOffset{}, kerr.OffsetNotAvailable
	}
	return h.findOffset(asked.Timestamp, limit)
}

// sinceVersion is the first version in which a timestamp has its own meaning.
func sinceVersion(timestamp int64) int16 {
	switch timestamp {
	case maxTimestampOffset:
		return 7
	case earliestLocalOffset:
		return 8
	case latestTieredOffset:
		return 9
	}
	return 0
}

func (h *hosted) findOffset(timestamp int64, limit kafka.Offset) (storage.TimestampOffset, error) {
	at := func(o kafka.Offset) (storage.TimestampOffset, error) {
		return storage.TimestampOffset{Timestamp: -1, Offset: o, Epoch: h.log.Epochs().For(o)}, nil
	}
	switch timestamp {
	case latestOffset:
		found, _ := at(limit)
		found.Epoch = h.State().LeaderEpoch
		return found, nil
	case earliestOffset, earliestLocalOffset:
		return at(h.LogStartOffset())
	case latestTieredOffset:
		return at(kafka.NoOffset)
	}
	var found storage.TimestampOffset
	var err error
	switch {
	case timestamp == maxTimestampOffset:
		found, err = h.log.OffsetOfMaxTimestamp()
	case timestamp >= 0:
		found, err = h.log.OffsetForTimestamp(timestamp)
	default:
		return found, kerr.UnsupportedVersion
	}
	if err == nil && found.Offset >= limit {
		found = storage.TimestampOffset{Timestamp: -1, Offset: kafka.NoOffset, Epoch: kafka.NoEpoch}
	}
	return found, err
}
