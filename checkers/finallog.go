package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// finalLog is a partition's log at the end of the run, as far as the covering
// read showed it.
type finalLog struct {
	*partitionLedger
	id         history.PartitionID
	name       string
	isComplete bool
	isRewrote  bool
	spans      []span // settled: offsets that final reads passed over
}

// finalLogs prepares the partitions in scope, indexed by id; others are nil.
func (e *evidence) finalLogs(s Scope) []*finalLog {
	logs := make([]*finalLog, len(e.ledger.partitions))
	for _, id := range e.names.inScope(s) {
		if int(id) >= len(logs) {
			continue
		}
		p := &e.ledger.partitions[id]
		p.covered = settle(p.covered)
		sortBy(p.conflicts, func(c sighting) int64 { return c.offset })
		logs[id] = &finalLog{p, id, e.names.partition(id), p.complete(), p.rewritten(), p.covered}
	}
	return logs
}

// conflictsAt lists the readings of an offset that differ from the first of it.
func (l *finalLog) conflictsAt(offset int64) []sighting {
	at := func(c sighting, o int64) int { return cmp.Compare(c.offset, o) }
	first, _ := slices.BinarySearchFunc(l.conflicts, offset, at)
	end, _ := slices.BinarySearchFunc(l.conflicts, offset+1, at)
	return l.conflicts[first:end]
}

// covers says whether the final reads decide about an offset: they passed over
// it, or they reached an end below it.
func (l *finalLog) covers(offset int64) bool {
	return contains(l.spans, offset) || l.isComplete && offset >= l.cover.End
}

// holds says whether the final log has the record at the offset.
func (l *finalLog) holds(offset int64, r history.RecordID) bool {
	c := l.cells.peek(offset)
	return c != nil && c.finally > 0 && c.final == r
}

// removed says whether the offset was legally removed: the log starts above it.
func (l *finalLog) removed(offset int64) bool { return offset < l.logStart() }

// tooLate says whether an acknowledgement of an offset came when the covering
// read knew its end already: a client that still writes while it runs. Such a
// record may well be above that end. NoOffset stands for any place.
func (l *finalLog) tooLate(offset int64, acknowledged history.Time) bool {
	return l.hasCover && (offset == history.NoOffset || offset >= l.cover.End) && acknowledged > l.cover.Call
}

// doubtOf says why nothing is known of a record that was acknowledged too late.
func (l *finalLog) doubtOf(record string) func() string {
	return func() string {
		return fmt.Sprintf("%s was acknowledged after the covering read of %s had begun, and may lie above its end %d", record, l.name, l.cover.End)
	}
}

// doubt says why the final log is not known.
func (l *finalLog) doubt() string { return l.incompleteness(l.name) }
