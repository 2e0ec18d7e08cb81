package storage

import (
	"assay/host"
)

// Observer hears of named points; a host.Host is one. A nil Observer hears
// nothing.
type Observer interface {
	Observe(host.Event)
}

// The named points of this package. The subject is the topic. Appends,
// duplicates and truncations are the replica's to tell: it knows why.
var (
	PointSegmentRoll = &host.Point{
		Name:   "segment_roll",
		About:  "The active segment was closed and a new one begun.",
		Fields: []string{"partition", "base_offset"},
	}
	PointLogStart = &host.Point{
		Name:   "log_start",
		About:  "The start of a log moved forward: records below it are gone.",
		Fields: []string{"partition", "from", "to"},
	}
	PointRecovered = &host.Point{
		Name:   "log_recovered",
		About:  "A log was scanned after an unclean stop.",
		Fields: []string{"partition", "recovery_point", "log_end", "segments_scanned", "bytes_scanned"},
	}
	PointRecoveryTruncated = &host.Point{
		Name:   "recovery_truncated",
		About:  "Recovery cut a torn or senseless tail off a log.",
		Fields: []string{"partition", "from", "to", "bytes"},
	}
	PointIndexRebuilt = &host.Point{
		Name:   "index_rebuilt",
		About:  "A segment's index files were missing or damaged and were built anew from the segment.",
		Fields: []string{"partition", "base_offset"},
	}
	PointFlushed = &host.Point{
		Name:   "log_flushed",
		About:  "Everything below the recovery point is durable.",
		Fields: []string{"partition", "recovery_point"},
	}
	PointOffline = &host.Point{
		Name:   "log_offline",
		About:  "A file operation failed; the log refuses everything from now on.",
		Fields: []string{"partition"},
	}
)

// Points lists the package's points.
var Points = []*host.Point{
	PointSegmentRoll, PointLogStart, PointRecovered, PointRecoveryTruncated, PointIndexRebuilt, PointFlushed, PointOffline,
}

// observe reports a point of this log; args follow the partition.
func (l *Log) observe(point *host.Point, args ...int64) {
	if l.observer == nil {
		return
	}
	event := host.Event{Point: point, Subject: l.partition.Topic}
	event.Args[0] = int64(l.partition.Partition)
	copy(event.Args[1:], args)
	l.observer.Observe(event)
}
