package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// maxBatchOffsets bounds how many offsets of one batch are counted: a history may
// come from anywhere and say anything.
const maxBatchOffsets = 1 << 12

// replicas compares what replicas stored while the history streams by: whole
// replicas of one moment with each other, and what came below a leader's high
// watermark with what leaders had there before.
type replicas struct {
	history.Ignore
	partitions []partitionReplicas
}

func newReplicas() *replicas { return &replicas{} }

// partitionReplicas is what is known of one partition's copies.
type partitionReplicas struct {
	moment    history.Time // of the whole replicas below
	whole     []history.Replica
	committed []storedBatch // below a leader's high watermark, by base offset
	cut       []storedBatch // what leaders had before the log changed, above the change
	compared  int64
	found     []disagreement
}

// storedBatch is a batch and whose it was.
type storedBatch struct {
	history.Batch
	broker string
	epoch  int32 // the leader's
	at     history.Time
}

// disagreement is two batches for one offset.
type disagreement struct {
	anomaly     Anomaly
	one, other  storedBatch
	first, last int64 // the offsets that both hold
}

// Replica implements history.Sink.
func (r *replicas) Replica(op history.Replica) {
	r.partitions = grow(r.partitions, int(op.Partition))
	p := &r.partitions[op.Partition]
	if op.Whole {
		p.compareWhole(op)
	}
	if op.Leader {
		p.commit(op)
	}
}

// compareWhole compares a replica with the others of its moment.
func (p *partitionReplicas) compareWhole(op history.Replica) {
	if op.At != p.moment {
		p.moment, p.whole = op.At, p.whole[:0]
	}
	op.Batches = slices.Clone(op.Batches)
	for _, other := range p.whole {
		if other.Broker != op.Broker {
			p.compare(other, op)
		}
	}
	p.whole = append(p.whole, op)
}

// compare walks two replicas' batches side by side, where both have data below
// both high watermarks.
func (p *partitionReplicas) compare(a, b history.Replica) {
	start, end := max(a.LogStart, b.LogStart), min(a.HighWatermark, b.HighWatermark)
	i, j := 0, 0
	for i < len(a.Batches) && j < len(b.Batches) {
		one, other := a.Batches[i], b.Batches[j]
		first, last := max(one.Base, other.Base, start), min(one.Last, other.Last, end-1)
		if first <= last {
			p.compared++
			if one != other {
				p.found = append(p.found, disagreement{Divergence,
					storedBatch{one, a.Broker, a.LeaderEpoch, a.At}, storedBatch{other, b.Broker, b.LeaderEpoch, b.At}, first, last})
			}
		}
		if one.Last <= other.Last {
			i++
		}
		if other.Last <= one.Last {
			j++
		}
	}
}

// commit takes what a leader holds below its high watermark. Batches below the
// log's start may be gone; a batch that differs from what was there before
// shows that the log was cut there: from then on it is compared with what was
// cut, as it grows over it.
func (p *partitionReplicas) commit(op history.Replica) {
	for _, b := range op.Batches {
		if b.Last >= op.HighWatermark {
			break
		}
		p.compared++
		stored := storedBatch{b, op.Broker, op.LeaderEpoch, op.At}
		i := p.search(b.Base)
		switch {
		case i == len(p.committed):
			p.committed = append(p.committed, stored)
		case p.committed[i].Batch == b:
			continue
		case p.committed[i].Base > b.Last:
			// Nothing was known here: an earlier batch than the first seen.
			p.committed = slices.Insert(p.committed, i, stored)
			continue
		default:
			p.cut = append(slices.Clone(p.committed[i:]), p.above(p.committed[len(p.committed)-1].Last)...)
			p.committed = append(p.committed[:i], stored)
		}
		p.compareCut(stored)
	}
}

// search finds the first committed batch that ends at or above an offset.
func (p *partitionReplicas) search(offset int64) int {
	if last := len(p.committed) - 1; last < 0 || p.committed[last].Last < offset {
		return len(p.committed)
	}
	i, _ := slices.BinarySearchFunc(p.committed, offset, func(b storedBatch, o int64) int {
		if b.Last < o {
			return -1
		}
		return 1
	})
	return i
}

// above is what was cut earlier and lies above an offset.
func (p *partitionReplicas) above(offset int64) []storedBatch {
	i := 0
	for i < len(p.cut) && p.cut[i].Base <= offset {
		i++
	}
	return p.cut[i:]
}

// compareCut compares a new batch with those that were cut at its offsets.
func (p *partitionReplicas) compareCut(b storedBatch) {
	for len(p.cut) > 0 && p.cut[0].Base <= b.Last {
		old := p.cut[0]
		if old.Last >= b.Base && old.Batch != b.Batch {
			p.found = append(p.found, disagreement{ChangedRecord, old, b, max(old.Base, b.Base), min(old.Last, b.Last)})
		}
		if old.Last > b.Last {
			return // its rest lies under the batch to come
		}
		p.cut = p.cut[1:]
	}
}

// judgeAgreement decides log-agreement.
func judgeAgreement(e *evidence, c Claim, f *findings) {
	for _, id := range e.names.inScope(c.Scope) {
		if int(id) >= len(e.replicas.partitions) {
			continue
		}
		p := &e.replicas.partitions[id]
		f.judged += p.compared
		for _, d := range p.found {
			for offset := d.first; offset <= min(d.last, d.first+maxBatchOffsets); offset++ {
				found := finding{anomaly: d.anomaly, partition: id, offset: offset, from: min(d.one.at, d.other.at), to: max(d.one.at, d.other.at)}
				f.add(found, func() Witness { return e.tellDisagreement(id, d) })
			}
		}
	}
}

func (e *evidence) tellDisagreement(id history.PartitionID, d disagreement) Witness {
	name := e.names.partition(id)
	w := Witness{Offsets: []int64{d.first, d.last}, Ops: []Operation{d.one.tell(name), d.other.tell(name)}}
	if d.anomaly == Divergence {
		w.Sentence = fmt.Sprintf("at %s %s and %s differ at offset %d of %s, below both their high watermarks: batch %s against batch %s",
			Clock(d.one.at), d.one.broker, d.other.broker, d.first, name, d.one.describe(), d.other.describe())
		return w
	}
	w.Sentence = fmt.Sprintf("offset %d of %s was below the high watermark of leader %s (epoch %d) at %s with batch %s; at %s leader %s (epoch %d) has batch %s there",
		d.first, name, d.one.broker, d.one.epoch, Clock(d.one.at), d.one.describe(), Clock(d.other.at), d.other.broker, d.other.epoch, d.other.describe())
	return w
}

func (b storedBatch) describe() string {
	return fmt.Sprintf("%d-%d of epoch %d (%016x)", b.Base, b.Last, b.LeaderEpoch, b.Hash)
}

func (b storedBatch) tell(partition string) Operation {
	return Operation{0, b.broker, b.at, b.at, fmt.Sprintf("holds batch %s of %s", b.describe(), partition)}
}
