package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// judgeLoss decides no-loss: every acknowledged record is in the final log where
// the acknowledgement said, or below the log's start.
func judgeLoss(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	e.ledger.sends(func(r history.RecordID, s *send) {
		log := logs[s.partition]
		if log == nil || s.outcome != history.OK {
			return
		}
		f.judged++
		if s.offset == history.NoOffset {
			e.judgeUnplaced(f, log, r, s)
		} else {
			e.judgePlaced(f, log, r, s)
		}
	})
}

// judgePlaced decides about a record that was acknowledged with its offset.
func (e *evidence) judgePlaced(f *findings, log *finalLog, r history.RecordID, s *send) {
	switch {
	case log.holds(s.offset, r) || log.removed(s.offset):
	case !log.covers(s.offset):
		f.leaveOpen(log.doubt)
	case log.tooLate(s.offset, s.ret):
		f.leaveOpen(log.doubtOf(e.names.record(r)))
	case s.final > 0 && s.seenIn == s.partition:
		f.add(e.undone(InconsistentOffset, s.offset, log, r, s), func() Witness {
			return e.misplaced(log, r, s)
		})
	default:
		f.add(e.undone(LostWrite, s.offset, log, r, s), func() Witness { return e.lost(log, r, s) })
	}
}

// judgeUnplaced decides about a record that was acknowledged without an offset:
// any place will do, and if the log's start has moved, it may have been there.
func (e *evidence) judgeUnplaced(f *findings, log *finalLog, r history.RecordID, s *send) {
	switch {
	case s.final > 0:
	case s.seen > 0 && log.removed(s.seen-1):
	case !log.isComplete:
		f.leaveOpen(log.doubt)
	case log.tooLate(history.NoOffset, s.ret):
		f.leaveOpen(log.doubtOf(e.names.record(r)))
	case log.logStart() > 0:
		f.leaveOpen(func() string {
			return fmt.Sprintf("%s was acknowledged without an offset and may lie below the log start %d of %s",
				e.names.record(r), log.logStart(), log.name)
		})
	default:
		f.add(e.undone(LostWrite, history.NoOffset, log, r, s), func() Witness { return e.lost(log, r, s) })
	}
}

// finding places an anomaly at a send.
func (s *send) finding(a Anomaly, offset int64, log *finalLog) finding {
	ret := s.ret
	if ret == history.Infinity {
		ret = s.call
	}
	return finding{anomaly: a, partition: log.id, offset: offset, from: s.call, to: ret}
}

// undone places an anomaly at a send whose acknowledgement was true at first,
// perhaps: what undid it came until the log was first seen without the record.
func (e *evidence) undone(a Anomaly, offset int64, log *finalLog, r history.RecordID, s *send) finding {
	found := s.finding(a, offset, log)
	found.until = log.shown(found.to)
	without := func(at history.Time) {
		if at > found.to && (found.until == 0 || at < found.until) {
			found.until = at
		}
	}
	if offset == history.NoOffset {
		return found
	}
	if c := log.cells.get(offset); c.earliest > 0 && c.record != r {
		without(e.ledger.reads[c.earliest-1].ret)
	}
	others := log.conflictsAt(offset)
	for _, other := range others[:min(mostShown, len(others))] {
		if other.record != r {
			without(e.ledger.reads[other.read].ret)
		}
	}
	for _, c := range log.cuts[:min(mostShown, len(log.cuts))] {
		if c.to <= offset {
			without(c.at)
		}
	}
	return found
}

// shown is when the covering read showed what became of something, zero without one.
func (l *finalLog) shown(after history.Time) history.Time {
	if !l.hasCover {
		return 0
	}
	return max(after, l.cover.Call)
}

// mostShown bounds how many sightings are asked when an offset was first seen without its record.
const mostShown = 64

func (e *evidence) lost(log *finalLog, r history.RecordID, s *send) Witness {
	w := Witness{Ops: []Operation{e.tellSend(r)}}
	who := e.names.client(r.Client())
	w.Sentence = fmt.Sprintf("%s sent %s to %s at %s and it was acknowledged at %s", who, e.names.record(r), log.name,
		Clock(s.call), Clock(s.ret))
	if s.offset != history.NoOffset {
		w.Sentence += fmt.Sprintf(" with offset %d", s.offset)
	}
	if s.seen > 0 {
		w.Ops = append(w.Ops, e.tellRead(s.seenBy))
		reader := e.ledger.reads[s.seenBy]
		w.Sentence += fmt.Sprintf(", and %s read it at %s", e.names.client(reader.client), Clock(reader.ret))
	}
	if s.offset == history.NoOffset {
		w.Ops = append(w.Ops, e.tellCover(log.id))
		w.Sentence += ", but the final log does not have it at any offset"
		return w
	}
	w.Offsets = []int64{s.offset}
	w.Sentence += ", but "
	switch other := log.cells.get(s.offset); {
	case other.finally > 0:
		w.Ops = append(w.Ops, e.tellRead(other.finally-1))
		w.Sentence += fmt.Sprintf("in the final log offset %d holds %s and %s is gone", s.offset, e.names.record(other.final), e.names.record(r))
	case log.isComplete && s.offset >= log.cover.End:
		w.Ops = append(w.Ops, e.tellCover(log.id))
		w.Sentence += fmt.Sprintf("the final log ends at offset %d", log.cover.End)
	default:
		if id, found := e.finalReadOver(log.id, s.offset); found {
			w.Ops = append(w.Ops, e.tellRead(id))
		}
		w.Sentence += fmt.Sprintf("the final read passed offset %d and found no record there", s.offset)
	}
	return w
}

func (e *evidence) misplaced(log *finalLog, r history.RecordID, s *send) Witness {
	at := log.cells.get(s.final - 1)
	w := Witness{Offsets: []int64{s.offset, s.final - 1}, Ops: []Operation{e.tellSend(r), e.tellRead(at.finally - 1)}}
	w.Sentence = fmt.Sprintf("%s sent %s to %s at %s and it was acknowledged at %s with offset %d, but the final log has it at offset %d",
		e.names.client(r.Client()), e.names.record(r), log.name, Clock(s.call), Clock(s.ret), s.offset, s.final-1)
	return w
}

// finalReadOver finds a final read that passed over an offset. It looks at every
// read, for a witness only.
func (e *evidence) finalReadOver(id history.PartitionID, offset int64) (uint32, bool) {
	for i, r := range e.ledger.reads {
		if r.final && !r.committed && r.partition == id && r.from <= offset && offset < r.next {
			return uint32(i), true
		}
	}
	return 0, false
}
