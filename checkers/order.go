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
}

// judgeOrder decides producer-order on the final log, and below its start on
// what readers saw there before, unless the log was cut: then two versions of
// it would be mixed.
func judgeOrder(e *evidence, c Claim, f *findings) {
	latest := make([]newest, len(e.ledger.senders))
	for _, log := range e.finalLogs(c.Scope) {
		if log == nil {
			continue
		}
		e.ledger.walks++
		skipped := false
		log.cells.all(func(offset int64, at *cell) bool {
			r := at.final
			if at.finally == 0 {
				if at.earliest == 0 || contains(log.spans, offset) {
					return true // nobody saw a record here, or it is no longer here
				}
				if log.isRewrote {
					skipped = true
					return true
				}
				r = at.record
			}
			e.follow(f, log, latest, r, offset)
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

// follow takes the next record of a log.
func (e *evidence) follow(f *findings, log *finalLog, latest []newest, r history.RecordID, offset int64) {
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
		*before = newest{e.ledger.walks, r, offset}
		return
	}
	newer := *before
	f.add(s.finding(Reordered, offset, log), func() Witness {
		w := Witness{Offsets: []int64{newer.offset, offset}, Ops: []Operation{e.tellSend(r), e.tellSend(newer.record)}}
		if id := log.cells.get(offset).earliest; id > 0 {
			w.Ops = append(w.Ops, e.tellRead(id-1))
		}
		w.Sentence = fmt.Sprintf("%s sent %s before %s, but in %s the later send comes first: %s at offset %d, %s at offset %d",
			e.names.client(r.Client()), e.names.record(r), e.names.record(newer.record), log.name,
			e.names.record(newer.record), newer.offset, e.names.record(r), offset)
		return w
	})
}
