package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker"
	"assay/broker/controller"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/clients"
	"assay/faults"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
	"assay/sim"
)

// Kinds of marks.
const (
	markEpoch      = "epoch"
	markWatermark  = "watermark"
	markTruncation = "truncation"
	markISR        = "isr"
	markClient     = "client"
	markRecovery   = "recovery"
	markAppend     = "append"

	markGroup       = "group"
	markTransaction = "transaction"
)

// observed takes every named point of the run.
func (s *stage) observed(node string, _ sim.Time, e host.Event) {
	if !s.begun() {
		return
	}
	if e.Subject != s.at.Topic || e.Args[0] != int64(s.at.Partition) && s.sendsElsewhere(e) {
		s.observedElsewhere(node, e)
		return
	}
	if e.Args[0] != int64(s.at.Partition) || len(e.Point.Fields) == 0 || e.Point.Fields[0] != "partition" {
		return
	}
	switch e.Point {
	case broker.PointMarkerReceived, broker.PointMarkerWritten:
		s.observedMarker(node, e)
	case replica.PointAppend, replica.PointFollowerAppend:
		s.appended(node, e)
	case replica.PointDeduplicated:
		s.deduplicated(node, e)
	case replica.PointHighWatermark, replica.PointFollowerHighWatermark:
		s.watermark(node, e)
	case replica.PointFollowerTruncated:
		s.truncated(node, e)
	case storage.PointRecovered, storage.PointRecoveryTruncated:
		s.recovered(node, e)
	case broker.PointReplicaCreated:
		s.cut(node, markRecovery, 0, 58, "begins with an empty log")
	case replica.PointBecameLeader, replica.PointBecameFollower, replica.PointLeaderDeposed:
		s.roleChanged(node, e)
	case replica.PointISRShrinkProposed, replica.PointISRExpandProposed, replica.PointISRChanged, replica.PointISRChangeRefused,
		controller.PointISRChanged:
		s.isrChanged(node, e)
	case controller.PointLeaderChanged, controller.PointUncleanElection, controller.PointELRElection, controller.PointLastKnownElection:
		s.elected(node, e)
	default:
		s.observedAtClient(node, e)
	}
}

// sendsElsewhere says whether an event is of a partition, not the witness's, that
// one of its records was sent to.
func (s *stage) sendsElsewhere(e host.Event) bool {
	return slices.Contains(s.pipes.elsewhere, kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])})
}

// observedElsewhere takes the points that are about the witness's group, its
// transactions and outputs, or about no topic.
func (s *stage) observedElsewhere(node string, e host.Event) {
	switch e.Point {
	case replica.PointAppend:
		if s.sendsElsewhere(e) {
			s.appendedElsewhere(node, kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}, e)
		}
	case broker.PointMarkerReceived, broker.PointMarkerWritten:
		if s.sendsElsewhere(e) {
			s.observedMarker(node, e)
		}
	case clients.PointBatchRetried, clients.PointBatchGivenUp:
		if s.sendsElsewhere(e) {
			s.observedAtClient(node, e)
		}
	case broker.PointGroupRebalanced, broker.PointMemberFenced, broker.PointMemberLeft:
		if e.Subject == s.desk.group {
			s.observedInGroup(node, e)
		}
	case broker.PointTransactionBegun, broker.PointTransactionPrepared, broker.PointTransactionCommitted, broker.PointTransactionAborted,
		broker.PointTransactionTimedOut, broker.PointTransactionResumed, broker.PointProducerFenced:
		s.observedInTransaction(node, e)
	case controller.PointBrokerFenced:
		if name := s.run.brokerName(kafka.BrokerID(e.Args[0])); s.hosts(name) {
			s.mark(node, markEpoch, 52, false, "fences %s: it may not lead", name)
		}
	case controller.PointBrokerUnfenced:
		if name := s.run.brokerName(kafka.BrokerID(e.Args[0])); s.hosts(name) {
			s.markAlone(node, markEpoch, 38, false, "lets %s serve again", name)
		}
	case controller.PointControllerElected:
		s.markAlone(node, markEpoch, 42, false, "is the active controller, term %d", e.Args[1])
	}
}

