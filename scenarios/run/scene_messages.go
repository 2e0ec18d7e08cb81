package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/protocol"
	"assay/scenarios/workload"
	"assay/sim"
)

// heard takes a message's end on its way. Those that carry a record of the
// witness, or what stands in its place, are kept; of the others the one that the
// present step took, in case that something comes of it.
func (s *stage) heard(p sim.Passage) {
	if !s.begun() {
		return
	}
	if p.Loss == sim.NotLost {
		s.taken, s.seen = p, false
	}
	switch m := p.Message.(type) {
	case *protocol.Request:
		switch body := m.Body.(type) {
		case *kmsg.ProduceRequest:
			if body.TransactionID != nil && p.Loss == sim.NotLost && s.pipes.windows[*body.TransactionID] != nil {
				s.waits(p)
			}
			if slices.Contains(s.senders, p.From) {
				s.heardProduce(p, exchange{p.Conn, m.CorrelationID}, body)
			}
		case *kmsg.OffsetCommitRequest:
			if s.desk.group == body.Group && slices.Contains(s.readers, p.From) && p.Loss == sim.NotLost {
				s.heardCommit(p, body)
			}
		case *kmsg.TxnOffsetCommitRequest:
			if s.desk.group == body.Group && slices.Contains(s.readers, p.From) && p.Loss == sim.NotLost {
				s.heardTransactionalCommit(p, body)
			}
		}
	case *protocol.Response:
		switch body := m.Body.(type) {
		case *kmsg.ProduceResponse:
			s.heardAnswer(p, exchange{p.Conn ^ 1, m.CorrelationID}, body)
		case *kmsg.FetchResponse:
			s.heardFetched(p, body)
		}
	}
}

// heardProduce keeps a produce request that carries a record of the witness.
func (s *stage) heardProduce(p sim.Passage, request exchange, r *kmsg.ProduceRequest) {
	var carried []string
	lead := kafka.Offset(0)
	for _, at := range append([]kafka.TopicPartition{s.at}, s.pipes.elsewhere...) {
		for _, record := range recordsOf(s.producedTo(at, r), s.cast) {
			if slices.Contains(s.records, record.name) {
				if len(carried) == 0 {
					lead = record.offset
				}
				carried = append(carried, record.name)
			}
		}
	}
	if len(carried) == 0 {
		return
	}
	what := strings.Join(carried, ", ")
	s.attempts[what]++
	s.asked[request] = demand{what, lead}
	if n := s.attempts[what]; n > 1 {
		s.message(p, 92, true, fmt.Sprintf("Produce %s, request %d", what, n))
		s.found[len(s.found)-1].alike = "again " + what
		return
	}
	s.message(p, 92, true, fmt.Sprintf("Produce %s (acks=%s)", what, acksWord(r.Acks)))
}

func acksWord(acks int16) string {
	if acks == -1 {
		return "all"
	}
	return fmt.Sprint(acks)
}

// heardAnswer keeps the answer to such a request.
func (s *stage) heardAnswer(p sim.Passage, request exchange, r *kmsg.ProduceResponse) {
	asked, known := s.asked[request]
	what := asked.what
	if !known {
		return
	}
	delete(s.asked, request)
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			out := &r.Topics[i].Partitions[j]
			sent := func(at kafka.TopicPartition) bool {
				return s.is(at, r.Topics[i].Topic, r.Topics[i].TopicID, out.Partition)
			}
			if !sent(s.at) && !slices.ContainsFunc(s.pipes.elsewhere, sent) {
				continue
			}
			if out.ErrorCode != 0 {
				s.message(p, 88, true, fmt.Sprintf("Produce response: %s for %s", errorName(out.ErrorCode), what))
				s.found[len(s.found)-1].alike = "refused " + what
			} else {
				s.message(p, 92, true, fmt.Sprintf("Produce response: %s at offset %d", what, kafka.Offset(out.BaseOffset)+asked.lead))
			}
		}
	}
}

