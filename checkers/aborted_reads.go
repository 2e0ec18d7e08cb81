package checkers

import (
	"fmt"

	"assay/checkers/history"
)

// judgeAbortedReads decides no-aborted-reads: no reader in scope was handed a
// record of a transaction that did not commit (G1a), or that had not yet been
// asked to (G1b). Unnamed, the readers are those of committed records.
func judgeAbortedReads(e *evidence, c Claim, f *findings) {
	e.eachHanded(c, func(r handedRead, seen history.Seen, in *transaction) {
		f.judged++
		switch {
		case in.fate == aborted:
			e.foundAborted(f, r, seen, in)
		case r.ret < in.End:
			e.foundIntermediate(f, r, seen, in)
		case in.fate == undecided:
			f.leaveOpen(func() string { return e.tellFate(in) })
		}
	})
	e.judgeCircles(f)
}

// handed keeps what every reader was handed, read by read.
type handed struct {
	history.Ignore
	reads     []handedRead
	records   []history.Seen
	committed []bool // by client: whether it reads committed records only
}

// handedRead is a read with its records apart.
type handedRead struct {
	client       history.ClientID
	partition    history.PartitionID
	from, next   int64
	call, ret    history.Time
	first, count int
}

// Read implements history.Sink. Final reads are the oracle, no reader's.
func (h *handed) Read(op history.Read) {
	if op.Final {
		return
	}
	h.committed = grow(h.committed, int(op.Client))
	h.committed[op.Client] = h.committed[op.Client] || op.Committed
	if len(op.Records) > 0 {
		h.reads = append(h.reads, handedRead{op.Client, op.Partition, op.From, op.Next, op.Call, op.Return, len(h.records), len(op.Records)})
		h.records = append(h.records, op.Records...)
	}
}

// qualifies says whether a claim about readers speaks of a read.
func (e *evidence) qualifies(c Claim, r handedRead) bool {
	if len(c.Scope.Readers) == 0 && !e.handed.committed[r.client] {
		return false
	}
	return c.Scope.reader(e.names.client(r.client).Name) && c.Scope.topic(e.names.topic(r.partition))
}

// eachHanded visits every record of a transaction that a reader in scope was handed.
func (e *evidence) eachHanded(c Claim, visit func(r handedRead, seen history.Seen, in *transaction)) {
	if e.transactions.count == 0 {
		return
	}
	for _, r := range e.handed.reads {
		if !e.qualifies(c, r) {
			continue
		}
		for _, seen := range e.handed.records[r.first : r.first+r.count] {
			if in := e.transactions.of(seen.Record); in != nil {
				visit(r, seen, in)
			}
		}
	}
}

func (e *evidence) foundAborted(f *findings, r handedRead, seen history.Seen, in *transaction) {
	found := finding{anomaly: AbortedRead, partition: r.partition, offset: seen.Offset, from: in.Begin, to: max(in.Begin, r.ret), client: party(in.Client) + 1}
	f.add(found, func() Witness {
		w := e.tellHanded(r, seen, in)
		w.Sentence = fmt.Sprintf("%s was handed %s, offset %d of %s, at %s, but %s: an aborted read (G1a)", e.names.client(r.client),
			e.names.record(seen.Record), seen.Offset, e.names.partition(r.partition), Clock(r.ret), e.tellFate(in))
		if !e.handed.committed[r.client] {
			w.Advice = "Reading committed records only (isolation.level: read_committed) would have prevented it."
		}
		return w
	})
}

func (e *evidence) foundIntermediate(f *findings, r handedRead, seen history.Seen, in *transaction) {
	found := finding{anomaly: IntermediateRead, partition: r.partition, offset: seen.Offset, from: in.Begin, to: max(in.Begin, r.ret), client: party(in.Client) + 1}
	f.add(found, func() Witness {
		w := e.tellHanded(r, seen, in)
		w.Sentence = fmt.Sprintf("%s was handed %s, offset %d of %s, at %s, but the commit of transaction %d of %s, which it is part of, was asked for only at %s: an intermediate read (G1b)",
			e.names.client(r.client), e.names.record(seen.Record), seen.Offset, e.names.partition(r.partition), Clock(r.ret), in.Number, e.names.client(in.Client), Clock(in.End))
		if !e.handed.committed[r.client] {
			w.Advice = "Reading committed records only (isolation.level: read_committed) would have prevented it."
		}
		return w
	})
}

// tellHanded is a witness with a transaction and a reading of it.
func (e *evidence) tellHanded(r handedRead, seen history.Seen, in *transaction) Witness {
	read := Operation{r.client, e.names.client(r.client).String(), r.call, r.ret,
		fmt.Sprintf("reads in %s from offset %d to %d", e.names.partition(r.partition), r.from, r.next)}
	return Witness{Offsets: []int64{seen.Offset}, Ops: []Operation{e.tellTransaction(in), read}}
}
