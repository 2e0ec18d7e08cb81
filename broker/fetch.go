package broker

import (
	"cmp"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/storage"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Fetch, versions 4 to 18: 5 adds the log start offset, 7 sessions (KIP-227),
// 9 the current leader epoch (KIP-320), 12 the last fetched epoch and the
// diverging epoch (KIP-595), 13 names topics by id, 15 moves the replica into
// ReplicaState with its broker epoch (KIP-903), 16 adds the leaders' addresses,
// 18 a follower's high watermark, which only controllers act upon (KIP-1166): a
// new high watermark travels with the next answer (KAFKA-9952).
//
// What a fetch reads is a fetchSession, kept or of this one request.

// readCommitted is the isolation level of readers that are given the records of
// committed transactions alone (KIP-98), in Fetch and ListOffsets.
const readCommitted = 1

// heldFetch is a fetch, from its request's fields, until it is answered. It
// ends exactly once: when there is enough to read, when something about a
// partition makes waiting pointless, or at its deadline.
type heldFetch struct {
	exchange  *exchange
	version   int16
	replica   kafka.BrokerID // NoLeader for a consumer
	minBytes  int
	maxBytes  int
	committed bool // read_committed: up to the last stable offset, with the aborted transactions
	session   *fetchSession
	full      bool // all partitions are answered, not only those with something to tell
	keep      bool // its session is to be kept
	waited    bool
	deadline  timer
}

func (n *Node) fetch(e *exchange, r *kmsg.FetchRequest) {
	f, err := n.readFetch(e, r)
	if err != nil {
		n.answer(e, fetchError(err))
		return
	}
	n.countFollower(f)
	if r.MaxWaitMillis <= 0 || n.fetchReady(f) {
		n.answerFetch(f)
		return
	}
	f.session.held, f.waited = f, true
	f.session.watch()
	e.connection.fetch = f
	wait := time.Duration(r.MaxWaitMillis) * time.Millisecond
	n.timers.set(&f.deadline, n.now.Add(wait), func() { n.endFetch(f) })
}

func fetchError(err error) *kmsg.FetchResponse {
	response := kmsg.NewPtrFetchResponse()
	response.ErrorCode = errorCode(err)
	return response
}

// readFetch takes what it needs out of the request. Its error is the session's.
func (n *Node) readFetch(e *exchange, r *kmsg.FetchRequest) (*heldFetch, error) {
	f := &heldFetch{exchange: e, version: r.Version, replica: kafka.BrokerID(r.ReplicaID), minBytes: int(r.MinBytes),
		maxBytes: int(min(r.MaxBytes, n.tuning.fetchMaxBytes)), committed: r.IsolationLevel == readCommitted}
	brokerEpoch := kafka.NoBrokerEpoch
	if r.Version >= 15 {
		f.replica, brokerEpoch = kafka.BrokerID(r.ReplicaState.ID), kafka.BrokerEpoch(r.ReplicaState.Epoch)
	}
	if f.replica >= 0 {
		f.maxBytes = int(r.MaxBytes)
	}
	var err error
	f.session, err = n.sessionOf(f, r, fetchSession{byID: r.Version >= 13, replica: f.replica, brokerEpoch: brokerEpoch, committed: f.committed})
	if err != nil {
		return nil, err
	}
	for _, p := range f.session.stirred {
		n.resolve(p)
		if p.err == nil {
			n.host.Serial(p.hosted.lane)
		}
	}
	return f, nil
}

// countFollower checks a follower's positions and takes them as its word of
// what it has. Of what is at rest its session's clock says it. A consumer's are
// checked when it is answered.
func (n *Node) countFollower(f *heldFetch) {
	if f.replica < 0 {
		return
	}
	for _, p := range f.session.stirred {
		if p.err != nil {
			continue
		}
		p.hosted.FollowerStirs(f.replica, &f.session.clock)
		d, err := p.hosted.CheckFetch(p.at)
		if err == nil && p.hosted.CountsAsFetched(d) {
			p.hosted.FollowerFetched(n.now, p.at)
			n.deletionsMayEnd(p.hosted)
		}
	}
	f.session.clock.At = n.now
}

// limit is the offset below which the reader may read.
func (f *heldFetch) limit(h *hosted) kafka.Offset {
	switch {
	case f.replica >= 0:
		return h.LogEndOffset()
	case f.committed:
		return h.LastStableOffset()
	}
	return h.HighWatermark()
}

// fetchReady reports whether the fetch is to be answered now: there is enough
// to read, or a partition has an answer that does not wait.
func (n *Node) fetchReady(f *heldFetch) bool {
	s := f.session
	for _, p := range s.stirred {
		n.look(f, p)
	}
	s.stirred = s.stirred[:0]
	return s.urgent > 0 || s.available >= f.minBytes || len(s.partitions) == 0
}

// look finds out what a partition has for the reader.
func (n *Node) look(f *heldFetch, p *fetchPartition) {
	s := f.session
	p.ignore()
	p.stirred = false
	tells := true
	if p.err != nil {
		p.urgent = true
	} else if d, err := p.hosted.CheckFetch(p.at); err != nil || d.End >= 0 {
		p.urgent = true
	} else if limit := f.limit(p.hosted); p.at.Offset < limit {
		extent, err := p.hosted.log.Read(p.at.Offset, p.maxBytes, limit, true)
		p.urgent = err != nil
		p.available = min(extent.Length, p.maxBytes)
	} else {
		// What moved while a follower waits is counted with its next fetch, which
		// may be the one that gets it into the ISR.
		tells = p.highWatermark != p.hosted.HighWatermark() || p.logStart != p.hosted.LogStartOffset() || f.waited && f.replica >= 0
	}
	s.available += p.available
	if p.urgent {
		s.urgent++
	}
	switch {
	case tells && !p.tells:
		p.tells = true
		s.telling = append(s.telling, p)
	case !tells && s.kept && f.replica >= 0:
		p.hosted.FollowerRests(f.replica, &s.clock)
	}
}

// completeFetches ends what a change of the partition lets end. It is called by
// settle alone.
func (n *Node) completeFetches(h *hosted) {
	for i := 0; i < len(h.watchers); {
		f := h.watchers[i].session.held
		if f == nil || !n.fetchReady(f) {
			i++
			continue
		}
		n.endFetch(f) // may take it out of h.watchers
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
	n.timers.Stop(&f.deadline)
	f.exchange.connection.fetch = nil
	f.session.held = nil
	if !f.session.kept {
		f.session.unwatch()
	}
}

// answerFetch reads and answers: all partitions of a full fetch, what has
// something to tell of an incremental one. The byte budget goes to a full fetch's
// partitions in the request's order, to a session's in turn: what was read goes
// behind the others. The first batch of all may exceed it (KIP-74).
func (n *Node) answerFetch(f *heldFetch) {
	n.fetchReady(f) // looks at what was stirred since
	s := f.session
	answered := s.partitions
	if !f.full {
		answered = s.telling
		slices.SortFunc(answered, func(a, b *fetchPartition) int { return cmp.Compare(a.place, b.place) })
	}
	response := kmsg.NewPtrFetchResponse()
	partitions := make([]kmsg.FetchResponseTopicPartition, 0, len(answered))
	start, left, first := 0, f.maxBytes, true
	for i, p := range answered {
		partitions = append(partitions, noFetchResponse)
		out := &partitions[len(partitions)-1]
		out.Partition = p.key.partition
		if f.committed {
			out.AbortedTransactions = noAbortedTransactions
		}
		records, err := n.readPartition(f, p, out, left, first)
		if err != nil {
			n.refuseFetch(f, p, out, err)
		} else {
			out.RecordBatches = records
			left -= len(records)
			first = first && len(records) == 0
		}
		if !p.tell(out) && !f.full {
			partitions = partitions[:len(partitions)-1]
		}
		if last := i+1 == len(answered) || !p.sameTopic(answered[i+1]); last && len(partitions) > start {
			topic := kmsg.FetchResponseTopic{Topic: p.key.name, TopicID: p.key.id, Partitions: partitions[start:len(partitions):len(partitions)]}
			response.Topics = append(response.Topics, topic)
			start = len(partitions)
		}
	}
	if f.keep {
		n.keepSession(s)
	}
	response.SessionID = s.id
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
	out.LastStableOffset = int64(p.hosted.LastStableOffset())
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
	records, err := extent.Bytes()
	if err == nil && f.committed {
		n.listAborted(p, out, batch.EndOffset(records))
	}
	return records, err
}

// listAborted tells which of the transactions in the records of an answer, that
// ends before end, were aborted.
func (n *Node) listAborted(p *fetchPartition, out *kmsg.FetchResponseTopicPartition, end kafka.Offset) {
	n.aborted = p.hosted.log.AppendAborted(n.aborted[:0], p.at.Offset, end)
	if len(n.aborted) == 0 {
		return
	}
	out.AbortedTransactions = make([]kmsg.FetchResponseTopicPartitionAbortedTransaction, len(n.aborted))
	for i, a := range n.aborted {
		out.AbortedTransactions[i].ProducerID, out.AbortedTransactions[i].FirstOffset = int64(a.Producer), int64(a.First)
	}
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
	out.AbortedTransactions = nil
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
