// Package batch reads and writes Kafka's record batches (format v2, magic 2)
// as bytes. The broker never unpacks them: it reads the 61 bytes of the header
// and sets two fields of it. Clients build batches and walk their records,
// which alias the batch.
//
// The layout is that of Kafka's DefaultRecordBatch:
//
//	 0 base offset            int64   not covered by the CRC
//	 8 length of what follows int32   not covered
//	12 partition leader epoch int32   not covered
//	16 magic                  int8    not covered
//	17 CRC32C of what follows uint32
//	21 attributes             int16
//	23 last offset delta      int32
//	27 base timestamp         int64   milliseconds
//	35 maximum timestamp      int64
//	43 producer id            int64
//	51 producer epoch         int16
//	53 base sequence          int32
//	57 number of records      int32
//	61 records
package batch

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafka"
)

// HeaderSize is the size of a batch's header in bytes; Overhead is the part
// before what its length field counts.
const (
	HeaderSize = 61
	Overhead   = 12
)

// Magic is the only format that is read and written.
const Magic = 2

const (
	baseOffsetAt      = 0
	lengthAt          = 8
	leaderEpochAt     = 12
	magicAt           = 16
	crcAt             = 17
	attributesAt      = 21
	lastOffsetDeltaAt = 23
	baseTimestampAt   = 27
	maxTimestampAt    = 35
	producerIDAt      = 43
	producerEpochAt   = 51
	baseSequenceAt    = 53
	countAt           = 57
)

// Attributes are the flags of a batch.
type Attributes int16

// The bits of Attributes.
const (
	compressionMask Attributes = 0x07
	logAppendTime   Attributes = 0x08
	transactional   Attributes = 0x10
	control         Attributes = 0x20
)

// Header is the fixed part of a batch.
type Header struct {
	BaseOffset      kafka.Offset
	Length          int32 // bytes after the length field
	LeaderEpoch     kafka.LeaderEpoch
	Magic           int8
	CRC             uint32
	Attributes      Attributes
	LastOffsetDelta int32
	BaseTimestamp   int64 // milliseconds, as are all timestamps of records
	MaxTimestamp    int64
	ProducerID      kafka.ProducerID
	ProducerEpoch   kafka.ProducerEpoch
	BaseSequence    kafka.Sequence
	Count           int32
}

// ReadHeader reads the header at the start of b. It checks nothing but that
// there are 61 bytes: a shorter b is CORRUPT_MESSAGE.
func ReadHeader(b []byte) (h Header, err error) {
	if len(b) < HeaderSize {
		return h, errShort
	}
	h.read((*[HeaderSize]byte)(b))
	return h, nil
}

var errShort = fmt.Errorf("record batch: shorter than its header: %w", kerr.CorruptMessage)

func (h *Header) read(b *[HeaderSize]byte) {
	big := binary.BigEndian
	h.BaseOffset = kafka.Offset(big.Uint64(b[baseOffsetAt:]))
	h.Length = int32(big.Uint32(b[lengthAt:]))
	h.LeaderEpoch = kafka.LeaderEpoch(big.Uint32(b[leaderEpochAt:]))
	h.Magic = int8(b[magicAt])
	h.CRC = big.Uint32(b[crcAt:])
	h.Attributes = Attributes(big.Uint16(b[attributesAt:]))
	h.LastOffsetDelta = int32(big.Uint32(b[lastOffsetDeltaAt:]))
	h.BaseTimestamp = int64(big.Uint64(b[baseTimestampAt:]))
	h.MaxTimestamp = int64(big.Uint64(b[maxTimestampAt:]))
	h.ProducerID = kafka.ProducerID(big.Uint64(b[producerIDAt:]))
	h.ProducerEpoch = kafka.ProducerEpoch(big.Uint16(b[producerEpochAt:]))
	h.BaseSequence = kafka.Sequence(big.Uint32(b[baseSequenceAt:]))
	h.Count = int32(big.Uint32(b[countAt:]))
}

