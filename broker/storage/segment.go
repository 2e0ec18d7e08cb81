package storage

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// noTimestamp is before all timestamps of records: "none yet".
const noTimestamp = -1

// segment is one file of batches with its two indexes. The last segment of a
// log is the active one: the only one that is written.
type segment struct {
	fs     host.FS
	prefix string // path without extension
	base   kafka.Offset
	log    host.File
	size   int64

	// The indexes of a segment that is not active are opened on first use.
	offsets *offsetIndex
	times   *timeIndex
	indexes struct { // where those two are
		offsets offsetIndex
		times   timeIndex
	}

	intervalBytes   int64 // index.interval.bytes
	bytesSinceEntry int64

	created        host.WallTime
	firstTimestamp int64 // of the first batch, by which segment.ms counts; noTimestamp if empty
	maxTimestamp   int64
	offsetOfMax    kafka.Offset // last offset of the batch with maxTimestamp

	syncedSize    int64 // bytes of the log file in a submitted sync
	indexesSynced bool

	header [batch.HeaderSize]byte
}

// segmentPrefix is the path of a segment's files without the extension.
func segmentPrefix(dir string, base kafka.Offset) string {
	digits := paddedOffset(base)
	return dir + "/" + string(digits[:])
}

// paddedOffset writes an offset as file names have it: 20 digits.
func paddedOffset(o kafka.Offset) (digits [20]byte) {
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + o%10)
		o /= 10
	}
	return digits
}

// createSegment makes the three files of an empty segment, in place of any
// that a crash has left.
func createSegment(fs host.FS, dir string, base kafka.Offset, config *Config, now host.WallTime) (*segment, error) {
	s := &segment{fs: fs, prefix: segmentPrefix(dir, base), base: base, created: now,
		intervalBytes: int64(config.IndexIntervalBytes), firstTimestamp: noTimestamp, maxTimestamp: noTimestamp, offsetOfMax: base}
	var err error
	if s.log, err = createAnew(fs, s.prefix+".log"); err != nil {
		return nil, err
	}
	return s, s.resetIndexes()
}

// createAnew makes an empty file in place of one that may be there.
func createAnew(fs host.FS, name string) (host.File, error) {
	file, err := fs.Create(name)
	if !errors.Is(err, host.ErrExist) {
		return file, err
	}
	if err := fs.Remove(name); err != nil {
		return nil, err
	}
	return fs.Create(name)
}

// openSegment opens the log file alone.
func openSegment(fs host.FS, dir string, base kafka.Offset, config *Config, now host.WallTime) (*segment, error) {
	s := &segment{fs: fs, prefix: segmentPrefix(dir, base), base: base, created: now,
		intervalBytes: int64(config.IndexIntervalBytes), firstTimestamp: noTimestamp, maxTimestamp: noTimestamp, offsetOfMax: base}
	var err error
	if s.log, err = fs.Open(s.prefix + ".log"); err != nil {
		return nil, err
	}
	s.size = s.log.Size()
	return s, nil
}

// resetIndexes begins empty index files.
func (s *segment) resetIndexes() error {
	s.closeIndexes()
	index, err := createAnew(s.fs, s.prefix+".index")
	if err != nil {
		return err
	}
	times, err := createAnew(s.fs, s.prefix+".timeindex")
	if err != nil {
		return err
	}
	s.haveIndexes(index, times)
	s.bytesSinceEntry, s.indexesSynced = 0, false
	s.firstTimestamp, s.maxTimestamp, s.offsetOfMax = noTimestamp, noTimestamp, s.base
	return nil
}

// haveIndexes begins with two files of which nothing is known yet.
func (s *segment) haveIndexes(index, times host.File) {
	s.indexes.offsets = offsetIndex{entries{file: index, base: s.base}}
	s.indexes.times = timeIndex{entries{file: times, base: s.base}}
	s.offsets, s.times = &s.indexes.offsets, &s.indexes.times
}