// hosts says whether a broker has a replica of the partition.
func (s *stage) hosts(name string) bool {
	p, id := s.run.image().Partition(s.at), brokerID(s.run.scenario.Cluster.BrokerNames(), name)
	return p != nil && id > 0 && slices.Contains(p.Replicas, id)
}

// appended: a leader or follower has new records. They are in the message that
// it has just taken.
func (s *stage) appended(node string, e host.Event) {
	base, last := kafka.Offset(e.Args[1]), kafka.Offset(e.Args[2])
	for _, record := range s.brought(node, base, last, e.Point == replica.PointAppend) {
		if slices.Contains(s.records, record.name) {
			s.watch(record.offset)
		} else if !slices.Contains(s.places, record.offset) {
			continue
		}
		s.stands(node, record, e.Args[3], e.Point == replica.PointAppend)
	}
}

// brought are the records of the message that the present step has taken, or that
// waited for this, at the offsets from base to last, as far as they are of interest.
func (s *stage) brought(node string, base, last kafka.Offset, leader bool) (list []standing) {
	if leader && !s.tookProduce(node) {
		if records, passage, waited := s.awaited(node, s.at, int(last-base+1)); waited {
			for i, record := range records {
				list = append(list, standing{base + kafka.Offset(i), record.name})
			}
			told := slices.Contains(s.senders, passage.From) && slices.ContainsFunc(list, func(r standing) bool { return slices.Contains(s.records, r.name) })
			if len(s.between(base, last)) > 0 && !told { // heardProduce tells those of the witness's records
				s.message(passage, 80, true, "Produce "+records[0].name+andMore(len(records)-1))
			}
			return list
		}
	}
	if s.taken.To != node || s.taken.Ended != s.run.world.Now() {
		return nil
	}
	switch m := s.taken.Message.(type) {
	case *protocol.Request:
		produce, is := m.Body.(*kmsg.ProduceRequest)
		if !is || len(s.between(base, last)) == 0 && !slices.Contains(s.senders, s.taken.From) {
			return nil
		}
		for i, record := range recordsOf(s.produced(produce), s.cast) {
			list = append(list, standing{base + kafka.Offset(i), record.name})
		}
	case *protocol.Response:
		fetched, is := m.Body.(*kmsg.FetchResponse)
		if !is || len(s.between(base, last)) == 0 {
			return nil
		}
		if out := s.fetched(fetched); out != nil {
			for _, record := range s.standing(out.RecordBatches) {
				if base <= record.offset && record.offset <= last {
					list = append(list, record)
				}
			}
		}
	}
	return list
}

// stands: a broker's log has a record at a place that matters.
func (s *stage) stands(node string, record standing, epoch int64, leader bool) {
	log := s.logs[node]
	if log == nil {
		log = shelf{}
		s.logs[node] = log
	}
	log[record.offset] = record.name
	guilty := s.guilty(record.name)
	switch {
	case leader && guilty:
		s.stood[record], s.landed = true, int64(s.run.now())
		s.mark(node, markAppend, 94, true, "appends %s at offset %d, epoch %d", record.name, record.offset, epoch)
	case leader:
		former := s.former(record.offset)
		s.mark(node, markAppend, 78, false, "appends %s at offset %d, epoch %d%s", record.name, record.offset, epoch, former)
		if former != "" && s.replaced == 0 {
			s.replaced = int64(s.run.now())
		}
	case guilty && s.desk.group == "":
		s.mark(node, markAppend, 84, true, "copies %s at offset %d", record.name, record.offset)
	default:
		s.mark(node, markAppend, 38, false, "copies %s at offset %d", record.name, record.offset)
	}
}

// former tells of a record of the witness that had a place before.
func (s *stage) former(place kafka.Offset) string {
	for _, record := range s.records {
		if s.stood[standing{place, record}] {
			return ": the place that " + record + " had"
		}
	}
	return ""
}

// deduplicated: a leader has recognised a retry.
func (s *stage) deduplicated(node string, e host.Event) {
	places := s.between(kafka.Offset(e.Args[1]), kafka.Offset(e.Args[2]))
	if len(places) == 0 {
		return
	}
	guilty := s.guilty(s.logs[node][places[0]])
	weight := 38
	if guilty && len(s.records) > 0 {
		weight = 82
	}
	s.mark(node, markAppend, weight, guilty, "recognises the retry of what it has at %d and appends nothing", places[0])
}

