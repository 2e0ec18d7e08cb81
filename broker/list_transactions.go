package broker

import (
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/txn"
)

// ListTransactions, versions 0 to 2: 1 filters by how long a transaction has
// been open, 2 by the transactional id. It lists what this broker coordinates.

func (n *Node) listTransactions(e *exchange, r *kmsg.ListTransactionsRequest) {
	response := kmsg.NewPtrListTransactionsResponse()
	filter, err := newTransactionFilter(r, n.moment.Wall.Millis())
	if err != nil {
		response.ErrorCode = errorCode(err)
		n.answer(e, response)
		return
	}
	response.UnknownStateFilters = filter.unknownStates
	for _, h := range n.hosted {
		if h.key.Topic != metadata.TransactionsTopic || h.Role() != replica.Leading {
			continue
		}
		if h.coordinator == nil || h.coordinator.state == coordinatorLoads {
			response.ErrorCode, response.TransactionStates = kerr.CoordinatorLoadInProgress.Code, nil
			break
		}
		s := h.coordinator.service.(*transactionService)
		for _, id := range s.IDs() {
			if t, _ := s.Transaction(id); filter.takes(id, &t) {
				out := kmsg.NewListTransactionsResponseTransactionState()
				out.TransactionalID, out.ProducerID, out.TransactionState = id, int64(t.ID), t.State.String()
				response.TransactionStates = append(response.TransactionStates, out)
			}
		}
	}
	n.answer(e, response)
}

// transactionFilter is what a listing is restricted to.
type transactionFilter struct {
	byState       bool
	states        []txn.State
	unknownStates []string
	producers     []int64
	startedBefore int64 // milliseconds
	ids           *regexp.Regexp
}

func newTransactionFilter(r *kmsg.ListTransactionsRequest, now int64) (f transactionFilter, err error) {
	f = transactionFilter{byState: len(r.StateFilters) > 0, producers: r.ProducerIDFilters, startedBefore: now + 1}
	for _, name := range r.StateFilters {
		if state, known := txn.ParseState(name); known {
			f.states = append(f.states, state)
		} else {
			f.unknownStates = append(f.unknownStates, name)
		}
	}
	if r.Version >= 1 && r.DurationFilterMillis >= 0 {
		f.startedBefore = now - r.DurationFilterMillis
	}
	if r.Version >= 2 && r.TransactionalIDPattern != nil && *r.TransactionalIDPattern != "" {
		if f.ids, err = regexp.Compile("^(?:" + *r.TransactionalIDPattern + ")$"); err != nil {
			return f, kerr.InvalidRegularExpression
		}
	}
	return f, nil
}

func (f *transactionFilter) takes(id string, t *txn.Transaction) bool {
	return (!f.byState || slices.Contains(f.states, t.State)) &&
		(len(f.producers) == 0 || slices.Contains(f.producers, int64(t.ID))) &&
		t.StartMillis < f.startedBefore &&
		(f.ids == nil || f.ids.MatchString(id))
}
