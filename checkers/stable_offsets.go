package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// stableOffsets keeps where the last stable offsets stood.
type stableOffsets struct {
	history.Ignore
	partitions [][]history.Stable
}

// Stable implements history.Sink.
func (o *stableOffsets) Stable(op history.Stable) {
	if op.LastStableOffset < 0 || op.HighWatermark < 0 {
		return // not known
	}
	o.partitions = grow(o.partitions, int(op.Partition))
	o.partitions[op.Partition] = append(o.partitions[op.Partition], op)
}

// of lists the readings of a partition in the order of time.
func (o *stableOffsets) of(id history.PartitionID) []history.Stable {
	if int(id) >= len(o.partitions) {
		return nil
	}
	list := o.partitions[id]
	sortBy(list, func(op history.Stable) int64 { return int64(op.At) })
	return list
}

// judgeMonotonic asks that the last stable offset never goes back. A new leader
// may know less of the high watermark for a while; below one that it does know
// everything that was decided is decided.
func (e *evidence) judgeMonotonic(f *findings, c Claim) {
	for _, id := range e.names.inScope(c.Scope) {
		var highest history.Stable
		watermark := int64(0)
		for _, op := range e.offsets.of(id) {
			f.judged++
			if op.LastStableOffset < highest.LastStableOffset && op.HighWatermark >= watermark {
				e.foundRegress(f, highest, op)
			}
			watermark = max(watermark, op.HighWatermark)
			if op.LastStableOffset >= highest.LastStableOffset {
				highest = op
			}
		}
	}
}

func (e *evidence) foundRegress(f *findings, before, op history.Stable) {
	found := finding{anomaly: NonMonotonicStable, partition: op.Partition, offset: op.LastStableOffset, from: before.At, to: op.At}
	f.add(found, func() Witness {
		return Witness{Offsets: []int64{op.LastStableOffset, before.LastStableOffset}, Ops: []Operation{e.tellStable(before), e.tellStable(op)},
			Sentence: fmt.Sprintf("the last stable offset of %s was %d at %s and %d at %s, although the high watermark had not gone back: what was decided became undecided",
				e.names.partition(op.Partition), before.LastStableOffset, Clock(before.At), op.LastStableOffset, Clock(op.At))}
	})
}

func (e *evidence) tellStable(op history.Stable) Operation {
	return Operation{0, "the leader", op.At, op.At, fmt.Sprintf("tells that the last stable offset of %s is %d and its high watermark %d",
		e.names.partition(op.Partition), op.LastStableOffset, op.HighWatermark)}
}

// judgeHung asks that after the faults the last stable offset came to the high
// watermark. One that stood still below it for longer than Quiet shows a hung
// transaction; after less time nobody knows.
func (e *evidence) judgeHung(f *findings, c Claim, log *finalLog, start history.Time) {
	list := e.offsets.of(log.id)
	if len(list) == 0 {
		return
	}
	last := list[len(list)-1]
	if last.At < start {
		f.leaveOpen(func() string {
			return fmt.Sprintf("nobody read the last stable offset of %s after the faults", log.name)
		})
		return
	}
	if last.LastStableOffset >= last.HighWatermark {
		return
	}
	since := last
	for i := len(list) - 1; i >= 0 && list[i].At >= start && list[i].LastStableOffset == last.LastStableOffset && list[i].HighWatermark > last.LastStableOffset; i-- {
		since = list[i]
	}
	if still := last.At - since.At; c.Quiet == 0 || still <= c.Quiet {
		f.leaveOpen(func() string {
			why := "which is shorter than a transaction may take to time out"
			if c.Quiet == 0 {
				why = "and the claim does not say how long a transaction may take to time out"
			}
			return fmt.Sprintf("the last stable offset of %s stood still at %d, below the high watermark %d, for %s, %s", log.name,
				last.LastStableOffset, last.HighWatermark, Clock(still), why)
		})
		return
	}
	found := finding{anomaly: HungTransaction, partition: log.id, offset: last.LastStableOffset, from: since.At, to: last.At}
	f.add(found, func() Witness { return e.hung(log, since, last) })
}

// hung tells of the record that the last stable offset stands at: it is the
// first of the transaction that nobody ends.
func (e *evidence) hung(log *finalLog, since, last history.Stable) Witness {
	w := Witness{Offsets: []int64{last.LastStableOffset}, Ops: []Operation{e.tellStable(since), e.tellStable(last)}}
	w.Sentence = fmt.Sprintf("the last stable offset of %s stood still at %d from %s to %s, below the high watermark %d: a transaction hangs, and readers of committed records are held up",
		log.name, last.LastStableOffset, Clock(since.At), Clock(last.At), last.HighWatermark)
	w.Advice = "Verifying a transaction before its first append (transaction.partition.verification.enable, transaction.version 2) would have kept a late request from opening one that nobody ends."
	c := log.cells.peek(last.LastStableOffset)
	if c == nil || c.finally == 0 {
		return w
	}
	in := e.transactions.of(c.final)
	if in == nil {
		return w
	}
	w.Ops = append(w.Ops, e.tellSend(c.final), e.tellTransaction(in))
	w.Sentence += fmt.Sprintf("; the record there, %s, was sent in transaction %d of %s", e.names.record(c.final), in.Number, e.names.client(in.Client))
	if in.Return < since.At && in.Outcome != history.Indeterminate {
		ended := map[bool]string{true: "committed", false: "aborted"}[in.Outcome == history.OK && in.Commit]
		w.Sentence += fmt.Sprintf(", which its producer knew to be %s at %s: what is open there no coordinator knows of", ended, Clock(in.Return))
	}
	return w
}
