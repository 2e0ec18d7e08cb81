package checkers

import (
	"fmt"
	"slices"
	"strconv"

	"assay/checkers/history"
)

// keys keeps the hash of each send's key.
type keys struct {
	history.Ignore
	senders []dense[uint64] // by client, then by send number
}

// Produce implements history.Sink.
func (k *keys) Produce(op history.Produce) {
	if op.Key == 0 {
		return
	}
	client := int(op.Record.Client())
	k.senders = grow(k.senders, client)
	*k.senders[client].at(int64(op.Record.Send())) = op.Key
}

// of is the hash of a record's key, 0 without one.
func (k *keys) of(r history.RecordID) uint64 {
	if client := int(r.Client()); r != 0 && client < len(k.senders) {
		return k.senders[client].get(int64(r.Send()))
	}
	return 0
}

// judgeKeyOrder decides key-order: of two records of one key and partition the
// later was not processed before the earlier was first begun, nor before it in
// one batch. Offsets at which two records were processed, since the log was cut,
// are left out, as is what was processed in a transaction, too.
func judgeKeyOrder(e *evidence, c Claim, f *findings) {
	for i, key := range e.work.keys {
		if e.speaksOf(c, key) {
			way := keyWay{evidence: e, findings: f, key: key, part: e.work.parts[i]}
			way.acrossBatches()
			way.insideBatches()
		}
	}
}

// keyWay is one group's way through the keys of one partition.
type keyWay struct {
	*evidence
	*findings
	key      groupPartition
	part     *groupWork
	memory   []uint32
	reversed dense[bool] // offsets that were reported
}

// acrossBatches walks down the offsets with, for each key, the completion that
// had ended first of the records above.
func (w *keyWay) acrossBatches() {
	ended := map[uint64]uint32{}
	w.part.last.descend(func(offset int64, newest *uint32) {
		if *newest == 0 {
			return
		}
		hash := w.keyAt(offset)
		if hash == 0 {
			return
		}
		w.judged++
		begun, done := w.memory[0], w.memory[0]
		for _, i := range w.memory[1:] {
			if w.part.batchOf(i).call <= w.part.batchOf(begun).call {
				begun = i
			}
			if w.part.batchOf(i).ret <= w.part.batchOf(done).ret {
				done = i
			}
		}
		later, known := ended[hash]
		if known && w.part.batchOf(later).ret < w.part.batchOf(begun).call {
			w.report(begun, later)
		}
		if !known || w.part.batchOf(done).ret <= w.part.batchOf(later).ret {
			ended[hash] = done
		}
	})
}

// keyAt gives the key of the one record that was processed at an offset, and
// leaves its completions in memory. Zero is to be left out.
func (w *keyWay) keyAt(offset int64) uint64 {
	w.memory = w.part.of(offset, w.memory)
	if input, did := w.inTransaction(w.key, offset); did && !w.noted(input.output.Client()) {
		return 0
	}
	record := w.part.completions[w.memory[0]].record
	for _, i := range w.memory[1:] {
		if w.part.completions[i].record != record {
			return 0
		}
	}
	return w.evidence.keys.of(record)
}

// noted says whether a client noted one of the completions in memory: then it
// notes what it does in transactions, too.
func (w *keyWay) noted(client history.ClientID) bool {
	return slices.ContainsFunc(w.memory, func(i uint32) bool { return w.part.batchOf(i).client == client })
}

// insideBatches compares the records of one batch, which were processed one
// after the other, where it was the first to process the lower one.
func (w *keyWay) insideBatches() {
	type highest struct{ batch, completion uint32 }
	tops := map[uint64]highest{}
	for number, b := range w.part.batches {
		if !b.backward {
			continue
		}
		for i := b.first; i < b.first+b.count; i++ {
			c := &w.part.completions[i]
			hash := w.keyAt(c.offset)
			if hash == 0 {
				continue
			}
			top, known := tops[hash]
			if !known || top.batch != uint32(number) || w.part.completions[top.completion].offset < c.offset {
				tops[hash] = highest{uint32(number), i}
				continue
			}
			if w.part.completions[top.completion].offset > c.offset && w.isFirst(i) {
				w.report(i, top.completion)
			}
		}
	}
}

// isFirst says whether a completion came before every other of its offset, which
// are in memory.
func (w *keyWay) isFirst(i uint32) bool {
	ret := w.part.batchOf(i).ret
	for _, other := range w.memory {
		if other < i && w.part.completions[other].batch == w.part.completions[i].batch {
			return false
		}
		if w.part.completions[other].batch != w.part.completions[i].batch && w.part.batchOf(other).call <= ret {
			return false
		}
	}
	return true
}

// report tells that the later record was processed before the earlier one, once
// for each of those.
func (w *keyWay) report(earlier, later uint32) {
	one, two := w.part.completions[later], w.part.completions[earlier]
	reported := w.reversed.at(two.offset)
	if *reported {
		return
	}
	*reported = true
	first, second := w.part.batchOf(later), w.part.batchOf(earlier)
	found := finding{anomaly: Reordered, partition: w.key.partition, offset: two.offset, from: min(first.call, second.call),
		to: max(first.ret, second.ret), group: party(w.key.group) + 1, client: party(second.client) + 1}
	found.until = found.to
	w.add(found, func() Witness {
		t := Witness{Offsets: []int64{two.offset, one.offset}, Ops: []Operation{w.tellWork(w.key, w.part, later), w.tellWork(w.key, w.part, earlier)}}
		when := fmt.Sprintf("was begun only at %s by %s", Clock(second.call), w.names.client(second.client))
		if first == second {
			when = "came after it in the same batch"
		}
		t.Sentence = fmt.Sprintf("%s processed %s, offset %d of %s, for group %s by %s, but %s of the same key (%s) at offset %d %s",
			w.names.client(first.client), w.names.record(one.record), one.offset, w.names.partition(w.key.partition), w.names.group(w.key.group),
			Clock(first.ret), w.names.record(two.record), strconv.FormatUint(w.evidence.keys.of(one.record), 16), two.offset, when)
		t.Advice = "Processing a key's records one after the other, from the committed offset on without leaving any out, would have prevented it."
		return t
	})
}
