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
		if c.ReadersDrain {
			e.judgeDrain(f, c, log, start)
		}
	}
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
		if s.call < start {
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
		if r.partition != log.id || !c.Scope.reader(e.names.client(r.client).Name) || r.position >= log.cover.End {
			continue
		}
		found := finding{anomaly: Undrained, partition: log.id, offset: r.position, from: start, to: max(start, log.cover.Call)}
		f.add(found, func() Witness {
			return Witness{Offsets: []int64{r.position, log.cover.End}, Ops: []Operation{e.tellCover(log.id)}, Sentence: fmt.Sprintf(
				"%s stopped at offset %d of %s, which ends at %d", e.names.client(r.client), r.position, log.name, log.cover.End)}
		})
	}
}
