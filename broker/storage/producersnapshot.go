package storage

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
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
//
// A log that transactions were written to has version 2, which goes on with
//
//	producers with a coordinator epoch int32, and for each id int64, coordinator epoch int32,
//	ended transactions whose markers may not be committed int32, and for each first offset int64, marker int64,
//	aborted transactions int32, and for each
//	producer id int64, first offset int64, marker int64, stable offset int64

const (
	snapshotVersion             = 1
	snapshotVersionTransactions = 2
	snapshotHeaderSize          = 2 + 4 + 8 + 4 + 4
	snapshotMinProducer         = 8 + 2 + 8 + 8 + 1
	snapshotBatchSize           = 4 + 8 + 4 + 8
	snapshotCoordinatorSize     = 8 + 4
	snapshotEndedSize           = 8 + 8
	snapshotAbortedSize         = 8 + 8 + 8 + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendSnapshot encodes the state as of offset. The CRC of the last batch
// before it tells later whether the log is still the one that the snapshot is
// about: a power loss may bring back the snapshot of a log that was truncated.
func (p *ProducerStates) appendSnapshot(out []byte, offset kafka.Offset, lastCRC uint32) []byte {
	big := binary.BigEndian
	start := len(out)
	transactional := p.transactional()
	if transactional {
		out = big.AppendUint16(out, snapshotVersionTransactions)
	} else {
		out = big.AppendUint16(out, snapshotVersion)
	}
	out = big.AppendUint32(out, 0)
	out = big.AppendUint64(out, uint64(offset))
	out = big.AppendUint32(out, lastCRC)
	out = big.AppendUint32(out, uint32(len(p.known)))
	for _, s := range p.known {
		out = big.AppendUint64(out, uint64(s.id))
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
	if transactional {
		out = p.appendTransactions(out)
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
	if len(b) < snapshotHeaderSize {
		return false
	}
	version := big.Uint16(b)
	if version < snapshotVersion || version > snapshotVersionTransactions ||
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
		s := &producer{
			id:               kafka.ProducerID(big.Uint64(b)),
			epoch:            kafka.ProducerEpoch(big.Uint16(b[8:])),
			lastTimestamp:    int64(big.Uint64(b[10:])),
			transactionStart: kafka.Offset(big.Uint64(b[18:])),
			count:            int32(b[26]),
			coordinatorEpoch: kafka.NoEpoch,
		}
		b = b[snapshotMinProducer:]
		if s.count > windowSize || len(b) < int(s.count)*snapshotBatchSize {
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
		p.known.add(s)
	}
	whole := len(p.known) == int(count)
	if whole && version >= snapshotVersionTransactions {
		b, whole = p.readTransactions(b)
	}
	if len(b) > 0 || !whole {
		p.reset()
		return false
	}
	return true
}

// transactional reports whether there is anything to remember of transactions.
func (p *ProducerStates) transactional() bool {
	t := &p.transactions
	if len(t.open) > 0 || len(t.ended) > 0 || len(t.aborted) > 0 {
		return true
	}
	return slices.ContainsFunc(p.known, (*producer).coordinated)
}

// coordinated reports whether a coordinator has ended a transaction of the producer.
func (s *producer) coordinated() bool { return s.coordinatorEpoch != kafka.NoEpoch }

func (p *ProducerStates) appendTransactions(out []byte) []byte {
	big := binary.BigEndian
	counted, coordinated := len(out), uint32(0)
	out = big.AppendUint32(out, 0)
	for _, s := range p.known {
		if s.coordinated() {
			out = big.AppendUint64(out, uint64(s.id))
			out = big.AppendUint32(out, uint32(s.coordinatorEpoch))
			coordinated++
		}
	}
	big.PutUint32(out[counted:], coordinated)
	out = big.AppendUint32(out, uint32(len(p.transactions.ended)))
	for _, e := range p.transactions.ended {
		out = big.AppendUint64(out, uint64(e.first))
		out = big.AppendUint64(out, uint64(e.marker))
	}
	out = big.AppendUint32(out, uint32(len(p.transactions.aborted)))
	for _, a := range p.transactions.aborted {
		out = big.AppendUint64(out, uint64(a.Producer))
		out = big.AppendUint64(out, uint64(a.First))
		out = big.AppendUint64(out, uint64(a.Last))
		out = big.AppendUint64(out, uint64(a.stable))
	}
	return out
}

// readTransactions reads what appendTransactions has written and returns the
// rest. The open transactions are the producers' own.
func (p *ProducerStates) readTransactions(b []byte) (rest []byte, whole bool) {
	big := binary.BigEndian
	known := true
	b, whole = eachEntry(b, snapshotCoordinatorSize, func(b []byte) {
		if s := p.known.find(kafka.ProducerID(big.Uint64(b))); s != nil {
			s.coordinatorEpoch = kafka.LeaderEpoch(big.Uint32(b[8:]))
		} else {
			known = false
		}
	})
	t := &p.transactions
	if whole {
		b, whole = eachEntry(b, snapshotEndedSize, func(b []byte) {
			t.ended = append(t.ended, endedTransaction{kafka.Offset(big.Uint64(b)), kafka.Offset(big.Uint64(b[8:]))})
		})
	}
	if whole {
		b, whole = eachEntry(b, snapshotAbortedSize, func(b []byte) {
			t.aborted = append(t.aborted, AbortedTransaction{kafka.ProducerID(big.Uint64(b)), kafka.Offset(big.Uint64(b[8:])),
				kafka.Offset(big.Uint64(b[16:])), kafka.Offset(big.Uint64(b[24:]))})
		})
	}
	for _, s := range p.known {
		if s.transactionStart != kafka.NoOffset {
			t.begin(s.id, s.transactionStart)
		}
	}
	slices.SortFunc(t.open, func(a, b OpenTransaction) int { return cmp.Compare(a.First, b.First) })
	return b, whole && known
}

// eachEntry visits the entries of a list that begins with their number and
// returns what follows it. False: the list is cut.
func eachEntry(b []byte, size int, visit func([]byte)) (rest []byte, whole bool) {
	if len(b) < 4 {
		return b, false
	}
	count := int(binary.BigEndian.Uint32(b))
	b = b[4:]
	if count > len(b)/size {
		return b, false
	}
	for range count {
		visit(b[:size])
		b = b[size:]
	}
	return b, true
}
