package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// ledger is what clients said and saw of the logs: every send, every offset,
// and the places where two readings differ. Its size is that of the operations
// and offsets, not of the records times their readers.
type ledger struct {
	history.Ignore
	senders    []dense[send] // by client, then by send number
	partitions []partitionLedger
	reads      []readOp
	walks      uint32 // how often judges walked along a log
}

// send is one send and where its record was seen. Times are the caller's.
type send struct {
	call, ret history.Time
	offset    int64 // as acknowledged, or history.NoOffset
	seen      int64 // the first offset at which a reader saw it, plus one; 0 for never
	final     int64 // the first at which a final read saw it, plus one; 0 for never
	partition history.PartitionID
	seenIn    history.PartitionID
	seenBy    uint32 // the last read that saw it there
	walk      uint32 // the last walk that met its record
	error     int16
	outcome   history.Outcome
	attempts  uint8
	recorded  bool // Produce was called for it
}

// partitionLedger is what is known of one partition's log.
type partitionLedger struct {
	cells dense[cell]
	end   int64 // above every offset that was seen
	// conflicts are readings that differ from the first of their offset, repeats
	// those of a record at another offset than its first.
	conflicts []sighting
	repeats   []sighting
	gaps      []span // offsets that a read passed over: no record is there
	covered   []span // offsets that final reads passed over
	cover     history.Cover
	hasCover  bool
	cuts      []cut // readers were told that the log was cut
}

// cell is one offset of a log.
type cell struct {
	record   history.RecordID // as first read
	final    history.RecordID // as the final read has it
	earliest uint32           // the read of it that returned first, plus one; 0 if none
	finally  uint32           // the final read of it, plus one; 0 if none
}

// sighting is a record at a place, by a read.
type sighting struct {
	offset   int64
	record   history.RecordID
	read     uint32
	together bool // repeats: the same read returned both places
}

// cut is the offset from which on a reader found the log to be another than it had read.
type cut struct {
	at history.Time
	to int64
}

// span is the offsets in [from, to).
type span struct{ from, to int64 }

// readOp is a read without its records.
type readOp struct {
	call, ret  history.Time
	from, next int64
	client     history.ClientID
	partition  history.PartitionID
	records    uint32
	final      bool
	committed  bool
}

// Partition implements history.Sink.
func (l *ledger) Partition(id history.PartitionID, _ string, _ int32) { l.partition(id) }

func (l *ledger) partition(id history.PartitionID) *partitionLedger {
	if int(id) >= len(l.partitions) {
		l.partitions = grow(l.partitions, int(id))
	}
	return &l.partitions[id]
}

func (l *ledger) send(r history.RecordID) *send {
	c := int(r.Client())
	if c >= len(l.senders) {
		l.senders = grow(l.senders, c)
	}
	return l.senders[c].at(int64(r.Send()))
}

// Produce implements history.Sink.
func (l *ledger) Produce(op history.Produce) {
	s := l.send(op.Record)
	s.call, s.ret, s.offset = op.Call, op.Return, op.Offset
	s.partition, s.outcome, s.error, s.attempts = op.Partition, op.Outcome, op.Error, op.Attempts
	s.recorded = true
	l.partition(op.Partition)
}

// Read implements history.Sink.
func (l *ledger) Read(op history.Read) {
	p := l.partition(op.Partition)
	if len(op.Records) == 0 && op.Next <= op.From {
		return
	}
	id := uint32(len(l.reads))
	l.reads = append(l.reads, readOp{op.Call, op.Return, op.From, op.Next, op.Client, op.Partition,
		uint32(len(op.Records)), op.Final, op.Committed})
	op.Final = op.Final && !op.Committed // the covering read of committed records is in stableLogs
	expected := op.From
	for _, r := range op.Records {
		if r.Offset > expected {
			p.gaps = join(p.gaps, span{expected, r.Offset})
		}
		expected = r.Offset + 1
		l.sight(p, op, r, id)
	}
	if op.Next > expected {
		p.gaps = join(p.gaps, span{expected, op.Next})
	}
	p.end = max(p.end, expected)
	if op.Final {
		p.covered = join(p.covered, span{op.From, op.Next})
	}
}