// watermark: the first time that it passes a place, on each broker.
func (s *stage) watermark(node string, e host.Event) {
	mark := kafka.Offset(e.Args[1])
	var committed []string
	guilty := false
	for _, place := range s.places {
		record, stands := s.logs[node][place]
		key := passing{place: place, record: record}
		if e.Point == replica.PointFollowerHighWatermark {
			key.follower = node
		}
		if stands && mark > place && !s.passed[key] {
			s.passed[key] = true
			guilty = guilty || s.guilty(record)
			committed = append(committed, record)
		}
	}
	switch {
	case len(committed) == 0:
	case e.Point == replica.PointFollowerHighWatermark:
		s.mark(node, markWatermark, 36, guilty, "learns of high watermark %d", mark)
	case guilty && s.desk.group == "":
		s.mark(node, markWatermark, 90, true, "raises its high watermark to %d: %s committed", mark, areOr(committed))
	default:
		s.mark(node, markWatermark, 46, false, "raises its high watermark to %d: %s committed", mark, areOr(committed))
	}
}

// areOr is the records with their verb: "a#1 is", "a#1, a#2 are".
func areOr(records []string) string {
	if len(records) == 1 {
		return records[0] + " is"
	}
	return strings.Join(records, ", ") + " are"
}

// truncated: a follower has cut its log.
func (s *stage) truncated(node string, e host.Event) {
	from, to := kafka.Offset(e.Args[1]), kafka.Offset(e.Args[2])
	what := fmt.Sprintf("cuts its log from %d back to %d", from, to)
	s.cut(node, markTruncation, to, 56, what)
}

// cut removes from a broker's log what stands from an offset on.
func (s *stage) cut(node, kind string, to kafka.Offset, weight int, what string) {
	offending := false
	for _, place := range s.places {
		record, stood := s.logs[node][place]
		if !stood || place < to {
			continue
		}
		delete(s.logs[node], place)
		if s.guilty(record) {
			offending, weight = true, 97
			what += ": " + record + " is gone from it"
		}
	}
	s.mark(node, kind, weight, offending, "%s", what)
}

// recovered: a log was scanned after an unclean stop.
func (s *stage) recovered(node string, e host.Event) {
	if e.Point == storage.PointRecoveryTruncated {
		s.cut(node, markRecovery, kafka.Offset(e.Args[2]), 70, fmt.Sprintf("cuts the torn tail of its log: from %d back to %d", e.Args[1], e.Args[2]))
		return
	}
	s.cut(node, markRecovery, kafka.Offset(e.Args[2]), 58, fmt.Sprintf("recovers its log, which ends at %d", e.Args[2]))
}

// roleChanged: a broker begins or ceases to lead or follow.
func (s *stage) roleChanged(node string, e host.Event) {
	switch e.Point {
	case replica.PointBecameLeader:
		s.lead(node, int32(e.Args[1]))
		missing := s.missing(node, kafka.Offset(e.Args[2]))
		s.mark(node, markEpoch, 88, missing != "", "leads in epoch %d, its log ends at %d%s", e.Args[1], e.Args[2], missing)
	case replica.PointBecameFollower:
		s.stopLeading(node)
		if leader := kafka.BrokerID(e.Args[2]); leader != kafka.NoLeader {
			s.mark(node, markEpoch, 48, false, "follows %s in epoch %d", s.run.brokerName(leader), e.Args[1])
		} else {
			s.mark(node, markEpoch, 38, false, "has no leader to follow, epoch %d", e.Args[1])
		}
	case replica.PointLeaderDeposed:
		s.stopLeading(node)
		s.mark(node, markEpoch, 50, false, "learns that it no longer leads")
	}
}

// missing tells of records that a new leader does not have though others had
// them appended.
func (s *stage) missing(leader string, logEnd kafka.Offset) string {
	for _, record := range s.records {
		for _, place := range s.places {
			if !s.stood[standing{place, record}] {
				continue
			}
			switch mine, known := s.logs[leader][place]; {
			case place >= logEnd:
				return ": without " + record
			case known && mine != record:
				return fmt.Sprintf(": with %s at %d, where %s was", mine, place, record)
			}
		}
	}
	return ""
}

