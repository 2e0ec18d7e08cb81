package workload

import (
	"bytes"
	"encoding/binary"
	"errors"

	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// OwnState is what an application that sends keeps in a store of its own. Its
// callers are told when their transaction there is durable, not when a broker has
// acknowledged the event.
type OwnState uint8

const (
	// NoOwnState: a send is acknowledged by the broker.
	NoOwnState OwnState = iota
	// Outbox: the state and the event are one row. A relay sends the rows in their
	// order, and after each start goes on behind those that it knows to be
	// acknowledged: what was not recorded yet is sent twice.
	Outbox
	// DualWrite: the state is a row, and the event is sent when that is durable, from
	// memory: what dies in between leaves the state without its event.
	DualWrite
)

// relay sends what an application's own store has committed.
type relay struct {
	node     *ProducerNode
	store    *ownStore
	progress *ownStore // of an outbox: numbers of rows that are acknowledged
	rows     []relayed // from row number first on, those not acknowledged
	first    int
	told     int // rows that the application's callers were told of
	next     int // the row to send next
	recorded int // rows that progress says are acknowledged
	again    bool
	settled  clients.Timer // what was sent has its outcome
	headers  [1]batch.RecordHeader
	identity [8]byte
}

// relayed is a row: an event that is to be sent, or was.
type relayed struct {
	id           history.RecordID
	partition    int32
	key, value   []byte
	acknowledged bool
}

const (
	rowsFile     = "outbox"
	progressFile = "relayed"
)

// open goes on where former incarnations have ended.
func (r *relay) open(n *ProducerNode) {
	*r = relay{node: n}
	r.headers[0].Key = IdentityHeader
	r.settled.Fire = r.startAgain
	store, rows, err := openStore(n.host, rowsFile)
	if err != nil {
		r.fail()
		return
	}
	r.store, r.told, r.first, r.next = store, len(rows), len(rows), len(rows)
	if n.config.Own == DualWrite {
		return // the rows are state alone
	}
	progress, records, err := openStore(n.host, progressFile)
	if err != nil {
		r.fail()
		return
	}
	r.progress = progress
	if len(records) > 0 {
		r.recorded = int(binary.BigEndian.Uint64(records[len(records)-1]))
	}
	// The record of it may outlive a row that a power loss took: there is nothing to send then.
	r.recorded = min(r.recorded, len(rows))
	r.first, r.next = r.recorded, r.recorded
	for _, row := range rows[r.first:] {
		r.rows = append(r.rows, parseRow(row))
	}
}

// fail begins anew: the store tells where.
func (r *relay) fail() { r.node.again.soon(r.node.timers, r.node.host) }

// commitBacklog commits what has arrived.
func (r *relay) commitBacklog() {
	n := r.node
	if r.store == nil || n.again.timer.IsSet() {
		return
	}
	for _, arrived := range n.backlog {
		id, payload := n.session.NextRecord(), n.values.next()
		row := relayed{id: id, key: bytes.Clone(n.keys.next(payload.Key)), value: payload.Value}
		row.partition = r.partition(row.key, id)
		waited := n.host.Now().Sub(arrived)
		n.session.Sent(kafka.TopicPartition{Topic: n.config.Topic, Partition: row.partition}, keyHash(row.key), n.session.Now()-history.Time(waited))
		r.rows = append(r.rows, row)
		if err := r.store.append(row.appendTo(nil)); err != nil {
			r.fail()
			break
		}
	}
	n.backlog = n.backlog[:0]
}

// partition is the event's: it stands in the row, so that an event that is sent
// again goes where it was sent before.
func (r *relay) partition(key []byte, id history.RecordID) int32 {
	if key == nil {
		return int32(id.Send() % uint32(r.node.config.Partitions))
	}
	return clients.PartitionForKey(key, r.node.config.Partitions)
}

func (r *relay) done(op host.Op, err error) {
	if r.store == nil || r.node.again.timer.IsSet() {
		return
	}
	mine, failed := r.store.done(op, err)
	if !mine {
		mine, failed = r.progress.done(op, err)
	}
	if mine && failed != nil {
		r.fail()
		return
	}
	r.tell()
	r.send()
	r.record()
}

// tell lets the application's callers know what is committed.
func (r *relay) tell() {
	for committed := r.store.committed(); r.told < committed; r.told++ {
		id := r.rows[r.told-r.first].id
		r.node.session.Delivered(clients.Delivery{Cookie: uint64(id.Send()), Outcome: clients.Acknowledged, Offset: kafka.NoOffset})
	}
}

// send hands rows that are committed to the producer, as far as it takes them.
func (r *relay) send() {
	n := r.node
	for committed := r.store.committed(); r.next < committed && !r.again && !n.again.timer.IsSet(); r.next++ {
		row := &r.rows[r.next-r.first]
		if row.acknowledged {
			continue
		}
		binary.BigEndian.PutUint64(r.identity[:], uint64(row.id))
		r.headers[0].Value = r.identity[:]
		_, err := n.producer.Send(&clients.Record{Topic: n.config.Topic, Partition: row.partition, Key: row.key, Value: row.value,
			Headers: r.headers[:], Timestamp: n.host.Wall().Millis(), Cookie: uint64(r.next)})
		switch {
		case errors.Is(err, clients.ErrWouldBlock): // Unblocked calls
			return
		case err != nil:
			r.fail()
			return
		}
	}
}

// delivered takes the outcome of an event. An outbox sends again what did not
// surely arrive; a dual write has forgotten it.
func (r *relay) delivered(d clients.Delivery) {
	row := &r.rows[int(d.Cookie)-r.first]
	row.acknowledged = d.Outcome == clients.Acknowledged || r.node.config.Own == DualWrite
	r.again = r.again || !row.acknowledged
	for len(r.rows) > 0 && r.rows[0].acknowledged {
		r.rows, r.first = r.rows[1:], r.first+1
	}
	r.record()
	if r.again && r.node.producer.Open() == 0 {
		r.node.timers.Set(&r.settled, r.node.host.Now()) // a delivery is in the middle of a batch's
	}
}

// startAgain sends anew from the first row that is not acknowledged on.
func (r *relay) startAgain() {
	r.again, r.next = false, r.first
	r.send()
}

// record writes down how far the relay has come, one row at a time, AFTER the
// acknowledgement: what it says was sent for sure.
func (r *relay) record() {
	if r.progress == nil || r.first <= r.recorded || !r.progress.settled() {
		return
	}
	r.recorded = r.first
	if err := r.progress.append(binary.BigEndian.AppendUint64(nil, uint64(r.recorded))); err != nil {
		r.fail()
	}
}

// A row is its record's identity in 8 bytes, its partition and the length of its
// key in four each (one more than it is, 0 for none), big-endian; the key; the value.
func (row *relayed) appendTo(to []byte) []byte {
	to = binary.BigEndian.AppendUint64(to, uint64(row.id))
	to = binary.BigEndian.AppendUint32(to, uint32(row.partition))
	length := uint32(0)
	if row.key != nil {
		length = uint32(len(row.key)) + 1
	}
	to = binary.BigEndian.AppendUint32(to, length)
	return append(append(to, row.key...), row.value...)
}

func parseRow(raw []byte) relayed {
	row := relayed{id: history.RecordID(binary.BigEndian.Uint64(raw)), partition: int32(binary.BigEndian.Uint32(raw[8:]))}
	length := binary.BigEndian.Uint32(raw[12:])
	raw = raw[16:]
	if length > 0 {
		row.key = raw[:length-1]
		raw = raw[length-1:]
	}
	row.value = raw
	return row
}
