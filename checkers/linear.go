package checkers

import (
	"fmt"
	"math"

	"assay/checkers/history"
)

// judgeLinearizable decides linearizable-log and, with exact reads of the length,
// fresh-reads. Offsets fix the order of the appends, so that no search is needed:
// the append at offset i cannot take effect before low[i], the latest call among
// its send and the exact reads that did not see it yet, nor after high[i], the
// earliest return among its send and all that saw it or a later one. Walking up,
// the moment t is at least every low passed so far; t > high[i] is a
// contradiction between the operations that gave the two.
func judgeLinearizable(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	lines := make([]*timeline, len(logs))
	for id, log := range logs {
		if log != nil {
			lines[id] = &timeline{evidence: e, findings: f, log: log, logs: logs, contested: math.MaxInt64}
		}
	}
	e.ledger.sends(func(r history.RecordID, s *send) {
		if line := lines[s.partition]; line != nil {
			f.judged++
			line.send(r, s)
		}
	})
	for id, line := range lines {
		if line == nil {
			continue
		}
		line.sightings()
		if c.Guarantee == FreshReads {
			line.lengths(e.lengths.of(history.PartitionID(id)))
		}
		line.sweep()
		if line.busy && !line.log.isComplete {
			f.leaveOpen(line.log.doubt)
		}
	}
}

// source says which operation gave a bound.
type source struct {
	kind sourceKind
	id   uint64 // a RecordID, the number of a read, or that of an exact read
}

type sourceKind uint8

const (
	noSource sourceKind = iota
	fromSend
	fromRead
	fromLength
)

// bound is what is known of the append at one offset.
type bound struct {
	low, high     history.Time // high is valid only with a source
	lowBy, highBy source
	acked         history.RecordID
	known         bool // a record is there: acknowledged or seen
	told          bool // its conflict has been reported
}

func (b *bound) notBefore(t history.Time, by source) {
	if b.lowBy.kind == noSource || t > b.low {
		b.low, b.lowBy = t, by
	}
}

func (b *bound) notAfter(t history.Time, by source) {
	if t != history.Infinity && (b.highBy.kind == noSource || t < b.high) {
		b.high, b.highBy = t, by
	}
}

// timeline is the bounds of one partition's appends.
type timeline struct {
	*evidence
	*findings
	log       *finalLog
	logs      []*finalLog // of all partitions in scope
	bounds    dense[bound]
	contested int64     // the lowest offset with a conflict: above it the log is not one log
	unseen    []unknown // sends that may fill a hole
	retried   bool      // some send had more than one attempt, or died with its producer, who counted them
	busy      bool
	marked    bool // transactions wrote here, so that markers lie between the records
	exact     []lengthOp
}

// unknown is a send that nobody saw and that may be in the log all the same.
type unknown struct {
	call   history.Time
	record history.RecordID
}

// send takes one send of the partition.
func (l *timeline) send(r history.RecordID, s *send) {
	l.busy = true
	l.marked = l.marked || l.transactions.of(r) != nil
	l.retried = l.retried || s.attempts > 1 || s.attempts == 0 && s.outcome == history.Indeterminate
	elsewhere := s.seen > 0 && s.seenIn != l.log.id
	switch {
	case s.outcome == history.Failed && s.seen > 0, elsewhere:
		l.phantom(r, s)
		return
	case s.outcome == history.Failed:
		return
	}
	by := source{fromSend, uint64(r)}
	if s.outcome == history.OK && s.offset != history.NoOffset {
		b := l.bounds.at(s.offset)
		if b.acked != 0 {
			l.conflict(s.offset, b, s, func() Witness { return l.twoAcknowledged(s.offset, b.acked, r) })
		}
		b.acked, b.known = r, true
		b.notBefore(s.call, by)
		b.notAfter(s.ret, by)
		if s.seen > 0 && s.seen-1 != s.offset && l.log.cells.get(s.offset).record != r {
			l.conflict(s.offset, b, s, func() Witness { return l.seenElsewhere(r, s) })
		}
	} else if s.seen == 0 {
		l.unseen = append(l.unseen, unknown{s.call, r})
	}
	if s.seen > 0 {
		l.bounds.at(s.seen-1).notBefore(s.call, by)
	}
}

