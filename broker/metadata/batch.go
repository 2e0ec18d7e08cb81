package metadata

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/kafka"
)

// Entry is one entry of the metadata log: records that take effect together.
type Entry struct {
	Offset  kafka.Offset
	Epoch   Epoch
	Records []Record
}

const (
	batchHeaderLength = 61 // of a v2 batch, up to its first record
	batchLengthAt     = 8  // position of the batch length, which counts from 12
	batchCRCAt        = 17
	batchAttributesAt = 21
	maxRecordFrame    = 16 // bytes of a record beside its value, where it has no key and no headers
)

// AppendBatch appends an entry as a v2 record batch of one record, whose value
// is the records' encoding.
func AppendBatch(dst []byte, offset kafka.Offset, epoch Epoch, value []byte) []byte {
	record := kmsg.Record{Value: value}
	encoded := record.AppendTo(make([]byte, 0, len(value)+maxRecordFrame))
	record.Length = int32(len(encoded) - 1) // a zero length takes one byte
	encoded = record.AppendTo(encoded[:0])
	batch := kmsg.RecordBatch{
		FirstOffset: int64(offset), Length: int32(batchHeaderLength - 12 + len(encoded)), PartitionLeaderEpoch: int32(epoch), Magic: 2,
		ProducerID: int64(kafka.NoProducerID), ProducerEpoch: int16(kafka.NoProducerEpoch), FirstSequence: int32(kafka.NoSequence),
		NumRecords: 1, Records: encoded,
	}
	start := len(dst)
	dst = batch.AppendTo(slices.Grow(dst, batchHeaderLength+len(encoded)))
	crc := crc32.Checksum(dst[start+batchAttributesAt:], castagnoli)
	binary.BigEndian.PutUint32(dst[start+batchCRCAt:], crc)
	return dst
}

// DecodeBatches reads the entries of consecutive batches. A batch cut off at
// the end is left out, as a fetch may cut it. Errors wrap ErrEncoding.
func DecodeBatches(batches []byte) ([]Entry, error) {
	var entries []Entry
	for len(batches) >= batchHeaderLength {
		length := int64(int32(binary.BigEndian.Uint32(batches[batchLengthAt:]))) + 12
		if length < batchHeaderLength {
			return nil, fmt.Errorf("%w: batch of %d bytes", ErrEncoding, length)
		}
		if length > int64(len(batches)) {
			break
		}
		entry, err := decodeBatch(batches[:length])
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
		batches = batches[length:]
	}
	return entries, nil
}

func decodeBatch(encoded []byte) (Entry, error) {
	if binary.BigEndian.Uint32(encoded[batchCRCAt:]) != crc32.Checksum(encoded[batchAttributesAt:], castagnoli) {
		return Entry{}, fmt.Errorf("%w: batch with a wrong checksum", ErrEncoding)
	}
	var batch kmsg.RecordBatch
	if err := batch.ReadFrom(encoded); err != nil {
		return Entry{}, fmt.Errorf("%w: batch: %v", ErrEncoding, err)
	}
	var record kmsg.Record
	if batch.Magic != 2 || batch.NumRecords != 1 || batch.Attributes != 0 || record.ReadFrom(batch.Records) != nil {
		return Entry{}, fmt.Errorf("%w: batch at offset %d", ErrEncoding, batch.FirstOffset)
	}
	records, err := DecodeRecords(record.Value)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Offset: kafka.Offset(batch.FirstOffset), Epoch: Epoch(batch.PartitionLeaderEpoch), Records: records}, nil
}
