package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// recovery keeps which partitions were found without a leader.
type recovery struct {
	history.Ignore
	leaderless []history.Leaderless
}

// Leaderless implements history.Sink.
func (r *recovery) Leaderless(op history.Leaderless) { r.leaderless = append(r.leaderless, op) }

// probe is the best that sends to a partition did after the faults' end.
type probe struct {
	sends     int
	first     history.RecordID // the first to be called
	called    history.Time
	confirmed history.RecordID // the first to be acknowledged, if acked
	acked     history.Time     // history.Infinity if none was
}

// judgeRecovery decides recovers, partition by partition.
func judgeRecovery(e *evidence, c Claim, f *findings) {
	start, deadline, why := e.recoveryTime(c)
	if why != "" {
		f.leaveOpen(func() string { return why })
		return
	}
	probes := e.probes(start)
	reasons := map[history.PartitionID]history.Leaderless{}
	for _, l := range e.recovery.leaderless {
		reasons[l.Partition] = l
	}
	for _, log := range e.finalLogs(c.Scope) {
		if log == nil {
			continue
		}
		f.judged++
		if l, found := reasons[log.id]; found {
			e.noLeader(f, log, l, start)
			continue
		}
		e.judgeProbe(f, log, probes[log.id], start, deadline)
		e.judgeCover(f, log, start)
		e.judgeHung(f, c, log, start)
		if c.ReadersDrain {
			e.judgeDrain(f, c, log, start)
		}
		for i, key := range e.commits.keys {
			if key.partition == log.id && c.Scope.group(e.names.group(key.group)) {
				e.judgeGroup(f, c, groupAtEnd{key, e.commits.parts[i], log}, start, deadline)
			}
		}
	}
	e.judgeSessions(f, c, start, deadline)
}

// recoveryTime finds from when to when recovery may take, or says why it cannot.
func (e *evidence) recoveryTime(c Claim) (start, deadline history.Time, why string) {
	n := e.names
	if !n.passed[history.FaultsEnd] {
		return 0, 0, "the history does not say when the faults ended"
	}
	start = n.borders[history.FaultsEnd]
	switch {
	case c.Within > 0:
		return start, start + c.Within, ""
	case n.passed[history.DrainEnds]:
		return start, n.borders[history.DrainEnds], ""
	}
	return 0, 0, "the history does not say when the drain ended"
}

// probes finds, for each partition, what sends called after the faults' end did.
func (e *evidence) probes(start history.Time) []probe {
	list := make([]probe, len(e.ledger.partitions))
	for i := range list {
		list[i].called, list[i].acked = history.Infinity, history.Infinity
	}
	e.ledger.sends(func(r history.RecordID, s *send) {
		if s.call < start || e.refused(r, s) {
			return
		}
		p := &list[s.partition]
		p.sends++
		if s.call < p.called {
			p.called, p.first = s.call, r
		}
		if s.outcome == history.OK && s.ret < p.acked {
			p.acked, p.confirmed = s.ret, r
		}
	})
	return list
}

func (e *evidence) judgeProbe(f *findings, log *finalLog, p probe, start, deadline history.Time) {
	switch {
	case p.sends == 0:
		f.leaveOpen(func() string { return "nothing was sent to " + log.name + " after the faults" })
	case p.acked > deadline:
		found := finding{anomaly: Unavailable, partition: log.id, offset: history.NoOffset, from: start, to: deadline}
		f.add(found, func() Witness {
			if p.acked != history.Infinity {
				return Witness{Ops: []Operation{e.tellSend(p.confirmed)}, Sentence: fmt.Sprintf(
					"the faults ended at %s, but the first send to %s after that was acknowledged at %s, later than the allowed %s",
					Clock(start), log.name, Clock(p.acked), Clock(deadline-start))}
			}
			return Witness{Ops: []Operation{e.tellSend(p.first)}, Sentence: fmt.Sprintf(
				"the faults ended at %s, but none of %d sends to %s after that was acknowledged", Clock(start), p.sends, log.name)}
		})
	}
}

func (e *evidence) judgeCover(f *findings, log *finalLog, start history.Time) {
	switch {
	case log.isComplete:
	case !log.hasCover || log.cover.Complete:
		f.leaveOpen(log.doubt)
	default:
		to := max(start, log.cover.Call)
		found := finding{anomaly: Undrained, partition: log.id, offset: history.NoOffset, from: start, to: to}
		f.add(found, func() Witness {
			return Witness{Ops: []Operation{e.tellCover(log.id)}, Sentence: fmt.Sprintf(
				"the faults ended at %s, but %s could not be read to its high watermark: %s", Clock(start), log.name, log.doubt())}
		})
	}
}