// sightings takes what readers saw of the partition.
func (l *timeline) sightings() {
	ledger := l.ledger
	l.log.cells.all(func(offset int64, c *cell) bool {
		if c.earliest == 0 {
			return true
		}
		l.busy = true
		b := l.bounds.at(offset)
		b.known = true
		b.notAfter(ledger.reads[c.earliest-1].ret, source{fromRead, uint64(c.earliest - 1)})
		if c.record == 0 {
			return true
		}
		s := ledger.send(c.record)
		if !s.recorded {
			l.phantom(c.record, s)
		} else if b.acked != 0 && b.acked != c.record {
			l.conflict(offset, b, s, func() Witness { return l.ackedAndRead(offset, b.acked, c.record, c.earliest-1) })
		}
		return true
	})
	for _, other := range l.log.conflicts {
		if other.record == 0 {
			continue // what is not ours is never told apart
		}
		l.conflict(other.offset, l.bounds.at(other.offset), l.ledger.send(other.record), func() Witness {
			return l.readTwice(other)
		})
	}
	for _, again := range l.log.repeats {
		l.again(again)
	}
}

// again takes a record that was seen at another offset than before. It is a
// duplicate only where both were in the log together: in one read, both in the
// final log, or in a log that was read to its end and shows no cut. Else it is
// proven only that the record's offset changed.
func (l *timeline) again(second sighting) {
	b, s := l.bounds.at(second.offset), l.ledger.send(second.record)
	l.contested = min(l.contested, second.offset, s.seen-1)
	if b.told {
		return
	}
	b.told = true
	first := place{s.seenIn, s.seen - 1, s.seenBy}
	found := s.finding(InconsistentOffset, second.offset, l.log)
	if second.together || l.twice(first, second) {
		found.anomaly = Duplicate
	} else {
		found.until = l.log.shown(found.to)
	}
	l.add(found, func() Witness {
		w := l.duplicated(second.record, first, place{l.log.id, second.offset, second.read})
		if found.anomaly == InconsistentOffset {
			w.Sentence = fmt.Sprintf("%s was read at offset %d of %s and then at offset %d", l.names.record(second.record),
				first.offset, l.names.partition(first.partition), second.offset)
			if first.partition != l.log.id {
				w.Sentence += " of " + l.log.name
			}
		}
		return w
	})
}

// twice says whether a record was at two places at one time, as far as the final
// logs prove it.
func (l *timeline) twice(first place, second sighting) bool {
	log := l.logs[first.partition]
	if log == nil {
		return false // outside the claim
	}
	both := log.holds(first.offset, second.record) && l.log.holds(second.offset, second.record)
	uncut := log.isComplete && !log.isRewrote && l.log.isComplete && !l.log.isRewrote
	return both || uncut
}

// lengths takes exact reads: at some moment of each the log ended at End.
func (l *timeline) lengths(exact []lengthOp) {
	l.exact = exact
	for i, op := range exact {
		l.judged++
		by := source{fromLength, uint64(i)}
		l.bounds.at(op.end).notBefore(op.call, by)
		if op.end > 0 {
			l.bounds.at(op.end-1).notAfter(op.ret, by)
		}
	}
}

// conflict reports that an offset has two records, once for an offset.
func (l *timeline) conflict(offset int64, b *bound, s *send, tell func() Witness) {
	l.contested = min(l.contested, offset)
	if !b.told {
		b.told = true
		found := s.finding(InconsistentOffset, offset, l.log)
		found.until = l.log.shown(found.to)
		l.add(found, tell)
	}
}

