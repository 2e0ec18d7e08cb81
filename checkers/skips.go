package checkers

import (
	"fmt"
	"math"
	"slices"

	"assay/checkers/history"
)

// judgeSkips decides no-skips: a reader was handed every record of the final log
// that its position passed. Moves that the application asked for are its own
// business; a reset that passes records is a skip, and so is going on at the old
// offset over a log that was cut and grew anew.
func judgeSkips(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	doubted := make([]bool, len(logs))
	for _, r := range e.moves.readers {
		if int(r.partition) >= len(logs) || logs[r.partition] == nil || !c.Scope.reader(e.names.client(r.client).Name) {
			continue
		}
		log := logs[r.partition]
		way := walk{evidence: e, findings: f, log: log, reader: r}
		standing := r.standing()
		for i, s := range r.steps {
			way.step(s, standing[i])
		}
		if len(r.steps) > 0 && !log.isComplete && !doubted[r.partition] {
			doubted[r.partition] = true
			f.leaveOpen(log.doubt)
		}
	}
}

// standing gives, for each step, the offset below which it still stands: what a
// reader passed and then went back over is judged when it passes it again.
func (r *reader) standing() []int64 {
	list := make([]int64, len(r.steps))
	limit := int64(math.MaxInt64)
	for i, s := range slices.Backward(r.steps) {
		list[i] = limit
		if s.kind == rewind || s.kind == backward {
			limit = min(limit, s.to)
		}
	}
	return list
}

// walk goes along one reader's way with the final log in hand.
type walk struct {
	*evidence
	*findings
	log    *finalLog
	reader *reader
	told   dense[bool]               // offsets reported: a way may pass one twice
	earned map[history.RecordID]bool // all records that the reader was handed; nil until needed
	// agreed is the last offset at which the reader was handed what the final log
	// has, -1 for none; agreedKnown says whether it was looked for.
	agreed      int64
	agreedKnown bool
}

// step judges one step as far as it stands.
func (w *walk) step(s step, standing int64) {
	w.judged++
	if s.kind == backward {
		found := finding{anomaly: NonMonotonicPoll, partition: w.log.id, offset: s.to, from: s.call, to: s.ret}
		w.add(found, func() Witness {
			return Witness{Offsets: []int64{s.from, s.to}, Ops: []Operation{w.tellStep(s)}, Sentence: fmt.Sprintf(
				"%s stood at offset %d of %s and at %s, without a seek, reset or truncation, went on at offset %d",
				w.who(), s.from, w.log.name, Clock(s.call), s.to)}
		})
		return
	}
	// What was removed below the log's start is not in cells' final readings, or
	// was removed while the covering read ran: neither counts.
	w.log.cells.ascend(max(s.from, w.log.logStart()), min(s.to, standing), func(offset int64, c *cell) bool {
		if c.finally > 0 && c.final != 0 && w.owed(c.final) && !w.handed(offset, c.final) && w.passed(offset) {
			w.skipped(s, offset, c)
		}
		return true
	})
}

// owed says whether the reader had to be handed a record. One that reads
// committed records passes those of aborted transactions by right.
func (w *walk) owed(r history.RecordID) bool { return w.reader.uncommitted || w.demanded(r) }

// handed says whether the reader was handed a record, here or anywhere.
func (w *walk) handed(offset int64, r history.RecordID) bool {
	if has := w.reader.has.peek(offset); has != nil && *has && w.reader.handed.get(offset) == r {
		return true
	}
	if w.earned == nil {
		w.earned = map[history.RecordID]bool{}
		w.reader.has.all(func(offset int64, has *bool) bool {
			if *has {
				w.earned[w.reader.handed.get(offset)] = true
			}
			return true
		})
		for _, again := range w.reader.again {
			w.earned[again.Record] = true
		}
	}
	return w.earned[r]
}

// passed says whether the reader passed the offset in the log as it is finally.
// Where it was handed another record, the log was cut; one that read nothing of
// the new log since may have stopped, and would have noticed when it went on.
func (w *walk) passed(offset int64) bool {
	if !w.reader.has.get(offset) {
		return true
	}
	if !w.agreedKnown {
		w.agreed, w.agreedKnown = -1, true
		w.reader.has.all(func(at int64, has *bool) bool {
			if c := w.log.cells.peek(at); *has && c != nil && c.finally > 0 && c.final == w.reader.handed.get(at) {
				w.agreed = at
			}
			return true
		})
	}
	return offset < w.agreed
}

func (w *walk) skipped(s step, offset int64, c *cell) {
	if told := w.told.at(offset); *told {
		return
	} else {
		*told = true
	}
	found := finding{anomaly: PollSkip, partition: w.log.id, offset: offset, from: s.call, to: s.ret}
	w.add(found, func() Witness {
		witness := Witness{Offsets: []int64{offset}, Ops: []Operation{w.tellStep(s), w.tellRead(c.finally - 1)}}
		if sent := w.ledger.send(c.final); sent.recorded {
			witness.Ops = append(witness.Ops, w.tellSend(c.final))
		}
		had := w.reader.has.get(offset)
		switch {
		case s.kind == byReset:
			witness.Sentence = fmt.Sprintf("%s was reset at %s from offset %d of %s to %d, past %s at offset %d, which it was never handed",
				w.who(), Clock(s.call), s.from, w.log.name, s.to, w.names.record(c.final), offset)
		case s.kind == byItself:
			witness.Sentence = fmt.Sprintf("%s stood at offset %d of %s and at %s went on at %d without a seek or reset, past %s at offset %d",
				w.who(), s.from, w.log.name, Clock(s.call), s.to, w.names.record(c.final), offset)
		case had:
			witness.Sentence = fmt.Sprintf(
				"%s read %s at offset %d of %s at %s; then the log was cut and now has %s there, but the reader went on behind it and was never handed that",
				w.who(), w.names.record(w.reader.handed.get(offset)), offset, w.log.name, Clock(s.ret), w.names.record(c.final))
		default:
			witness.Sentence = fmt.Sprintf("%s read %s from offset %d to %d at %s, but was not handed %s at offset %d",
				w.who(), w.log.name, s.from, s.to, Clock(s.ret), w.names.record(c.final), offset)
		}
		return witness
	})
}

func (w *walk) who() history.ClientName { return w.names.client(w.reader.client) }

func (w *walk) tellStep(s step) Operation {
	how := [...]string{"reads", "is reset", "goes on", "goes back", "is taken back"}[s.kind]
	return Operation{w.reader.client, w.who().String(), s.call, s.ret,
		fmt.Sprintf("%s in %s from offset %d to %d", how, w.log.name, s.from, s.to)}
}
