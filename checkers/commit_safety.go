package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// judgeCommitSafety decides commit-safety of each group and partition: no
// accepted commit passes a record of the final log whose processing cannot have
// been completed by the time the commit returned, and the committed offset does
// not go back. Commits of unknown outcome convict nobody.
func judgeCommitSafety(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	for i, key := range e.commits.keys {
		if int(key.partition) >= len(logs) || logs[key.partition] == nil || !c.Scope.group(e.names.group(key.group)) {
			continue
		}
		way := commitWay{evidence: e, findings: f, key: key, log: logs[key.partition], part: e.commits.parts[i], work: e.work.peek(key)}
		way.accepted = way.part.certain()
		if len(way.accepted) == 0 {
			continue
		}
		f.judged += int64(len(way.accepted))
		way.passes()
		way.goesBack()
		way.isTold()
		if !way.log.isComplete {
			f.leaveOpen(way.log.doubt)
		}
	}
}

// commitWay is the way of a group's committed offset in one partition.
type commitWay struct {
	*evidence
	*findings
	key      groupPartition
	log      *finalLog
	part     *groupCommits
	work     *groupWork
	accepted []commitOp // for certain, in the order recorded
	// soFar are those outside of transactions by their returns, and highest says
	// which up to each is the highest; nil until needed.
	soFar   []commitOp
	highest []int
}

// returnedFirst is the commit that returned first among some.
type returnedFirst struct {
	commitOp
	known bool
}

func (r *returnedFirst) take(op commitOp) {
	if !r.known || cmp.Or(cmp.Compare(op.Return, r.Return), cmp.Compare(op.seq, r.seq)) < 0 {
		*r = returnedFirst{op, true}
	}
}

// passes walks down the final log with the commits above each offset. The one of
// them that returned first passed it first.
func (w *commitWay) passes() {
	above := slices.Clone(w.accepted)
	slices.SortStableFunc(above, func(a, b commitOp) int { return cmp.Compare(b.Offset, a.Offset) })
	highest := above[0].Offset
	var first returnedFirst
	ofClient := map[history.ClientID]*returnedFirst{}
	w.log.cells.descend(func(offset int64, c *cell) {
		if c.finally == 0 || offset >= highest || w.log.removed(offset) || !w.demanded(c.final) {
			return
		}
		for len(above) > 0 && above[0].Offset > offset {
			first.take(above[0])
			own := ofClient[above[0].Client]
			if own == nil {
				own = &returnedFirst{}
				ofClient[above[0].Client] = own
			}
			own.take(above[0])
			above = above[1:]
		}
		w.judgePassed(offset, c, first.commitOp, ofClient)
	})
}

// judgePassed decides about one offset below a commit: first returned first of
// all commits above it.
func (w *commitWay) judgePassed(offset int64, c *cell, first commitOp, ofClient map[history.ClientID]*returnedFirst) {
	done := w.doneAt(offset)
	premature := first
	if first.Return >= done.at {
		// At the very moment only a client's own order tells.
		own := ofClient[done.client]
		if done.ambiguous || own == nil || own.Return != done.at || own.seq > done.seq {
			return
		}
		premature = own.commitOp
	}
	if w.work != nil {
		if copied := w.work.soonestOf(c.final); copied > 0 && w.work.soonest(copied-1) < premature.Return {
			return
		}
	}
	if w.log.isRewrote && c.final != 0 && w.ledger.send(c.final).call > premature.Return {
		w.leaveOpen(func() string {
			return fmt.Sprintf("%s was cut, and nobody knows what lay at offset %d when group %s passed it", w.log.name, offset, w.names.group(w.key.group))
		})
		return
	}
	found := finding{anomaly: PrematureCommit, partition: w.key.partition, offset: offset, from: premature.Call, to: premature.Return,
		group: party(w.key.group) + 1, client: party(premature.Client) + 1}
	w.add(found, func() Witness { return w.tellPremature(offset, c.final, premature, done) })
}

// doneFirst is when an offset's processing can have been completed first, whatever
// its record was then; history.Infinity if never.
type doneFirst struct {
	at         history.Time
	client     history.ClientID
	seq        uint32
	completion uint32
	output     history.RecordID // it was processed in a transaction, as this shows
	ambiguous  bool             // by two clients at one moment, or in a transaction, or never
}

func (w *commitWay) doneAt(offset int64) doneFirst {
	done := doneFirst{at: history.Infinity, ambiguous: true}
	if input, did := w.inTransaction(w.key, offset); did {
		done.at, done.output, done.client = input.at, input.output, input.output.Client()
	}
	if w.work == nil {
		return done
	}
	for at := w.work.last.get(offset); at > 0; at = w.work.completions[at-1].before {
		soonest, b := w.work.soonest(at-1), w.work.batchOf(at-1)
		switch {
		case soonest < done.at:
			done = doneFirst{at: soonest, client: b.client, seq: b.seq, completion: at - 1}
		case soonest == done.at && b.client != done.client:
			done.ambiguous = true
		case soonest == done.at && b.seq <= done.seq:
			done.seq, done.completion = b.seq, at-1
		}
	}
	return done
}