// openIndexes loads the index files if they are there and, unless trusted
// blindly, make sense. It reports whether they do.
func (s *segment) openIndexes(trust bool) (sane bool, err error) {
	index, err := s.fs.Open(s.prefix + ".index")
	if err != nil {
		return false, ignoreMissing(err)
	}
	times, err := s.fs.Open(s.prefix + ".timeindex")
	if err != nil {
		_ = index.Close()
		return false, ignoreMissing(err)
	}
	s.haveIndexes(index, times)
	if err := errors.Join(s.offsets.load(offsetEntryWidth), s.times.load(timeEntryWidth)); err != nil {
		return false, err
	}
	s.maxTimestamp, s.offsetOfMax = s.times.last()
	s.indexesSynced = true
	return trust || s.offsets.sane(s.size) && s.times.sane(), nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, host.ErrNotExist) {
		return nil
	}
	return err
}

// append writes whole batches, checked before, at the end.
func (s *segment) append(b []byte) error {
	position := s.size
	if err := s.log.Append(b); err != nil {
		return err
	}
	s.size += int64(len(b))
	s.indexesSynced = false
	for len(b) > 0 {
		h, err := batch.ReadHeader(b)
		if err != nil {
			return err
		}
		if err := s.note(&h, position); err != nil {
			return err
		}
		position += int64(h.Size())
		b = b[h.Size():]
	}
	return nil
}

// note takes a batch at position into the indexes. As in Kafka, an entry comes
// with the first batch after index.interval.bytes.
func (s *segment) note(h *batch.Header, position int64) error {
	if s.firstTimestamp == noTimestamp {
		s.firstTimestamp = h.MaxTimestamp
	}
	if h.MaxTimestamp > s.maxTimestamp {
		s.maxTimestamp, s.offsetOfMax = h.MaxTimestamp, h.LastOffset()
	}
	if s.bytesSinceEntry > s.intervalBytes {
		if err := s.offsets.add(h.LastOffset(), position); err != nil {
			return err
		}
		if err := s.times.add(s.maxTimestamp, s.offsetOfMax); err != nil {
			return err
		}
		s.bytesSinceEntry = 0
	}
	s.bytesSinceEntry += int64(h.Size())
	return nil
}

// seal completes the time index of a segment that is no longer active.
func (s *segment) seal() error { return s.times.add(s.maxTimestamp, s.offsetOfMax) }

// mustRoll is Kafka's rule for a new segment: no room for size more bytes,
// too old, an index full, or an offset beyond 32 bits.
func (s *segment) mustRoll(config *Config, size int, last kafka.Offset, timestamp int64, now host.WallTime) bool {
	return s.size > 0 && (s.size > int64(config.SegmentBytes)-int64(size) || s.age(timestamp, now) > config.SegmentAge) ||
		len(s.offsets.raw)+offsetEntryWidth > int(config.IndexBytes) ||
		len(s.times.raw)+timeEntryWidth > int(config.IndexBytes) ||
		last-s.base > math.MaxInt32
}

// age is how long the segment was waiting to be rolled when a record with the
// timestamp arrives: by the records' time, or since it was created while none
// has one.
func (s *segment) age(timestamp int64, now host.WallTime) time.Duration {
	if s.firstTimestamp == noTimestamp || timestamp == noTimestamp {
		return time.Duration(now - s.created)
	}
	milliseconds := timestamp - s.firstTimestamp
	if milliseconds > int64(Forever/time.Millisecond) {
		return Forever
	}
	return time.Duration(milliseconds) * time.Millisecond
}

// headerAt reads the header at position. CORRUPT_MESSAGE: there is no whole
// batch; io.EOF: the segment ends here.
func (s *segment) headerAt(position int64) (batch.Header, error) {
	if position == s.size {
		return batch.Header{}, io.EOF
	}
	if s.size-position < batch.HeaderSize {
		return batch.Header{}, s.corruptAt(position)
	}
	if n, err := s.log.ReadAt(s.header[:], position); n < len(s.header) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return batch.Header{}, err
	}
	h, err := batch.ReadHeader(s.header[:])
	if err != nil {
		return h, err
	}
	if h.Check() != nil || int64(h.Size()) > s.size-position || h.BaseOffset < s.base || h.LeaderEpoch < 0 {
		return h, s.corruptAt(position)
	}
	return h, nil
}

