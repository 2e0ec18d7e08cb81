package storage

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"

	"assay/internal/kafka"
)

// A producer snapshot is the state of all producers as of the offset that
// names its file. The encoding is ours:
//
//	version int16, CRC32C of what follows uint32, offset int64, CRC of the last batch before it uint32,
//	producers int32, and for each
//	id int64, epoch int16, last timestamp int64, transaction start int64, batches int8, and for each
//	last sequence int32, last offset int64, offset delta int32, timestamp int64

const (
	snapshotVersion     = 1
	snapshotHeaderSize  = 2 + 4 + 8 + 4 + 4
	snapshotMinProducer = 8 + 2 + 8 + 8 + 1
	snapshotBatchSize   = 4 + 8 + 4 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendSnapshot encodes the state as of offset. The CRC of the last batch
// before it tells later whether the log is still the one that the snapshot is
// about: a power loss may bring back the snapshot of a log that was truncated.
func (p *ProducerStates) appendSnapshot(out []byte, offset kafka.Offset, lastCRC uint32) []byte {
	big := binary.BigEndian
	start := len(out)
	out = big.AppendUint16(out, snapshotVersion)
	out = big.AppendUint32(out, 0)
	out = big.AppendUint64(out, uint64(offset))
	out = big.AppendUint32(out, lastCRC)
	out = big.AppendUint32(out, uint32(len(p.byID)))
	for _, id := range slices.Sorted(maps.Keys(p.byID)) {
		s := p.byID[id]
		out = big.AppendUint64(out, uint64(id))
		out = big.AppendUint16(out, uint16(s.epoch))
		out = big.AppendUint64(out, uint64(s.lastTimestamp))
		out = big.AppendUint64(out, uint64(s.transactionStart))
		out = append(out, byte(s.count))
		for i := range s.count {
			b := &s.window[i]
			out = big.AppendUint32(out, uint32(b.lastSequence))
			out = big.AppendUint64(out, uint64(b.lastOffset))
			out = big.AppendUint32(out, uint32(b.offsetDelta))
			out = big.AppendUint64(out, uint64(b.timestamp))
		}
	}
	big.PutUint32(out[start+2:], crc32.Checksum(out[start+6:], castagnoli))
	return out
}

// readSnapshot replaces the state by a snapshot's. False means that b is no
// snapshot as of offset: torn, of another version, misnamed, of another log.
// The state is empty then.
func (p *ProducerStates) readSnapshot(b []byte, offset kafka.Offset, lastCRC uint32) bool {
	p.reset()
	big := binary.BigEndian
	if len(b) < snapshotHeaderSize || big.Uint16(b) != snapshotVersion ||
		big.Uint32(b[2:]) != crc32.Checksum(b[6:], castagnoli) || kafka.Offset(big.Uint64(b[6:])) != offset ||
		big.Uint32(b[14:]) != lastCRC {
		return false
	}
	count := big.Uint32(b[18:])
	b = b[snapshotHeaderSize:]
	for range count {
		if len(b) < snapshotMinProducer {
			break
		}
		id := kafka.ProducerID(big.Uint64(b))
		s := &producer{
			epoch:            kafka.ProducerEpoch(big.Uint16(b[8:])),
			lastTimestamp:    int64(big.Uint64(b[10:])),
			transactionStart: kafka.Offset(big.Uint64(b[18:])),
			count:            int(b[26]),
		}
		b = b[snapshotMinProducer:]
		if s.count > windowSize || len(b) < s.count*snapshotBatchSize {
			break
		}
		for i := range s.count {
			s.window[i] = producedBatch{
				lastSequence: kafka.Sequence(big.Uint32(b)),
				lastOffset:   kafka.Offset(big.Uint64(b[4:])),
				offsetDelta:  int32(big.Uint32(b[12:])),
				timestamp:    int64(big.Uint64(b[16:])),
			}
			b = b[snapshotBatchSize:]
		}
		p.byID[id] = s
	}
	if len(b) > 0 || len(p.byID) != int(count) {
		p.reset()
		return false
	}
	return true
}
