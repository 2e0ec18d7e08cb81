package batch

import (
	"encoding/binary"
	"math/bits"

	"assay/internal/kafka"
)

// maxRecordOverhead is Kafka's DefaultRecord.MAX_RECORD_OVERHEAD: the most
// bytes that a record without headers takes beyond its key and value.
const maxRecordOverhead = 21

// Builder makes one batch at a time. The zero value is ready; Reset starts
// the next batch. It allocates only where its buffer grows.
type Builder struct {
	buffer        []byte
	count         int32
	baseTimestamp int64
	maxTimestamp  int64
	attributes    Attributes
	producerID    kafka.ProducerID
	producerEpoch kafka.ProducerEpoch
	baseSequence  kafka.Sequence
	hasProducer   bool

	codec      Codec
	compressor *Compressor
	ratio      Ratio // what the records are expected to compress to
}

// Reset starts a new batch in buffer's memory. What an earlier Finish returned
// lives in the memory given then, so a batch that was sent needs a new one:
// Reset(nil), or Reset(make([]byte, 0, size)).
func (b *Builder) Reset(buffer []byte) {
	*b = Builder{buffer: buffer}
	b.begin()
}

// begin leaves room for the header.
func (b *Builder) begin() { b.buffer = append(b.buffer[:0], make([]byte, HeaderSize)...) }

// SetProducer makes the batch idempotent (KIP-98). It may come at any time
// before Finish.
func (b *Builder) SetProducer(id kafka.ProducerID, epoch kafka.ProducerEpoch, base kafka.Sequence) {
	b.producerID, b.producerEpoch, b.baseSequence, b.hasProducer = id, epoch, base, true
}

// Compress makes Finish compress the records. Until then sizes are estimated:
// ratio is what they are expected to compress to.
func (b *Builder) Compress(codec Codec, with *Compressor, ratio Ratio) {
	b.codec, b.compressor, b.ratio = codec, with, ratio
	b.attributes |= Attributes(codec)
}

// SetTransactional marks the batch as part of a transaction.
func (b *Builder) SetTransactional() { b.attributes |= transactional }

// SetControl marks the batch as holding markers.
func (b *Builder) SetControl() { b.attributes |= control }

// Count is the number of records so far.
func (b *Builder) Count() int { return int(b.count) }

// Size is the size in bytes that the batch would have if it were finished now,
// an estimate where it is compressed.
func (b *Builder) Size() int {
	size := max(len(b.buffer), HeaderSize)
	if b.codec != None {
		return HeaderSize + b.ratio.estimate(size-HeaderSize)
	}
	return size
}

// Append adds a record; timestamp is in milliseconds, a nil key or value is
// null. Everything is copied.
func (b *Builder) Append(timestamp int64, key, value []byte, headers []RecordHeader) {
	if len(b.buffer) < HeaderSize {
		b.begin()
	}
	if b.count == 0 {
		b.baseTimestamp, b.maxTimestamp = timestamp, timestamp
	}
	b.maxTimestamp = max(b.maxTimestamp, timestamp)
	delta := timestamp - b.baseTimestamp
	out := appendVarint(b.buffer, int64(bodySize(delta, b.count, key, value, headers)))
	out = append(out, 0) // attributes: unused
	out = appendVarint(out, delta)
	out = appendVarint(out, int64(b.count))
	out = appendBytes(out, key)
	out = appendBytes(out, value)
	out = appendVarint(out, int64(len(headers)))
	for i := range headers {
		out = appendVarint(out, int64(len(headers[i].Key)))
		out = append(out, headers[i].Key...)
		out = appendBytes(out, headers[i].Value)
	}
	b.buffer = out
	b.count++
}

// HasRoomFor reports whether one more record leaves the batch within limit
// bytes. The first record always fits, as in Kafka's MemoryRecordsBuilder: a
// record larger than batch.size travels alone. A further one counts as if it
// did not compress.
func (b *Builder) HasRoomFor(limit int, timestamp int64, key, value []byte, headers []RecordHeader) bool {
	if b.count == 0 {
		return true
	}
	body := bodySize(timestamp-b.baseTimestamp, b.count, key, value, headers)
	return b.Size()+varintSize(int64(body))+body <= limit
}

// SizeUpperBound is Kafka's estimate of a batch with one record, by which it
// allocates a buffer larger than batch.size and refuses a record larger than
// max.request.size.
func SizeUpperBound(key, value []byte, headers []RecordHeader) int {
	return HeaderSize + maxRecordOverhead + contentSize(key, value, headers)
}

// Finish writes the header and returns the batch, with base offset 0 and no
// leader epoch, as a client sends it. The bytes are the Builder's until the
// next Reset; those of a compressed batch are the caller's.
func (b *Builder) Finish() []byte {
	if len(b.buffer) < HeaderSize {
		b.begin()
	}
	whole := b.buffer
	if b.codec != None {
		whole = append(make([]byte, 0, HeaderSize+len(b.buffer)/2), b.buffer[:HeaderSize]...)
		whole = b.compressor.Append(whole, b.codec, b.buffer[HeaderSize:])
	}
	h := Header{
		Length:          int32(len(whole) - Overhead),
		LeaderEpoch:     kafka.NoEpoch,
		Magic:           Magic,
		Attributes:      b.attributes,
		LastOffsetDelta: b.count - 1,
		BaseTimestamp:   b.baseTimestamp,
		MaxTimestamp:    b.maxTimestamp,
		ProducerID:      kafka.NoProducerID,
		ProducerEpoch:   kafka.NoProducerEpoch,
		BaseSequence:    kafka.NoSequence,
		Count:           b.count,
	}
	if b.hasProducer {
		h.ProducerID, h.ProducerEpoch, h.BaseSequence = b.producerID, b.producerEpoch, b.baseSequence
	}
	h.put(whole)
	putCRC(whole)
	return whole
}

// Observed is the ratio of a finished batch.
func (b *Builder) Observed(whole []byte) Ratio {
	return ratioOf(len(whole)-HeaderSize, len(b.buffer)-HeaderSize)
}

// bodySize is what a record's length field says.
func bodySize(timestampDelta int64, offsetDelta int32, key, value []byte, headers []RecordHeader) int {
	return 1 + varintSize(timestampDelta) + varintSize(int64(offsetDelta)) + contentSize(key, value, headers)
}

func contentSize(key, value []byte, headers []RecordHeader) int {
	n := bytesSize(key) + bytesSize(value) + varintSize(int64(len(headers)))
	for i := range headers {
		n += varintSize(int64(len(headers[i].Key))) + len(headers[i].Key) + bytesSize(headers[i].Value)
	}
	return n
}

func appendBytes(out, part []byte) []byte {
	if part == nil {
		return append(out, 1) // -1
	}
	out = appendVarint(out, int64(len(part)))
	return append(out, part...)
}

// appendVarint appends a number in zigzag form: one or two bytes nearly always.
func appendVarint(out []byte, v int64) []byte {
	zigzag := uint64(v<<1) ^ uint64(v>>63)
	switch {
	case zigzag < 1<<7:
		return append(out, byte(zigzag))
	case zigzag < 1<<14:
		return append(out, byte(zigzag)|0x80, byte(zigzag>>7))
	}
	return binary.AppendUvarint(out, zigzag)
}

func bytesSize(part []byte) int {
	if part == nil {
		return 1
	}
	return varintSize(int64(len(part))) + len(part)
}

// varintSize is the encoded size of v: 7 bits a byte of its zigzag form.
func varintSize(v int64) int {
	return (bits.Len64(uint64(v<<1)^uint64(v>>63)|1) + 6) / 7
}