func (s *segment) corruptAt(position int64) error {
	return fmt.Errorf("segment %s.log: no batch at byte %d of %d: %w", s.prefix, position, s.size, kerr.CorruptMessage)
}

// find returns the first batch that ends at or above offset. It fails with
// io.EOF if all end below.
func (s *segment) find(offset kafka.Offset) (h batch.Header, position int64, err error) {
	position = s.offsets.lookup(offset)
	for {
		h, err = s.headerAt(position)
		if err != nil || h.LastOffset() >= offset {
			return h, position, err
		}
		position += int64(h.Size())
	}
}

// end walks from the last index entry to the end of the batches.
// A senseless rest is no error: it is what lies beyond position.
func (s *segment) end() (next kafka.Offset, position int64, err error) {
	next = s.base
	if n := s.offsets.len(); n > 0 {
		_, position = s.offsets.at(n - 1)
	}
	for {
		h, err := s.headerAt(position)
		if err == io.EOF || errors.Is(err, kerr.CorruptMessage) {
			return next, position, nil
		}
		if err != nil {
			return next, position, err
		}
		if h.MaxTimestamp > s.maxTimestamp {
			s.maxTimestamp, s.offsetOfMax = h.MaxTimestamp, h.LastOffset()
		}
		next = h.NextOffset()
		position += int64(h.Size())
	}
}

// rebuildIndexes makes the index files anew from the headers. Batches are
// trusted; it stops at the first senseless one.
func (s *segment) rebuildIndexes() error {
	if err := s.resetIndexes(); err != nil {
		return err
	}
	for position := int64(0); ; {
		h, err := s.headerAt(position)
		if err == io.EOF || errors.Is(err, kerr.CorruptMessage) {
			return s.seal()
		}
		if err != nil {
			return err
		}
		if err := s.note(&h, position); err != nil {
			return err
		}
		position += int64(h.Size())
	}
}

// truncate cuts the segment before the batch that holds offset, with its
// index entries, and returns the offset at which it ends then.
func (s *segment) truncate(offset kafka.Offset) (end kafka.Offset, err error) {
	h, position, err := s.find(offset)
	switch {
	case err == io.EOF:
		return offset, nil
	case err != nil:
		return offset, err
	}
	end = min(offset, h.BaseOffset)
	if err := s.cutAt(position, end); err != nil {
		return end, err
	}
	return end, nil
}

// cutAt cuts the log file at position and the indexes at offset.
func (s *segment) cutAt(position int64, offset kafka.Offset) error {
	if err := s.log.Truncate(position); err != nil {
		return err
	}
	s.size, s.syncedSize, s.indexesSynced = position, 0, false
	if err := errors.Join(s.offsets.truncate(offset), s.times.truncate(offset)); err != nil {
		return err
	}
	return s.resume()
}

// resume sets what appending needs to know and the files do not say: bytes
// since the last index entry, first and largest timestamps.
func (s *segment) resume() error {
	s.firstTimestamp = noTimestamp
	if h, err := s.headerAt(0); err == nil {
		s.firstTimestamp = h.MaxTimestamp
	}
	position := int64(0)
	if n := s.offsets.len(); n > 0 {
		_, position = s.offsets.at(n - 1)
	}
	s.bytesSinceEntry = s.size - position
	s.maxTimestamp, s.offsetOfMax = s.times.last()
	_, _, err := s.end()
	return err
}

func (s *segment) closeIndexes() {
	if s.offsets != nil {
		_ = s.offsets.file.Close()
		_ = s.times.file.Close()
	}
	s.offsets, s.times = nil, nil
}

func (s *segment) close() {
	s.closeIndexes()
	_ = s.log.Close()
}

// remove closes the files and removes them; the log file goes first, so that
// what a crash leaves is no segment.
func (s *segment) remove() error {
	s.close()
	for _, extension := range [...]string{".log", ".index", ".timeindex"} {
		if err := s.fs.Remove(s.prefix + extension); err != nil && !errors.Is(err, host.ErrNotExist) {
			return err
		}
	}
	return nil
}
