package parity

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
)

// The requests of transactional producers, and of those who look at
// transactions. Producers go by the name that as= gave to the id they got.

// producerIn is a producer with its id and, unless epoch= says otherwise, the
// epoch that it got last.
func producerIn(w *words, m *memory) (id int64, epoch int16) {
	p, known := m.producers[w.text("producer", "P")]
	if !known {
		p = producer{987_654_321, 0}
	}
	return p.id, int16(w.number("epoch", int64(p.epoch)))
}

// producerName is the first of its names: a transactional id keeps its producer
// id, whatever as= calls it the next time.
func (m *memory) producerName(id int64) string {
	for _, name := range slices.Sorted(maps.Keys(m.producers)) {
		if m.producers[name].id == id {
			return name
		}
	}
	if id < 0 {
		return "none"
	}
	return "given"
}

// buildAddPartitions takes partitions as TOPIC:PARTITION.
func buildAddPartitions(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrAddPartitionsToTxnRequest()
	id, epoch := producerIn(w, m)
	if w.number("v", 0) < 4 {
		r.TransactionalID, r.ProducerID, r.ProducerEpoch = w.text("transactional", ""), id, epoch
		for _, t := range byTopic(w, "partitions") {
			topic := kmsg.NewAddPartitionsToTxnRequestTopic()
			topic.Topic, topic.Partitions = t.name, t.partitions
			r.Topics = append(r.Topics, topic)
		}
		return r
	}
	transaction := kmsg.NewAddPartitionsToTxnRequestTransaction()
	transaction.TransactionalID, transaction.ProducerID, transaction.ProducerEpoch = w.text("transactional", ""), id, epoch
	transaction.VerifyOnly = w.text("verify", "false") == "true"
	for _, t := range byTopic(w, "partitions") {
		topic := kmsg.NewAddPartitionsToTxnRequestTransactionTopic()
		topic.Topic, topic.Partitions = t.name, t.partitions
		transaction.Topics = append(transaction.Topics, topic)
	}
	r.Transactions = append(r.Transactions, transaction)
	return r
}

func buildAddOffsets(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrAddOffsetsToTxnRequest()
	r.TransactionalID, r.Group = w.text("transactional", ""), w.text("group", "")
	r.ProducerID, r.ProducerEpoch = producerIn(w, m)
	return r
}

func buildEndTxn(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrEndTxnRequest()
	r.TransactionalID, r.Commit = w.text("transactional", ""), w.text("commit", "true") == "true"
	r.ProducerID, r.ProducerEpoch = producerIn(w, m)
	return r
}