func (w *commitWay) tellPremature(offset int64, r history.RecordID, op commitOp, done doneFirst) Witness {
	name := w.names.group(w.key.group)
	t := Witness{Offsets: []int64{offset, op.Offset}, Ops: []Operation{w.tellCommit(op.Commit)}}
	t.Sentence = fmt.Sprintf("%s committed offset %d of %s for group %s, accepted at %s, but %s at offset %d ",
		w.names.client(op.Client), op.Offset, w.log.name, name, Clock(op.Return), w.names.record(r), offset)
	switch {
	case done.at == history.Infinity:
		t.Sentence += "was never processed by the group"
	case done.output != 0:
		t.Ops = append(t.Ops, w.tellSend(done.output))
		t.Sentence += fmt.Sprintf("was processed only later, by %s in a transaction, which sent the output %s at %s",
			w.names.client(done.client), w.names.record(done.output), Clock(done.at))
	default:
		t.Ops = append(t.Ops, w.tellWork(w.key, w.work, done.completion))
		t.Sentence += fmt.Sprintf("was processed only later, by %s no sooner than %s", w.names.client(done.client), Clock(done.at))
	}
	t.Advice = "A crash in between leaves the record unseen; committing after processing (commit: after_process) would have prevented it."
	return t
}

// goesBack compares each accepted commit with those that had ended before it was
// called. After it went back, what was committed before no longer counts. One in
// a transaction that was sent before the highest was written does not come after
// it, although it takes effect only later.
func (w *commitWay) goesBack() {
	calls, returns := slices.Clone(w.accepted), slices.Clone(w.accepted)
	slices.SortStableFunc(calls, func(a, b commitOp) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.seq, b.seq))
	})
	slices.SortStableFunc(returns, func(a, b commitOp) int {
		return cmp.Or(cmp.Compare(a.Return, b.Return), cmp.Compare(a.seq, b.seq))
	})
	var highest commitOp
	highest.Offset = history.NoOffset
	forgotten := map[uint32]bool{}
	next := 0
	for _, op := range calls {
		for ; next < len(returns) && returns[next].Return < op.Call; next++ {
			if ended := returns[next]; ended.Offset > highest.Offset && !forgotten[ended.seq] {
				highest = ended
			}
		}
		before, ties := highest, []commitOp(nil)
		if plain(op) {
			ties = w.endedAs(op, returns[next:])
		} else if highest.written >= op.sent {
			continue
		}
		for _, ended := range ties {
			if ended.Offset > before.Offset && !forgotten[ended.seq] {
				before = ended
			}
		}
		if before.Offset <= op.Offset {
			continue
		}
		highest.Offset = history.NoOffset
		for _, ended := range ties {
			forgotten[ended.seq] = true
		}
		w.wentBack(before, op)
	}
}

// endedAs finds the client's own commits that ended at the moment of a call and
// before it.
func (w *commitWay) endedAs(op commitOp, returns []commitOp) []commitOp {
	var own []commitOp
	for _, ended := range returns[:min(mostShown, len(returns))] {
		if ended.Return != op.Call {
			break
		}
		if ended.Client == op.Client && ended.seq < op.seq {
			own = append(own, ended)
		}
	}
	return own
}

func (w *commitWay) wentBack(before, op commitOp) {
	found := finding{anomaly: OffsetRegression, partition: w.key.partition, offset: op.Offset, from: before.Call, to: op.Return,
		group: party(w.key.group) + 1, client: party(before.Client) + 1}
	found.until = found.to
	w.add(found, func() Witness {
		t := Witness{Offsets: []int64{op.Offset, before.Offset}, Ops: []Operation{w.tellCommit(before.Commit), w.tellCommit(op.Commit)}}
		t.Sentence = fmt.Sprintf("%s committed offset %d of %s for group %s, accepted at %s; then, at %s, %scommitted offset %d, and the group went back by %d",
			w.names.client(before.Client), before.Offset, w.log.name, w.names.group(w.key.group), Clock(before.Return),
			Clock(op.Call), w.again(before.Client, op.Client), op.Offset, before.Offset-op.Offset)
		if before.Client == op.Client {
			t.Advice = "Committing synchronously, and nothing below the last commit, would have prevented it."
		} else {
			t.Advice = "One owner at a time, going on at the committed offset, would have prevented it."
		}
		return t
	})
}