// sweep walks up the offsets below the first conflict.
func (l *timeline) sweep() {
	sortBy(l.unseen, func(u unknown) int64 { return int64(u.call) })
	gaps := settle(l.log.gaps)
	l.suffixMinimum()
	t := bound{low: math.MinInt64}
	next, started := l.log.logStart(), l.log.hasCover
	var told source
	l.bounds.all(func(offset int64, b *bound) bool {
		if offset >= l.contested {
			return false
		}
		if !b.known && b.lowBy.kind == noSource && b.highBy.kind != fromLength {
			return true // untouched, or only told by what lies above it
		}
		full := b.highBy.kind != noSource // something is here, or above
		if started && full {
			l.fill(&t, span{next, offset}, b, gaps, &told)
		}
		if b.lowBy.kind != noSource && b.low > t.low {
			t.low, t.lowBy = b.low, b.lowBy
		}
		if started && full && !b.known {
			l.fill(&t, span{offset, offset + 1}, b, gaps, &told)
		}
		l.compare(&t, offset, b, &told)
		started = started || b.known
		if full || b.known {
			next = max(next, offset+1)
		}
		return true
	})
}

// suffixMinimum lowers each high to the least above it.
func (l *timeline) suffixMinimum() {
	var least bound
	l.bounds.descend(func(_ int64, b *bound) {
		if least.highBy.kind != noSource {
			b.notAfter(least.high, least.highBy)
		}
		if b.highBy.kind != noSource {
			least.high, least.highBy = b.high, b.highBy
		}
	})
}

// compare reports the pair of operations that leaves no moment for an append;
// what delayed it is reported once.
func (l *timeline) compare(t *bound, offset int64, b *bound, told *source) {
	if b.highBy.kind == noSource || t.low <= b.high || t.lowBy == *told {
		return
	}
	*told = t.lowBy
	anomaly := Reordered
	if t.lowBy.kind == fromLength {
		anomaly = StaleRead
	}
	late, early := l.tell(t.lowBy), l.tell(b.highBy)
	found := finding{anomaly: anomaly, partition: l.log.id, offset: offset, from: b.high, to: t.low}
	l.add(found, func() Witness {
		return Witness{Offsets: []int64{offset}, Ops: []Operation{early, late}, Sentence: fmt.Sprintf(
			"%s %s and that was over at %s, so that offset %d of %s was filled by then; but what follows was called only at %s: %s %s",
			early.Name, early.What, Clock(b.high), offset, l.log.name, Clock(t.low), late.Name, late.What)}
	})
}

// fill puts unseen sends into holes, in the order of their calls. Offsets that a
// read passed over without a record hold a marker or were compacted, and need none.
func (l *timeline) fill(t *bound, hole span, b *bound, gaps []span, told *source) {
	if hole.from >= hole.to {
		return
	}
	holes := hole.to - hole.from - overlap(gaps, hole.from, hole.to)
	if holes > 0 && l.marked {
		// A marker may be there, which no client sent.
		l.unread(hole.to, holes)
		return
	}
	for ; holes > 0 && len(l.unseen) > 0; holes-- {
		u := l.unseen[0]
		l.unseen = l.unseen[1:]
		if u.call > t.low {
			t.low, t.lowBy = u.call, source{fromSend, uint64(u.record)}
		}
		l.compare(t, hole.to-1, b, told)
	}
	if holes == 0 {
		return
	}
	if l.retried || l.log.isComplete && hole.to > l.log.cover.End {
		// A retry may have filled it; or the log was cut there since.
		l.unread(hole.to, holes)
		return
	}
	early := l.tell(b.highBy)
	found := finding{anomaly: Phantom, partition: l.log.id, offset: hole.to - 1, from: b.high, to: b.high}
	l.add(found, func() Witness {
		return Witness{Offsets: []int64{hole.from, hole.to - 1}, Ops: []Operation{early}, Sentence: fmt.Sprintf(
			"%s %s, so that by %s %s had a record at every offset from %d to %d; %d of them hold something that no client sent",
			early.Name, early.What, Clock(b.high), l.log.name, hole.from, hole.to-1, holes)}
	})
}