// sight takes note of one record at one place.
func (l *ledger) sight(p *partitionLedger, op history.Read, r history.Seen, id uint32) {
	c := p.cells.at(r.Offset)
	switch {
	case c.earliest == 0:
		c.record, c.earliest = r.Record, id+1
	case c.record != r.Record:
		p.conflicts = append(p.conflicts, sighting{offset: r.Offset, record: r.Record, read: id})
	case op.Return < l.reads[c.earliest-1].ret:
		c.earliest = id + 1
	}
	if op.Final {
		c.final, c.finally = r.Record, id+1
	}
	if r.Record == 0 {
		return
	}
	s := l.send(r.Record)
	if op.Final && s.final == 0 {
		s.final = r.Offset + 1
	}
	switch {
	case s.seen == 0:
		s.seen, s.seenIn, s.seenBy = r.Offset+1, op.Partition, id
	case s.seen == r.Offset+1 && s.seenIn == op.Partition:
		s.seenBy = id
	default:
		p.repeats = append(p.repeats, sighting{offset: r.Offset, record: r.Record, read: id, together: s.seenBy == id})
	}
}

// Move implements history.Sink.
func (l *ledger) Move(op history.Move) {
	if op.Reason == history.Truncated {
		p := l.partition(op.Partition)
		p.cuts = append(p.cuts, cut{op.At, op.To})
	}
}

// Cover implements history.Sink.
func (l *ledger) Cover(op history.Cover) {
	if op.Committed {
		return
	}
	p := l.partition(op.Partition)
	p.cover, p.hasCover = op, true
}

// join adds a span to a list, merged with the last one where they touch.
func join(list []span, s span) []span {
	if last := len(list) - 1; last >= 0 && s.from <= list[last].to && s.from >= list[last].from {
		list[last].to = max(list[last].to, s.to)
		return list
	}
	return append(list, s)
}

// settle sorts and merges spans.
func settle(list []span) []span {
	sortBy(list, func(s span) int64 { return s.from })
	merged := list[:0]
	for _, s := range list {
		merged = join(merged, s)
	}
	return merged
}

// firstAfter finds the first of settled spans that ends above an offset.
func firstAfter(list []span, offset int64) int {
	i, _ := slices.BinarySearchFunc(list, offset, func(s span, o int64) int {
		if s.to <= o {
			return -1
		}
		return 1
	})
	return i
}

// contains looks an offset up in settled spans.
func contains(list []span, offset int64) bool {
	i := firstAfter(list, offset)
	return i < len(list) && list[i].from <= offset
}

// logStart is where the log began at last; records below it were legally
// removed. Without a covering read nothing is known to be removed.
func (p *partitionLedger) logStart() int64 {
	if !p.hasCover {
		return 0
	}
	return p.cover.LogStart
}

// complete says whether final reads passed over all of the final log. A cover
// that claims it is believed only with the reads to show for it.
func (p *partitionLedger) complete() bool {
	if !p.hasCover || !p.cover.Complete {
		return false
	}
	if p.cover.LogStart >= p.cover.End {
		return true
	}
	for _, s := range settle(p.covered) {
		if s.from <= p.cover.LogStart && s.to >= p.cover.End {
			return true
		}
	}
	return false
}

// incompleteness says why the final log is not known.
func (p *partitionLedger) incompleteness(name string) string {
	switch {
	case !p.hasCover:
		return fmt.Sprintf("%s has no covering final read", name)
	case !p.cover.Complete && p.cover.IncompleteReason != "":
		return fmt.Sprintf("the covering final read of %s is incomplete: %s", name, p.cover.IncompleteReason)
	case !p.cover.Complete:
		return fmt.Sprintf("the covering final read of %s is incomplete", name)
	}
	return fmt.Sprintf("the final reads of %s do not reach from %d to %d", name, p.cover.LogStart, p.cover.End)
}

// rewritten says whether anything shows that the log was cut and grew anew.
func (p *partitionLedger) rewritten() bool {
	return len(p.cuts) > 0 || len(p.conflicts) > 0 || p.complete() && p.end > p.cover.End
}

// sends visits the recorded sends by client and number.
func (l *ledger) sends(visit func(r history.RecordID, s *send)) {
	for c := range l.senders {
		l.senders[c].all(func(i int64, s *send) bool {
			if s.recorded {
				visit(history.NewRecordID(history.ClientID(c), uint32(i)), s)
			}
			return true
		})
	}
}
