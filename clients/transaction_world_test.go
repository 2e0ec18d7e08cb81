package clients

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// fakeTransactions is a correct coordinator of all transactional ids, whose
// answers go as the story says.
type fakeTransactions struct {
	version int16 // transaction.version
	ids     map[string]*fakeTransaction
	fate    map[string]map[int]string // by kind of request and its number, from 1
	count   map[string]int
}

type fakeTransaction struct {
	producer   int64
	epoch      int16
	raisedFrom int16 // the epoch that its owner asked to raise last; NoEpoch for none
	open       bool
	ended      string // how the last one ended: "", commit or abort
	partitions []kafka.TopicPartition
	offsets    map[string][]CommittedOffset // by group, not committed yet
}

func newFakeTransactions() fakeTransactions {
	return fakeTransactions{version: 2, ids: map[string]*fakeTransaction{}, fate: map[string]map[int]string{}, count: map[string]int{}}
}

// log writes a line about a request, and returns its fate: the code that
// refuses it, and whether it takes effect.
func (b *fakeBroker) transactionFate(kind string, version int16, format string, args ...any) (fate string, code int16, effect bool) {
	f := &b.cluster.transactions
	f.count[kind]++
	fate = f.fate[kind][f.count[kind]]
	b.cluster.world.log("broker %d: %s v%d %s %s", b.id, kind, version, fmt.Sprintf(format, args...), fate)
	code = fakeError(fate)
	return fate, code, fate != "drop" && (code == 0 || strings.HasPrefix(fate, "after-"))
}

// send answers by the fate.
func (b *fakeBroker) answerByFate(conn host.Conn, fate string, reply func()) {
	w := b.cluster.world
	switch {
	case fate == "lose" || fate == "drop":
	case fate == "close":
		w.deliverClosed(conn)
	case strings.HasPrefix(fate, "late-"):
		d, _ := time.ParseDuration(fate[len("late-"):])
		w.later(host.Time(d), reply)
	default:
		reply()
	}
}

// transaction serves the requests about transactions and says whether it was one.
func (b *fakeBroker) transaction(conn host.Conn, r kmsg.Request, reply func(kmsg.Response)) bool {
	var answer kmsg.Response
	var fate string
	switch body := r.(type) {
	case *kmsg.InitProducerIDRequest:
		if body.TransactionalID == nil {
			return false
		}
		answer, fate = b.initTransactional(body)
	case *kmsg.AddPartitionsToTxnRequest:
		answer, fate = b.addPartitions(body)
	case *kmsg.AddOffsetsToTxnRequest:
		answer, fate = b.addOffsets(body)
	case *kmsg.TxnOffsetCommitRequest:
		answer, fate = b.commitOffsets(body)
	case *kmsg.EndTxnRequest:
		answer, fate = b.endTransaction(body)
	default:
		return false
	}
	b.answerByFate(conn, fate, func() { reply(answer) })
	return true
}

// check is what a coordinator checks first.
func (b *fakeBroker) check(id string, producer int64, epoch int16) (*fakeTransaction, int16) {
	t := b.cluster.transactions.ids[id]
	switch {
	case b.cluster.group(id).coordinator != b.id:
		return nil, kerr.NotCoordinator.Code
	case t == nil || t.producer != producer:
		return nil, kerr.InvalidProducerIDMapping.Code
	case t.epoch != epoch:
		return t, kerr.ProducerFenced.Code
	}
	return t, 0
}

func (b *fakeBroker) initTransactional(r *kmsg.InitProducerIDRequest) (kmsg.Response, string) {
	c := b.cluster
	fate, code, effect := b.transactionFate("init", r.Version, "id=%d epoch=%d timeout=%dms", r.ProducerID, r.ProducerEpoch, r.TransactionTimeoutMillis)
	answer := kmsg.NewPtrInitProducerIDResponse()
	answer.ErrorCode = code
	if !effect {
		return answer, fate
	}
	if c.group(*r.TransactionalID).coordinator != b.id {
		answer.ErrorCode = kerr.NotCoordinator.Code
		return answer, fate
	}
	if t := c.transactions.ids[*r.TransactionalID]; r.ProducerID >= 0 && t != nil && t.raisedFrom == r.ProducerEpoch && t.epoch == r.ProducerEpoch+1 {
		answer.ProducerID, answer.ProducerEpoch = t.producer, t.epoch // asked again (KIP-360)
		return answer, fate
	}
	if r.ProducerID >= 0 {
		if _, answer.ErrorCode = b.check(*r.TransactionalID, r.ProducerID, r.ProducerEpoch); answer.ErrorCode != 0 {
			return answer, fate
		}
	}
	t, pending := c.takeOver(*r.TransactionalID)
	if r.ProducerID >= 0 {
		t.raisedFrom = r.ProducerEpoch
	}
	if pending {
		answer.ErrorCode = kerr.ConcurrentTransactions.Code
		return answer, fate
	}
	answer.ProducerID, answer.ProducerEpoch = t.producer, t.epoch
	return answer, fate
}

