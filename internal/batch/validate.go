package batch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/kafka"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is the CRC32C of what a batch's CRC field covers: everything from
// the attributes to the end of b, which must be one whole batch.
func Checksum(b []byte) uint32 { return crc32.Checksum(b[attributesAt:], castagnoli) }

func putCRC(b []byte) { binary.BigEndian.PutUint32(b[crcAt:], Checksum(b)) }

// Next cuts the first batch off b. It checks that the header makes sense and
// that the batch is whole (CORRUPT_MESSAGE if not), but not its CRC: see
// CheckCRC. An empty b is CORRUPT_MESSAGE too; callers loop while there is
// something left.
func Next(b []byte) (h Header, whole, rest []byte, err error) {
	h, err = ReadHeader(b)
	if err != nil {
		return h, nil, nil, err
	}
	if err := h.Check(); err != nil {
		return h, nil, nil, err
	}
	size := h.Size()
	if size > len(b) {
		return h, nil, nil, fmt.Errorf("record batch at offset %d: %d of its %d bytes: %w",
			h.BaseOffset, len(b), size, kerr.CorruptMessage)
	}
	return h, b[:size:size], b[size:], nil
}

// Check reports what a header alone can tell: CORRUPT_MESSAGE for a format
// other than v2, a length below the header's own, and offsets that do not fit.
func (h *Header) Check() error {
	switch {
	case h.Length < HeaderSize-Overhead:
		return fmt.Errorf("record batch at offset %d: impossible length %d: %w", h.BaseOffset, h.Length, kerr.CorruptMessage)
	case h.Magic != Magic:
		return fmt.Errorf("record batch at offset %d: format %d is not supported: %w", h.BaseOffset, h.Magic, kerr.CorruptMessage)
	case h.LastOffsetDelta < 0 || h.BaseOffset < 0 || h.LastOffset() < h.BaseOffset || h.NextOffset() < 0:
		return fmt.Errorf("record batch at offset %d: impossible last offset delta %d: %w",
			h.BaseOffset, h.LastOffsetDelta, kerr.CorruptMessage)
	}
	return nil
}

// CheckCRC compares the CRC of one whole batch with its content:
// CORRUPT_MESSAGE if they differ.
func CheckCRC(whole []byte) error {
	if stored, computed := binary.BigEndian.Uint32(whole[crcAt:]), Checksum(whole); stored != computed {
		return fmt.Errorf("record batch at offset %d: CRC is %08x, content has %08x: %w",
			int64(binary.BigEndian.Uint64(whole)), stored, computed, kerr.CorruptMessage)
	}
	return nil
}

// Validate checks b as one whole batch: sizes, format and CRC
// (CORRUPT_MESSAGE). What only a client may get wrong is CheckFromClient's.
func Validate(b []byte) (Header, error) {
	h, whole, rest, err := Next(b)
	if err != nil {
		return h, err
	}
	if len(rest) > 0 {
		return h, fmt.Errorf("record batch at offset %d: %d bytes follow it: %w", h.BaseOffset, len(rest), kerr.CorruptMessage)
	}
	return h, CheckCRC(whole)
}

// CheckFromClient checks what a leader demands of a batch in a produce
// request, as Kafka's LogValidator does: INVALID_RECORD for a base offset
// other than 0, a count that does not fit the offsets, a producer without
// sequence, and markers, which only coordinators write.
func (h *Header) CheckFromClient() error {
	switch {
	case h.BaseOffset != 0:
		return fmt.Errorf("record batch: base offset is %d, not 0: %w", h.BaseOffset, kerr.InvalidRecord)
	case h.Count <= 0 || int64(h.Count) != int64(h.LastOffsetDelta)+1:
		return fmt.Errorf("record batch: %d records but last offset delta %d: %w", h.Count, h.LastOffsetDelta, kerr.InvalidRecord)
	case h.HasProducerID() && (h.BaseSequence < 0 || h.ProducerEpoch < 0):
		return fmt.Errorf("record batch: producer %d with sequence %d and epoch %d: %w",
			h.ProducerID, h.BaseSequence, h.ProducerEpoch, kerr.InvalidRecord)
	case h.IsControl():
		return fmt.Errorf("record batch: a client may not write markers: %w", kerr.InvalidRecord)
	case h.IsTransactional() && !h.HasProducerID():
		return fmt.Errorf("record batch: transactional without a producer id: %w", kerr.InvalidRecord)
	case h.Compression() > Zstd:
		return fmt.Errorf("record batch: unknown compression %d: %w", h.Compression(), kerr.InvalidRecord)
	}
	return nil
}

// Iterate yields the whole batches at the start of b, one after the other,
// and ends at the first that is cut or senseless: an answer to a fetch may end
// in a part of a batch. It does not check CRCs.
func Iterate(b []byte) iter.Seq2[Header, []byte] {
	return func(yield func(Header, []byte) bool) {
		for len(b) > 0 {
			h, whole, rest, err := Next(b)
			if err != nil || !yield(h, whole) {
				return
			}
			b = rest
		}
	}
}

// RecordCount adds up the records of the whole batches in b.
func RecordCount(b []byte) (n int64) {
	for h := range Iterate(b) {
		n += int64(h.Count)
	}
	return n
}

// EndOffset is the offset after the last whole batch in b, NoOffset without one.
func EndOffset(b []byte) kafka.Offset {
	end := kafka.NoOffset
	for h := range Iterate(b) {
		end = h.NextOffset()
	}
	return end
}
