package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// newest is a producer's highest send so far on a walk along a log.
type newest struct {
	walk   uint32
	record history.RecordID
	offset int64
	final  bool // a final read saw it there
}

// judgeOrder decides producer-order on the final log, and below its start on
// what readers saw there before, unless the log was cut: then two versions of
// it would be mixed. Where final reads do not show whether it was cut, two
// records convict only if both are in the final log or one read returned both.
func judgeOrder(e *evidence, c Claim, f *findings) {
	latest := make([]newest, len(e.ledger.senders))
	for _, log := range e.finalLogs(c.Scope) {
		if log == nil {
			continue
		}
		e.ledger.walks++
		skipped := false
		log.cells.all(func(offset int64, at *cell) bool {
			r, by := at.final, at.finally
			if by == 0 {
				if at.earliest == 0 || contains(log.spans, offset) {
					return true // nobody saw a record here, or it is no longer here
				}
				if log.isRewrote {
					skipped = true
					return true
				}
				r, by = at.record, at.earliest
			}
			e.follow(f, log, latest, newest{e.ledger.walks, r, offset, at.finally > 0}, by-1)
			return true
		})
		if log.end > 0 && !log.isComplete {
			f.leaveOpen(log.doubt)
		} else if skipped && log.logStart() > 0 {
			f.leaveOpen(func() string {
				return fmt.Sprintf("%s was cut, and its records below the log start %d cannot be told apart from cut ones", log.name, log.logStart())
			})
		}
	}
}

// follow takes the next record of a log, with a read that saw it there.
func (e *evidence) follow(f *findings, log *finalLog, latest []newest, next newest, by uint32) {
	r, offset := next.record, next.offset
	if r == 0 {
		return
	}
	s := e.ledger.send(r)
	if s.outcome == history.Failed || s.walk == e.ledger.walks {
		return // left out, or not its first appearance
	}
	s.walk = e.ledger.walks
	f.judged++
	before := &latest[r.Client()]
	if before.walk != e.ledger.walks || before.record < r {
		*before = next
		return
	}
	newer := *before
	if !log.isComplete && !(newer.final && next.final) && e.ledger.reads[by].from > newer.offset {
		return // the log may have been cut in between; judgeOrder leaves it open
	}
	f.add(s.finding(Reordered, offset, log), func() Witness {
		w := Witness{Offsets: []int64{newer.offset, offset}, Ops: []Operation{e.tellSend(r), e.tellSend(newer.record)}}
		if at := log.cells.get(offset); at.record == r {
			by = at.earliest - 1
		}
		w.Ops = append(w.Ops, e.tellRead(by))
		w.Sentence = fmt.Sprintf("%s sent %s before %s, but in %s the later send comes first: %s at offset %d, %s at offset %d",
			e.names.client(r.Client()), e.names.record(r), e.names.record(newer.record), log.name,
			e.names.record(newer.record), newer.offset, e.names.record(r), offset)
		return w
	})
}