// unread leaves open what filled offsets that nobody read.
func (l *timeline) unread(below, holes int64) {
	l.leaveOpen(func() string {
		return fmt.Sprintf("nobody saw what was at %d offsets of %s below %d", holes, l.log.name, below)
	})
}

// overlap counts the offsets of [from, to) inside settled spans.
func overlap(list []span, from, to int64) int64 {
	var total int64
	for i := firstAfter(list, from); i < len(list) && list[i].from < to; i++ {
		total += max(0, min(to, list[i].to)-max(from, list[i].from))
	}
	return total
}

// tell describes the operation that gave a bound.
func (l *timeline) tell(by source) Operation {
	switch by.kind {
	case fromSend:
		return l.tellSend(history.RecordID(by.id))
	case fromRead:
		return l.tellRead(uint32(by.id))
	}
	op := l.exact[by.id]
	return Operation{op.client, l.names.client(op.client).String(), op.call, op.ret,
		fmt.Sprintf("reads the length of %s: it ends at offset %d", l.log.name, op.end)}
}

func (l *timeline) phantom(r history.RecordID, s *send) {
	l.contested = min(l.contested, s.seen-1)
	l.add(s.finding(Phantom, s.seen-1, l.log), func() Witness {
		w := Witness{Offsets: []int64{s.seen - 1}, Ops: []Operation{l.tellSend(r), l.tellRead(s.seenBy)}}
		reader, where := l.names.client(l.ledger.reads[s.seenBy].client), l.names.partition(s.seenIn)
		why := "was never sent"
		switch {
		case s.recorded && s.outcome == history.Failed:
			why = fmt.Sprintf("was sent at %s and definitely failed at %s", Clock(s.call), Clock(s.ret))
		case s.recorded:
			why = "was sent to " + l.log.name
		}
		w.Sentence = fmt.Sprintf("%s read %s in %s at offset %d, but it %s", reader, l.names.record(r), where, s.seen-1, why)
		return w
	})
}

func (l *timeline) twoAcknowledged(offset int64, a, b history.RecordID) Witness {
	return Witness{Offsets: []int64{offset}, Ops: []Operation{l.tellSend(a), l.tellSend(b)}, Sentence: fmt.Sprintf(
		"offset %d of %s was acknowledged twice: for %s and for %s", offset, l.log.name, l.names.record(a), l.names.record(b))}
}

func (l *timeline) seenElsewhere(r history.RecordID, s *send) Witness {
	return Witness{Offsets: []int64{s.offset, s.seen - 1}, Ops: []Operation{l.tellSend(r), l.tellRead(s.seenBy)}, Sentence: fmt.Sprintf(
		"%s was acknowledged to %s with offset %d of %s, but %s read it at offset %d", l.names.record(r), l.names.client(r.Client()),
		s.offset, l.log.name, l.names.client(l.ledger.reads[s.seenBy].client), s.seen-1)}
}

func (l *timeline) ackedAndRead(offset int64, acked, read history.RecordID, by uint32) Witness {
	return Witness{Offsets: []int64{offset}, Ops: []Operation{l.tellSend(acked), l.tellRead(by)}, Sentence: fmt.Sprintf(
		"offset %d of %s was acknowledged for %s, but %s read %s there", offset, l.log.name, l.names.record(acked),
		l.names.client(l.ledger.reads[by].client), l.names.record(read))}
}

func (l *timeline) readTwice(other sighting) Witness {
	first := l.log.cells.get(other.offset)
	return Witness{Offsets: []int64{other.offset}, Ops: []Operation{l.tellRead(first.earliest - 1), l.tellRead(other.read)},
		Sentence: fmt.Sprintf("%s read %s at offset %d of %s, and %s read %s there",
			l.names.client(l.ledger.reads[first.earliest-1].client), l.names.record(first.record), other.offset, l.log.name,
			l.names.client(l.ledger.reads[other.read].client), l.names.record(other.record))}
}
