package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// work keeps what groups processed: every completion, found by its offset. Its
// size is that of the completions and offsets.
type work struct {
	history.Ignore
	byGroup[groupWork]
	seq uint32 // counts what was processed and committed, as commits does
}

// groupWork is what one group processed of one partition.
type groupWork struct {
	batches     []workBatch
	completions []completion
	last        dense[uint32] // the newest completion of each offset, plus one; 0 for none
	// copies has the completion of each record that can have come soonest, plus one; nil until needed.
	copies map[history.RecordID]uint32
}

// workBatch is a Process without its records: completions [first, first+count),
// one after the other between its call and its return.
type workBatch struct {
	call, ret    history.Time
	client       history.ClientID
	seq          uint32 // its place in the order recorded
	first, count uint32
	backward     bool // the offsets do not ascend throughout
}

// completion is one record whose processing was completed.
type completion struct {
	offset int64
	record history.RecordID
	batch  uint32
	before uint32 // the completion of the same offset that was recorded before, plus one; 0 for none
}

// Process implements history.Sink.
func (w *work) Process(op history.Process) {
	w.seq++
	if len(op.Records) == 0 {
		return
	}
	part := w.at(op.Group, op.Partition)
	batch := workBatch{call: op.Call, ret: op.Return, client: op.Client, seq: w.seq, first: uint32(len(part.completions)), count: uint32(len(op.Records))}
	for i, r := range op.Records {
		batch.backward = batch.backward || i > 0 && r.Offset <= op.Records[i-1].Offset
		newest := part.last.at(r.Offset)
		part.completions = append(part.completions, completion{r.Offset, r.Record, uint32(len(part.batches)), *newest})
		*newest = uint32(len(part.completions))
	}
	part.batches = append(part.batches, batch)
}

// Commit implements history.Sink.
func (w *work) Commit(history.Commit) { w.seq++ }

// Transaction implements history.Sink.
func (w *work) Transaction(history.Transaction) { w.seq++ }

// of lists the completions of an offset, the newest recorded first, in the given memory.
func (g *groupWork) of(offset int64, memory []uint32) []uint32 {
	if g == nil {
		return nil
	}
	list := memory[:0]
	for at := g.last.get(offset); at > 0; at = g.completions[at-1].before {
		list = append(list, at-1)
	}
	return list
}

// did says whether the group processed a record at an offset.
func (g *groupWork) did(offset int64, r history.RecordID) bool {
	if g == nil {
		return false
	}
	for at := g.last.get(offset); at > 0; at = g.completions[at-1].before {
		if g.completions[at-1].record == r {
			return true
		}
	}
	return false
}

func (g *groupWork) batchOf(i uint32) *workBatch { return &g.batches[g.completions[i].batch] }

// soonest is the earliest moment at which a completion can have come: a batch
// tells when its first record was begun and its last was completed.
func (g *groupWork) soonest(i uint32) history.Time {
	b := g.batchOf(i)
	if i == b.first+b.count-1 {
		return b.ret
	}
	return b.call
}

// soonestOf finds the completion of a record that can have come soonest, wherever
// it lay: a consumer that recognises a copy leaves it out. Zero is none, plus one.
func (g *groupWork) soonestOf(r history.RecordID) uint32 {
	if g.copies == nil {
		g.copies = map[history.RecordID]uint32{}
		for i := range uint32(len(g.completions)) {
			of := g.completions[i].record
			if known := g.copies[of]; of != 0 && (known == 0 || g.soonest(i) < g.soonest(known-1)) {
				g.copies[of] = i + 1
			}
		}
	}
	return g.copies[r]
}

// tellWork describes the processing of one record for a witness.
func (e *evidence) tellWork(key groupPartition, part *groupWork, i uint32) Operation {
	b, c := part.batchOf(i), part.completions[i]
	what := fmt.Sprintf("processes %s, offset %d of %s, for group %s", e.names.record(c.record), c.offset, e.names.partition(key.partition),
		e.names.group(key.group))
	if b.count > 1 {
		what += fmt.Sprintf(", as number %d of %d records", i-b.first+1, b.count)
	}
	return Operation{b.client, e.names.client(b.client).String(), b.call, b.ret, what}
}
