package workload

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// The headers of a dead letter, beside assay-id and assay-src: Kafka Connect's
// (ConnectHeaders of its error reporter), their values as text.
const (
	DeadTopicHeader     = "__connect.errors.topic"
	DeadPartitionHeader = "__connect.errors.partition"
	DeadOffsetHeader    = "__connect.errors.offset"
	DeadErrorHeader     = "__connect.errors.exception.message"
)

// OriginHeader carries the identity that a record had where it first came from,
// as 8 big-endian bytes: dead letters have it, and what is made of them. The copy is
// a record of its own and has its own assay-id.
const OriginHeader = "assay-origin"

// OriginOf is the identity of what a record goes back to: of the record that
// became a dead letter, else its own.
func OriginOf(r *batch.Record) history.RecordID {
	if value, ok := r.Header(OriginHeader); ok && len(value) == 8 {
		return history.RecordID(binary.BigEndian.Uint64(value))
	}
	return RecordIDOf(r)
}

// deadLetterHeaders is memory for the headers of one dead letter.
type deadLetterHeaders struct {
	output            outputHeaders
	list              [7]batch.RecordHeader
	origin            [8]byte
	partition, offset []byte
}

// of are the headers of a dead letter; they are good until the next call.
func (h *deadLetterHeaders) of(id history.RecordID, source kafka.TopicPartition, record *batch.Record, cause string) []batch.RecordHeader {
	n := copy(h.list[:], h.output.of(id, source, record.Offset))
	binary.BigEndian.PutUint64(h.origin[:], uint64(OriginOf(record)))
	h.partition = strconv.AppendInt(h.partition[:0], int64(source.Partition), 10)
	h.offset = strconv.AppendInt(h.offset[:0], int64(record.Offset), 10)
	for _, header := range []batch.RecordHeader{
		{Key: OriginHeader, Value: h.origin[:]},
		{Key: DeadTopicHeader, Value: []byte(source.Topic)},
		{Key: DeadPartitionHeader, Value: h.partition},
		{Key: DeadOffsetHeader, Value: h.offset},
		{Key: DeadErrorHeader, Value: []byte(cause)},
	} {
		h.list[n] = header
		n++
	}
	return h.list[:n]
}

// deadLetterWriter is the producer of a consumer that sets records aside, one
// after the other. A record is handled when the dead-letter topic has acknowledged
// it; until then it is sent again.
type deadLetterWriter struct {
	topic    string
	session  *Session
	host     host.Host
	timers   *clients.Timers
	client   *clients.Client
	producer *clients.Producer
	headers  deadLetterHeaders

	source kafka.TopicPartition
	record *batch.Record // being set aside; nil for none
	group  string
	cause  string
	sent   bool
	done   func()
	again  clients.Timer
	ended  clients.Timer // a delivery is in the middle of a batch's: what follows comes after it
}

// deadLetterPause is the wait before a dead letter is sent that was not acknowledged.
const deadLetterPause = time.Second

func (w *deadLetterWriter) start(n *ConsumerNode) {
	w.topic, w.session, w.host, w.timers, w.group = n.config.Handling.DeadLetter, n.session, n.host, n.timers, n.config.Consumer.GroupID
	config := n.config.DeadLetterClient
	config.ID, config.PurposePrefix = n.config.Client.ID, "producer-"
	w.client = clients.NewClient(n.host, n.timers, config)
	w.producer = clients.NewProducer(w.client, n.config.DeadLetterProducer, clients.ProducerEvents{Delivered: w.delivered, Unblocked: w.send})
	w.again.Fire = w.send
	w.ended.Fire = func() { w.done() }
}

func (w *deadLetterWriter) opened(c host.Conn) bool {
	return w.client != nil && w.client.Opened(c)
}

func (w *deadLetterWriter) received(c host.Conn, m host.Message) bool {
	return w.client != nil && w.client.Received(c, m)
}

func (w *deadLetterWriter) closed(c host.Conn, err error) bool {
	return w.client != nil && w.client.Closed(c, err)
}

// giveUp leaves the record to the next incarnation.
func (w *deadLetterWriter) giveUp() {
	w.record = nil
	if w.timers != nil {
		w.timers.Stop(&w.again)
		w.timers.Stop(&w.ended)
	}
}

func (w *deadLetterWriter) close() {
	if w.client != nil {
		w.client.Close()
	}
}

// write sets a record aside and calls done, once, when it is acknowledged.
func (w *deadLetterWriter) write(source kafka.TopicPartition, record *batch.Record, cause string, done func()) {
	w.source, w.record, w.cause, w.sent, w.done = source, record, cause, false, done
	w.send()
}

func (w *deadLetterWriter) send() {
	if w.record == nil || w.sent {
		return
	}
	id := w.session.NextRecord()
	partition, err := w.producer.Send(&clients.Record{
		Topic: w.topic, Partition: clients.AnyPartition, Key: w.record.Key, Value: w.record.Value,
		Headers: w.headers.of(id, w.source, w.record, w.cause), Timestamp: w.host.Wall().Millis(), Cookie: uint64(id.Send()),
	})
	switch {
	case errors.Is(err, clients.ErrWouldBlock): // Unblocked calls
	case err != nil:
		w.timers.Set(&w.again, w.host.Now().Add(deadLetterPause))
	default:
		w.sent = true
		w.session.SentFor(RecordIDOf(w.record), kafka.TopicPartition{Topic: w.topic, Partition: partition}, keyHash(w.record.Key))
		w.session.Derived(id, w.source, w.record.Offset, w.group)
	}
}

func (w *deadLetterWriter) delivered(d clients.Delivery) {
	w.session.Delivered(d)
	w.sent = false
	if d.Outcome != clients.Acknowledged {
		w.timers.Set(&w.again, w.host.Now().Add(deadLetterPause))
		return
	}
	w.session.recorder.metrics.DeadLettered++
	w.record = nil
	w.timers.Set(&w.ended, w.host.Now())
}
