package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// judgeAtomicTransactions decides atomic-transactions: no reader was handed a
// record before its transaction's commit was asked for, the covering read of
// committed records returned all of every committed transaction and nothing of
// any other, and where such readers may go never went back.
func judgeAtomicTransactions(e *evidence, c Claim, f *findings) {
	if e.transactions.count == 0 {
		return
	}
	e.eachHanded(c, func(r handedRead, seen history.Seen, in *transaction) {
		f.judged++
		if in.End != history.Infinity && in.Commit && r.ret < in.End {
			e.foundIntermediate(f, r, seen, in)
		}
	})
	e.transactions.all(func(in *transaction) { e.judgeWhole(f, in) })
	all, stable := e.finalLogs(c.Scope), e.stableLogs()
	e.judgeCoverage(f, all, stable)
	e.judgeCircles(f)
	e.judgeMonotonic(f, c)
}

// judgeWhole decides about one transaction.
func (e *evidence) judgeWhole(f *findings, in *transaction) {
	if in.FirstSend > 0 {
		f.judged++
	}
	switch {
	case in.fate == aborted && in.visible > 0:
		e.foundTorn(f, in, in.seen, fmt.Sprintf("%s, but the covering read of committed records returned %d of its records, %s among them",
			e.tellFate(in), in.visible, e.names.record(in.seen)))
	case in.fate == committed && in.missing+in.gone > 0 && in.visible == 0 && in.missing == 0:
		e.foundLost(f, in)
	case in.fate == committed && in.missing+in.gone > 0:
		e.foundTorn(f, in, in.unseen, fmt.Sprintf("%s, but the covering read of committed records did not return %d of its records, %s among them; it returned %d",
			e.tellFate(in), in.missing+in.gone, e.names.record(in.unseen), in.visible))
	}
}

// judgeCoverage leaves open what no covering read of committed records decides.
func (e *evidence) judgeCoverage(f *findings, all, stable []*finalLog) {
	written := make([]bool, len(all))
	e.ledger.sends(func(r history.RecordID, s *send) {
		if !written[s.partition] && s.outcome != history.Failed && e.transactions.of(r) != nil {
			written[s.partition] = true
		}
	})
	for id, log := range stable {
		switch {
		case id >= len(all) || all[id] == nil || !written[id]:
		case !log.isComplete:
			f.leaveOpen(func() string { return "of committed records, " + log.doubt() })
		case all[id].isComplete && log.cover.End < all[id].cover.End:
			f.leaveOpen(func() string {
				return fmt.Sprintf("the covering read of committed records came to offset %d of %s, whose high watermark is %d: a transaction is undecided there",
					log.cover.End, log.name, all[id].cover.End)
			})
		}
	}
}

// torn places a finding about a transaction at one of its records.
func (e *evidence) torn(a Anomaly, in *transaction, r history.RecordID) finding {
	s := e.ledger.send(r)
	offset := s.offset
	if s.final > 0 {
		offset = s.final - 1
	}
	if at := e.stable.place(r); at > 0 {
		offset = at - 1
	}
	to := in.Return
	if to == history.Infinity {
		to = max(in.Begin, s.call)
	}
	return finding{anomaly: a, partition: s.partition, offset: offset, from: in.Begin, to: max(in.Begin, to), client: party(in.Client) + 1}
}

func (e *evidence) foundTorn(f *findings, in *transaction, r history.RecordID, what string) {
	found := e.torn(TornTransaction, in, r)
	f.add(found, func() Witness {
		w := Witness{Offsets: []int64{found.offset}, Ops: []Operation{e.tellTransaction(in), e.tellSend(r)}}
		if log := &e.stable.ledger.partitions[found.partition]; log.hasCover {
			inner := evidence{names: e.names, ledger: &e.stable.ledger}
			op := inner.tellCover(found.partition)
			op.Name = "the covering read of committed records"
			w.Ops = append(w.Ops, op)
		}
		w.Sentence = what
		w.Advice = "With transaction.version 2 every transaction has an epoch of its own, so that a late request cannot end another one; replicas of __transaction_state (transaction.state.log.replication.factor, its min.isr) keep a decision once made."
		return w
	})
}

func (e *evidence) foundLost(f *findings, in *transaction) {
	found := e.torn(LostWrite, in, in.unseen)
	found.until = max(found.to, e.ledger.partitions[found.partition].cover.Call)
	f.add(found, func() Witness {
		return Witness{Offsets: []int64{found.offset}, Ops: []Operation{e.tellTransaction(in), e.tellSend(in.unseen)}, Sentence: fmt.Sprintf(
			"%s, but %d of its acknowledged records are in the final log no more, %s among them", e.tellFate(in), in.gone, e.names.record(in.unseen))}
	})
}
