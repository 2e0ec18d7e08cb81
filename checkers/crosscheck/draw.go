package crosscheck

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"assay/checkers"
	"assay/checkers/history"

	"github.com/anishathalye/porcupine"
)

// Draw cuts the neighbourhood of a witness out of its history and writes
// porcupine's drawing of it, an HTML page, with the faults around it. At most
// Limit operations are shown: the witness's own and those at the nearest offsets.
// A witness without offsets cannot be drawn and is an error.
func Draw(w io.Writer, h *history.History, witness checkers.Witness) error {
	if len(witness.Offsets) == 0 {
		return errors.New("crosscheck: the witness names no offset")
	}
	g := gather(h, witness.Partition)
	cut := g.around(witness)
	model := logModel(cut.from, cut.fillers, g.record)
	_, info := porcupine.CheckOperationsVerbose(model, cut.operations, unlimited)
	info.AddAnnotations(g.annotations(cut))
	return porcupine.Visualize(model, info, w)
}

// neighbourhood is the part of a partition's history at the offsets [from, to).
type neighbourhood struct {
	from, to   int64
	fillers    map[int64]bool
	operations []porcupine.Operation
}

// around finds the widest neighbourhood that is still small enough.
func (g *gathered) around(witness checkers.Witness) neighbourhood {
	var best neighbourhood
	low, high := slices.Min(witness.Offsets), slices.Max(witness.Offsets)
	high = min(high, low+Limit)
	for reach := int64(0); reach < Limit; reach++ {
		n := neighbourhood{from: max(0, low-reach), to: high + reach + 1}
		g.fill(&n, witness)
		if reach > 0 && len(n.operations) > Limit {
			break
		}
		best = n
	}
	if len(best.operations) > Limit {
		best.operations = best.operations[:Limit]
	}
	return best
}

// fill gathers the operations: first the witness's own, then the others by
// offset. What lies above the offsets shown only says that the log had come so far.
func (g *gathered) fill(n *neighbourhood, witness checkers.Witness) {
	n.fillers = map[int64]bool{}
	for o := n.from; o < n.to; o++ {
		n.fillers[o] = witness.Anomaly != checkers.Phantom
	}
	var others []porcupine.Operation
	add := func(own bool, op porcupine.Operation) {
		if own {
			n.operations = append(n.operations, op)
		} else {
			others = append(others, op)
		}
	}
	for _, op := range g.produces {
		at, own := g.place(op), isOwn(witness, op.Record.Client(), op.Call, op.Return)
		switch {
		case op.Outcome == history.Failed || at == history.NoOffset && !own:
		case at >= n.from && at < n.to:
			n.fillers[at] = false
			add(own, g.produce(op))
		case own && at >= n.to:
			add(own, g.reach(op.Record.Client(), op.Call, op.Return, n.to, "send "+g.record(op.Record)+atOffset(at)))
		}
	}
	for _, op := range g.reads {
		own := isOwn(witness, op.Client, op.Call, op.Return)
		shown := slices.DeleteFunc(slices.Clone(op.Records), func(r history.Seen) bool { return r.Offset < n.from || r.Offset >= n.to })
		for _, r := range shown {
			n.fillers[r.Offset] = false
		}
		switch {
		case len(shown) > 0:
			add(own, g.read(op, shown))
		case own && op.Records[0].Offset >= n.to:
			add(own, g.reach(op.Client, op.Call, op.Return, n.to, "read"+atOffset(op.Records[0].Offset)))
		}
	}
	if witness.Anomaly == checkers.StaleRead {
		for _, op := range g.lengths {
			if isOwn(witness, op.Client, op.Call, op.Return) && op.End >= n.from {
				add(true, g.length(op))
			}
		}
	}
	slices.SortStableFunc(others, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(a.Output.(int64), b.Output.(int64)), cmp.Compare(a.Call, b.Call))
	})
	n.operations = append(n.operations, others...)
}

// reach is an operation above the neighbourhood: it says that the log had passed it.
func (g *gathered) reach(client history.ClientID, from, to history.Time, end int64, name string) porcupine.Operation {
	return porcupine.Operation{ClientId: int(client), Call: int64(from), Return: bounded(to),
		Input: call{kind: reaches, name: name}, Output: end}
}

func isOwn(witness checkers.Witness, client history.ClientID, from, to history.Time) bool {
	return slices.ContainsFunc(witness.Ops, func(op checkers.Operation) bool {
		return op.Client == client && op.Call == from && op.Return == to
	})
}

// annotations draws the faults that overlap the operations.
func (g *gathered) annotations(n neighbourhood) []porcupine.Annotation {
	var first, last int64
	for i, op := range n.operations {
		if i == 0 || op.Call < first {
			first = op.Call
		}
		if op.Return < int64(history.Infinity)-1 {
			last = max(last, op.Return)
		}
	}
	var list []porcupine.Annotation
	for _, f := range g.faults {
		if int64(f.Start) <= last && int64(f.End) >= first {
			list = append(list, porcupine.Annotation{Tag: "faults", Start: int64(f.Start), End: min(int64(f.End), last),
				Description: f.Kind, Details: checkers.TellFault(f)})
		}
	}
	return list
}

// record names a record by its send.
func (g *gathered) record(r history.RecordID) string {
	if r == 0 {
		return "-"
	}
	return fmt.Sprintf("%s#%d", g.clients[r.Client()], r.Send())
}

func atOffset(offset int64) string {
	if offset == history.NoOffset {
		return ""
	}
	return " @" + strconv.FormatInt(offset, 10)
}