// put writes h to the first HeaderSize bytes of b.
func (h *Header) put(b []byte) {
	big := binary.BigEndian
	big.PutUint64(b[baseOffsetAt:], uint64(h.BaseOffset))
	big.PutUint32(b[lengthAt:], uint32(h.Length))
	big.PutUint32(b[leaderEpochAt:], uint32(h.LeaderEpoch))
	b[magicAt] = byte(h.Magic)
	big.PutUint32(b[crcAt:], h.CRC)
	big.PutUint16(b[attributesAt:], uint16(h.Attributes))
	big.PutUint32(b[lastOffsetDeltaAt:], uint32(h.LastOffsetDelta))
	big.PutUint64(b[baseTimestampAt:], uint64(h.BaseTimestamp))
	big.PutUint64(b[maxTimestampAt:], uint64(h.MaxTimestamp))
	big.PutUint64(b[producerIDAt:], uint64(h.ProducerID))
	big.PutUint16(b[producerEpochAt:], uint16(h.ProducerEpoch))
	big.PutUint32(b[baseSequenceAt:], uint32(h.BaseSequence))
	big.PutUint32(b[countAt:], uint32(h.Count))
}

// Size is the batch's whole size in bytes. It is wrong for a negative Length,
// which Validate and Next refuse.
func (h *Header) Size() int { return Overhead + int(h.Length) }

// LastOffset is the offset of the last record, also where compaction has
// removed it.
func (h *Header) LastOffset() kafka.Offset { return h.BaseOffset + kafka.Offset(h.LastOffsetDelta) }

// NextOffset is the offset after the batch.
func (h *Header) NextOffset() kafka.Offset { return h.LastOffset() + 1 }

// LastSequence is the sequence of the last record, NoSequence without one.
func (h *Header) LastSequence() kafka.Sequence {
	if h.BaseSequence == kafka.NoSequence {
		return kafka.NoSequence
	}
	return h.BaseSequence.Add(h.LastOffsetDelta)
}

// HasProducerID reports whether the batch comes from an idempotent producer.
func (h *Header) HasProducerID() bool { return h.ProducerID > kafka.NoProducerID }

// IsTransactional reports whether the batch is part of a transaction (KIP-98).
func (h *Header) IsTransactional() bool { return h.Attributes&transactional != 0 }

// IsControl reports whether the batch holds markers instead of records.
func (h *Header) IsControl() bool { return h.Attributes&control != 0 }

// IsLogAppendTime reports whether all records carry the broker's time, which
// is MaxTimestamp, instead of the producer's.
func (h *Header) IsLogAppendTime() bool { return h.Attributes&logAppendTime != 0 }

// Compression is the codec of the records.
func (h *Header) Compression() Codec { return Codec(h.Attributes & compressionMask) }

// SetBaseOffsetAndEpoch sets what the leader sets when it appends the batch at
// the start of dst. The CRC does not cover these fields, so nothing would
// notice a change of bytes that somebody else holds: dst must be the caller's
// own copy.
func SetBaseOffsetAndEpoch(dst []byte, base kafka.Offset, epoch kafka.LeaderEpoch) {
	binary.BigEndian.PutUint64(dst[baseOffsetAt:], uint64(base))
	binary.BigEndian.PutUint32(dst[leaderEpochAt:], uint32(epoch))
}

// SetProducer sets the producer's numbers of the batch in dst, the caller's
// own copy, and its CRC: what a producer does when its epoch was bumped before
// the batch was ever sent.
func SetProducer(dst []byte, id kafka.ProducerID, epoch kafka.ProducerEpoch, base kafka.Sequence) {
	binary.BigEndian.PutUint64(dst[producerIDAt:], uint64(id))
	binary.BigEndian.PutUint16(dst[producerEpochAt:], uint16(epoch))
	binary.BigEndian.PutUint32(dst[baseSequenceAt:], uint32(base))
	putCRC(dst)
}

// SetLogAppendTime marks the batch in dst, the caller's own copy, as stamped
// by the broker at timestamp (milliseconds) and sets its CRC
// (message.timestamp.type=LogAppendTime, KIP-32).
func SetLogAppendTime(dst []byte, timestamp int64) {
	attributes := Attributes(binary.BigEndian.Uint16(dst[attributesAt:])) | logAppendTime
	binary.BigEndian.PutUint16(dst[attributesAt:], uint16(attributes))
	binary.BigEndian.PutUint64(dst[maxTimestampAt:], uint64(timestamp))
	putCRC(dst)
}
