package storage

import (
	"encoding/binary"
	"io"
	"sort"

	"assay/host"
	"assay/internal/kafka"
)

// entries is what an index file holds: entries of one width, each larger than
// the one before. They are kept in memory as they are in the file.
type entries struct {
	file host.File
	base kafka.Offset
	raw  []byte
}

// load reads the whole file, but no part of an entry at its end.
func (e *entries) load(width int) error {
	size := e.file.Size()
	e.raw = make([]byte, size-size%int64(width))
	if len(e.raw) == 0 {
		return nil
	}
	if n, err := e.file.ReadAt(e.raw, 0); n < len(e.raw) {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}

func (e *entries) append(entry []byte) error {
	e.raw = append(e.raw, entry...)
	return e.file.Append(entry)
}

// cut keeps the first n bytes.
func (e *entries) cut(n int) error {
	e.raw = e.raw[:n]
	return e.file.Truncate(int64(n))
}

const (
	offsetEntryWidth = 8
	timeEntryWidth   = 12
)

// offsetIndex maps offsets to positions: an entry (offset, position) says that
// the batch at position ends with that offset, as in Kafka. Entries are
// relative offset int32, position int32.
type offsetIndex struct{ entries }

func (x *offsetIndex) len() int { return len(x.raw) / offsetEntryWidth }

func (x *offsetIndex) at(i int) (offset kafka.Offset, position int64) {
	entry := x.raw[i*offsetEntryWidth:]
	return x.base + kafka.Offset(int32(binary.BigEndian.Uint32(entry))), int64(int32(binary.BigEndian.Uint32(entry[4:])))
}

func (x *offsetIndex) add(offset kafka.Offset, position int64) error {
	var entry [offsetEntryWidth]byte
	binary.BigEndian.PutUint32(entry[:], uint32(offset-x.base))
	binary.BigEndian.PutUint32(entry[4:], uint32(position))
	return x.append(entry[:])
}

// lookup returns the position of a batch at or before the one that holds
// offset: that of the last entry not above it, 0 without one.
func (x *offsetIndex) lookup(offset kafka.Offset) int64 {
	return x.lastWhere(func(o kafka.Offset, _ int64) bool { return o <= offset })
}

// lastBefore returns the position of the last entry that lies at or before
// limit and whose batch ends below upTo, 0 without one: a batch up to which
// everything may be read.
func (x *offsetIndex) lastBefore(limit int64, upTo kafka.Offset) int64 {
	return x.lastWhere(func(o kafka.Offset, position int64) bool { return o < upTo && position <= limit })
}

// lastWhere returns the position of the last entry for which a condition holds
// that holds for all before it, too; 0 without one.
func (x *offsetIndex) lastWhere(holds func(o kafka.Offset, position int64) bool) int64 {
	low, high := 0, x.len()
	for low < high {
		middle := int(uint(low+high) >> 1)
		if holds(x.at(middle)) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return 0
	}
	_, position := x.at(low - 1)
	return position
}

func (x *offsetIndex) truncate(offset kafka.Offset) error {
	keep := sort.Search(x.len(), func(i int) bool { o, _ := x.at(i); return o >= offset })
	return x.cut(keep * offsetEntryWidth)
}

// sane reports whether the entries rise and lie within a segment of size bytes.
func (x *offsetIndex) sane(size int64) bool {
	lastOffset, lastPosition := x.base-1, int64(-1)
	for i := range x.len() {
		o, p := x.at(i)
		if o <= lastOffset || p <= lastPosition || p >= size {
			return false
		}
		lastOffset, lastPosition = o, p
	}
	return x.file.Size()%offsetEntryWidth == 0
}

// timeIndex maps timestamps to offsets: an entry (timestamp, offset) says that
// up to and including the batch that ends with offset no record is later than
// timestamp. Entries are timestamp int64 in milliseconds, relative offset int32.
type timeIndex struct{ entries }

func (x *timeIndex) len() int { return len(x.raw) / timeEntryWidth }

func (x *timeIndex) at(i int) (timestamp int64, offset kafka.Offset) {
	entry := x.raw[i*timeEntryWidth:]
	return int64(binary.BigEndian.Uint64(entry)), x.base + kafka.Offset(int32(binary.BigEndian.Uint32(entry[8:])))
}

// add appends an entry if the timestamp is later than the last one's.
func (x *timeIndex) add(timestamp int64, offset kafka.Offset) error {
	if timestamp == noTimestamp {
		return nil
	}
	if n := x.len(); n > 0 {
		if last, _ := x.at(n - 1); timestamp <= last {
			return nil
		}
	}
	var entry [timeEntryWidth]byte
	binary.BigEndian.PutUint64(entry[:], uint64(timestamp))
	binary.BigEndian.PutUint32(entry[8:], uint32(offset-x.base))
	return x.append(entry[:])
}

// last returns the largest timestamp and its offset; noTimestamp if empty.
func (x *timeIndex) last() (timestamp int64, offset kafka.Offset) {
	if n := x.len(); n > 0 {
		return x.at(n - 1)
	}
	return noTimestamp, x.base
}

// lookup returns an offset before which no record is as late as timestamp.
func (x *timeIndex) lookup(timestamp int64) kafka.Offset {
	i := sort.Search(x.len(), func(i int) bool { t, _ := x.at(i); return t > timestamp })
	if i == 0 {
		return x.base
	}
	_, offset := x.at(i - 1)
	return offset
}

func (x *timeIndex) truncate(offset kafka.Offset) error {
	keep := sort.Search(x.len(), func(i int) bool { _, o := x.at(i); return o >= offset })
	return x.cut(keep * timeEntryWidth)
}

func (x *timeIndex) sane() bool {
	lastTimestamp, lastOffset := int64(noTimestamp), x.base-1
	for i := range x.len() {
		t, o := x.at(i)
		if t <= lastTimestamp || o <= lastOffset {
			return false
		}
		lastTimestamp, lastOffset = t, o
	}
	return x.file.Size()%timeEntryWidth == 0
}
