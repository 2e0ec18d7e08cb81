package protocol

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// kmsg finds out by reflection whether a partition's tagged fields have their
// defaults, which costs six allocations a partition. They nearly always have:
// then the answer is written here. What else there is goes to kmsg.

// Versions of Fetch that appendFetchResponse writes. Older ones are nobody's.
const (
	minFetchFrame = 4
	maxFetchFrame = 18
)

// appendBody appends a response's encoding, as its own AppendTo does.
func appendBody(dst []byte, body kmsg.Response) []byte {
	if r, ok := body.(*kmsg.FetchResponse); ok && isPlainFetch(r) {
		return appendFetchResponse(dst, r)
	}
	return body.AppendTo(dst)
}

// isPlainFetch tells whether no tagged field has anything to say.
func isPlainFetch(r *kmsg.FetchResponse) bool {
	if r.Version < minFetchFrame || r.Version > maxFetchFrame || len(r.Brokers) > 0 || r.UnknownTags.Len() > 0 {
		return false
	}
	for i := range r.Topics {
		t := &r.Topics[i]
		if t.UnknownTags.Len() > 0 {
			return false
		}
		for j := range t.Partitions {
			if !isPlainPartition(&t.Partitions[j]) {
				return false
			}
		}
	}
	return true
}

func isPlainPartition(p *kmsg.FetchResponseTopicPartition) bool {
	d, l, s := &p.DivergingEpoch, &p.CurrentLeader, &p.SnapshotID
	return d.Epoch == -1 && d.EndOffset == -1 && d.UnknownTags.Len() == 0 &&
		l.LeaderID == -1 && l.LeaderEpoch == -1 && l.UnknownTags.Len() == 0 &&
		s.EndOffset == -1 && s.Epoch == -1 && s.UnknownTags.Len() == 0 &&
		p.UnknownTags.Len() == 0 && !slices.ContainsFunc(p.AbortedTransactions, hasTags)
}

func hasTags(a kmsg.FetchResponseTopicPartitionAbortedTransaction) bool {
	return a.UnknownTags.Len() > 0
}

// fetchWriter appends the parts of a fetch response at one version.
type fetchWriter struct {
	dst      []byte
	version  int16
	flexible bool // compact lengths and tags, from version 12 on (KIP-482)
}

func appendFetchResponse(dst []byte, r *kmsg.FetchResponse) []byte {
	w := fetchWriter{dst, r.Version, r.Version >= 12}
	w.int32(r.ThrottleMillis)
	if w.version >= 7 {
		w.int16(r.ErrorCode)
		w.int32(r.SessionID)
	}
	w.length(len(r.Topics))
	for i := range r.Topics {
		w.topic(&r.Topics[i])
	}
	w.noTags()
	return w.dst
}

func (w *fetchWriter) topic(t *kmsg.FetchResponseTopic) {
	switch {
	case w.version >= 13:
		w.dst = append(w.dst, t.TopicID[:]...)
	case w.flexible:
		w.length(len(t.Topic))
		w.dst = append(w.dst, t.Topic...)
	default:
		w.int16(int16(len(t.Topic)))
		w.dst = append(w.dst, t.Topic...)
	}
	w.length(len(t.Partitions))
	for i := range t.Partitions {
		w.partition(&t.Partitions[i])
	}
	w.noTags()
}

func (w *fetchWriter) partition(p *kmsg.FetchResponseTopicPartition) {
	w.int32(p.Partition)
	w.int16(p.ErrorCode)
	w.int64(p.HighWatermark)
	w.int64(p.LastStableOffset)
	if w.version >= 5 {
		w.int64(p.LogStartOffset)
	}
	if p.AbortedTransactions == nil {
		w.length(-1)
	} else {
		w.length(len(p.AbortedTransactions))
	}
	for i := range p.AbortedTransactions {
		w.int64(p.AbortedTransactions[i].ProducerID)
		w.int64(p.AbortedTransactions[i].FirstOffset)
		w.noTags()
	}
	if w.version >= 11 {
		w.int32(p.PreferredReadReplica)
	}
	if p.RecordBatches == nil {
		w.length(-1)
	} else {
		w.length(len(p.RecordBatches))
		w.dst = append(w.dst, p.RecordBatches...)
	}
	w.noTags()
}

func (w *fetchWriter) int16(v int16) { w.dst = binary.BigEndian.AppendUint16(w.dst, uint16(v)) }
func (w *fetchWriter) int32(v int32) { w.dst = binary.BigEndian.AppendUint32(w.dst, uint32(v)) }
func (w *fetchWriter) int64(v int64) { w.dst = binary.BigEndian.AppendUint64(w.dst, uint64(v)) }

// length writes that of an array or of bytes; -1 is null.
func (w *fetchWriter) length(n int) {
	if w.flexible {
		w.dst = binary.AppendUvarint(w.dst, uint64(n+1))
		return
	}
	w.int32(int32(n))
}

func (w *fetchWriter) noTags() {
	if w.flexible {
		w.dst = append(w.dst, 0)
	}
}
