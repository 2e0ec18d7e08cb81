package metadata

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"assay/internal/kafka"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A snapshot is: CRC-32C of the rest (4 bytes, big endian), offset and epoch
// (zigzag varints), the image's records. The same bytes go to a voter that
// lags, to a broker that lags, and to disk.

// Snapshot encodes the image.
func (i *Image) Snapshot() []byte {
	snapshot := make([]byte, 4, 256)
	snapshot = binary.AppendVarint(snapshot, int64(i.offset))
	snapshot = binary.AppendVarint(snapshot, int64(i.epoch))
	snapshot = AppendRecords(snapshot, i.Records())
	binary.BigEndian.PutUint32(snapshot, crc32.Checksum(snapshot[4:], castagnoli))
	return snapshot
}

// FromSnapshot decodes what Snapshot wrote. Errors wrap ErrEncoding.
func FromSnapshot(snapshot []byte) (*Image, error) {
	if len(snapshot) < 4 || binary.BigEndian.Uint32(snapshot) != crc32.Checksum(snapshot[4:], castagnoli) {
		return nil, fmt.Errorf("%w: snapshot with a wrong checksum", ErrEncoding)
	}
	in := reader{rest: snapshot[4:]}
	offset, epoch := kafka.Offset(in.varint()), Epoch(in.int32())
	if in.bad || offset < 0 {
		return nil, fmt.Errorf("%w: snapshot header", ErrEncoding)
	}
	records, err := DecodeRecords(in.rest)
	if err != nil {
		return nil, err
	}
	image, _ := Empty().Apply(offset, epoch, records)
	return image, nil
}