// takeOver gives the transactional id a new epoch. An open transaction is
// aborted first: its new owner has to ask again.
func (c *fakeCluster) takeOver(id string) (t *fakeTransaction, pending bool) {
	t = c.transactions.ids[id]
	if t == nil {
		t = &fakeTransaction{producer: c.nextPID, epoch: -1, offsets: map[string][]CommittedOffset{}}
		c.nextPID++
		c.transactions.ids[id] = t
	}
	t.epoch++
	t.raisedFrom = -1
	if t.open {
		c.finish(t, false)
		return t, true
	}
	t.ended = ""
	return t, false
}

func (b *fakeBroker) addPartitions(r *kmsg.AddPartitionsToTxnRequest) (kmsg.Response, string) {
	var names []string
	var partitions []kafka.TopicPartition
	for _, topic := range r.Topics {
		for _, p := range topic.Partitions {
			partitions = append(partitions, kafka.TopicPartition{Topic: topic.Topic, Partition: p})
			names = append(names, partitions[len(partitions)-1].String())
		}
	}
	fate, code, effect := b.transactionFate("add-partitions", r.Version, "%s", strings.Join(names, " "))
	if effect {
		t, checked := b.check(r.TransactionalID, r.ProducerID, r.ProducerEpoch)
		if checked == 0 {
			t.open, t.ended = true, ""
			for _, p := range partitions {
				if !slices.Contains(t.partitions, p) {
					t.partitions = append(t.partitions, p)
				}
			}
		} else {
			code = checked
		}
	}
	answer := kmsg.NewPtrAddPartitionsToTxnResponse()
	for _, asked := range r.Topics {
		topic := kmsg.NewAddPartitionsToTxnResponseTopic()
		topic.Topic = asked.Topic
		for _, p := range asked.Partitions {
			part := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			part.Partition, part.ErrorCode = p, code
			topic.Partitions = append(topic.Partitions, part)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer, fate
}

func (b *fakeBroker) addOffsets(r *kmsg.AddOffsetsToTxnRequest) (kmsg.Response, string) {
	fate, code, effect := b.transactionFate("add-offsets", r.Version, "%s", r.Group)
	if effect {
		t, checked := b.check(r.TransactionalID, r.ProducerID, r.ProducerEpoch)
		if checked == 0 {
			t.open, t.ended = true, ""
		} else {
			code = checked
		}
	}
	answer := kmsg.NewPtrAddOffsetsToTxnResponse()
	answer.ErrorCode = code
	return answer, fate
}

func (b *fakeBroker) commitOffsets(r *kmsg.TxnOffsetCommitRequest) (kmsg.Response, string) {
	fate, code, effect := b.transactionFate("commit-offsets", r.Version, "%s generation=%d member=%q", r.Group, r.Generation, r.MemberID)
	t := b.cluster.transactions.ids[r.TransactionalID]
	if b.cluster.group(r.Group).coordinator != b.id {
		code, effect = kerr.NotCoordinator.Code, false
	}
	if effect && !t.open && r.Version < 5 {
		code, effect = kerr.InvalidTxnState.Code, false
	}
	answer := kmsg.NewPtrTxnOffsetCommitResponse()
	for _, asked := range r.Topics {
		topic := kmsg.NewTxnOffsetCommitResponseTopic()
		topic.Topic = asked.Topic
		for _, p := range asked.Partitions {
			at := kafka.TopicPartition{Topic: asked.Topic, Partition: p.Partition}
			if effect {
				t.open, t.ended = true, ""
				t.offsets[r.Group] = append(t.offsets[r.Group], CommittedOffset{at, kafka.Offset(p.Offset), kafka.LeaderEpoch(p.LeaderEpoch)})
			}
			part := kmsg.NewTxnOffsetCommitResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, code
			topic.Partitions = append(topic.Partitions, part)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer, fate
}

func (b *fakeBroker) endTransaction(r *kmsg.EndTxnRequest) (kmsg.Response, string) {
	how := map[bool]string{true: "commit", false: "abort"}[r.Commit]
	fate, code, effect := b.transactionFate("end", r.Version, "%s epoch=%d", how, r.ProducerEpoch)
	answer := kmsg.NewPtrEndTxnResponse()
	answer.ErrorCode = code
	if !effect {
		return answer, fate
	}
	t, checked := b.check(r.TransactionalID, r.ProducerID, r.ProducerEpoch)
	version2 := r.Version >= 5
	switch {
	case version2 && checked == kerr.ProducerFenced.Code && t.epoch == r.ProducerEpoch+1 && t.ended == how:
		// A repeated request: the answer was lost.
	case checked != 0:
		answer.ErrorCode = checked
	case !t.open && t.ended != how && !(version2 && !r.Commit):
		answer.ErrorCode = kerr.InvalidTxnState.Code
	default:
		if t.open {
			b.cluster.finish(t, r.Commit)
		}
		t.ended = how
		if version2 {
			t.epoch++
		}
	}
	if version2 && t != nil {
		answer.ProducerID, answer.ProducerEpoch = t.producer, t.epoch
	}
	return answer, fate
}

// finish writes the markers.
func (c *fakeCluster) finish(t *fakeTransaction, commit bool) {
	for _, p := range t.partitions {
		c.logs[p].mark(kafka.ProducerID(t.producer), kafka.ProducerEpoch(t.epoch), commit)
	}
	for name, offsets := range t.offsets {
		for _, o := range offsets {
			if commit {
				c.group(name).offsets[o.Partition] = o
			}
		}
	}
	t.open, t.partitions = false, nil
	clear(t.offsets)
}

// admit is what a leader asks the coordinator about a transactional batch: in
// version 2 the partition is added, before it has to be there.
func (c *fakeCluster) admit(r *kmsg.ProduceRequest, p kafka.TopicPartition, records []byte) int16 {
	h, err := batch.ReadHeader(records)
	if err != nil || !h.IsTransactional() {
		return 0
	}
	t := c.transactions.ids[*r.TransactionID]
	switch {
	case t.producer != int64(h.ProducerID) || t.epoch != int16(h.ProducerEpoch):
		return kerr.InvalidProducerEpoch.Code
	case slices.Contains(t.partitions, p):
	case r.Version >= 12:
		t.open, t.ended = true, ""
		t.partitions = append(t.partitions, p)
	default:
		return kerr.InvalidTxnState.Code
	}
	return 0
}

// mark ends a producer's transaction in the log.
func (l *fakeLog) mark(producer kafka.ProducerID, epoch kafka.ProducerEpoch, commit bool) {
	key := make([]byte, 4)
	if commit {
		binary.BigEndian.PutUint16(key[2:], uint16(kmsg.ControlRecordKeyTypeCommit))
	}
	var b batch.Builder
	b.Append(1, key, make([]byte, 6), nil)
	b.SetControl()
	b.SetTransactional()
	b.SetProducer(producer, epoch, -1)
	whole := b.Finish()
	batch.SetBaseOffsetAndEpoch(whole, l.end, l.epoch)
	l.batches = append(l.batches, whole)
	if first, open := l.open[producer]; open && !commit {
		l.aborted = append(l.aborted, fakeAborted{abortedTransaction{producer, first}, l.end})
	}
	delete(l.open, producer)
	l.end++
	if p := l.producers[producer]; p != nil && p.epoch < epoch {
		p.epoch, p.last = epoch, nil
	}
}

type fakeAborted struct {
	abortedTransaction
	marker kafka.Offset
}

// lastStable is the end of what a consumer may read that reads committed.
func (l *fakeLog) lastStable() kafka.Offset {
	stable := l.end
	for _, first := range l.open {
		stable = min(stable, first)
	}
	return stable
}

// limit makes a fetch's answer one for read_committed. The aborted transactions
// come in the worst order.
func (l *fakeLog) limit(part *kmsg.FetchResponseTopicPartition, offset int64) {
	part.RecordBatches = nil
	for _, whole := range l.batches {
		if h, _ := batch.ReadHeader(whole); int64(h.NextOffset()) > offset && h.BaseOffset < l.lastStable() {
			part.RecordBatches = append(part.RecordBatches, whole...)
		}
	}
	for _, a := range slices.Backward(l.aborted) {
		if int64(a.marker) >= offset {
			listed := kmsg.NewFetchResponseTopicPartitionAbortedTransaction()
			listed.ProducerID, listed.FirstOffset = int64(a.producer), int64(a.first)
			part.AbortedTransactions = append(part.AbortedTransactions, listed)
		}
	}
}

// doTransaction runs the commands about transactions and says whether it was one.
func (s *stage) doTransaction(command string, args []string) bool {
	f := &s.cluster.transactions
	switch command {
	case "init":
		s.producer.InitTransactions(func(err error) { s.log("init: %v", err) })
	case "begin":
		s.log("begin: %v", s.producer.BeginTransaction())
	case "send-offset":
		member := GroupMetadata{Group: "billing", Generation: 3, Member: "m-1"}
		s.producer.SendOffsets([]CommitOffset{{s.orders, kafka.Offset(s.number(args[0])), 0}}, member, func(err error) { s.log("send-offset: %v", err) })
	case "commit-transaction":
		s.producer.CommitTransaction(s.ended("commit"))
	case "abort-transaction":
		s.producer.AbortTransaction(s.ended("abort"))
	case "transaction-fate": // KIND N WHAT
		if f.fate[args[0]] == nil {
			f.fate[args[0]] = map[int]string{}
		}
		f.fate[args[0]][s.number(args[1])] = args[2]
	case "transaction-version":
		f.version = int16(s.number(args[0]))
	case "take-over":
		s.cluster.takeOver("t")
	case "transaction-coordinator":
		s.cluster.group("t").coordinator = kafka.BrokerID(s.number(args[0]))
	case "partitions":
		for p := range s.number(args[0]) {
			if name := (kafka.TopicPartition{Topic: "orders", Partition: int32(p)}); s.cluster.logs[name] == nil {
				s.cluster.add(name, kafka.BrokerID(p%2+1))
			}
		}
	case "send-to": // PARTITION VALUE...
		for _, value := range args[1:] {
			s.sent = append(s.sent, value)
			_, err := s.producer.Send(&Record{Topic: "orders", Partition: int32(s.number(args[0])), Value: []byte(value), Timestamp: 1, Cookie: uint64(len(s.sent) - 1)})
			s.sendRefused(value, err)
		}
	case "write-as": // PRODUCER VALUE...: in that producer's transaction
		s.cluster.logs[s.orders].writeIn(kafka.ProducerID(s.number(args[0])), args[1:])
	case "mark": // PRODUCER commit|abort
		s.cluster.logs[s.orders].mark(kafka.ProducerID(s.number(args[0])), 0, args[1] == "commit")
	default:
		return false
	}
	return true
}

func (s *stage) sendRefused(value string, err error) {
	if err != nil {
		s.log("send of %s: %v", value, err)
	}
}

func (s *stage) ended(what string) func(TransactionResult) {
	return func(r TransactionResult) {
		text := ""
		if r.Error != 0 {
			text = " " + kerr.ErrorForCode(r.Error).(*kerr.Error).Message
		}
		s.log("%s: %s%s", what, outcomeNames[r.Outcome], text)
	}
}

// writeIn appends records of another producer's transaction, one batch each.
func (l *fakeLog) writeIn(producer kafka.ProducerID, values []string) {
	for _, v := range values {
		var b batch.Builder
		b.Append(1, nil, []byte(v), nil)
		b.SetTransactional()
		sequence := kafka.Sequence(0)
		if p := l.producers[producer]; p != nil && len(p.last) > 0 {
			sequence = p.last[len(p.last)-1].BaseSequence + 1
		}
		b.SetProducer(producer, 0, sequence)
		if code, _ := l.append(b.Finish()); code != 0 {
			panic("refused with " + strconv.Itoa(int(code)))
		}
	}
}

// fetchedPart is the answer to a read_committed fetch.
func fetchedPart(l *fakeLog, offset kafka.Offset) *kmsg.FetchResponseTopicPartition {
	part := kmsg.NewFetchResponseTopicPartition()
	l.limit(&part, int64(offset))
	return &part
}
