package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker"
	"assay/checkers/history"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/sim"
)

// pipes is what a stage knows of the way from a source to its effects: outputs
// stand in other partitions than the source, and belong to transactions.
type pipes struct {
	elsewhere []kafka.TopicPartition // where records of the witness were sent besides its partition
	windows   map[string][]span      // of the witness's transactions, by transactional id; done: when its offsets were sent, 0 if it is known when it began
	producers map[int64]string       // transactional ids by producer id
	open      map[string]bool        // transactional ids whose transaction of the witness has begun
	commits   map[int64]bool         // what the latest marker of a producer id says
	waiting   map[string][]sim.Passage
}

// mostWaiting bounds the produce requests that a stage remembers of a broker,
// until the coordinator of their transaction has let them in.
const mostWaiting = 64

const (
	// afterTransaction is how long a coordinator may tell of a transaction when its
	// producer knows the outcome.
	afterTransaction = int64(100e6)
	// beforeCommit is how long before its offsets a transaction may have begun.
	beforeCommit = int64(500e6)
)

// followPipeline reads from a witness where its outputs went and which of its
// transactions it names.
func (s *stage) followPipeline() {
	s.pipes = pipes{windows: map[string][]span{}, producers: map[int64]string{}, open: map[string]bool{}, commits: map[int64]bool{}, waiting: map[string][]sim.Passage{}}
	for _, op := range s.witness.Operations {
		id := s.transactionalID(s.lane(op.Client))
		switch {
		case strings.HasPrefix(op.What, "transaction ") && op.Return < 0:
			s.pipes.windows[id] = append(s.pipes.windows[id], span{from: op.Call, to: int64(history.Infinity)})
		case strings.HasPrefix(op.What, "transaction "):
			s.pipes.windows[id] = append(s.pipes.windows[id], span{from: op.Call, to: op.Return + afterTransaction})
		case strings.HasPrefix(op.What, "commits, in transaction "):
			s.pipes.windows[id] = append(s.pipes.windows[id], span{from: op.Call - beforeCommit, to: op.Return + afterTransaction, done: op.Call})
		}
		if at, sent := sentTo(op); sent && at != s.at && !slices.Contains(s.pipes.elsewhere, at) {
			s.pipes.elsewhere = append(s.pipes.elsewhere, at)
		}
	}
}

// transactionalID is that of a client; of one without it is its name.
func (s *stage) transactionalID(client string) string {
	for _, p := range s.run.scenario.Workload.Processors {
		if index := slices.Index(p.Instances(), client); index >= 0 && p.Transaction != nil {
			return p.TransactionalID(index)
		}
	}
	return client
}

// sentTo is where an operation of a witness sends its record.
func sentTo(op result.Operation) (at kafka.TopicPartition, sent bool) {
	if _, sends := sentRecord(op); !sends {
		return at, false
	}
	_, rest, _ := strings.Cut(op.What, " to ")
	where, _, _ := strings.Cut(rest, ":")
	topic, number, named := strings.Cut(strings.TrimSpace(where), "/")
	if _, err := fmt.Sscan(number, &at.Partition); !named || err != nil {
		return at, false
	}
	at.Topic = topic
	return at, true
}

// outputPlace says whether an offset of the witness is that of an output, which
// is one of another partition.
func (s *stage) outputPlace(offset int64) bool {
	return slices.ContainsFunc(s.witness.Operations, func(op result.Operation) bool {
		at, sent := sentTo(op)
		return sent && at != s.at && strings.HasSuffix(op.What, fmt.Sprintf("acknowledged at offset %d", offset))
	})
}

// membersOfGroup are the clients of a group, in the order of the scenario.
func membersOfGroup(s *format.Scenario, group string) (members []string) {
	for _, c := range s.Workload.Consumers {
		if c.Group == group {
			members = append(members, c.Instances()...)
		}
	}
	for _, p := range s.Workload.Processors {
		if p.Group == group {
			members = append(members, p.Instances()...)
		}
	}
	return members
}

// processingGroup is the group of the processor that a witness names.
func (s *stage) processingGroup() string {
	for _, p := range s.run.scenario.Workload.Processors {
		for _, op := range s.witness.Operations {
			if slices.Contains(p.Instances(), s.lane(op.Client)) && slices.Contains(p.Input, s.at.Topic) {
				return p.Group
			}
		}
	}
	return ""
}

// ownership tells how a member's ownership of the witness's partition changed.
func (s *stage) ownership(node string, op history.Ownership) {
	words := map[history.OwnershipKind]string{history.Owned: "owns %s, generation %d of group %s", history.Revoked: "gives %s back, generation %d of group %s",
		history.Lost: "learns that %s is not its own any more, generation %d of group %s"}
	weights := map[history.OwnershipKind]int{history.Owned: 84, history.Revoked: 76, history.Lost: 88}
	mark := s.consumerMark(node, op.At, weights[op.Kind], words[op.Kind], partitionName(s.at), op.Generation, s.desk.group)
	mark.mark.Kind = markGroup
	s.add(*mark)
}

