package protocol

import "github.com/twmb/franz-go/pkg/kmsg"

// Sizes and fingerprints of the hot messages, by hand: encoding them only to
// hash them would cost more than handling them. Sizes are those of the fields
// at typical versions; what matters is that equal messages agree.

const (
	topicOverhead            = 20 // id or short name, array lengths, tags
	produceRequestOverhead   = 16
	produceResponsePartition = 30
	fetchRequestOverhead     = 32
	fetchRequestPartition    = 33
	fetchResponseOverhead    = 16
	fetchResponsePartition   = 42
	produceResponseOverhead  = 8
)

func produceRequestSize(r *kmsg.ProduceRequest) int {
	size := produceRequestOverhead
	for i := range r.Topics {
		t := &r.Topics[i]
		size += topicSize(r.Version >= 13, t.Topic)
		for j := range t.Partitions {
			size += 8 + len(t.Partitions[j].Records)
		}
	}
	return size
}

func produceResponseSize(r *kmsg.ProduceResponse) int {
	size := produceResponseOverhead
	for i := range r.Topics {
		size += topicSize(r.Version >= 13, r.Topics[i].Topic) + produceResponsePartition*len(r.Topics[i].Partitions)
	}
	return size
}

func fetchRequestSize(r *kmsg.FetchRequest) int {
	size := fetchRequestOverhead
	for i := range r.Topics {
		size += topicSize(r.Version >= 13, r.Topics[i].Topic) + fetchRequestPartition*len(r.Topics[i].Partitions)
	}
	for i := range r.ForgottenTopics {
		size += topicOverhead + 4*len(r.ForgottenTopics[i].Partitions)
	}
	return size
}

func fetchResponseSize(r *kmsg.FetchResponse) int {
	size := fetchResponseOverhead
	for i := range r.Topics {
		t := &r.Topics[i]
		size += topicSize(r.Version >= 13, t.Topic)
		for j := range t.Partitions {
			size += fetchResponsePartition + len(t.Partitions[j].RecordBatches)
		}
	}
	return size
}

func mixProduceRequest(h *mixer, r *kmsg.ProduceRequest) {
	if r.TransactionID != nil {
		h.string(*r.TransactionID)
	}
	h.word(uint64(uint16(r.Acks))<<32 | uint64(uint32(r.TimeoutMillis)))
	for i := range r.Topics {
		t := &r.Topics[i]
		mixTopic(h, r.Version >= 13, t.Topic, t.TopicID)
		for j := range t.Partitions {
			h.word(uint64(uint32(t.Partitions[j].Partition)))
			h.bytes(t.Partitions[j].Records)
		}
	}
}

func mixProduceResponse(h *mixer, r *kmsg.ProduceResponse) {
	h.word(uint64(uint32(r.ThrottleMillis)))
	for i := range r.Topics {
		t := &r.Topics[i]
		mixTopic(h, r.Version >= 13, t.Topic, t.TopicID)
		for j := range t.Partitions {
			p := &t.Partitions[j]
			h.word(uint64(uint32(p.Partition))<<16 | uint64(uint16(p.ErrorCode)))
			h.word(uint64(p.BaseOffset))
			h.word(uint64(p.LogAppendTime))
			if r.Version >= 5 {
				h.word(uint64(p.LogStartOffset))
			}
			if r.Version >= 10 {
				h.word(uint64(uint32(p.CurrentLeader.LeaderID))<<32 | uint64(uint32(p.CurrentLeader.LeaderEpoch)))
			}
		}
	}
}

func mixFetchRequest(h *mixer, r *kmsg.FetchRequest) {
	h.word(uint64(uint32(r.MaxWaitMillis))<<32 | uint64(uint32(r.MinBytes)))
	h.word(uint64(uint32(r.MaxBytes))<<32 | uint64(uint8(r.IsolationLevel)))
	if r.Version >= 7 {
		h.word(uint64(uint32(r.SessionID))<<32 | uint64(uint32(r.SessionEpoch)))
	}
	if r.Version >= 15 {
		h.word(uint64(uint32(r.ReplicaState.ID)))
		h.word(uint64(r.ReplicaState.Epoch))
	} else {
		h.word(uint64(uint32(r.ReplicaID)))
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		mixTopic(h, r.Version >= 13, t.Topic, t.TopicID)
		for j := range t.Partitions {
			p := &t.Partitions[j]
			h.word(uint64(uint32(p.Partition))<<32 | uint64(uint32(p.PartitionMaxBytes)))
			h.word(uint64(p.FetchOffset))
			if r.Version >= 5 {
				h.word(uint64(p.LogStartOffset))
			}
			if r.Version >= 9 {
				h.word(uint64(uint32(p.CurrentLeaderEpoch)))
			}
			if r.Version >= 12 {
				h.word(uint64(uint32(p.LastFetchedEpoch)))
				h.word(uint64(p.HighWatermark))
			}
		}
	}
	for i := range r.ForgottenTopics {
		t := &r.ForgottenTopics[i]
		mixTopic(h, r.Version >= 13, t.Topic, t.TopicID)
		for _, p := range t.Partitions {
			h.word(uint64(uint32(p)))
		}
	}
}

func mixFetchResponse(h *mixer, r *kmsg.FetchResponse) {
	h.word(uint64(uint32(r.ThrottleMillis)))
	if r.Version >= 7 {
		h.word(uint64(uint32(r.SessionID))<<16 | uint64(uint16(r.ErrorCode)))
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		mixTopic(h, r.Version >= 13, t.Topic, t.TopicID)
		for j := range t.Partitions {
			p := &t.Partitions[j]
			h.word(uint64(uint32(p.Partition))<<16 | uint64(uint16(p.ErrorCode)))
			h.word(uint64(p.HighWatermark))
			h.word(uint64(p.LastStableOffset))
			if r.Version >= 5 {
				h.word(uint64(p.LogStartOffset))
			}
			if r.Version >= 11 {
				h.word(uint64(uint32(p.PreferredReadReplica)))
			}
			if r.Version >= 12 {
				h.word(uint64(uint32(p.DivergingEpoch.Epoch)))
				h.word(uint64(p.DivergingEpoch.EndOffset))
				h.word(uint64(uint32(p.CurrentLeader.LeaderID))<<32 | uint64(uint32(p.CurrentLeader.LeaderEpoch)))
			}
			h.bytes(p.RecordBatches)
		}
	}
}

// topicSize is a topic's share, as the version names it: by id or by name.
func topicSize(byID bool, name string) int {
	if byID {
		return topicOverhead
	}
	return topicOverhead + len(name)
}

// mixTopic hashes a topic as the version names it: by id or by name.
func mixTopic(h *mixer, byID bool, name string, id [16]byte) {
	if byID {
		h.bytes(id[:])
		return
	}
	h.string(name)
}