// heardFetched keeps an answer to a fetch that brings what stands at a place
// that matters, to a broker or to one of the witness's readers.
func (s *stage) heardFetched(p sim.Passage, r *kmsg.FetchResponse) {
	out := s.fetched(r)
	if out == nil || len(out.RecordBatches) == 0 {
		return
	}
	broker := isBroker(s.run.scenario.Cluster.BrokerNames(), p.To)
	if !broker && !slices.Contains(s.readers, p.To) {
		return
	}
	var told []string
	offending := false
	for _, record := range s.standing(out.RecordBatches) {
		told = append(told, fmt.Sprintf("%s at %d", record.name, record.offset))
		offending = offending || s.guilty(record.name)
	}
	if len(told) == 0 && !broker && p.To != auditorName && s.told[p.To] < len(s.leaders) && s.sinceLeader(p) {
		s.told[p.To] = len(s.leaders)
		s.message(p, weightOperation, false, "Fetch response: "+extent(out.RecordBatches)+s.behind(out.RecordBatches))
	}
	if len(told) == 0 {
		if broker && p.Loss != sim.NotLost {
			s.message(p, 60, false, "Fetch response: "+extent(out.RecordBatches))
		}
		return
	}
	weight := 38
	switch {
	case !broker:
		weight = weightOperation
	case s.desk.group != "": // what matters is what its consumers did
	case offending && p.Loss != sim.NotLost:
		weight = 86
	case offending:
		weight = 80
	}
	s.message(p, weight, offending, "Fetch response: "+strings.Join(told, ", "))
}

// behind tells of places that a reader does not get to see any more.
func (s *stage) behind(batches []byte) string {
	header, err := batch.ReadHeader(batches)
	if err != nil || len(s.places) == 0 || header.BaseOffset <= slices.Max(s.places) {
		return ""
	}
	return fmt.Sprintf(", behind %d", slices.Max(s.places))
}

// sinceLeader says whether a message was sent under the latest leader.
func (s *stage) sinceLeader(p sim.Passage) bool {
	return len(s.leaders) > 0 && int64(p.Sent.Sub(s.run.origin)) >= s.leaders[len(s.leaders)-1].From
}

func isBroker(brokers []string, name string) bool { return slices.Contains(brokers, name) }

// produced are the records of a produce request for the partition.
func (s *stage) produced(r *kmsg.ProduceRequest) []byte { return s.producedTo(s.at, r) }

func (s *stage) producedTo(at kafka.TopicPartition, r *kmsg.ProduceRequest) []byte {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if in := &r.Topics[i].Partitions[j]; s.is(at, r.Topics[i].Topic, r.Topics[i].TopicID, in.Partition) {
				return in.Records
			}
		}
	}
	return nil
}

// fetched is the partition's part of an answer to a fetch, nil for none.
func (s *stage) fetched(r *kmsg.FetchResponse) *kmsg.FetchResponseTopicPartition {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if out := &r.Topics[i].Partitions[j]; s.means(r.Topics[i].Topic, r.Topics[i].TopicID, out.Partition) {
				return out
			}
		}
	}
	return nil
}

// means says whether a message's topic, by name or by id, and partition are the
// witness's.
func (s *stage) means(topic string, id [16]byte, partition int32) bool {
	return s.is(s.at, topic, id, partition)
}

// is says whether that is a partition.
func (s *stage) is(at kafka.TopicPartition, topic string, id [16]byte, partition int32) bool {
	if partition != at.Partition {
		return false
	}
	if id == [16]byte{} {
		return topic == at.Topic
	}
	if s.topicIDs[at.Topic] == (kafka.TopicID{}) {
		if known := s.run.image().Topic(at.Topic); known != nil {
			s.topicIDs[at.Topic] = known.ID
		}
	}
	return kafka.TopicID(id) == s.topicIDs[at.Topic]
}

// standing is one record at its offset.
type standing struct {
	offset kafka.Offset
	name   string
}

// standing tells what batches have at the places that matter.
func (s *stage) standing(batches []byte) []standing {
	var found []standing
	for header, whole := range batch.Iterate(batches) {
		if len(s.between(header.BaseOffset, header.LastOffset())) == 0 {
			continue
		}
		for _, record := range recordsOf(whole, s.cast) {
			if slices.Contains(s.places, record.offset) {
				found = append(found, record)
			}
		}
	}
	return found
}

// recordsOf lists the records of one batch; a client's counts from offset 0.
func recordsOf(whole []byte, names *cast) []standing {
	var list []standing
	if len(whole) == 0 {
		return nil
	}
	// What cannot be read has no records to tell of.
	_ = batch.ForEachRecord(whole, func(r batch.Record) error {
		list = append(list, standing{r.Offset, names.record(workload.RecordIDOf(&r))})
		return nil
	})
	return list
}

// words tell what a message says of the partition, "" for what has no words.
func (s *stage) words(p sim.Passage) string {
	switch m := p.Message.(type) {
	case *protocol.Request:
		return s.requestWords(m.Body)
	case *protocol.Response:
		return s.responseWords(p.To, m.Body)
	}
	return ""
}

