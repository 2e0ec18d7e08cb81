package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// commits keeps what groups committed and where they ended.
type commits struct {
	history.Ignore
	byGroup[groupCommits]
	resumed []history.Move  // positions that readers took from their group's committed offset
	turned  []history.Move  // positions that readers took for other reasons, perhaps further back
	seq     uint32          // counts what was processed, committed and ended, as work does
	ended   []dense[uint32] // by client, then by transaction: the place of its end in that order
}

// groupCommits is what one group committed for one partition, in the order recorded.
type groupCommits struct {
	list   []commitOp // those that had an effect, or may have had
	end    history.GroupEnd
	hasEnd bool

	committers map[int32]others[commitOp] // nil until needed
}

// commitOp is a commit with its place in the order recorded, which of one client
// is the order in which its operations ended.
type commitOp struct {
	history.Commit
	seq uint32
	// It came to the coordinator's log between sent and written, where of two the
	// later one counts. It takes effect between its call and its return: of a
	// commit in a transaction those of the transaction's commit.
	sent, written history.Time
}

// Commit implements history.Sink. What definitely failed had no effect.
func (c *commits) Commit(op history.Commit) {
	c.seq++
	part := c.at(op.Group, op.Partition)
	if op.Outcome != history.Failed {
		part.list = append(part.list, commitOp{Commit: op, seq: c.seq, sent: op.Call, written: op.Return})
	}
}

// Process implements history.Sink.
func (c *commits) Process(history.Process) { c.seq++ }

// Transaction implements history.Sink.
func (c *commits) Transaction(op history.Transaction) {
	c.seq++
	c.ended = grow(c.ended, int(op.Client))
	*c.ended[op.Client].at(int64(op.Number)) = c.seq
}

// settle gives the offsets committed in transactions the outcome of those: they
// take effect between the request to commit and its answer, or never.
func (c *commits) settle(all *transactions) {
	for _, part := range c.parts {
		kept := part.list[:0]
		for _, op := range part.list {
			if op.Transaction == 0 {
				kept = append(kept, op)
				continue
			}
			in := all.find(op.Client, op.Transaction)
			if in == nil {
				op.Outcome, op.Return = history.Indeterminate, history.Infinity
				kept = append(kept, op)
				continue
			}
			if in.fate == aborted {
				continue
			}
			op.seq = c.ended[op.Client].get(int64(op.Transaction))
			op.Call, op.Return = max(op.Call, in.End), in.Return
			if in.Outcome != history.OK || op.Outcome != history.OK {
				op.Outcome, op.Return = history.Indeterminate, history.Infinity
			}
			kept = append(kept, op)
		}
		part.list = kept
	}
}

// certain lists the accepted commits that surely were a group's committed offset
// once. One in a transaction may never be: what is written to the log behind it
// before its transaction is decided counts, and it does not.
func (g *groupCommits) certain() []commitOp {
	bySent, byWritten := make([]int, len(g.list)), make([]int, len(g.list))
	for i := range g.list {
		bySent[i], byWritten[i] = i, i
	}
	slices.SortFunc(bySent, func(a, b int) int { return cmp.Compare(g.list[b].sent, g.list[a].sent) })
	slices.SortFunc(byWritten, func(a, b int) int { return cmp.Compare(g.list[b].written, g.list[a].written) })
	// Of those written behind the present one the two that took effect first: one may be itself.
	var first, second int
	known := 0
	overtaken := make([]bool, len(g.list))
	for _, i := range bySent {
		op := &g.list[i]
		for len(byWritten) > 0 && g.list[byWritten[0]].written > op.sent {
			next := byWritten[0]
			byWritten = byWritten[1:]
			known++
			switch {
			case known == 1:
				first = next
			case g.list[next].Call < g.list[first].Call:
				first, second = next, first
			case known == 2 || g.list[next].Call < g.list[second].Call:
				second = next
			}
		}
		other := first
		if first == i {
			other = second
		}
		overtaken[i] = op.Transaction > 0 && (known > 1 || known == 1 && first != i) && g.list[other].Call < op.Return
	}
	var list []commitOp
	for i, op := range g.list {
		if op.Outcome == history.OK && !overtaken[i] {
			list = append(list, op)
		}
	}
	return list
}

// GroupEnd implements history.Sink.
func (c *commits) GroupEnd(op history.GroupEnd) {
	part := c.at(op.Group, op.Partition)
	part.end, part.hasEnd = op, true
}

// Move implements history.Sink.
func (c *commits) Move(op history.Move) {
	switch op.Reason {
	case history.Committed:
		c.resumed = append(c.resumed, op)
	case history.Seek, history.Reset:
		c.turned = append(c.turned, op)
	}
}

// turnedBack finds the last time before another that a client took a position at
// or below an offset by itself.
func (c *commits) turnedBack(client history.ClientID, partition history.PartitionID, offset int64, before history.Time) (last history.Move, found bool) {
	for _, op := range c.turned {
		if op.Client == client && op.Partition == partition && op.To <= offset && op.At <= before && (!found || op.At >= last.At) {
			last, found = op, true
		}
	}
	return last, found
}

// passing finds the commits that pass offsets: for each the one that returned
// first among those of a higher offset.
type passing struct {
	commits []commitOp // by offset, each with the earliest return from it on
}

// passes prepares the commits that had an effect for certain, or may have had.
func (g *groupCommits) passes(certain bool) passing {
	var list []commitOp
	for _, op := range g.list {
		if op.Outcome == history.OK || !certain {
			list = append(list, op)
		}
	}
	sortBy(list, func(op commitOp) int64 { return op.Offset })
	for i := len(list) - 2; i >= 0; i-- {
		if list[i+1].Return < list[i].Return {
			list[i] = list[i+1]
		}
	}
	return passing{list}
}

// first finds the commit that passed an offset first.
func (p passing) first(offset int64) (history.Commit, bool) {
	i, _ := slices.BinarySearchFunc(p.commits, offset, func(op commitOp, o int64) int {
		if op.Offset <= o {
			return -1
		}
		return 1
	})
	if i == len(p.commits) {
		return history.Commit{}, false
	}
	return p.commits[i].Commit, true
}

// tellCommit describes a commit for a witness.
func (e *evidence) tellCommit(op history.Commit) Operation {
	what := fmt.Sprintf("commits offset %d of %s for group %s: ", op.Offset, e.names.partition(op.Partition), e.names.group(op.Group))
	if op.Transaction > 0 {
		what = fmt.Sprintf("commits, in transaction %d, %s", op.Transaction, what[len("commits "):])
	}
	switch op.Outcome {
	case history.OK:
		what += "accepted"
	case history.Failed:
		what += tellFailure(op.Error)
	default:
		what += "outcome unknown"
	}
	return Operation{op.Client, e.names.client(op.Client).String(), op.Call, op.Return, what}
}

// tellEnd describes where a group ended for a witness.
func (e *evidence) tellEnd(end history.GroupEnd) Operation {
	what := fmt.Sprintf("does not tell what group %s has committed of %s", e.names.group(end.Group), e.names.partition(end.Partition))
	if end.Known {
		what = fmt.Sprintf("tells that group %s has committed %s of %s", e.names.group(end.Group), told(end.Offset), e.names.partition(end.Partition))
	}
	return Operation{0, "the coordinator", end.At, end.At, what}
}

// told names a committed offset.
func told(offset int64) string {
	if offset == history.NoOffset {
		return "no offset"
	}
	return fmt.Sprintf("offset %d", offset)
}
