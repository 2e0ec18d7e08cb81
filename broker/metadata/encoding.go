package metadata

import (
	"encoding/binary"
	"errors"
	"fmt"

	"assay/internal/kafka"
)

// The encoding of a list of records:
//
//	version (1 byte, 2), then for each record
//	kind (uvarint), length of the body (uvarint), body
//
// Numbers are zigzag varints, strings and lists carry a uvarint length, ids are
// 16 bytes, truth is one byte 0 or 1. A decoder refuses what it does not know:
// metadata half understood is worse than none. Version 1, which is still read,
// has no eligible leader replicas in the bodies of partitions.
const (
	encodingVersion   = 2
	versionWithoutELR = 1
)

type recordKind uint64

// Kinds are on disk: never renumber, only add.
const (
	kindNoOp            recordKind = 0
	kindRegisterBroker  recordKind = 1
	kindBrokerChange    recordKind = 2
	kindTopic           recordKind = 3
	kindPartition       recordKind = 4
	kindPartitionChange recordKind = 5
	kindRemoveTopic     recordKind = 6
	kindConfig          recordKind = 7
	kindProducerIDs     recordKind = 8
)

// ErrEncoding says that bytes are no encoding of metadata records.
var ErrEncoding = errors.New("malformed metadata records")

func (RegisterBroker) kind() recordKind   { return kindRegisterBroker }
func (BrokerChange) kind() recordKind     { return kindBrokerChange }
func (TopicRecord) kind() recordKind      { return kindTopic }
func (*PartitionRecord) kind() recordKind { return kindPartition }
func (PartitionChange) kind() recordKind  { return kindPartitionChange }
func (RemoveTopic) kind() recordKind      { return kindRemoveTopic }
func (ConfigRecord) kind() recordKind     { return kindConfig }
func (ProducerIDs) kind() recordKind      { return kindProducerIDs }
func (NoOp) kind() recordKind             { return kindNoOp }

// AppendRecords appends the encoding of records.
func AppendRecords(dst []byte, records []Record) []byte {
	dst = append(dst, encodingVersion)
	var body []byte
	for _, r := range records {
		body = r.appendBody(body[:0])
		dst = binary.AppendUvarint(dst, uint64(r.kind()))
		dst = binary.AppendUvarint(dst, uint64(len(body)))
		dst = append(dst, body...)
	}
	return dst
}

// DecodeRecords reads what AppendRecords wrote; nothing may follow. The records
// do not alias the bytes. Errors wrap ErrEncoding.
func DecodeRecords(encoded []byte) ([]Record, error) {
	if len(encoded) == 0 || encoded[0] != encodingVersion && encoded[0] != versionWithoutELR {
		return nil, fmt.Errorf("%w: no known version", ErrEncoding)
	}
	in := reader{rest: encoded[1:]}
	var records []Record
	var room room
	for len(in.rest) > 0 {
		kind := recordKind(in.uvarint())
		body := reader{rest: in.take(in.uvarint()), withoutELR: encoded[0] == versionWithoutELR, room: &room}
		if in.bad {
			return nil, fmt.Errorf("%w: record %d is cut off", ErrEncoding, len(records))
		}
		record := body.record(kind)
		if record == nil || body.bad || len(body.rest) > 0 {
			return nil, fmt.Errorf("%w: record %d of kind %d", ErrEncoding, len(records), kind)
		}
		records = append(records, record)
	}
	return records, nil
}

func (r RegisterBroker) appendBody(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(r.Broker))
	dst = append(dst, r.Incarnation[:]...)
	dst = binary.AppendVarint(dst, int64(r.Epoch))
	dst = appendString(dst, r.Host)
	dst = binary.AppendVarint(dst, int64(r.Port))
	return appendString(dst, r.Rack)
}

func (r BrokerChange) appendBody(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(r.Broker))
	dst = binary.AppendVarint(dst, int64(r.Epoch))
	dst = appendBool(dst, r.Fenced)
	return appendBool(dst, r.ShuttingDown)
}

func (r TopicRecord) appendBody(dst []byte) []byte {
	return append(appendString(dst, r.Name), r.ID[:]...)
}

func (r *PartitionRecord) appendBody(dst []byte) []byte {
	dst = append(dst, r.Topic[:]...)
	dst = binary.AppendVarint(dst, int64(r.Partition))
	dst = appendBrokers(dst, r.State.Replicas)
	return appendLeadership(dst, &r.State)
}

func (r PartitionChange) appendBody(dst []byte) []byte {
	dst = append(dst, r.Topic[:]...)
	dst = binary.AppendVarint(dst, int64(r.Partition))
	return appendLeadership(dst, &Partition{
		ISR: r.ISR, ELR: r.ELR, LastKnownELR: r.LastKnownELR, Leader: r.Leader,
		LeaderEpoch: r.LeaderEpoch, PartitionEpoch: r.PartitionEpoch,
	})
}

func (r RemoveTopic) appendBody(dst []byte) []byte { return append(dst, r.ID[:]...) }

func (r ConfigRecord) appendBody(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(r.Resource.Type))
	dst = appendString(dst, r.Resource.Name)
	dst = appendString(dst, r.Key)
	dst = appendString(dst, r.Value)
	return appendBool(dst, r.Deleted)
}

func (r ProducerIDs) appendBody(dst []byte) []byte {
	return binary.AppendVarint(dst, int64(r.Next))
}

func (NoOp) appendBody(dst []byte) []byte { return dst }

