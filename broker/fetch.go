package broker

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/replica"
	"assay/broker/storage"
	"assay/internal/kafka"
)

// Fetch, versions 4 to 18: 5 adds the log start offset, 7 sessions (KIP-227),
// 9 the current leader epoch (KIP-320), 12 the last fetched epoch and the
// diverging epoch (KIP-595), 13 names topics by id, 15 moves the replica into
// ReplicaState with its broker epoch (KIP-903), 16 adds the leaders' addresses,
// 18 a follower's high watermark, which only controllers act upon (KIP-1166): a
// new high watermark travels with the next answer (KAFKA-9952).
//
// Sessions are never granted: a request that asks for one is answered with
// session id 0, which tells the client to go on without.

// heldFetch is a fetch, from its request's fields, until it is answered. It
// ends exactly once: when there is enough to read, when something about a
// partition makes waiting pointless, or at its deadline.
type heldFetch struct {
	exchange  *exchange
	version   int16
	replica   kafka.BrokerID // NoLeader for a consumer
	minBytes  int
	maxBytes  int
	committed bool // read_committed: the list of aborted transactions is not null
	topics    []fetchTopic
	deadline  timer
}

type fetchTopic struct {
	name       string
	id         [16]byte
	partitions []fetchPartition
}

type fetchPartition struct {
	number   int32
	hosted   *hosted // nil where err is set
	err      error
	at       replica.FetchPosition
	maxBytes int
}

func (n *Node) fetch(e *exchange, r *kmsg.FetchRequest) {
	if err := sessionError(r); err != nil {
		n.answer(e, fetchError(err))
		return
	}
	f := n.readFetch(e, r)
	n.countFollower(f)
	if r.MaxWaitMillis <= 0 || n.fetchReady(f) {
		n.answerFetch(f)
		return
	}
	for i := range f.topics {
		for j := range f.topics[i].partitions {
			h := f.topics[i].partitions[j].hosted
			h.fetches = append(h.fetches, f)
		}
	}
	e.connection.fetch = f
	wait := time.Duration(r.MaxWaitMillis) * time.Millisecond
	n.timers.set(&f.deadline, n.now.Add(wait), func() { n.endFetch(f) })
}

// sessionError: no session that we know of can exist.
func sessionError(r *kmsg.FetchRequest) error {
	if r.Version < 7 || r.SessionEpoch == -1 || r.SessionEpoch == 0 { // without one, or asks for a new one
		return nil
	}
	return kerr.FetchSessionIDNotFound
}

func fetchError(err error) *kmsg.FetchResponse {
	response := kmsg.NewPtrFetchResponse()
	response.ErrorCode = errorCode(err)
	return response
}

// readFetch takes what it needs out of the request and checks each position.
func (n *Node) readFetch(e *exchange, r *kmsg.FetchRequest) *heldFetch {
	f := &heldFetch{exchange: e, version: r.Version, replica: kafka.BrokerID(r.ReplicaID), minBytes: int(r.MinBytes),
		maxBytes: int(min(r.MaxBytes, n.tuning.fetchMaxBytes)), committed: r.IsolationLevel == 1}
	brokerEpoch := kafka.NoBrokerEpoch
	if r.Version >= 15 {
		f.replica, brokerEpoch = kafka.BrokerID(r.ReplicaState.ID), kafka.BrokerEpoch(r.ReplicaState.Epoch)
	}
	if f.replica >= 0 {
		f.maxBytes = int(r.MaxBytes)
	}
	f.topics = make([]fetchTopic, len(r.Topics))
	for i := range r.Topics {
		from, to := &r.Topics[i], &f.topics[i]
		to.name, to.id = from.Topic, from.TopicID
		to.partitions = make([]fetchPartition, len(from.Partitions))
		topic, err := n.topicNamed(r.Version >= 13, from.Topic, from.TopicID)
		for j := range from.Partitions {
			asked, p := &from.Partitions[j], &to.partitions[j]
			p.number, p.maxBytes, p.err = asked.Partition, int(asked.PartitionMaxBytes), err
			p.at = replica.FetchPosition{Replica: f.replica, BrokerEpoch: brokerEpoch,
				LeaderEpoch: kafka.LeaderEpoch(asked.CurrentLeaderEpoch), Offset: kafka.Offset(asked.FetchOffset),
				LastEpoch: kafka.LeaderEpoch(asked.LastFetchedEpoch)}
			if r.Version < 12 {
				p.at.LastEpoch = kafka.NoEpoch
			}
			if r.Version < 9 {
				p.at.LeaderEpoch = kafka.NoEpoch
			}
			if err == nil {
				p.hosted, p.err = n.hostedPartition(topic, p.number)
			}
			if p.err == nil {
				n.host.Serial(p.hosted.lane)
			}
		}
	}
	return f
}

// countFollower checks a follower's positions and takes them as its word of
// what it has. A consumer's are checked when it is answered.
func (n *Node) countFollower(f *heldFetch) {
	if f.replica < 0 {
		return
	}
	for i := range f.topics {
		for j := range f.topics[i].partitions {
			p := &f.topics[i].partitions[j]
			if p.err != nil {
				continue
			}
			d, err := p.hosted.CheckFetch(p.at)
			if err == nil && p.hosted.CountsAsFetched(d) {
				p.hosted.FollowerFetched(n.now, p.at)
			}
		}
	}
}

// limit is the offset below which the reader may read.
func (f *heldFetch) limit(h *hosted) kafka.Offset {
	if f.replica >= 0 {
		return h.LogEndOffset()
	}
	return h.HighWatermark()
}

