package checkers

import (
	"fmt"
	"math"

	"assay/checkers/history"
)

// judgeAtLeastOnce decides at-least-once: below where a group's committed offset
// ended it has processed every acknowledged record that the final log holds. A
// record that is no longer there is no-loss's business, or retention's. A group
// that has not come to the end of the log may still get there, so that its
// history decides nothing beyond.
func judgeAtLeastOnce(e *evidence, c Claim, f *findings) {
	logs := e.finalLogs(c.Scope)
	readers := make([][]*ended, len(logs))
	for i, key := range e.commits.keys {
		if int(key.partition) >= len(logs) || logs[key.partition] == nil || !c.Scope.group(e.names.group(key.group)) {
			continue
		}
		g := &ended{key: key, log: logs[key.partition], groupCommits: e.commits.parts[i], work: e.work.peek(key)}
		if why := e.notDrained(g); why != "" {
			f.leaveOpen(func() string { return why })
		}
		if g.hasEnd && g.end.Known {
			g.passing = g.passes(false)
			readers[key.partition] = append(readers[key.partition], g)
		}
	}
	e.ledger.sends(func(r history.RecordID, s *send) {
		if s.outcome != history.OK {
			return
		}
		for _, g := range readers[s.partition] {
			e.judgeSeen(f, g, r, s)
		}
	})
}

// ended is a group's part in a partition with where it ended.
type ended struct {
	*groupCommits
	key     groupPartition
	log     *finalLog
	work    *groupWork // nil if it processed nothing
	passing passing
	strayed map[history.RecordID]bool // processed at another offset than acknowledged; nil until needed
}

// notDrained says why a group did not reach the end of the log for certain, or
// nothing if it did.
func (e *evidence) notDrained(g *ended) string {
	name := e.names.group(g.key.group)
	switch {
	case !g.hasEnd:
		return fmt.Sprintf("the history does not say where group %s ended in %s", name, g.log.name)
	case !g.end.Known:
		return fmt.Sprintf("no coordinator told where group %s ended in %s", name, g.log.name)
	case !g.log.isComplete:
		return g.log.doubt()
	}
	if last := e.lastRecord(g.log); max(0, g.end.Offset) <= last {
		return fmt.Sprintf("group %s did not drain: it ended with %s committed of %s, which has a record at offset %d", name, told(g.end.Offset), g.log.name, last)
	}
	return ""
}

// lastRecord is the offset of the final log's last record that a group may be
// asked to come to, history.NoOffset if it has none.
func (e *evidence) lastRecord(l *finalLog) int64 {
	return l.cells.lastIn(0, math.MaxInt64, func(c *cell) bool { return c.finally > 0 && e.demanded(c.final) })
}

// judgeSeen decides about one acknowledged record and one group.
func (e *evidence) judgeSeen(f *findings, g *ended, r history.RecordID, s *send) {
	offset := s.offset
	if offset == history.NoOffset {
		offset = s.final - 1 // wherever it came to lie
	}
	if offset == history.NoOffset || offset >= g.end.Offset || g.log.removed(offset) {
		return
	}
	if !g.log.covers(offset) {
		return // nobody knows whether it is there; notDrained has said so
	}
	if !g.log.holds(offset, r) || !e.demanded(r) {
		return
	}
	f.judged++
	if g.work.did(offset, r) || g.elsewhere(e, r) {
		return
	}
	if _, did := e.inTransaction(g.key, offset); did {
		return
	}
	found := finding{anomaly: Unseen, partition: g.key.partition, offset: offset, from: s.call, to: max(s.call, g.end.At),
		group: party(g.key.group) + 1}
	passed, known := g.passing.first(offset)
	if known {
		found.from, found.to = passed.Call, passed.Return
		if passed.Return == history.Infinity {
			found.to = passed.Call
		}
		found.until, found.client = max(found.to, g.end.At), party(passed.Client)+1
	}
	f.add(found, func() Witness { return e.tellUnseen(g, offset, r, passed, known) })
}

// elsewhere says whether the group processed a record at another offset than
// the one it was acknowledged with: the log was cut and grew anew.
func (g *ended) elsewhere(e *evidence, r history.RecordID) bool {
	if g.work == nil {
		return false
	}
	if g.strayed == nil {
		g.strayed = map[history.RecordID]bool{}
		for _, c := range g.work.completions {
			if c.record != 0 && e.ledger.send(c.record).offset != c.offset {
				g.strayed[c.record] = true
			}
		}
	}
	return g.strayed[r]
}

func (e *evidence) tellUnseen(g *ended, offset int64, r history.RecordID, passed history.Commit, known bool) Witness {
	w := Witness{Offsets: []int64{offset, g.end.Offset}, Ops: []Operation{e.tellSend(r)}}
	s, name := e.ledger.send(r), e.names.group(g.key.group)
	w.Sentence = fmt.Sprintf("%s sent %s to %s at %s and it was acknowledged at %s; it lies at offset %d, but group %s never processed it, and ended with offset %d committed",
		e.names.client(r.Client()), e.names.record(r), g.log.name, Clock(s.call), Clock(s.ret), offset, name, g.end.Offset)
	if known {
		w.Ops = append(w.Ops, e.tellCommit(passed))
	}
	switch {
	case known && passed.Return < s.call:
		w.Sentence += fmt.Sprintf(". %s had passed that offset at %s already, before the record was sent: the log was cut and grew anew", e.names.client(passed.Client), Clock(passed.Return))
		w.Advice = "Keeping what is acknowledged (acks=all, min.insync.replicas=2, unclean.leader.election.enable=false) would have prevented it."
	case known:
		w.Sentence += fmt.Sprintf(". %s passed it with the commit of offset %d at %s", e.names.client(passed.Client), passed.Offset, Clock(passed.Call))
		w.Advice = "Committing only what has been processed (commit: after_process) would have prevented it."
	}
	w.Ops = append(w.Ops, e.tellEnd(g.end))
	return w
}
