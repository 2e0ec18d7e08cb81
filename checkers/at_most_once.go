package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// judgeAtMostOnce decides at-most-once: of a group's completions at one offset no
// two are of one record. After a cut another record may lie at an offset, and
// processing that one is no repetition.
func judgeAtMostOnce(e *evidence, c Claim, f *findings) {
	for i, key := range e.work.keys {
		if !e.speaksOf(c, key) {
			continue
		}
		part := e.work.parts[i]
		f.judged += int64(len(part.completions))
		var memory []uint32
		part.last.all(func(offset int64, newest *uint32) bool {
			if *newest == 0 || part.completions[*newest-1].before == 0 {
				return true
			}
			memory = part.of(offset, memory)
			slices.SortFunc(memory, func(a, b uint32) int {
				return cmp.Or(cmp.Compare(part.completions[a].record, part.completions[b].record), cmp.Compare(a, b))
			})
			for j, again := range memory[1:] {
				if first := memory[j]; part.completions[first].record == part.completions[again].record {
					e.processedTwice(f, key, part, first, again)
				}
			}
			return true
		})
	}
}

// speaksOf says whether a claim is about a group's part in a partition.
func (e *evidence) speaksOf(c Claim, key groupPartition) bool {
	return c.Scope.group(e.names.group(key.group)) && c.Scope.topic(e.names.topic(key.partition))
}

func (e *evidence) processedTwice(f *findings, key groupPartition, part *groupWork, first, again uint32) {
	if part.batchOf(again).ret < part.batchOf(first).ret {
		first, again = again, first
	}
	one, two := part.batchOf(first), part.batchOf(again)
	found := finding{anomaly: DoubleProcessing, partition: key.partition, offset: part.completions[first].offset,
		from: min(one.call, two.call), to: max(one.ret, two.ret), group: party(key.group) + 1, client: party(one.client) + 1}
	found.until = found.to
	f.add(found, func() Witness {
		w := Witness{Offsets: []int64{found.offset}, Ops: []Operation{e.tellWork(key, part, first)}}
		w.Sentence = fmt.Sprintf("%s processed %s, offset %d of %s, for group %s by %s, and %sprocessed it again by %s",
			e.names.client(one.client), e.names.record(part.completions[first].record), found.offset, e.names.partition(key.partition),
			e.names.group(key.group), Clock(one.ret), e.again(one.client, two.client), Clock(two.ret))
		passed, was := e.committedPast(key, found.offset, two.call)
		turned, did := e.commits.turnedBack(two.client, key.partition, found.offset, two.call)
		switch {
		case did && turned.At >= one.ret:
			w.Sentence += fmt.Sprintf(", since at %s %s had gone to offset %d (%s)",
				Clock(turned.At), e.names.client(two.client), turned.To, turned.Reason)
			w.Advice = "Going on at the committed offset would have prevented it."
			w.Ops = append(w.Ops, Operation{two.client, e.names.client(two.client).String(), turned.At, turned.At,
				fmt.Sprintf("goes to offset %d of %s: %s", turned.To, e.names.partition(key.partition), turned.Reason)})
		case was:
			w.Ops = append(w.Ops, e.tellCommit(passed))
			w.Sentence += fmt.Sprintf(", although %s had committed offset %d at %s", e.names.client(passed.Client), passed.Offset, Clock(passed.Return))
		case e.heldByTwo(key, one, two):
			w.Sentence += fmt.Sprintf("; %s had lost the partition without knowing, and what it does outside of transactions cannot be fenced", e.names.client(one.client))
			w.Advice = "Outputs and offsets in one transaction (exactly-once), or work that may be done twice without harm, would have prevented it; a longer session.timeout.ms or max.poll.interval.ms makes it rarer."
		default:
			w.Sentence += "; no commit had passed it in between"
			w.Advice = "Committing before processing (commit: before_process) would have prevented it, at the price of records unseen after a crash."
		}
		w.Ops = append(w.Ops, e.tellWork(key, part, again))
		return w
	})
}

// heldByTwo says whether the first of two batches was still being processed when
// the partition was the other's already.
func (e *evidence) heldByTwo(key groupPartition, one, two *workBatch) bool {
	next, found := e.superseded(key, one.client, one.call, one.ret)
	return found && next.Client == two.client
}

// again names a client, with a space behind, unless it is the one just named.
func (e *evidence) again(before, now history.ClientID) string {
	if before == now {
		return ""
	}
	return e.names.client(now).String() + " "
}

// committedPast finds an accepted commit that had passed an offset by a time.
func (e *evidence) committedPast(key groupPartition, offset int64, by history.Time) (history.Commit, bool) {
	part := e.commits.peek(key)
	if part == nil {
		return history.Commit{}, false
	}
	passed, was := part.passes(true).first(offset)
	return passed, was && passed.Return <= by
}