// fetchReady reports whether the fetch is to be answered now: there is enough
// to read, or a partition has an answer that does not wait.
func (n *Node) fetchReady(f *heldFetch) bool {
	available, partitions := 0, 0
	for i := range f.topics {
		for j := range f.topics[i].partitions {
			p := &f.topics[i].partitions[j]
			if p.err != nil {
				return true
			}
			if d, err := p.hosted.CheckFetch(p.at); err != nil || d.End >= 0 {
				return true
			}
			partitions++
			if available < f.minBytes && p.at.Offset < f.limit(p.hosted) {
				extent, err := p.hosted.log.Read(p.at.Offset, p.maxBytes, f.limit(p.hosted), true)
				if err != nil {
					return true
				}
				available += min(extent.Length, p.maxBytes)
			}
		}
	}
	return partitions == 0 || available >= f.minBytes
}

// completeFetches ends what a change of the partition lets end. It is called by
// settle alone.
func (n *Node) completeFetches(h *hosted) {
	for i := 0; i < len(h.fetches); {
		f := h.fetches[i]
		if !n.fetchReady(f) {
			i++
			continue
		}
		n.endFetch(f) // takes it out of h.fetches
		i = 0
	}
}

// endFetch answers a fetch that was held.
func (n *Node) endFetch(f *heldFetch) {
	n.dropFetch(f)
	n.answerFetch(f)
}

// dropFetch takes a held fetch out of everything that could end it.
func (n *Node) dropFetch(f *heldFetch) {
	n.timers.cancel(&f.deadline)
	f.exchange.connection.fetch = nil
	for i := range f.topics {
		for j := range f.topics[i].partitions {
			h := f.topics[i].partitions[j].hosted
			h.fetches = slices.DeleteFunc(h.fetches, func(g *heldFetch) bool { return g == f })
		}
	}
}

// answerFetch reads and answers. The byte budget goes to the partitions in the
// request's order; the first batch of all may exceed it (KIP-74).
func (n *Node) answerFetch(f *heldFetch) {
	response := kmsg.NewPtrFetchResponse()
	response.Topics = make([]kmsg.FetchResponseTopic, len(f.topics))
	left, first := f.maxBytes, true
	for i := range f.topics {
		from, to := &f.topics[i], &response.Topics[i]
		to.Topic, to.TopicID = from.name, from.id
		to.Partitions = make([]kmsg.FetchResponseTopicPartition, len(from.partitions))
		for j := range from.partitions {
			p, out := &from.partitions[j], &to.Partitions[j]
			*out = noFetchResponse
			out.Partition = p.number
			if f.committed {
				out.AbortedTransactions = noAbortedTransactions
			}
			records, err := n.readPartition(f, p, out, left, first)
			if err != nil {
				n.refuseFetch(f, p, out, err)
				continue
			}
			out.RecordBatches = records
			left -= len(records)
			first = first && len(records) == 0
		}
	}
	n.answer(f.exchange, response)
}

var noFetchResponse = func() kmsg.FetchResponseTopicPartition {
	p := kmsg.NewFetchResponseTopicPartition()
	p.HighWatermark, p.LastStableOffset, p.LogStartOffset = -1, -1, -1
	p.RecordBatches = []byte{}
	return p
}()

var noAbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}

func (n *Node) readPartition(f *heldFetch, p *fetchPartition, out *kmsg.FetchResponseTopicPartition, left int, first bool) ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	d, err := p.hosted.CheckFetch(p.at)
	if err != nil {
		return nil, err
	}
	out.HighWatermark = int64(p.hosted.HighWatermark())
	out.LastStableOffset = out.HighWatermark
	out.LogStartOffset = int64(p.hosted.LogStartOffset())
	if d.End >= 0 {
		out.DivergingEpoch.Epoch, out.DivergingEpoch.EndOffset = int32(d.Epoch), int64(d.End)
		return noFetchResponse.RecordBatches, nil
	}
	var extent storage.Extent
	if budget := min(left, p.maxBytes); budget > 0 || first {
		extent, err = p.hosted.log.Read(p.at.Offset, max(budget, 0), f.limit(p.hosted), first)
		if err != nil {
			return nil, err
		}
	}
	if extent.Length == 0 {
		return noFetchResponse.RecordBatches, nil
	}
	return extent.Bytes()
}

// refuseFetch writes an error, with the present leader where that helps. A
// follower out of range is told the bounds of the log, so that it knows where
// to begin.
func (n *Node) refuseFetch(f *heldFetch, p *fetchPartition, out *kmsg.FetchResponseTopicPartition, err error) {
	out.ErrorCode = errorCode(err)
	out.HighWatermark, out.LastStableOffset, out.LogStartOffset = -1, -1, -1
	if p.hosted == nil {
		out.AbortedTransactions = noAbortedTransactions // empty, not null: as Kafka has it
		return
	}
	switch s := p.hosted.State(); out.ErrorCode {
	case kerr.NotLeaderForPartition.Code, kerr.FencedLeaderEpoch.Code:
		out.CurrentLeader.LeaderID, out.CurrentLeader.LeaderEpoch = int32(s.Leader), int32(s.LeaderEpoch)
	case kerr.OffsetOutOfRange.Code:
		if f.replica >= 0 {
			out.LogStartOffset = int64(p.hosted.LogStartOffset())
			out.LastStableOffset = int64(p.hosted.LogEndOffset())
		}
	}
}