// buildTxnOffsetCommit takes offsets as TOPIC:PARTITION:OFFSET.
func buildTxnOffsetCommit(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrTxnOffsetCommitRequest()
	r.TransactionalID, r.Group = w.text("transactional", ""), w.text("group", "")
	r.ProducerID, r.ProducerEpoch = producerIn(w, m)
	r.Generation = -1
	if w.number("v", 0) >= 3 {
		r.MemberID, r.Generation = m.memberID(w.text("member", "")), int32(w.number("generation", -1))
		r.InstanceID = optional(w.text("instance", ""))
	}
	for _, t := range byTopic(w, "offsets") {
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = t.name
		for i, number := range t.partitions {
			p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.Metadata = number, int64(parse32(w, t.rest[i][0])), kmsg.StringPtr("")
			topic.Partitions = append(topic.Partitions, p)
		}
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func buildDescribeTransactions(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDescribeTransactionsRequest()
	r.TransactionalIDs = w.list("transactional")
	return r
}

func buildListTransactions(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrListTransactionsRequest()
	r.StateFilters = w.list("states")
	for _, name := range w.list("producers") {
		r.ProducerIDFilters = append(r.ProducerIDFilters, m.producers[name].id)
	}
	r.DurationFilterMillis = -1
	if w.number("v", 0) >= 1 {
		r.DurationFilterMillis = w.number("duration", -1)
	}
	if w.number("v", 0) >= 2 {
		r.TransactionalIDPattern = optional(w.text("pattern", ""))
	}
	return r
}

// buildDescribeProducers takes partitions as TOPIC:PARTITION.
func buildDescribeProducers(w *words, _ *memory) kmsg.Request {
	r := kmsg.NewPtrDescribeProducersRequest()
	for _, t := range byTopic(w, "partitions") {
		topic := kmsg.NewDescribeProducersRequestTopic()
		topic.Topic, topic.Partitions = t.name, t.partitions
		r.Topics = append(r.Topics, topic)
	}
	return r
}

// buildWriteMarkers takes partitions as TOPIC:PARTITION.
func buildWriteMarkers(w *words, m *memory) kmsg.Request {
	r := kmsg.NewPtrWriteTxnMarkersRequest()
	marker := kmsg.NewWriteTxnMarkersRequestMarker()
	marker.ProducerID, marker.ProducerEpoch = producerIn(w, m)
	marker.Committed, marker.CoordinatorEpoch = w.text("commit", "true") == "true", int32(w.number("coordinator-epoch", 0))
	if w.number("v", 0) >= 2 {
		marker.TransactionVersion = int8(w.number("transaction-version", 0))
	}
	for _, t := range byTopic(w, "partitions") {
		topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
		topic.Topic, topic.Partitions = t.name, t.partitions
		marker.Topics = append(marker.Topics, topic)
	}
	r.Markers = append(r.Markers, marker)
	return r
}

// describeTransactions writes the answers down, and adds transactions and
// partitions, whose order means nothing.
func describeTransactions(line, add func(string, ...any), response kmsg.Response, m *memory) {
	switch r := response.(type) {
	case *kmsg.AddPartitionsToTxnResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add("%s-%d %s", t.Topic, p.Partition, name(p.ErrorCode))
			}
		}
		if r.Version >= 4 {
			line("%s", name(r.ErrorCode))
		}
		for _, transaction := range r.Transactions {
			for _, t := range transaction.Topics {
				for _, p := range t.Partitions {
					add("%s %s-%d %s", transaction.TransactionalID, t.Topic, p.Partition, name(p.ErrorCode))
				}
			}
		}
	case *kmsg.AddOffsetsToTxnResponse:
		line("%s", name(r.ErrorCode))
	case *kmsg.EndTxnResponse:
		text := name(r.ErrorCode)
		if r.Version >= 5 {
			text += fmt.Sprintf(" producer=%s epoch=%d", m.producerName(r.ProducerID), r.ProducerEpoch)
		}
		line("%s", text)
	case *kmsg.TxnOffsetCommitResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				add("%s-%d %s", t.Topic, p.Partition, name(p.ErrorCode))
			}
		}
	case *kmsg.DescribeTransactionsResponse:
		for _, t := range r.TransactionStates {
			var partitions []string
			for _, topic := range t.Topics {
				for _, p := range topic.Partitions {
					partitions = append(partitions, fmt.Sprintf("%s-%d", topic.Topic, p))
				}
			}
			slices.Sort(partitions)
			add("%q %s %s producer=%s epoch=%d timeout=%d start=%s partitions=%v", t.TransactionalID, name(t.ErrorCode), orNone(&t.State),
				m.producerName(t.ProducerID), t.ProducerEpoch, t.TimeoutMillis, clock(t.StartTimestamp), partitions)
		}
	case *kmsg.ListTransactionsResponse:
		line("%s unknown-states=%v", name(r.ErrorCode), r.UnknownStateFilters)
		for _, t := range r.TransactionStates {
			add("%s producer=%s %s", t.TransactionalID, m.producerName(t.ProducerID), t.TransactionState)
		}
	case *kmsg.DescribeProducersResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				text := fmt.Sprintf("%s-%d %s", t.Topic, p.Partition, name(p.ErrorCode))
				var producers []string
				for _, a := range p.ActiveProducers {
					producers = append(producers, fmt.Sprintf("\n  %s epoch=%d last-sequence=%d last-timestamp=%s coordinator-epoch=%d transaction-start=%d", m.producerName(a.ProducerID),
						a.ProducerEpoch, a.LastSequence, clock(a.LastTimestamp), a.CoordinatorEpoch, a.CurrentTxnStartOffset))
				}
				slices.Sort(producers)
				add("%s", text+strings.Join(producers, ""))
			}
		}
	case *kmsg.WriteTxnMarkersResponse:
		for _, marker := range r.Markers {
			for _, t := range marker.Topics {
				for _, p := range t.Partitions {
					add("%s %s-%d %s", m.producerName(marker.ProducerID), t.Topic, p.Partition, name(p.ErrorCode))
				}
			}
		}
	}
}

// aborted lists the transactions that a reader of committed records leaves out.
func aborted(list []kmsg.FetchResponseTopicPartitionAbortedTransaction, m *memory) string {
	text := fmt.Sprintf(" aborted=%d", len(list))
	for _, a := range list {
		text += fmt.Sprintf(":%s@%d", m.producerName(a.ProducerID), a.FirstOffset)
	}
	return text
}

// kindOf tells transactional batches and markers from others.
func kindOf(h *batch.Header, whole []byte) string {
	switch {
	case h.IsControl():
		text := ""
		if err := batch.ForEachRecord(whole, func(r batch.Record) error {
			key, value := kmsg.NewControlRecordKey(), kmsg.NewEndTxnMarker()
			if err := key.ReadFrom(r.Key); err != nil {
				return err
			}
			text = " " + strings.ToLower(key.Type.String()) + " marker"
			if err := value.ReadFrom(r.Value); err != nil {
				return err
			}
			text += fmt.Sprintf(" coordinator-epoch=%d", value.CoordinatorEpoch)
			return nil
		}); err != nil {
			return " unreadable marker"
		}
		return text + fmt.Sprintf(" producer-epoch=%d", h.ProducerEpoch)
	case h.IsTransactional():
		return " transactional"
	}
	return ""
}

// transactionsServed asks until the transactional id has a coordinator that serves.
func (p *performance) transactionsServed(id string) {
	p.await(func() bool { return p.hasTransactionCoordinator(id) }, "%s gets no coordinator", id)
}

func (p *performance) hasTransactionCoordinator(id string) bool {
	if !p.findsCoordinator(1, id) {
		return false
	}
	state := p.transactionState(id)
	return state == "TRANSACTIONAL_ID_NOT_FOUND" || !strings.Contains(state, "_")
}

// ended asks until the markers of a transaction are written: its end is answered
// when it is decided.
func (p *performance) ended(id string) {
	p.await(func() bool { return strings.HasPrefix(p.transactionState(id), "Complete") }, "the transaction of %s does not end", id)
}

// transactionState is a state, or the name of an error.
func (p *performance) transactionState(id string) string {
	r := kmsg.NewPtrDescribeTransactionsRequest()
	r.TransactionalIDs = []string{id}
	answer, ok := p.player.call(p.request(r)).(*kmsg.DescribeTransactionsResponse)
	require.True(p.t, ok)
	if t := answer.TransactionStates[0]; t.ErrorCode == 0 {
		return t.State
	}
	return name(answer.TransactionStates[0].ErrorCode)
}