// isrChanged: a leader asks for other in-sync replicas, or gets them.
func (s *stage) isrChanged(node string, e host.Event) {
	switch e.Point {
	case controller.PointISRChanged:
		c, _ := s.run.world.Node(node).(*controller.Controller)
		if c == nil {
			return
		}
		if p := c.Image().Partition(s.at); p != nil {
			s.mark(node, markISR, 62, false, "counts as in sync: %s", s.brokers(p.ISR))
		}
	case replica.PointISRShrinkProposed:
		s.markAlone(node, markISR, 34, false, "wants to drop a lagging replica from the ISR")
	case replica.PointISRExpandProposed:
		s.markAlone(node, markISR, 34, false, "wants %s in the ISR", s.run.brokerName(kafka.BrokerID(e.Args[5])))
	case replica.PointISRChanged:
		s.mark(node, markISR, 34, false, "has its ISR of %d", e.Args[3])
	case replica.PointISRChangeRefused:
		s.mark(node, markISR, 50, false, "is refused its change of the ISR: %s", errorName(int16(e.Args[3])))
	}
}

// elected: the controller gives the partition another leader, or none.
func (s *stage) elected(node string, e host.Event) {
	leader := kafka.BrokerID(e.Args[1])
	switch e.Point {
	case controller.PointLeaderChanged:
		if leader == kafka.NoLeader {
			s.mark(node, markEpoch, 72, false, "finds no replica that may lead: no leader in epoch %d", e.Args[2])
			return
		}
		s.mark(node, markEpoch, 76, false, "makes %s the leader, epoch %d%s", s.run.brokerName(leader), e.Args[2], s.askedFor())
	case controller.PointUncleanElection:
		s.mark(node, markEpoch, 93, true, "has made an unclean election: %s was not in sync", s.run.brokerName(leader))
	case controller.PointELRElection:
		s.mark(node, markEpoch, 80, false, "has chosen %s as eligible, though not in sync (KIP-966)", s.run.brokerName(leader))
	case controller.PointLastKnownElection:
		s.mark(node, markEpoch, 91, true, "found nobody in sync or eligible, so the last known leader, %s, leads", s.run.brokerName(leader))
	}
}

// askedFor tells of the fault that has just moved the partition's leadership.
func (s *stage) askedFor() string {
	const just = 100 * time.Millisecond
	for _, r := range s.run.engine.Records() {
		if r.Spec.Kind == faults.MoveLeader && r.Outcome != faults.Skipped && s.run.now()-r.Start < just &&
			slices.Contains(r.Names(), s.witness.Partition) {
			return " (" + r.Spec.ID + " asks for it)"
		}
	}
	return ""
}

// awaits says whether a sender waits for an answer about its records.
func (s *stage) awaits(sender string) bool {
	for _, asked := range s.asked { // order-free: any
		if strings.HasPrefix(asked.what, sender+"#") || strings.HasPrefix(asked.what, sender+".") {
			return true
		}
	}
	return false
}

// observedAtClient takes what the senders and readers of the witness tell.
func (s *stage) observedAtClient(node string, e host.Event) {
	sender, reader := slices.Contains(s.senders, node), slices.Contains(s.readers, node)
	switch {
	case sender && (e.Point == clients.PointBatchRetried || e.Point == clients.PointBatchGivenUp) && s.awaits(node):
		what := "will send again"
		if e.Point == clients.PointBatchGivenUp {
			what = "gives up, the outcome is unknown"
		}
		s.mark(node, markClient, 66, false, "%s after %s", what, errorName(int16(e.Args[3])))
	case reader && e.Point == clients.PointConsumerTruncated:
		s.mark(node, markClient, 80, false, "finds that the log was cut: goes back from %d to %d", e.Args[1], e.Args[2])
	case reader && e.Point == clients.PointOffsetReset:
		s.mark(node, markClient, 74, false, "is reset from %d to %d", e.Args[1], e.Args[2])
	}
}
