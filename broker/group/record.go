package group

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// Record is one change of the groups' state, as a record of the offsets topic.
// The encodings are Kafka's own.
type Record = interface {
	// AppendKey appends the record's key.
	AppendKey(dst []byte) []byte
	// AppendValue appends the record's value; false is a tombstone.
	AppendValue(dst []byte) (value []byte, present bool)
}

// OffsetRecord is an offset committed or, Deleted, forgotten.
type OffsetRecord struct {
	Group     string
	Partition kafka.TopicPartition
	Deleted   bool
	Committed Committed // unless Deleted
}

// Versions of keys and values. A key's version says what it is the key of.
const (
	oldestOffsetKey    = 0
	offsetKey          = 1
	offsetValue        = 4 // with the topic's id (KAFKA-19141)
	expiringOffset     = 1 // the version that carries a time of expiry
	newestOffsetValue  = 4
	lengthOfKeyVersion = 2
)

// AppendKey implements Record.
func (r *OffsetRecord) AppendKey(dst []byte) []byte {
	key := kmsg.OffsetCommitKey{Version: offsetKey, Group: r.Group, Topic: r.Partition.Topic, Partition: r.Partition.Partition}
	return key.AppendTo(dst)
}

// AppendValue implements Record.
func (r *OffsetRecord) AppendValue(dst []byte) ([]byte, bool) {
	if r.Deleted {
		return dst, false
	}
	o := &r.Committed
	value := kmsg.OffsetCommitValue{Version: offsetValue, Offset: int64(o.Offset), LeaderEpoch: int32(o.LeaderEpoch), Metadata: o.Metadata,
		CommitTimestamp: o.CommitTime, ExpireTimestamp: o.ExpireTime, TopicID: o.TopicID}
	if o.ExpireTime != NoExpiry {
		value.Version = expiringOffset
	}
	return value.AppendTo(dst), true
}

// ErrRecord is the cause of every error of Decode.
var ErrRecord = errors.New("not a record of the offsets topic")

// versionOf is what a key or a value begins with.
func versionOf(content []byte) int16 { return int16(binary.BigEndian.Uint16(content)) }

// decoder reads records of the offsets topic.
type decoder struct {
	offset OffsetRecord
	key    kmsg.OffsetCommitKey
	value  kmsg.OffsetCommitValue
}

// Decode reads one record; a nil value is a tombstone. The record is the
// Coordinator's until the next call, and its strings alias key and value. A
// record of a kind that is not known is nil: a later version may have written it.
func (c *Coordinator) Decode(key, value []byte) (Record, error) { return c.decoder.decode(key, value) }

func (d *decoder) decode(key, value []byte) (Record, error) {
	if len(key) < lengthOfKeyVersion {
		return nil, fmt.Errorf("%w: a key of %d bytes", ErrRecord, len(key))
	}
	if r, known, err := d.decodeConsumerGroup(key, value); known {
		return r, err
	}
	switch version := versionOf(key); {
	case version == groupKey:
		return d.decodeGroup(key, value)
	case version < oldestOffsetKey || version > offsetKey:
		return nil, nil
	}
	if err := d.key.UnsafeReadFrom(key); err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrRecord, err)
	}
	d.offset = OffsetRecord{Group: d.key.Group, Partition: kafka.TopicPartition{Topic: d.key.Topic, Partition: d.key.Partition}, Deleted: value == nil}
	if d.offset.Deleted {
		return &d.offset, nil
	}
	v := &d.value
	if len(value) < lengthOfKeyVersion || versionOf(value) > newestOffsetValue {
		return nil, fmt.Errorf("%w: a value of an unknown version", ErrRecord)
	}
	if err := v.UnsafeReadFrom(value); err != nil {
		return nil, fmt.Errorf("%w: value: %w", ErrRecord, err)
	}
	d.offset.Committed = Committed{Offset: kafka.Offset(v.Offset), LeaderEpoch: kafka.LeaderEpoch(v.LeaderEpoch), Metadata: v.Metadata,
		TopicID: v.TopicID, CommitTime: v.CommitTimestamp, ExpireTime: NoExpiry}
	if v.Version < 3 {
		d.offset.Committed.LeaderEpoch = kafka.NoEpoch
	}
	if v.Version == expiringOffset {
		d.offset.Committed.ExpireTime = v.ExpireTimestamp
	}
	return &d.offset, nil
}