// addOwners tells who owned the partition when the scene begins.
func (s *stage) addOwners(from int64) {
	for _, lane := range s.run.owners.lanes {
		if lane.told.Group != s.desk.group || lane.told.Partition != partitionName(s.at) || s.desk.group == "" {
			continue
		}
		for _, span := range lane.told.Spans {
			if span.From < from && (span.To == 0 || span.To > from) {
				mark := s.consumerMark(span.Member, history.Time(from), 90, "owns %s since %.1f s, generation %d of group %s", lane.told.Partition,
					float64(span.From)/1e9, span.Generation, s.desk.group)
				mark.mark.Kind = markGroup
				s.add(*mark)
			}
		}
	}
}

// observedInGroup takes what a coordinator tells of the witness's group.
func (s *stage) observedInGroup(node string, e host.Event) {
	switch e.Point {
	case broker.PointGroupRebalanced:
		s.mark(node, markGroup, 74, false, "begins generation %d of group %s with %s", e.Args[0], e.Subject, membersCounted(e.Args[1]))
	case broker.PointMemberFenced:
		s.mark(node, markGroup, 78, false, "puts a member out of group %s, generation %d", e.Subject, e.Args[0])
	case broker.PointMemberLeft:
		s.mark(node, markGroup, 62, false, "lets a member leave group %s", e.Subject)
	}
}

func membersCounted(n int64) string {
	if n == 1 {
		return "1 member"
	}
	return fmt.Sprintf("%d members", n)
}

// observedInTransaction takes what a coordinator tells of a transactional id that
// the witness names; what ends a transaction against its producer's will, always.
func (s *stage) observedInTransaction(node string, e host.Event) {
	windows, named := s.pipes.windows[e.Subject]
	if !named {
		return
	}
	s.pipes.producers[e.Args[1]] = e.Subject
	now := int64(s.run.now())
	inside := s.insideTransaction(e.Subject)
	tell := func(weight int, format string, args ...any) {
		if !inside {
			weight -= 12
		}
		s.markTransaction(node, weight, format, args...)
	}
	if e.Point == broker.PointTransactionBegun && slices.ContainsFunc(windows, func(w span) bool { return w.from <= now && now <= w.to-afterTransaction }) {
		s.pipes.open[e.Subject] = true
		s.forgetFormer(e.Subject, windows, now)
	}
	inside = inside && s.pipes.open[e.Subject]
	switch e.Point {
	case broker.PointTransactionTimedOut:
		tell(96, "aborts the transaction of %s: it was open for %d ms", e.Subject, e.Args[3])
	case broker.PointProducerFenced:
		tell(96, "refuses %s: producer epoch %d is fenced by %d", e.Subject, e.Args[2], e.Args[3])
	case broker.PointTransactionResumed:
		tell(92, "finds that the transaction of %s is to %s, and goes on", e.Subject, verdictOfMarker(e.Args[3] == 1))
	case broker.PointTransactionPrepared:
		if inside {
			tell(90, "decides to %s the transaction of %s", verdictOfMarker(e.Args[3] == 1), e.Subject)
		}
	case broker.PointTransactionBegun:
		if inside {
			tell(84, "begins a transaction of %s, producer epoch %d", e.Subject, e.Args[2])
		}
	case broker.PointTransactionCommitted, broker.PointTransactionAborted:
		delete(s.pipes.open, e.Subject)
		if inside {
			tell(80, "has all markers of %s's transaction written: %s", e.Subject, map[bool]string{true: "committed", false: "aborted"}[e.Point == broker.PointTransactionCommitted])
		}
	}
}

// insideTransaction says whether a transaction of the witness is under way: its
// producer may have given it up before the coordinator comes to end it.
func (s *stage) insideTransaction(id string) bool {
	now := int64(s.run.now())
	return s.pipes.open[id] || slices.ContainsFunc(s.pipes.windows[id], func(w span) bool { return w.from <= now && now <= w.to })
}

// forgetFormer drops what was told of an earlier transaction, where a witness
// names one by the offsets that were sent in it: it is the last to begin before.
func (s *stage) forgetFormer(id string, windows []span, now int64) {
	for _, w := range windows {
		if w.done == 0 || now > w.done || now < w.from {
			continue
		}
		s.found = slices.DeleteFunc(s.found, func(f sighting) bool {
			return f.mark != nil && f.mark.Kind == markTransaction && f.at >= w.from && strings.Contains(f.mark.What, id)
		})
	}
}

