package storage

import (
	"assay/host"
)

// Observer hears of named points; a host.Host is one. A nil Observer hears
// nothing.
type Observer interface {
	Observe(host.Event)
}

// The named points of this package. The subject is the topic.
var (
	PointLogAppend = &host.Point{
		Name:   "log_append",
		About:  "Batches were appended to a partition's log, as leader or as follower.",
		Fields: []string{"partition", "epoch", "first_offset", "last_offset", "bytes", "as_leader"},
	}
	PointDuplicate = &host.Point{
		Name:   "duplicate_batch",
		About:  "A producer's batch was answered from the window of its last five and not appended again.",
		Fields: []string{"partition", "first_offset", "last_offset", "producer_id", "producer_epoch", "base_sequence"},
	}
	PointSegmentRoll = &host.Point{
		Name:   "segment_roll",
		About:  "The active segment was closed and a new one begun.",
		Fields: []string{"partition", "base_offset"},
	}
	PointLogTruncate = &host.Point{
		Name:   "log_truncate",
		About:  "A replica cut the end off its log to agree with its leader.",
		Fields: []string{"partition", "from", "to"},
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
	PointLogAppend, PointDuplicate, PointSegmentRoll, PointLogTruncate, PointLogStart,
	PointRecovered, PointRecoveryTruncated, PointIndexRebuilt, PointFlushed, PointOffline,
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