// isTold compares what coordinators told of the committed offset with the
// accepted commits that had certainly come before: a lower one that no commit
// explains means that an accepted commit was lost.
func (w *commitWay) isTold() {
	if n := w.names; w.part.hasEnd && w.part.end.Known && n.passed[history.DrainEnds] {
		drained := n.borders[history.DrainEnds]
		highest := w.highestBy(w.accepted, func(op commitOp) bool { return op.Return < drained })
		w.judgeTold(highest, w.part.end.Offset, w.part.end.At, w.tellEnd(w.part.end))
	}
	former := w.highestOf()
	for _, move := range w.commits.resumed {
		if move.Partition != w.key.partition {
			continue
		}
		now := w.names.client(move.Client)
		before := func(op commitOp) bool {
			then := w.names.client(op.Client)
			return then.Name == now.Name && then.Incarnation < now.Incarnation
		}
		highest := w.highestBy(former[now.Name], before)
		if highest.Return > move.At { // an incarnation that outlived its successor's begin
			highest = w.highestBy(w.accepted, func(op commitOp) bool { return before(op) && plain(op) && op.Return <= move.At })
		}
		if earlier := w.beforeOwning(move); earlier.Offset > highest.Offset {
			highest = earlier
		}
		teller := Operation{move.Client, now.String(), move.At, move.At,
			fmt.Sprintf("goes on at offset %d of %s, as its group has committed", move.To, w.log.name)}
		w.judgeTold(highest, move.To, move.At, teller)
	}
}

// plain says whether a commit is outside of transactions. One inside is decided
// when it is accepted, and may be told only later.
func plain(op commitOp) bool { return op.Transaction == 0 }

// beforeOwning finds the highest commit that had been accepted before a member
// came to own the partition, and so before it asked where to go on; one of offset
// 0 if there is none, or if the member is none of the group.
func (w *commitWay) beforeOwning(move history.Move) commitOp {
	part := w.owners.peek(w.key)
	if part == nil {
		return commitOp{}
	}
	owned, known := part.ownedAt(move.Client, move.At)
	if !known {
		return commitOp{}
	}
	if w.soFar == nil {
		for _, op := range w.accepted {
			if plain(op) {
				w.soFar = append(w.soFar, op)
			}
		}
		sortBy(w.soFar, func(op commitOp) int64 { return int64(op.Return) })
		w.highest = make([]int, len(w.soFar))
		for i := 1; i < len(w.soFar); i++ {
			w.highest[i] = w.highest[i-1]
			if w.soFar[i].Offset > w.soFar[w.highest[i]].Offset {
				w.highest[i] = i
			}
		}
	}
	i, _ := slices.BinarySearchFunc(w.soFar, owned.At, func(op commitOp, at history.Time) int {
		return cmp.Compare(op.Return, at)
	})
	if i == 0 {
		return commitOp{}
	}
	return w.soFar[w.highest[i-1]]
}

// highestBy finds the highest of the commits that fit, one of offset 0 if none does.
func (w *commitWay) highestBy(list []commitOp, fits func(commitOp) bool) (highest commitOp) {
	for _, op := range list {
		if op.Offset > highest.Offset && fits(op) {
			highest = op
		}
	}
	return highest
}

// highestOf lists for each name of a client the highest accepted commit of each
// of its incarnations. One dies before the next begins.
func (w *commitWay) highestOf() map[string][]commitOp {
	byClient := map[history.ClientID]int{} // its place in the list of its name
	byName := map[string][]commitOp{}
	for _, op := range w.accepted {
		if !plain(op) {
			continue
		}
		name := w.names.client(op.Client).Name
		i, known := byClient[op.Client]
		switch {
		case !known:
			byClient[op.Client] = len(byName[name])
			byName[name] = append(byName[name], op)
		case op.Offset > byName[name][i].Offset:
			byName[name][i] = op
		}
	}
	return byName
}

// judgeTold decides about one telling of the committed offset, given the highest
// accepted commit that had come before for certain: one of offset 0, or none,
// convicts nobody.
func (w *commitWay) judgeTold(highest commitOp, offset int64, at history.Time, teller Operation) {
	if highest.Offset <= max(0, offset) {
		return
	}
	if slices.ContainsFunc(w.part.list, func(op commitOp) bool { return op.Offset == offset && op.written > highest.sent }) {
		return
	}
	found := finding{anomaly: OffsetRegression, partition: w.key.partition, offset: offset, from: highest.Call, to: highest.Return,
		until: max(at, highest.Return), group: party(w.key.group) + 1}
	w.add(found, func() Witness {
		t := Witness{Offsets: []int64{offset, highest.Offset}, Ops: []Operation{w.tellCommit(highest.Commit), teller}}
		t.Sentence = fmt.Sprintf("%s committed offset %d of %s for group %s, accepted at %s, but at %s the coordinator had %s committed, which nobody had done since: the accepted commit was lost",
			w.names.client(highest.Client), highest.Offset, w.log.name, w.names.group(w.key.group), Clock(highest.Return), Clock(at), told(offset))
		t.Advice = "More replicas of __consumer_offsets (offsets.topic.replication.factor, its min.insync.replicas) would have prevented it."
		return t
	})
}