// appendLeadership appends all of a partition but its replicas.
func appendLeadership(dst []byte, p *Partition) []byte {
	dst = appendBrokers(dst, p.ISR)
	dst = appendBrokers(dst, p.ELR)
	dst = appendBrokers(dst, p.LastKnownELR)
	dst = binary.AppendVarint(dst, int64(p.Leader))
	dst = binary.AppendVarint(dst, int64(p.LeaderEpoch))
	return binary.AppendVarint(dst, int64(p.PartitionEpoch))
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendBrokers(dst []byte, ids []kafka.BrokerID) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	for _, id := range ids {
		dst = binary.AppendVarint(dst, int64(id))
	}
	return dst
}

// reader takes values off the front of bytes; the first mistake sets bad, and
// everything read from then on is zero.
type reader struct {
	rest       []byte
	withoutELR bool // of version 1
	bad        bool
	*room
}

// room is where the records of one entry are decoded, many in one piece: a new
// topic has a record for each of its partitions.
type room struct {
	ids        []kafka.BrokerID // of lists, one after the other
	partitions []PartitionRecord
}

// partition returns a record that is still empty.
func (r *room) partition() *PartitionRecord {
	n := len(r.partitions)
	if n == cap(r.partitions) {
		r.partitions, n = make([]PartitionRecord, 0, min(max(1, 2*n), 128)), 0
	}
	r.partitions = r.partitions[:n+1]
	return &r.partitions[n]
}

func (in *reader) record(kind recordKind) Record {
	switch kind {
	case kindNoOp:
		return NoOp{}
	case kindRegisterBroker:
		return RegisterBroker{
			Broker: kafka.BrokerID(in.int32()), Incarnation: IncarnationID(in.id()), Epoch: kafka.BrokerEpoch(in.varint()),
			Host: in.string(), Port: in.int32(), Rack: in.string(),
		}
	case kindBrokerChange:
		return BrokerChange{
			Broker: kafka.BrokerID(in.int32()), Epoch: kafka.BrokerEpoch(in.varint()), Fenced: in.bool(), ShuttingDown: in.bool(),
		}
	case kindTopic:
		return TopicRecord{Name: in.string(), ID: kafka.TopicID(in.id())}
	case kindPartition:
		r := in.partition()
		r.Topic, r.Partition = kafka.TopicID(in.id()), in.int32()
		r.State = in.leadership(in.brokers())
		return r
	case kindPartitionChange:
		r := PartitionChange{Topic: kafka.TopicID(in.id()), Partition: in.int32()}
		p := in.leadership(nil)
		r.ISR, r.ELR, r.LastKnownELR = p.ISR, p.ELR, p.LastKnownELR
		r.Leader, r.LeaderEpoch, r.PartitionEpoch = p.Leader, p.LeaderEpoch, p.PartitionEpoch
		return r
	case kindRemoveTopic:
		return RemoveTopic{ID: kafka.TopicID(in.id())}
	case kindConfig:
		return ConfigRecord{
			Resource: ConfigResource{Type: ResourceType(in.bounded(-1<<7, 1<<7-1)), Name: in.string()},
			Key:      in.string(), Value: in.string(), Deleted: in.bool(),
		}
	case kindProducerIDs:
		return ProducerIDs{Next: kafka.ProducerID(in.varint())}
	}
	return nil
}

func (in *reader) leadership(replicas []kafka.BrokerID) Partition {
	p := Partition{Replicas: replicas, ISR: in.brokers()}
	if !in.withoutELR {
		p.ELR, p.LastKnownELR = in.brokers(), in.brokers()
	}
	p.Leader, p.LeaderEpoch, p.PartitionEpoch = kafka.BrokerID(in.int32()), kafka.LeaderEpoch(in.int32()), kafka.PartitionEpoch(in.int32())
	return p
}

func (in *reader) uvarint() uint64 {
	if len(in.rest) > 0 && in.rest[0] < 0x80 { // as nearly all
		v := uint64(in.rest[0])
		in.rest = in.rest[1:]
		return v
	}
	v, n := binary.Uvarint(in.rest)
	if n <= 0 {
		in.fail()
		return 0
	}
	in.rest = in.rest[n:]
	return v
}

func (in *reader) varint() int64 {
	v := in.uvarint()
	return int64(v>>1) ^ -int64(v&1) // zigzag
}

func (in *reader) bounded(low, high int64) int64 {
	v := in.varint()
	if v < low || v > high {
		in.fail()
		return 0
	}
	return v
}

func (in *reader) int32() int32 { return int32(in.bounded(-1<<31, 1<<31-1)) }

func (in *reader) bool() bool {
	b := in.take(1)
	if in.bad || b[0] > 1 {
		in.fail()
		return false
	}
	return b[0] == 1
}

func (in *reader) take(n uint64) []byte {
	if n > uint64(len(in.rest)) {
		in.fail()
		return nil
	}
	taken := in.rest[:n:n]
	in.rest = in.rest[n:]
	return taken
}

func (in *reader) string() string { return string(in.take(in.uvarint())) }

func (in *reader) id() (id [16]byte) {
	copy(id[:], in.take(uint64(len(id))))
	return id
}

// brokers reads a list; an empty one is nil.
func (in *reader) brokers() []kafka.BrokerID {
	count := in.uvarint()
	if count == 0 {
		return nil
	}
	if count > uint64(len(in.rest)) { // each takes a byte at least
		in.fail()
		return nil
	}
	first := len(in.ids)
	if cap(in.ids)-first < int(count) {
		in.ids, first = make([]kafka.BrokerID, 0, max(int(count), min(2*cap(in.ids), 1024))), 0
	}
	for range count {
		in.ids = append(in.ids, kafka.BrokerID(in.int32()))
	}
	return in.ids[first:len(in.ids):len(in.ids)]
}

func (in *reader) fail() {
	in.bad = true
	in.rest = nil
}
