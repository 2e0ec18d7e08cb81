package storage

import (
	"slices"

	"assay/internal/kafka"
)

// EpochStart says that an epoch's first record has, or would have, this offset.
type EpochStart struct {
	Epoch kafka.LeaderEpoch
	Start kafka.Offset
}

// EpochCache knows where each leader epoch of a log starts (KIP-101). Epochs
// and starts both rise.
type EpochCache struct {
	entries []EpochStart
}

// Latest is the last epoch, NoEpoch without one.
func (c *EpochCache) Latest() kafka.LeaderEpoch {
	if len(c.entries) == 0 {
		return kafka.NoEpoch
	}
	return c.entries[len(c.entries)-1].Epoch
}

// Entries returns a copy of all entries.
func (c *EpochCache) Entries() []EpochStart { return append([]EpochStart(nil), c.entries...) }

// For returns the epoch of the record at offset, NoEpoch below the first entry.
func (c *EpochCache) For(offset kafka.Offset) kafka.LeaderEpoch {
	for i := len(c.entries) - 1; i >= 0; i-- {
		if c.entries[i].Start <= offset {
			return c.entries[i].Epoch
		}
	}
	return kafka.NoEpoch
}

// Assign says that epoch starts at start, and reports whether that was news.
// Entries that contradict it are dropped: those of the same or a later epoch
// and those that start at or after it.
func (c *EpochCache) Assign(epoch kafka.LeaderEpoch, start kafka.Offset) bool {
	if n := len(c.entries); n > 0 && c.entries[n-1].Epoch == epoch && c.entries[n-1].Start <= start {
		return false
	}
	for n := len(c.entries); n > 0 && (c.entries[n-1].Epoch >= epoch || c.entries[n-1].Start >= start); n-- {
		c.entries = c.entries[:n-1]
	}
	c.entries = append(c.entries, EpochStart{epoch, start})
	return true
}

// TruncateFromEnd drops the epochs that start at or above end, and reports
// whether there were any.
func (c *EpochCache) TruncateFromEnd(end kafka.Offset) bool {
	before := len(c.entries)
	for n := len(c.entries); n > 0 && c.entries[n-1].Start >= end; n-- {
		c.entries = c.entries[:n-1]
	}
	return len(c.entries) != before
}

// TruncateFromStart drops the epochs that end at or below start; the one that
// holds start begins there then. It reports whether anything changed.
func (c *EpochCache) TruncateFromStart(start kafka.Offset) bool {
	first := 0
	for first+1 < len(c.entries) && c.entries[first+1].Start <= start {
		first++
	}
	if len(c.entries) == 0 || c.entries[first].Start >= start && first == 0 {
		return false
	}
	c.entries = slices.Delete(c.entries, 0, first)
	c.entries[0].Start = max(c.entries[0].Start, start)
	return true
}

// EndOffset answers an epoch lookup (OffsetsForLeaderEpoch, KIP-279): the
// largest epoch not above the asked one, and the offset at which it ends.
// NoEpoch and NoOffset: the asked epoch is above all known ones. An epoch below
// all known ones ends where the first begins.
func (c *EpochCache) EndOffset(asked kafka.LeaderEpoch, logEnd kafka.Offset, flaws Flaws) (kafka.LeaderEpoch, kafka.Offset) {
	if asked < 0 {
		return kafka.NoEpoch, kafka.NoOffset
	}
	if asked == c.Latest() {
		return asked, logEnd
	}
	higher := 0
	for higher < len(c.entries) && c.entries[higher].Epoch <= asked {
		higher++
	}
	switch {
	case higher == len(c.entries):
		return kafka.NoEpoch, kafka.NoOffset
	case higher == 0, flaws.EpochLookupOffsetOnly:
		return asked, c.entries[higher].Start
	}
	return c.entries[higher-1].Epoch, c.entries[higher].Start
}
