package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// judgeGroupExclusive decides group-exclusive, of what brokers accepted: in one
// generation one member at a time commits a partition's offsets, and nothing of a
// member takes effect that it asked for after another had come to own the
// partition in its place: in a later generation, or, with the same
// group.instance.id, in the same one. Until it learns of that it may read and work
// on; what it does outside of transactions cannot be fenced, and is not judged.
func judgeGroupExclusive(e *evidence, c Claim, f *findings) {
	for i, key := range e.commits.keys {
		if e.speaksOf(c, key) {
			e.judgeCommitters(f, key, e.commits.parts[i])
		}
	}
	e.judgeCommittedOutput(c, f)
}

// tookEffect says whether a commit surely did.
func (e *evidence) tookEffect(op commitOp) bool {
	if op.Transaction == 0 {
		return op.Outcome == history.OK
	}
	in := e.transactions.find(op.Client, op.Transaction)
	return in != nil && in.fate == committed && op.written != history.Infinity
}

// judgeCommitters judges the accepted commits of one group and partition. Those
// outside of membership have no generation.
func (e *evidence) judgeCommitters(f *findings, key groupPartition, part *groupCommits) {
	owners := e.owners.peek(key)
	began := map[clientGeneration]history.Time{} // when a commit had first been accepted
	for _, op := range part.list {
		if op.Generation < 0 || !e.tookEffect(op) {
			continue
		}
		f.judged++
		turn := clientGeneration{op.Client, op.Generation}
		if _, known := began[turn]; !known {
			began[turn] = op.written
		}
		own := history.Ownership{Client: op.Client, Generation: op.Generation, At: began[turn]}
		if owners != nil {
			if owned, known := owners.ownedAt(op.Client, op.sent); known {
				own.At = owned.At
			}
		}
		if next, found := e.replaced(key, own, op.sent); found {
			e.foundZombieCommit(f, key, op, next)
		}
	}
}

// clientGeneration is a client in a generation of its group.
type clientGeneration struct {
	client     history.ClientID
	generation int32
}

func (e *evidence) foundZombieCommit(f *findings, key groupPartition, op commitOp, next successor) {
	found := finding{anomaly: ZombieCommit, partition: key.partition, offset: op.Offset, from: next.At, to: op.sent,
		group: party(key.group) + 1, client: party(op.Client) + 1}
	f.add(found, func() Witness {
		w := Witness{Offsets: []int64{op.Offset}, Ops: append(e.tellSuccessor(next), e.tellCommit(op.Commit))}
		w.Sentence = fmt.Sprintf("%s committed offset %d of %s for group %s at %s in generation %d and it took effect, but %s had owned the partition in generation %d since %s: a zombie commit",
			e.names.client(op.Client), op.Offset, e.names.partition(op.Partition), e.names.group(key.group), Clock(op.sent), op.Generation,
			e.names.client(next.Client), next.Generation, Clock(next.At))
		switch {
		case op.Transaction > 0:
			w.Advice = "Committing offsets in transactions with the group's metadata (KIP-447: sendOffsetsToTransaction with the consumer's member and generation) would have fenced it."
		case next.proved:
			w.Advice = "In a generation a partition has one owner, and group coordinators fence a process whose group.instance.id another has taken (KIP-345); this one did not."
		default:
			w.Advice = "Group coordinators fence commits of former generations; this one did not."
		}
		return w
	})
}

// judgeCommittedOutput judges the outputs of committed transactions: none was
// begun by a member after another had come to own its source.
func (e *evidence) judgeCommittedOutput(c Claim, f *findings) {
	for _, d := range e.sources.list {
		key := groupPartition{d.Group, d.Partition}
		in := e.transactions.of(d.Record)
		if in == nil || in.fate != committed || !e.speaksOf(c, key) {
			continue
		}
		f.judged++
		s := e.ledger.send(d.Record)
		if next, found := e.superseded(key, d.Record.Client(), s.call, s.call); found {
			e.foundZombieOutput(f, key, d, in, next)
		}
	}
}

func (e *evidence) foundZombieOutput(f *findings, key groupPartition, d history.Derived, in *transaction, next successor) {
	s := e.ledger.send(d.Record)
	found := finding{anomaly: ZombieCommit, partition: key.partition, offset: d.Offset, from: next.At, to: s.call,
		group: party(key.group) + 1, client: party(in.Client) + 1}
	f.add(found, func() Witness {
		return Witness{Offsets: []int64{d.Offset}, Ops: append(e.tellSuccessor(next), e.tellSend(d.Record), e.tellTransaction(in)), Sentence: fmt.Sprintf(
			"%s sent %s, made of offset %d of %s, at %s, and its transaction %d committed, but %s had owned the partition in generation %d of group %s since %s: a zombie's output",
			e.names.client(in.Client), e.names.record(d.Record), d.Offset, e.names.partition(key.partition), Clock(s.call), in.Number,
			e.names.client(next.Client), next.Generation, e.names.group(key.group), Clock(next.At)),
			Advice: "Committing the sources' offsets in the same transaction with the group's metadata (KIP-447), or one transactional.id for each source partition, would have fenced it."}
	})
}