func (s *stage) requestWords(body kmsg.Request) string {
	switch r := body.(type) {
	case *kmsg.FetchRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				if in := &r.Topics[i].Partitions[j]; s.means(r.Topics[i].Topic, r.Topics[i].TopicID, in.Partition) {
					return fmt.Sprintf("Fetch from %d", in.FetchOffset)
				}
			}
		}
	case *kmsg.ProduceRequest:
		if records := recordsOf(s.produced(r), s.cast); len(records) > 0 {
			return "Produce " + records[0].name + andMore(len(records)-1)
		}
	case *kmsg.AlterPartitionRequest:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				if in := &r.Topics[i].Partitions[j]; s.means(r.Topics[i].Topic, r.Topics[i].TopicID, in.Partition) {
					return "AlterPartition: ISR " + s.newISR(in)
				}
			}
		}
	case *kmsg.BrokerHeartbeatRequest:
		return "Heartbeat"
	}
	return transactionWords(body)
}

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// newISR is what a leader proposes; the versions name it in two ways.
func (s *stage) newISR(in *kmsg.AlterPartitionRequestTopicPartition) string {
	var ids []kafka.BrokerID
	for _, id := range in.NewISR {
		ids = append(ids, kafka.BrokerID(id))
	}
	for _, member := range in.NewEpochISR {
		ids = append(ids, kafka.BrokerID(member.BrokerID))
	}
	return s.brokers(ids)
}

// brokers names brokers: "broker-1, broker-3".
func (s *stage) brokers(ids []kafka.BrokerID) string {
	var names []string
	for _, id := range ids {
		names = append(names, s.run.brokerName(id))
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

func (s *stage) responseWords(to string, body kmsg.Response) string {
	switch r := body.(type) {
	case *kmsg.FetchResponse:
		out := s.fetched(r)
		switch {
		case out == nil:
			return s.metadataWords(to)
		case out.ErrorCode != 0:
			return "Fetch response: " + errorName(out.ErrorCode)
		case out.DivergingEpoch.EndOffset >= 0:
			return fmt.Sprintf("Fetch response: your log diverges, epoch %d ends at %d", out.DivergingEpoch.Epoch, out.DivergingEpoch.EndOffset)
		case len(out.RecordBatches) == 0:
			return fmt.Sprintf("Fetch response: high watermark %d", out.HighWatermark)
		}
		return "Fetch response: " + extent(out.RecordBatches) + fmt.Sprintf(", high watermark %d", out.HighWatermark)
	case *kmsg.ProduceResponse:
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				if out := &r.Topics[i].Partitions[j]; out.ErrorCode != 0 && s.means(r.Topics[i].Topic, r.Topics[i].TopicID, out.Partition) {
					return "Produce response: " + errorName(out.ErrorCode)
				}
			}
		}
		return "Produce response"
	case *kmsg.AlterPartitionResponse:
		return "AlterPartition response"
	}
	return ""
}

// metadataWords tell what a broker has just learnt.
func (s *stage) metadataWords(to string) string {
	broker := s.run.broker(to)
	if broker == nil {
		return "Metadata"
	}
	p := broker.Image().Partition(s.at)
	switch {
	case p == nil:
		return "Metadata"
	case p.Leader == kafka.NoLeader:
		return fmt.Sprintf("Metadata: no leader, epoch %d", p.LeaderEpoch)
	}
	return fmt.Sprintf("Metadata: %s leads in epoch %d", s.run.brokerName(p.Leader), p.LeaderEpoch)
}

// extent names the offsets of batches.
func extent(batches []byte) string {
	header, err := batch.ReadHeader(batches)
	if err != nil {
		return "records"
	}
	first, end := header.BaseOffset, batch.EndOffset(batches)
	if end-1 <= first {
		return fmt.Sprintf("offset %d", first)
	}
	return fmt.Sprintf("offsets %d to %d", first, end-1)
}

// errorName is Kafka's name of an error code.
func errorName(code int16) string {
	if err := kerr.TypedErrorForCode(code); err != nil {
		return err.Message
	}
	return "no error"
}

// lossWords say why a message never arrived.
func (s *stage) lossWords(p sim.Passage) string {
	if p.Loss != sim.NeverLeft && s.run.view.cuts[[2]string{p.From, p.To}] > 0 {
		return "the network partition held it up until its connection was gone"
	}
	switch p.Loss {
	case sim.NeverLeft:
		return p.From + " died before it could leave"
	case sim.ReceiverDown:
		return p.To + " was down"
	case sim.HungUp:
		return p.To + " had closed the connection"
	}
	return "the connection broke"
}
