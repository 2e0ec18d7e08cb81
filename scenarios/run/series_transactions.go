package run

import (
	"cmp"
	"slices"

	"assay/broker"
	"assay/checkers/history"
	"assay/host"
	"assay/scenarios/result"
)

// transactionLanes follows the transactions of each transactional id, as their
// coordinators decide them, and what their producers were not told.
type transactionLanes struct {
	run     *run
	list    []transactionLane // in the order of their first event
	of      map[string]int
	clients map[history.ClientID]string
}

// transactionLane is one transactional id; open says whether its last span is.
type transactionLane struct {
	told          result.TransactionLane
	open, tooLong bool
}

func (l *transactionLanes) begin(r *run) {
	l.run, l.of, l.clients = r, map[string]int{}, map[history.ClientID]string{}
	r.on(broker.PointTransactionBegun, l.begun)
	r.on(broker.PointTransactionPrepared, l.prepared)
	r.on(broker.PointTransactionTimedOut, l.timedOut)
	r.on(broker.PointTransactionCommitted, l.ended(result.TransactionCommitted))
	r.on(broker.PointTransactionAborted, l.ended(result.TransactionAborted))
	r.on(broker.PointProducerFenced, l.marked(result.MarkFenced))
	r.on(broker.PointTransactionResumed, l.marked(result.MarkResumed))
}

func (l *transactionLanes) lane(id string) *transactionLane {
	i, known := l.of[id]
	if !known {
		i = len(l.list)
		l.of[id] = i
		l.list = append(l.list, transactionLane{told: result.TransactionLane{ID: id}})
	}
	return &l.list[i]
}

// span is the open one, nil where none is.
func (t *transactionLane) span() *result.TransactionSpan {
	if !t.open {
		return nil
	}
	return &t.told.Spans[len(t.told.Spans)-1]
}

// begun: a transaction has its first partition. A coordinator that has lost what
// its predecessor had not replicated begins the same one again.
func (l *transactionLanes) begun(_ string, e host.Event) {
	lane := l.lane(e.Subject)
	if lane.open {
		return
	}
	lane.open, lane.tooLong = true, false
	lane.told.Spans = append(lane.told.Spans, result.TransactionSpan{From: int64(l.run.clock()), Decided: -1, Epoch: int32(e.Args[2])})
}

func (l *transactionLanes) prepared(_ string, e host.Event) {
	if span := l.lane(e.Subject).span(); span != nil {
		span.Decided = int64(l.run.clock())
	}
}

func (l *transactionLanes) timedOut(_ string, e host.Event) { l.lane(e.Subject).tooLong = true }

func (l *transactionLanes) ended(outcome string) watcher {
	return func(_ string, e host.Event) {
		lane := l.lane(e.Subject)
		span := lane.span()
		if span == nil {
			return
		}
		span.To, span.Outcome = int64(l.run.clock()), outcome
		if lane.tooLong && outcome == result.TransactionAborted {
			span.Outcome = result.TransactionTimedOut
		}
		lane.open = false
	}
}

func (l *transactionLanes) marked(kind string) watcher {
	return func(_ string, e host.Event) { l.mark(e.Subject, kind, int64(l.run.clock())) }
}

// mark notes a moment once: a fenced producer asks again and again.
func (l *transactionLanes) mark(id, kind string, at int64) {
	const again = int64(100e6)
	marks := &l.lane(id).told.Marks
	for _, m := range *marks {
		if m.Kind == kind && at-m.At < again && m.At-at < again {
			return
		}
	}
	*marks = append(*marks, result.TransactionMark{At: at, Kind: kind})
}

func (l *transactionLanes) client(id history.ClientID, name string) { l.clients[id] = name }

// returned: an application's transaction is over, told or not. Only the lanes of
// ids that are their client's name are marked.
func (l *transactionLanes) returned(t history.Transaction) {
	if _, known := l.of[l.clients[t.Client]]; known && t.Outcome == history.Indeterminate && t.End != history.Infinity {
		l.mark(l.clients[t.Client], result.MarkUntold, int64(t.End))
	}
}

// finish ends what is open. invoicing-2 comes before invoicing-10.
func (l *transactionLanes) finish(now int64) []result.TransactionLane {
	var told []result.TransactionLane
	for i := range l.list {
		if span := l.list[i].span(); span != nil {
			span.To, span.Outcome = now, result.TransactionUnknown
		}
		told = append(told, l.list[i].told)
	}
	slices.SortFunc(told, func(a, b result.TransactionLane) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return told
}
