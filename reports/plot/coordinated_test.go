package plot

import (
	"fmt"

	"assay/scenarios/result"
)

// coordinated is outage with a group that goes through its generations and two
// transactional ids.
func coordinated() *result.Series {
	s := outage()
	at := func(seconds float64) int64 { return int64(seconds * 1e9) }
	s.Owners = []result.OwnerLane{
		{Group: "invoicing", Partition: "orders/0", Spans: []result.OwnerSpan{
			{From: at(0.4), To: at(9), Member: "invoicing-0", Generation: 1, Ended: "lost"},
			{From: at(6), To: at(20), Member: "invoicing-1", Generation: 2}}},
		{Group: "invoicing", Partition: "orders/1", Spans: []result.OwnerSpan{
			{From: at(0.4), To: at(3), Member: "invoicing-1", Generation: 1, Ended: result.OwnerDied},
			{From: at(5.5), To: at(8), Member: "invoicing-1", Generation: 2, Ended: "revoked"},
			{From: at(8.02), To: at(20), Member: "invoicing-0", Generation: 3}}},
		{Group: "invoicing", Partition: "orders/2"},
	}
	first := result.TransactionLane{ID: "invoicing-0", Marks: []result.TransactionMark{{At: at(9), Kind: result.MarkFenced}, {At: at(5), Kind: result.MarkResumed}, {At: at(4.8), Kind: result.MarkUntold}}}
	for i := range 20 {
		outcome := result.TransactionCommitted
		if i%7 == 3 {
			outcome = result.TransactionAborted
		}
		first.Spans = append(first.Spans, result.TransactionSpan{From: at(0.5 + float64(i)*0.2), To: at(0.65 + float64(i)*0.2), Decided: at(0.6 + float64(i)*0.2), Outcome: outcome, Epoch: int32(i)})
	}
	first.Spans = append(first.Spans, result.TransactionSpan{From: at(5), To: at(8), Decided: at(7.9), Outcome: result.TransactionTimedOut, Epoch: 20})
	s.Transactions = []result.TransactionLane{first, {ID: "invoicing-1", Spans: []result.TransactionSpan{{From: at(11), To: at(20), Decided: -1, Outcome: result.TransactionUnknown}}}}
	pipeline := s.EndToEnd
	pipeline.Max = append([]int64{-1}, pipeline.Max[1:]...)
	s.Pipeline = &pipeline
	return s
}

// crowded has groups and transactions by the hundred.
func crowded(lanes, spans int) *result.Series {
	s := outage()
	for i := range lanes {
		owner, transactions := result.OwnerLane{Group: fmt.Sprintf("group-%d", i%3), Partition: fmt.Sprintf("orders/%d", i)}, result.TransactionLane{ID: fmt.Sprintf("id-%d", i)}
		for j := range spans {
			from := int64(j) * 20e9 / int64(spans)
			to := from + 15e9/int64(spans)
			owner.Spans = append(owner.Spans, result.OwnerSpan{From: from, To: to, Member: fmt.Sprintf("member-%d", j%9), Generation: int32(j), Ended: "revoked"})
			transactions.Spans = append(transactions.Spans, result.TransactionSpan{From: from, To: to, Decided: to, Outcome: transactionOutcomes[j%4].outcome})
			transactions.Marks = append(transactions.Marks, result.TransactionMark{At: from, Kind: result.MarkFenced}, result.TransactionMark{At: to, Kind: result.MarkUntold})
		}
		s.Owners, s.Transactions = append(s.Owners, owner), append(s.Transactions, transactions)
	}
	return s
}
