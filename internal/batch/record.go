package batch

import (
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafka"
)

// Record is one record. Its slices alias the batch, or the memory that it was
// decompressed to; a nil Key or Value is
// Kafka's null.
type Record struct {
	Offset    kafka.Offset
	Timestamp int64 // milliseconds
	Key       []byte
	Value     []byte

	headerCount int
	headers     []byte // still encoded
}

// RecordHeader is one header of a record. A nil Value is Kafka's null.
type RecordHeader struct {
	Key   string
	Value []byte
}

// HeaderCount is the number of headers.
func (r *Record) HeaderCount() int { return r.headerCount }

// Header returns the value of the last header named key, as Kafka's
// lastHeader does, and whether there is one. It allocates nothing.
func (r *Record) Header(key string) (value []byte, ok bool) {
	in := decoder{b: r.headers}
	for range r.headerCount {
		if name, v := in.bytes(), in.bytes(); string(name) == key {
			value, ok = v, true
		}
	}
	return value, ok
}

// Headers yields the headers' names and values in order; both alias the batch.
func (r *Record) Headers() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		in := decoder{b: r.headers}
		for range r.headerCount {
			if name, value := in.bytes(), in.bytes(); !yield(name, value) {
				return
			}
		}
	}
}

// ForEachRecord calls visit for each record of one whole batch, in order, and
// stops at its first error. Malformed content, and compressed content beyond
// MaxDecompressed, is CORRUPT_MESSAGE, an unknown codec
// UNSUPPORTED_COMPRESSION_TYPE. The CRC is not checked.
func ForEachRecord(whole []byte, visit func(Record) error) error {
	h, in, err := new(Decompressor).open(whole)
	if err != nil {
		return err
	}
	var r Record
	for i := range h.Count {
		if err := in.next(&h, i, &r); err != nil {
			return err
		}
		if err := visit(r); err != nil {
			return err
		}
	}
	return in.end(&h)
}

// AppendRecords appends all records of one whole batch to a list. Its errors
// are those of ForEachRecord; the list is then as it was.
func AppendRecords(list []Record, whole []byte) ([]Record, error) {
	return new(Decompressor).AppendRecords(list, whole)
}

// AppendRecords is the function AppendRecords for those who read many batches.
func (d *Decompressor) AppendRecords(list []Record, whole []byte) ([]Record, error) {
	h, in, err := d.open(whole)
	if err != nil {
		return list, err
	}
	before := len(list)
	for i := range h.Count {
		list = append(list, Record{})
		if err := in.next(&h, i, &list[len(list)-1]); err != nil {
			return list[:before], err
		}
	}
	if err := in.end(&h); err != nil {
		return list[:before], err
	}
	return list, nil
}

// open finds the records of one whole batch.
func (d *Decompressor) open(whole []byte) (Header, decoder, error) {
	h, whole, _, err := Next(whole)
	if err != nil {
		return h, decoder{}, err
	}
	section, err := d.records(&h, whole[HeaderSize:])
	return h, decoder{b: section}, err
}

// next reads the record with number i.
func (d *decoder) next(h *Header, i int32, r *Record) error {
	if offsetDelta, ok := d.record(h, r); !ok || offsetDelta < 0 || offsetDelta > h.LastOffsetDelta {
		return fmt.Errorf("record batch at offset %d: record %d of %d is malformed: %w",
			h.BaseOffset, i, h.Count, kerr.CorruptMessage)
	}
	return nil
}

// end makes sure that nothing follows the last record.
func (d *decoder) end(h *Header) error {
	if d.left() > 0 {
		return fmt.Errorf("record batch at offset %d: %d bytes after its %d records: %w",
			h.BaseOffset, d.left(), h.Count, kerr.CorruptMessage)
	}
	return nil
}

// CheckRecords walks the records of one whole batch as a leader does before it
// stores what a client sent: INVALID_RECORD unless they are well formed and
// numbered 0, 1, 2 and so on. Compressed batches pass unread.
func CheckRecords(whole []byte) error {
	h, whole, _, err := Next(whole)
	if err != nil || h.Compression() != None {
		return err
	}
	in := decoder{b: whole[HeaderSize:]}
	var r Record
	for i := range h.Count {
		if offsetDelta, ok := in.record(&h, &r); !ok || offsetDelta != i {
			return fmt.Errorf("record batch: record %d of %d is malformed: %w", i, h.Count, kerr.InvalidRecord)
		}
	}
	if in.left() > 0 {
		return fmt.Errorf("record batch: %d bytes after its %d records: %w", in.left(), h.Count, kerr.InvalidRecord)
	}
	return nil
}

// decoder reads the parts of records. After a malformed part bad is true and
// everything reads as empty, so that callers check once.
type decoder struct {
	b   []byte
	at  int // everything before is read
	bad bool
}

// left is how many bytes are not read yet.
func (d *decoder) left() int { return len(d.b) - d.at }

// record reads one record: length, attributes, timestamp delta, offset delta,
// key, value, headers.
func (d *decoder) record(h *Header, r *Record) (offsetDelta int32, ok bool) {
	size := d.varint()
	if d.bad || size < 1 || size > int64(d.left()) {
		return 0, false
	}
	end := d.at + int(size)
	in := decoder{b: d.b[:end], at: d.at + 1} // the attributes are unused
	d.at = end
	r.Timestamp = h.BaseTimestamp + in.varint()
	if h.IsLogAppendTime() {
		r.Timestamp = h.MaxTimestamp
	}
	delta := in.varint()
	r.Offset = h.BaseOffset + kafka.Offset(delta)
	r.Key = in.bytes()
	r.Value = in.bytes()
	count := in.varint()
	if in.bad || delta != int64(int32(delta)) || count < 0 || count > int64(in.left()) {
		return 0, false
	}
	r.headerCount, r.headers = int(count), in.b[in.at:]
	for range count {
		if name := in.bytes(); name == nil {
			return 0, false // a header's name may not be null
		}
		in.bytes()
	}
	return int32(delta), !in.bad && in.left() == 0
}

// varint reads a zigzag number, as Kafka's. One or two bytes are nearly always
// enough.
func (d *decoder) varint() int64 {
	if rest := d.b[d.at:]; len(rest) > 1 {
		v := uint64(rest[0])
		if v < 0x80 {
			d.at++
			return int64(v>>1) ^ -int64(v&1)
		}
		if second := uint64(rest[1]); second < 0x80 {
			d.at += 2
			v = v&0x7f | second<<7
			return int64(v>>1) ^ -int64(v&1)
		}
	}
	return d.longVarint()
}

func (d *decoder) longVarint() int64 {
	v, n := binary.Varint(d.b[d.at:])
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) fail() { d.bad, d.at = true, len(d.b) }

// bytes reads a length and so many bytes; -1 is null.
func (d *decoder) bytes() []byte {
	n := d.varint()
	if n == -1 || d.bad {
		return nil
	}
	if n < 0 || n > int64(d.left()) {
		d.fail()
		return nil
	}
	end := d.at + int(n)
	part := d.b[d.at:end:end]
	d.at = end
	return part
}
