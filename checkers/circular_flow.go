package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// judgeCircles looks for circular information flow (G1c): committed transactions
// of which each, read committed, made something of what another wrote, in a
// circle. Write cycles (G0) are no matter: open transactions interleave in Kafka.
func (e *evidence) judgeCircles(f *findings) {
	if e.transactions.count == 0 {
		return
	}
	flow := e.flow()
	for _, circle := range flow.circles() {
		e.foundCircle(f, flow, circle)
	}
}

// flow is the graph of which transaction read what another wrote.
type flow struct {
	nodes []*transaction // by index
	edges []flowEdge     // sorted by from
	first []int32        // by transaction: its first edge; one more at the end
	// circle says of each transaction which circle it is part of, from 1, and came
	// by which edge, plus one, the search through it came there.
	circle, came []int32
}

type flowEdge struct {
	from, to int32 // transactions by index: to read what from wrote
	source   history.Derived
}

// flow draws an edge for each output of a committed transaction whose source is
// a record of another committed one.
func (e *evidence) flow() *flow {
	g := &flow{nodes: make([]*transaction, e.transactions.count), first: make([]int32, e.transactions.count+1)}
	e.transactions.all(func(op *transaction) { g.nodes[op.index] = op })
	reads := e.handed.committed
	for _, d := range e.sources.list {
		to := e.transactions.of(d.Record)
		if to == nil || to.fate != committed || int(to.Client) >= len(reads) || !reads[to.Client] || int(d.Partition) >= len(e.ledger.partitions) {
			continue
		}
		log := &e.ledger.partitions[d.Partition]
		c := log.cells.peek(d.Offset)
		if c == nil || c.earliest == 0 || len(log.cuts)+len(log.conflicts) > 0 {
			continue // nobody knows what lay there when it was read
		}
		if from := e.transactions.of(c.record); from != nil && from != to && from.fate == committed {
			g.edges = append(g.edges, flowEdge{int32(from.index), int32(to.index), d})
		}
	}
	sortBy(g.edges, func(edge flowEdge) int64 { return int64(edge.from) })
	for _, edge := range g.edges {
		g.first[edge.from+1]++
	}
	for i := range g.nodes {
		g.first[i+1] += g.first[i]
	}
	return g
}

// circles finds the strongly connected components of more than one transaction
// (Tarjan, 1972), without recursion, in the order of their first members.
func (g *flow) circles() [][]int32 {
	n := len(g.nodes)
	number, low := make([]int32, n), make([]int32, n) // number: the order of discovery, from 1
	next := slices.Clone(g.first)                     // the next edge to follow
	var path, stack []int32                           // under way, and not yet in a component
	onStack := make([]bool, n)
	var found [][]int32
	count := int32(0)
	discover := func(v int32) {
		count++
		number[v], low[v] = count, count
		path, stack = append(path, v), append(stack, v)
		onStack[v] = true
	}
	for root := range int32(n) {
		if number[root] != 0 || g.first[root] == g.first[root+1] {
			continue
		}
		discover(root)
		for len(path) > 0 {
			v := path[len(path)-1]
			if next[v] < g.first[v+1] {
				w := g.edges[next[v]].to
				next[v]++
				if number[w] == 0 {
					discover(w)
				} else if onStack[w] {
					low[v] = min(low[v], number[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				above := path[len(path)-1]
				low[above] = min(low[above], low[v])
			}
			if low[v] == number[v] {
				at := len(stack) - 1
				for ; stack[at] != v; at-- {
					onStack[stack[at]] = false
				}
				onStack[v] = false
				if len(stack)-at > 1 {
					found = append(found, slices.Sorted(slices.Values(stack[at:])))
				}
				stack = stack[:at]
			}
		}
	}
	slices.SortFunc(found, func(a, b []int32) int { return int(a[0] - b[0]) })
	g.circle, g.came = make([]int32, n), make([]int32, n)
	for i, component := range found {
		for _, v := range component {
			g.circle[v] = int32(i + 1)
		}
	}
	return found
}

// shortest finds a shortest way from a transaction back to itself inside its component.
func (g *flow) shortest(component []int32) []flowEdge {
	start := component[0]
	for queue := []int32{start}; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		for i := g.first[v]; i < g.first[v+1]; i++ {
			to := g.edges[i].to
			if g.circle[to] != g.circle[start] || g.came[to] != 0 {
				continue
			}
			g.came[to] = i + 1
			if to == start {
				return g.wayTo(start)
			}
			queue = append(queue, to)
		}
	}
	return nil
}

// wayTo goes back by the edges that a search came by.
func (g *flow) wayTo(start int32) (way []flowEdge) {
	for at := start; len(way) == 0 || at != start; at = way[len(way)-1].from {
		way = append(way, g.edges[g.came[at]-1])
	}
	slices.Reverse(way)
	return way
}

// mostLinks bounds how much of a circle a witness tells.
const mostLinks = 16

func (e *evidence) foundCircle(f *findings, g *flow, component []int32) {
	way := g.shortest(component)
	found := finding{anomaly: CircularFlow, partition: way[0].source.Partition, offset: way[0].source.Offset, from: history.Infinity}
	for _, edge := range way {
		op := g.nodes[edge.from]
		found.from, found.to = min(found.from, op.Begin), max(found.to, op.Begin)
	}
	f.add(found, func() Witness {
		w := Witness{Sentence: fmt.Sprintf("%d committed transactions each read what another of them wrote, in a circle (G1c)", len(way))}
		for i, edge := range way[:min(mostLinks, len(way))] {
			from, to := g.nodes[edge.from], g.nodes[edge.to]
			w.Offsets = append(w.Offsets, edge.source.Offset)
			w.Ops = append(w.Ops, e.tellTransaction(from))
			link := "; "
			if i == 0 {
				link = ": "
			}
			w.Sentence += fmt.Sprintf("%stransaction %d of %s made %s of offset %d of %s, which transaction %d of %s wrote", link, to.Number,
				e.names.client(to.Client), e.names.record(edge.source.Record), edge.source.Offset, e.names.partition(edge.source.Partition),
				from.Number, e.names.client(from.Client))
		}
		if more := len(way) - mostLinks; more > 0 {
			w.Sentence += fmt.Sprintf("; and so on, over %d more", more)
		}
		return w
	})
}