// markTransaction marks what a coordinator does, with the message that asked for it
// if the present step took one.
func (s *stage) markTransaction(node string, weight int, format string, args ...any) {
	if m, is := s.taken.Message.(*protocol.Request); is && transactionWords(m.Body) != "" {
		s.mark(node, markTransaction, weight, false, format, args...)
		return
	}
	s.markAlone(node, markTransaction, weight, false, format, args...)
}

func verdictOfMarker(commit bool) string {
	if commit {
		return "commit"
	}
	return "abort"
}

// observedMarker takes a transaction's end in one of the partitions of the witness.
func (s *stage) observedMarker(node string, e host.Event) {
	id, known := s.pipes.producers[e.Args[1]]
	if !known || !s.pipes.open[id] || !s.insideTransaction(id) {
		return
	}
	at := partitionName(kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])})
	switch {
	case e.Point == broker.PointMarkerReceived:
		s.pipes.commits[e.Args[1]] = e.Args[3] == 1
		s.markTransaction(node, 86, "is asked to %s what %s has in %s", verdictOfMarker(e.Args[3] == 1), id, at)
	case e.Args[2] == 0:
		s.markAlone(node, markTransaction, 66, false, "has the %s marker of %s in %s committed", verdictOfMarker(s.pipes.commits[e.Args[1]]), id, at)
	}
}

// waits remembers a transactional produce request: it is appended only when the
// transaction's coordinator has let it in, with that one's answer in hand.
func (s *stage) waits(p sim.Passage) {
	list := append(s.pipes.waiting[p.To], p)
	s.pipes.waiting[p.To] = list[max(0, len(list)-mostWaiting):]
}

// tookProduce says whether the present step has taken a produce request, which
// waits no longer then.
func (s *stage) tookProduce(node string) bool {
	m, is := s.taken.Message.(*protocol.Request)
	if !is || s.taken.To != node || s.taken.Ended != s.run.world.Now() {
		return false
	}
	_, is = m.Body.(*kmsg.ProduceRequest)
	if is {
		s.pipes.waiting[node] = slices.DeleteFunc(s.pipes.waiting[node], func(p sim.Passage) bool { return p.Message == s.taken.Message })
	}
	return is
}

// awaited is the request that waited longest for an append of so many records to
// a partition.
func (s *stage) awaited(node string, at kafka.TopicPartition, count int) (records []standing, passage sim.Passage, found bool) {
	for i, p := range s.pipes.waiting[node] {
		request := p.Message.(*protocol.Request).Body.(*kmsg.ProduceRequest)
		if records = recordsOf(s.producedTo(at, request), s.cast); len(records) == count && count > 0 {
			s.pipes.waiting[node] = slices.Delete(s.pipes.waiting[node], i, i+1)
			return records, p, true
		}
	}
	return nil, sim.Passage{}, false
}

// appendedElsewhere: a leader has an output of the witness.
func (s *stage) appendedElsewhere(node string, at kafka.TopicPartition, e host.Event) {
	var records []standing
	if s.tookProduce(node) {
		records = recordsOf(s.producedTo(at, s.taken.Message.(*protocol.Request).Body.(*kmsg.ProduceRequest)), s.cast)
	} else {
		records, _, _ = s.awaited(node, at, int(e.Args[2]-e.Args[1]+1))
	}
	for i, record := range records {
		if slices.Contains(s.records, record.name) {
			s.landed = int64(s.run.now())
			s.mark(node, markAppend, 94, true, "appends %s at offset %d of %s", record.name, e.Args[1]+int64(i), partitionName(at))
		}
	}
}

// transactionWords tell what a request of groups or transactions says.
func transactionWords(body kmsg.Request) string {
	switch r := body.(type) {
	case *kmsg.EndTxnRequest:
		return fmt.Sprintf("EndTxn: %s, epoch %d", verdictOfMarker(r.Commit), r.ProducerEpoch)
	case *kmsg.InitProducerIDRequest:
		return "InitProducerId"
	case *kmsg.AddPartitionsToTxnRequest:
		return "AddPartitionsToTxn"
	case *kmsg.AddOffsetsToTxnRequest:
		return "AddOffsetsToTxn"
	case *kmsg.TxnOffsetCommitRequest:
		return fmt.Sprintf("TxnOffsetCommit for group %s, generation %d", r.Group, r.Generation)
	case *kmsg.WriteTxnMarkersRequest:
		if len(r.Markers) > 0 {
			return "WriteTxnMarkers: " + verdictOfMarker(r.Markers[0].Committed) + andMore(len(r.Markers)-1)
		}
	case *kmsg.JoinGroupRequest:
		return "JoinGroup"
	case *kmsg.SyncGroupRequest:
		return "SyncGroup"
	case *kmsg.LeaveGroupRequest:
		return "LeaveGroup"
	case *kmsg.ConsumerGroupHeartbeatRequest:
		return fmt.Sprintf("ConsumerGroupHeartbeat, epoch %d", r.MemberEpoch)
	}
	return ""
}