func (e *evidence) noLeader(f *findings, log *finalLog, l history.Leaderless, start history.Time) {
	found := finding{anomaly: NoLeader, partition: log.id, offset: history.NoOffset, from: start, to: max(start, l.At)}
	f.add(found, func() Witness {
		return Witness{Ops: []Operation{{0, "the cluster", l.At, l.At, log.name + " has no working leader"}}, Sentence: fmt.Sprintf(
			"the faults ended at %s, but at %s %s has no working leader: %s", Clock(start), Clock(l.At), log.name, l.Reason)}
	})
}

// judgeDrain asks that each reader came to the end of the log.
func (e *evidence) judgeDrain(f *findings, c Claim, log *finalLog, start history.Time) {
	if !log.isComplete {
		return // judgeCover has said so
	}
	for _, r := range e.moves.readers {
		if r.partition != log.id || !c.Scope.reader(e.names.client(r.client).Name) || r.position > e.lastOwed(log, r) {
			continue
		}
		found := finding{anomaly: Undrained, partition: log.id, offset: r.position, from: start, to: max(start, log.cover.Call)}
		f.add(found, func() Witness {
			return Witness{Offsets: []int64{r.position, log.cover.End}, Ops: []Operation{e.tellCover(log.id)}, Sentence: fmt.Sprintf(
				"%s stopped at offset %d of %s, which ends at %d", e.names.client(r.client), r.position, log.name, log.cover.End)}
		})
	}
}

// lastOwed is the offset of the last record that a reader has to come to,
// history.NoOffset for none. What follows it are markers, and to a reader of
// committed records what was aborted.
func (e *evidence) lastOwed(log *finalLog, r *reader) int64 {
	return log.cells.lastIn(0, log.cover.End, func(c *cell) bool {
		return c.finally > 0 && (r.uncommitted || e.demanded(c.final))
	})
}

// groupAtEnd is a group's commits for a partition beside its final log.
type groupAtEnd struct {
	groupPartition
	*groupCommits
	log *finalLog
}

// judgeGroup asks that a group's committed offset came to the end of the log. A
// group that commits nothing has neither commits nor an end, and is not asked.
func (e *evidence) judgeGroup(f *findings, c Claim, g groupAtEnd, start, deadline history.Time) {
	name := e.names.group(g.group)
	switch last := e.lastRecord(g.log); {
	case !g.hasEnd:
		f.leaveOpen(func() string {
			return fmt.Sprintf("the history does not say where group %s ended in %s", name, g.log.name)
		})
	case !g.end.Known:
		e.groupUndrained(f, g, start, fmt.Sprintf("at %s no coordinator told what group %s has committed of %s", Clock(g.end.At), name, g.log.name))
	case !g.log.isComplete: // judgeCover has said so
	case max(0, g.end.Offset) <= last:
		e.groupUndrained(f, g, start, fmt.Sprintf("at %s group %s had %s committed of %s, whose last record is at offset %d",
			Clock(g.end.At), name, told(g.end.Offset), g.log.name, last))
	case c.Within > 0:
		if before := e.lastBefore(g.log, start); !g.cameTo(before, deadline) {
			e.groupUndrained(f, g, start, fmt.Sprintf("group %s had not committed past offset %d of %s, sent before, within the allowed %s",
				name, before, g.log.name, Clock(deadline-start)))
		}
	}
}

func (e *evidence) groupUndrained(f *findings, g groupAtEnd, start history.Time, what string) {
	found := finding{anomaly: Undrained, partition: g.log.id, offset: g.end.Offset, from: start, to: max(start, g.end.At), group: party(g.group) + 1}
	f.add(found, func() Witness {
		w := Witness{Ops: []Operation{e.tellEnd(g.end)}, Sentence: fmt.Sprintf("the faults ended at %s, but %s", Clock(start), what)}
		if g.end.Known {
			w.Offsets = []int64{max(0, g.end.Offset)}
		}
		return w
	})
}

// lastBefore is the highest offset of the final log whose record was sent before
// a time, history.NoOffset if there is none.
func (e *evidence) lastBefore(log *finalLog, start history.Time) int64 {
	return log.cells.lastIn(0, log.cover.End, func(c *cell) bool {
		return c.finally > 0 && c.final != 0 && e.demanded(c.final) && e.ledger.send(c.final).call < start
	})
}

// cameTo says whether a commit may have passed an offset by a time. Nothing to
// pass is passed.
func (g *groupCommits) cameTo(offset int64, by history.Time) bool {
	if offset == history.NoOffset {
		return true
	}
	for _, op := range g.list {
		if op.Offset > offset && (op.Outcome == history.OK && op.Return <= by || op.Outcome != history.OK && op.Call <= by) {
			return true
		}
	}
	return false
}
