package storage

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

const snapshotSuffix = ".snapshot"

func snapshotName(at kafka.Offset) string {
	digits := paddedOffset(at)
	return string(digits[:]) + snapshotSuffix
}

// writeSnapshot stores the producers' state, which must be that as of at.
func (l *Log) writeSnapshot(at kafka.Offset) error {
	if i, found := slices.BinarySearch(l.snapshots, at); !found {
		l.snapshots = slices.Insert(l.snapshots, i, at)
	}
	lastCRC, err := l.crcBefore(at)
	if err != nil {
		return err
	}
	return l.replace(snapshotName(at), l.producers.appendSnapshot(nil, at, lastCRC))
}

// crcBefore is the CRC of the batch that ends at offset at, 0 if the log
// begins there.
func (l *Log) crcBefore(at kafka.Offset) (uint32, error) {
	if at <= l.segments[0].base {
		return 0, nil
	}
	s := l.segments[l.segmentFor(at-1)]
	if err := l.indexed(s); err != nil {
		return 0, err
	}
	h, _, err := s.find(at - 1)
	if err == io.EOF || errors.Is(err, kerr.CorruptMessage) {
		return 0, nil
	}
	return h.CRC, err
}

// removeSnapshots removes those whose offset is unwanted.
func (l *Log) removeSnapshots(unwanted func(kafka.Offset) bool) error {
	kept := l.snapshots[:0]
	for _, at := range l.snapshots {
		if !unwanted(at) {
			kept = append(kept, at)
			continue
		}
		if err := removeFile(l.fs, l.dir+"/"+snapshotName(at)); err != nil {
			return err
		}
	}
	l.snapshots = kept
	return nil
}

// loadProducers rebuilds the producers' state: the last good snapshot, and the
// headers of all batches behind it. Snapshots beyond the log's end must be
// gone already.
func (l *Log) loadProducers(now host.WallTime) error {
	from, err := l.loadSnapshot()
	if err != nil {
		return err
	}
	l.producers.expire(now)
	l.producers.transactions.startAt(l.logStart)
	for i := l.segmentFor(from); i < len(l.segments); i++ {
		s := l.segments[i]
		// Leave a snapshot where the active segment begins, as a roll does, so
		// that the next load is short.
		if s == l.active() && s.base > from {
			if err := l.writeSnapshot(s.base); err != nil {
				return err
			}
		}
		if err := l.indexed(s); err != nil {
			return err
		}
		if err := l.takeProducers(s, from); err != nil {
			return err
		}
	}
	return nil
}

// takeProducers takes in the segment's batches that end at or above from. Only
// those that hold markers are read beyond their headers.
func (l *Log) takeProducers(s *segment, from kafka.Offset) error {
	return s.forEachHeader(from, func(h *batch.Header, position int64) error {
		if !h.IsControl() {
			l.producers.take(h, nil)
			return nil
		}
		whole, err := s.log.View(position, h.Size())
		if err == nil {
			l.producers.take(h, whole)
		}
		return err
	})
}

// loadSnapshot loads the last snapshot that can be read and removes those that
// cannot. It returns the offset from which batches are still to be taken in.
func (l *Log) loadSnapshot() (from kafka.Offset, err error) {
	for len(l.snapshots) > 0 {
		at := l.snapshots[len(l.snapshots)-1]
		name := l.dir + "/" + snapshotName(at)
		content, err := readFile(l.fs, name)
		if err != nil {
			return 0, err
		}
		lastCRC, err := l.crcBefore(at)
		if err != nil {
			return 0, err
		}
		if at <= l.segments[0].base && len(content) >= snapshotHeaderSize {
			lastCRC = binary.BigEndian.Uint32(content[14:]) // what was before is gone
		}
		if l.producers.readSnapshot(content, at, lastCRC) {
			return at, nil
		}
		if err := removeFile(l.fs, name); err != nil {
			return 0, err
		}
		l.snapshots = l.snapshots[:len(l.snapshots)-1]
	}
	l.producers.reset()
	return l.segments[0].base, nil
}

// forEachHeader visits the batches that end at or above from. It stops at a
// senseless one, which only a log that was not scanned can have.
func (s *segment) forEachHeader(from kafka.Offset, visit func(h *batch.Header, position int64) error) error {
	h, position, err := s.find(from)
	for ; err == nil; h, err = s.headerAt(position) {
		if err := visit(&h, position); err != nil {
			return err
		}
		position += int64(h.Size())
	}
	if err == io.EOF || errors.Is(err, kerr.CorruptMessage) {
		return nil
	}
	return err
}
