package crosscheck

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"assay/checkers"
	"assay/checkers/history"

	"github.com/anishathalye/porcupine"
)

// Shown is the most operations that are drawn.
const Shown = 40

// maxSteps bounds the search for a drawing: how often an operation is tried.
const maxSteps = 200_000

// Draw cuts the neighbourhood of a witness out of its history and gives
// porcupine's drawing of it, an HTML page that needs no network, with the faults
// around it. The same history and witness give the same bytes. At most Shown
// operations are drawn: the witness's own and those at the nearest offsets. The
// search for an order ends after a number of steps, never by the clock; the page
// says so if it ended early.
//
// Of the witness its Anomaly, Name (topic/partition), Offsets, and of its Ops the
// client's Name, Call and Return are used, so that one read back from a result
// serves as well; a negative Return is one that never came. A witness without
// offsets, or of a partition that the history does not have, is an error.
func Draw(h *history.History, witness checkers.Witness) ([]byte, error) {
	if len(witness.Offsets) == 0 {
		return nil, errors.New("crosscheck: the witness names no offset")
	}
	id, found := partition(h, witness.Name)
	if !found {
		return nil, fmt.Errorf("crosscheck: the history has no partition %q", witness.Name)
	}
	g := gather(h, id)
	cut := g.around(witness)
	if len(cut.operations) == 0 {
		return nil, fmt.Errorf("crosscheck: nothing was sent to or read from the offsets %v of %s", witness.Offsets, witness.Name)
	}
	model, steps := logModel(cut.from, cut.fillers, g.record), 0
	within := model
	within.Step = func(state, input, output any) (bool, any) {
		if steps++; steps > maxSteps {
			return false, state
		}
		return model.Step(state, input, output)
	}
	_, info := porcupine.CheckOperationsVerbose(within, cut.operations, unlimited)
	info.AddAnnotations(g.annotations(cut))
	if steps > maxSteps {
		info.AddAnnotations([]porcupine.Annotation{{Tag: "search", Start: cut.operations[0].Call, End: cut.operations[0].Call,
			Description: "ended early", Details: fmt.Sprintf("the search for an order ended after %d steps: a longer one may exist", maxSteps)}})
	}
	var page bytes.Buffer
	if err := porcupine.Visualize(model, info, &page); err != nil {
		return nil, fmt.Errorf("crosscheck: %w", err)
	}
	return page.Bytes(), nil
}

// DrawSaved is Draw for a saved history, compressed or plain.
func DrawSaved(file []byte, witness checkers.Witness) ([]byte, error) {
	h, err := history.Load(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return Draw(h, witness)
}

// partition finds a partition by its topic/partition.
func partition(h *history.History, name string) (history.PartitionID, bool) {
	table := tableOf{name: name}
	h.Replay(&table)
	return table.id, table.found
}

type tableOf struct {
	history.Ignore
	name  string
	id    history.PartitionID
	found bool
}

// Partition implements history.Sink.
func (t *tableOf) Partition(id history.PartitionID, topic string, number int32) {
	if (history.PartitionName{Topic: topic, Partition: number}).String() == t.name {
		t.id, t.found = id, true
	}
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
	high = min(high, low+Shown)
	for reach := int64(0); reach < Shown; reach++ {
		n := neighbourhood{from: max(0, low-reach), to: high + reach + 1}
		g.fill(&n, witness)
		if reach > 0 && len(n.operations) > Shown {
			break
		}
		best = n
	}
	if len(best.operations) > Shown {
		best.operations = best.operations[:Shown]
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
		at, own := g.place(op), g.isOwn(witness, op.Record.Client(), op.Call, op.Return)
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
		own := g.isOwn(witness, op.Client, op.Call, op.Return)
		var shown []history.Seen
		for _, r := range op.Records {
			if r.Offset >= n.from && r.Offset < n.to {
				shown = append(shown, r)
				n.fillers[r.Offset] = false
			}
		}
		switch {
		case len(shown) > 0:
			add(own, g.read(op, shown))
		case own && op.Records[0].Offset >= n.to:
			add(own, g.reach(op.Client, op.Call, op.Return, n.to, g.clients[op.Client].String()+" reads"+atOffset(op.Records[0].Offset)))
		}
	}
	if witness.Anomaly == checkers.StaleRead {
		for _, op := range g.lengths {
			if g.isOwn(witness, op.Client, op.Call, op.Return) && op.End >= n.from {
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

// isOwn says whether an operation is one of the witness's.
func (g *gathered) isOwn(witness checkers.Witness, client history.ClientID, from, to history.Time) bool {
	return slices.ContainsFunc(witness.Ops, func(op checkers.Operation) bool {
		returned := op.Return == to || op.Return < 0 && to == history.Infinity
		return op.Call == from && returned && op.Name == g.clients[client].String()
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
