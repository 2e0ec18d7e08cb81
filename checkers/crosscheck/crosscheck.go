package crosscheck

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"assay/checkers/history"

	"github.com/anishathalye/porcupine"
)

// Limit is the most operations that are searched.
const Limit = 30

// unlimited: the budget is the number of operations, so that the answer does not
// depend on the machine.
const unlimited = time.Duration(0)

// Linearizable searches for an order of one partition's operations in which they
// behave as one append-only log that starts at offset 0, without markers; with
// exact reads of the length, if asked. ok is false if there are more operations
// than Limit.
func Linearizable(h *history.History, id history.PartitionID, exact bool) (linearizable, ok bool) {
	g := gather(h, id)
	operations := g.operations(exact)
	if len(operations) > Limit {
		return false, false
	}
	model := logModel(0, nil, g.record)
	result, _ := porcupine.CheckOperationsVerbose(model, operations, unlimited)
	return result == porcupine.Ok, true
}

// gathered is one partition's operations.
type gathered struct {
	history.Ignore
	id       history.PartitionID
	clients  map[history.ClientID]history.ClientName
	title    string
	produces []history.Produce
	reads    []history.Read
	lengths  []history.ListOffsets // empty fetches too
	faults   []history.Fault
	seen     map[history.RecordID]int64
}

func gather(h *history.History, id history.PartitionID) *gathered {
	g := &gathered{id: id, clients: map[history.ClientID]history.ClientName{}, seen: map[history.RecordID]int64{}}
	h.Replay(g)
	return g
}

// Client implements history.Sink.
func (g *gathered) Client(id history.ClientID, name string, incarnation int) {
	g.clients[id] = history.ClientName{Name: name, Incarnation: incarnation}
}

// Partition implements history.Sink.
func (g *gathered) Partition(id history.PartitionID, topic string, partition int32) {
	if id == g.id {
		g.title = history.PartitionName{Topic: topic, Partition: partition}.String()
	}
}

// Fault implements history.Sink.
func (g *gathered) Fault(op history.Fault) { g.faults = append(g.faults, op) }

// Produce implements history.Sink.
func (g *gathered) Produce(op history.Produce) {
	if op.Partition == g.id {
		g.produces = append(g.produces, op)
	}
}

// Read implements history.Sink.
func (g *gathered) Read(op history.Read) {
	switch {
	case op.Partition != g.id:
	case len(op.Records) > 0:
		op.Records = slices.Clone(op.Records)
		g.reads = append(g.reads, op)
		for _, r := range op.Records {
			if _, known := g.seen[r.Record]; !known {
				g.seen[r.Record] = r.Offset
			}
		}
	case op.Next <= op.From:
		end := op.HighWatermark
		if end == history.NoOffset {
			end = op.From
		}
		g.ListOffsets(history.ListOffsets{Client: op.Client, Partition: op.Partition, Call: op.Call, Return: op.Return, End: end})
	}
}

// ListOffsets implements history.Sink.
func (g *gathered) ListOffsets(op history.ListOffsets) {
	if op.Partition == g.id && op.End >= 0 {
		g.lengths = append(g.lengths, op)
	}
}

// place is where a send's record is: as acknowledged, else as first seen.
func (g *gathered) place(op history.Produce) int64 {
	if op.Outcome == history.OK && op.Offset != history.NoOffset {
		return op.Offset
	}
	if at, seen := g.seen[op.Record]; seen {
		return at
	}
	return history.NoOffset
}

// operations gives the searchable form. Failed sends took no effect. What was
// not acknowledged with an offset may take effect at any time after its call;
// where somebody saw it, its offset is known, which spares much search.
func (g *gathered) operations(exact bool) []porcupine.Operation {
	var list []porcupine.Operation
	full := g.full(exact)
	for _, op := range g.produces {
		if op.Outcome == history.Failed || full && g.place(op) == history.NoOffset {
			continue
		}
		list = append(list, g.produce(op))
	}
	for _, op := range g.reads {
		list = append(list, g.read(op, op.Records))
	}
	if exact {
		for _, op := range g.lengths {
			list = append(list, g.length(op))
		}
	}
	return list
}

// full says whether every offset below the highest that any operation speaks of
// has its known send. What else was sent may then as well come last.
func (g *gathered) full(exact bool) bool {
	known := map[int64]bool{}
	highest := int64(0)
	for _, op := range g.produces {
		if at := g.place(op); op.Outcome != history.Failed && at != history.NoOffset {
			known[at] = true
			highest = max(highest, at+1)
		}
	}
	for _, op := range g.reads {
		highest = max(highest, op.Records[len(op.Records)-1].Offset+1)
	}
	for _, op := range g.lengths {
		if exact {
			highest = max(highest, op.End)
		}
	}
	return int64(len(known)) == highest
}

func (g *gathered) produce(op history.Produce) porcupine.Operation {
	at := g.place(op)
	ret := op.Return
	if op.Outcome != history.OK || op.Offset == history.NoOffset {
		ret = history.Infinity
	}
	return porcupine.Operation{ClientId: int(op.Record.Client()), Call: int64(op.Call), Return: bounded(ret),
		Input: call{kind: appends, record: op.Record, name: "send " + g.record(op.Record) + atOffset(at)}, Output: at}
}

func (g *gathered) read(op history.Read, records []history.Seen) porcupine.Operation {
	name := g.clients[op.Client].String() + " reads " + g.list(records)
	return porcupine.Operation{ClientId: int(op.Client), Call: int64(op.Call), Return: bounded(op.Return),
		Input: call{kind: reads, records: records, name: name + atOffset(records[0].Offset)}, Output: records[0].Offset}
}

// list names records; of many the first and the last.
func (g *gathered) list(records []history.Seen) string {
	const most = 4
	if n := len(records); n > most {
		return fmt.Sprintf("%s .. %s, %d records,", g.record(records[0].Record), g.record(records[n-1].Record), n)
	}
	var names []string
	for _, r := range records {
		names = append(names, g.record(r.Record))
	}
	return strings.Join(names, " ")
}

func (g *gathered) length(op history.ListOffsets) porcupine.Operation {
	return porcupine.Operation{ClientId: int(op.Client), Call: int64(op.Call), Return: bounded(op.Return),
		Input: call{kind: measures, name: g.clients[op.Client].String() + " finds the end" + atOffset(op.End)}, Output: op.End}
}

// bounded keeps a return that never comes behind all others.
func bounded(t history.Time) int64 {
	if t == history.Infinity {
		return math.MaxInt64 - 1
	}
	return int64(t)
}
