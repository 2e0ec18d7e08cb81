package broker

import (
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Produce, versions 3 to 13: 3 is the first with record batches of format v2,
// 5 adds the log start offset, 8 error messages, 10 the current leader (with
// NOT_LEADER_OR_FOLLOWER), 13 names topics by id.

// heldProduce is a produce whose records are appended and whose answer waits
// for replication or a sync. It ends exactly once: when every partition has
// ended, or at its deadline.
type heldProduce struct {
	exchange *exchange
	response *kmsg.ProduceResponse
	acks     int16
	waiting  int // partitions that have not ended
	deadline timer
	held     []*hosted // where its waits stand; with repeats

	crcsChecked bool // by whoever read the frame

	transactionalID string // "" for none
	timeout         time.Duration
	begun           bool // the whole request is taken in
	verifying       int  // partitions whose transaction is being verified
	failed          bool // a partition was refused
}

// produceWait is one partition's part of a heldProduce.
type produceWait struct {
	produce          *heldProduce
	topic, partition int          // place in the response
	end              kafka.Offset // committed when the high watermark reaches it
}

func (n *Node) produce(e *exchange, r *kmsg.ProduceRequest, crcsChecked bool) {
	response := kmsg.NewPtrProduceResponse()
	response.Topics = make([]kmsg.ProduceResponseTopic, len(r.Topics))
	p := &heldProduce{exchange: e, response: response, acks: r.Acks, crcsChecked: crcsChecked,
		timeout: time.Duration(max(r.TimeoutMillis, 0)) * time.Millisecond}
	if r.TransactionID != nil {
		p.transactionalID = *r.TransactionID
	}
	unnamed := r.TransactionID == nil && hasTransactionalBatch(r)
	for i := range r.Topics {
		from, to := &r.Topics[i], &response.Topics[i]
		to.Topic, to.TopicID = from.Topic, from.TopicID
		to.Partitions = make([]kmsg.ProduceResponseTopicPartition, len(from.Partitions))
		topic, err := n.topicNamed(r.Version >= 13, from.Topic, from.TopicID)
		for j := range from.Partitions {
			to.Partitions[j] = noProduceResponse
			to.Partitions[j].Partition = from.Partitions[j].Partition
			if unnamed {
				n.refuseProduce(p, from.Topic, &to.Partitions[j], kerr.TransactionalIDAuthorizationFailed)
				continue
			}
			if err = cmpErr(err, requiredAcks(r.Acks)); err != nil {
				to.Partitions[j].ErrorCode = errorCode(err)
				p.failed = true
				continue
			}
			n.producePartition(p, topic, i, j, from.Partitions[j].Records)
		}
	}
	p.begun = true
	if p.verifying > 0 {
		// A batch must not overtake one that was sent before it.
		e.block()
		return
	}
	n.answerProduce(p)
}

// answerProduce answers a produce whose records are all appended or refused, or
// lets it wait for those that are to be replicated.
func (n *Node) answerProduce(p *heldProduce) {
	switch {
	case p.acks == 0 && p.failed:
		// Nobody listens for an answer: the closed connection is the only sign.
		n.disconnect(p.exchange.connection)
	case p.acks == 0:
		n.answer(p.exchange, nil)
	case p.waiting == 0:
		n.answer(p.exchange, p.response)
	default:
		n.timers.set(&p.deadline, n.now.Add(p.timeout), func() { n.expireProduce(p) })
	}
}

var noProduceResponse = func() kmsg.ProduceResponseTopicPartition {
	p := kmsg.NewProduceResponseTopicPartition()
	p.BaseOffset, p.LogAppendTime, p.LogStartOffset = -1, -1, -1
	return p
}()

func requiredAcks(acks int16) error {
	if acks < -1 || acks > 1 {
		return kerr.InvalidRequiredAcks
	}
	return nil
}

// producePartition takes in one partition's batch: it appends it, or asks about
// its transaction first.
func (n *Node) producePartition(p *heldProduce, topic knownTopic, i, j int, records []byte) {
	out := &p.response.Topics[i].Partitions[j]
	h, err := n.hostedPartition(topic, out.Partition)
	if metadata.IsInternal(topic.name) {
		err = kerr.InvalidTopicException // only the brokers write there
	}
	if err != nil {
		n.refuseProduce(p, topic.name, out, err)
		return
	}
	n.host.Serial(h.lane)
	n.observe(PointProduceReceived, h.key.Topic, int64(out.Partition), int64(len(records)), int64(p.acks))
	one, err := oneBatch(records)
	if err != nil {
		n.refuseProduce(p, topic.name, out, err)
		return
	}
	if header, err := batch.ReadHeader(one); err == nil && header.IsTransactional() {
		n.produceInTransaction(p, h, i, j, &header, one)
		return
	}
	n.produceBatch(p, h, i, j, one)
}

// produceBatch appends one whole batch, as oneBatch cuts it. With acks it leaves
// a wait where the answer depends on more.
func (n *Node) produceBatch(p *heldProduce, h *hosted, i, j int, one []byte) {
	out := &p.response.Topics[i].Partitions[j]
	info, err := n.appendBatch(h, one, p)
	if err != nil {
		n.refuseProduce(p, h.key.Topic, out, err)
		n.hintLeader(h, out)
		if tellsLogStart(out.ErrorCode) {
			out.LogStartOffset = int64(h.log.LogStartOffset())
		}
		return
	}
	out.BaseOffset, out.LogAppendTime = int64(info.FirstOffset), info.LogAppendTime
	out.LogStartOffset = int64(h.log.LogStartOffset())
	wait := produceWait{produce: p, topic: i, partition: j, end: info.LastOffset + 1}
	if p.acks == 0 {
		return
	}
	if done, err := wait.ended(&h.Partition); done || err != nil {
		n.endProduce(h, wait, err)
		return
	}
	p.waiting++
	p.held = append(p.held, h)
	h.holdProduce(wait)
}

// oneBatch cuts the one batch of format v2 out of what a request has for a
// partition: INVALID_RECORD for none, several, and older formats; bytes behind
// it that are no batch are left out. So does Kafka, before it looks at anything
// else.
func oneBatch(records []byte) ([]byte, error) {
	header, err := batch.ReadHeader(records)
	if err != nil || header.Magic >= 0 && header.Magic < batch.Magic {
		return nil, kerr.InvalidRecord
	}
	if err := header.Check(); err != nil {
		return nil, err
	}
	if header.Size() > len(records) {
		return nil, kerr.InvalidRecord
	}
	if _, _, _, err := batch.Next(records[header.Size():]); err == nil {
		return nil, kerr.InvalidRecord
	}
	return records[:header.Size()], nil
}

// appendBatch appends one whole batch, as oneBatch cuts it.
func (n *Node) appendBatch(h *hosted, records []byte, p *heldProduce) (storage.AppendInfo, error) {
	if !p.crcsChecked {
		if err := batch.CheckCRC(records); err != nil {
			return storage.AppendInfo{}, err
		}
	}
	return h.Append(n.moment, records, p.acks)
}

func (n *Node) refuseProduce(p *heldProduce, topic string, out *kmsg.ProduceResponseTopicPartition, err error) {
	p.failed = true
	out.ErrorCode = errorCode(err)
	n.observe(PointProduceFailed, topic, int64(out.Partition), int64(out.ErrorCode))
}

// tellsLogStart reports whether a refusal comes with the log's start, by which a
// producer tells lost records from deleted ones. Kafka leaves it out where the
// batch or the partition is not what was meant at all.
func tellsLogStart(code int16) bool {
	switch code {
	case kerr.NotLeaderForPartition.Code, kerr.CorruptMessage.Code, kerr.MessageTooLarge.Code,
		kerr.RecordListTooLarge.Code, kerr.KafkaStorageError.Code:
		return false
	}
	return true
}

func (n *Node) hintLeader(h *hosted, out *kmsg.ProduceResponseTopicPartition) {
	if out.ErrorCode == kerr.NotLeaderForPartition.Code {
		s := h.State()
		out.CurrentLeader.LeaderID, out.CurrentLeader.LeaderEpoch = int32(s.Leader), int32(s.LeaderEpoch)
	}
}

// holdProduce keeps the waits sorted by end: a retry that was recognised waits
// for less than what came before it.
func (h *hosted) holdProduce(w produceWait) {
	at := len(h.produces)
	for at > 0 && h.produces[at-1].end > w.end {
		at--
	}
	h.produces = slices.Insert(h.produces, at, w)
}

// ended asks the partition whether this wait has ended, and how.
func (w *produceWait) ended(p *replica.Partition) (bool, error) {
	if w.produce.acks == -1 {
		return p.Committed(w.end)
	}
	return p.Settled(w.end)
}

// completeProduces ends what a change of the partition lets end. It is called
// by settle alone. Waits stand in the order of their offsets, and what one of
// acks=all waits for, so do those behind it; one of acks=1 waits for less.
func (n *Node) completeProduces(h *hosted) {
	allWait, leaderWaits := false, false
	for i := 0; i < len(h.produces) && !(allWait && leaderWaits); {
		w := h.produces[i]
		waits := &leaderWaits
		if w.produce.acks == -1 {
			waits = &allWait
		}
		if *waits {
			i++
			continue
		}
		done, err := w.ended(&h.Partition)
		if !done && err == nil {
			*waits = true
			i++
			continue
		}
		h.produces = slices.Delete(h.produces, i, i+1)
		if err != nil {
			n.observe(PointHeldProduceFailed, h.key.Topic, int64(h.key.Partition), int64(w.end-1), int64(errorCode(err)))
		}
		n.endProduce(h, w, err)
		p := w.produce
		p.waiting--
		if p.waiting == 0 && p.begun && p.verifying == 0 {
			n.timers.Stop(&p.deadline)
			n.answer(p.exchange, p.response)
		}
	}
}

// endProduce writes the outcome of one partition into the response.
func (n *Node) endProduce(h *hosted, w produceWait, err error) {
	out := &w.produce.response.Topics[w.topic].Partitions[w.partition]
	if err == nil {
		n.observe(PointProduceAcknowledged, h.key.Topic, int64(out.Partition), out.BaseOffset, int64(w.end-1), int64(w.produce.acks))
		return
	}
	out.ErrorCode = errorCode(err)
	out.BaseOffset, out.LogAppendTime, out.LogStartOffset = -1, -1, -1
	n.hintLeader(h, out)
	n.observe(PointProduceFailed, h.key.Topic, int64(out.Partition), int64(out.ErrorCode))
}

// expireProduce answers REQUEST_TIMED_OUT for every partition that still
// waits. The records stay: they may be committed later.
func (n *Node) expireProduce(p *heldProduce) {
	for _, h := range p.held {
		h.produces = slices.DeleteFunc(h.produces, func(w produceWait) bool {
			if w.produce != p {
				return false
			}
			n.observe(PointProduceExpired, h.key.Topic, int64(h.key.Partition), int64(w.end-1))
			n.endProduce(h, w, kerr.RequestTimedOut)
			return true
		})
	}
	n.answer(p.exchange, p.response)
}

// errorCode is the protocol's code of an error, UNKNOWN_SERVER_ERROR for one
// that carries none.
func errorCode(err error) int16 {
	if err == nil {
		return 0
	}
	var known *kerr.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return kerr.UnknownServerError.Code
}

// cmpErr returns the first error.
func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
