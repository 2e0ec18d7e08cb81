package checkers

import (
	"fmt"
	"slices"

	"assay/checkers/history"
)

// transactions keeps what producers asked of their transactions, and what came of it.
type transactions struct {
	history.Ignore
	clients []clientTransactions
	count   int
}

// clientTransactions is one client's.
type clientTransactions struct {
	list   []*transaction // by number
	bySend []*transaction // those with records, by the first of them
	recent int            // in bySend: walks ask for neighbours
}

// transaction is one transaction with its fate.
type transaction struct {
	history.Transaction
	fate    fate
	index   int // among all, by client and number
	visible int // records that the covering read of committed ones returned
	missing int // those that the log has and that it surely did not return
	gone    int // acknowledged ones that the log does not have either
	// One of those returned, and one of those not.
	seen, unseen history.RecordID
}

// fate is what became of a transaction.
type fate uint8

const (
	// undecided: commit was asked for, and nobody knows what came of it.
	undecided fate = iota
	// committed for certain.
	committed
	// aborted: it surely has not committed. It is aborted, or open still.
	aborted
)

// Transaction implements history.Sink.
func (t *transactions) Transaction(op history.Transaction) {
	t.clients = grow(t.clients, int(op.Client))
	c := &t.clients[op.Client]
	c.list = append(c.list, &transaction{Transaction: op, fate: fateTold(op)})
	t.count++
}

// fateTold is what the client was told of its transaction. Nothing commits whose
// commit was never asked for.
func fateTold(op history.Transaction) fate {
	switch {
	case !op.Commit || op.End == history.Infinity || op.Outcome == history.Failed:
		return aborted
	case op.Outcome == history.OK:
		return committed
	}
	return undecided
}

// sort prepares looking up.
func (t *transactions) sort() {
	index := 0
	for i := range t.clients {
		c := &t.clients[i]
		sortBy(c.list, func(op *transaction) int64 { return int64(op.Number) })
		c.bySend = nil
		for _, op := range c.list {
			op.index = index
			index++
			if op.FirstSend > 0 {
				c.bySend = append(c.bySend, op)
			}
		}
		sortBy(c.bySend, func(op *transaction) int64 { return int64(op.FirstSend) })
	}
}

// of finds the transaction that a record is part of, nil for none.
func (t *transactions) of(r history.RecordID) *transaction {
	client := int(r.Client())
	if client >= len(t.clients) || len(t.clients[client].bySend) == 0 {
		return nil
	}
	c, send := &t.clients[client], r.Send()
	if op := c.bySend[c.recent]; op.FirstSend <= send && send <= op.LastSend {
		return op
	}
	i, _ := slices.BinarySearchFunc(c.bySend, send, func(op *transaction, send uint32) int {
		if op.FirstSend <= send {
			return -1
		}
		return 1
	})
	if i == 0 || c.bySend[i-1].LastSend < send {
		return nil
	}
	c.recent = i - 1
	return c.bySend[i-1]
}

// find looks a client's transaction up by its number, nil if the history has none.
func (t *transactions) find(client history.ClientID, number uint32) *transaction {
	if int(client) >= len(t.clients) {
		return nil
	}
	list := t.clients[client].list
	i, found := slices.BinarySearchFunc(list, number, func(op *transaction, number uint32) int {
		return int(int64(op.Number) - int64(number))
	})
	if !found {
		return nil
	}
	return list[i]
}

// all visits every transaction by client and number.
func (t *transactions) all(visit func(op *transaction)) {
	for i := range t.clients {
		for _, op := range t.clients[i].list {
			visit(op)
		}
	}
}

// settle decides, once everything has been seen, what became of transactions
// and so of the offsets that were committed in them.
func (e *evidence) settle() {
	if e.transactions == nil || e.transactions.count == 0 {
		return
	}
	e.transactions.sort()
	e.countRecords()
	e.transactions.all(func(op *transaction) {
		switch {
		case op.fate != undecided:
		case op.visible > 0:
			op.fate = committed
		case op.missing > 0:
			op.fate = aborted
		}
	})
	if e.commits != nil {
		e.commits.settle(e.transactions)
	}
	if e.sources != nil {
		e.noteTransacted()
	}
}

// countRecords counts of each transaction's records what readers of committed
// ones finally got. A record that is part of the log, but was not returned where
// everything was, is not committed.
func (e *evidence) countRecords() {
	all, stable := e.finalLogs(Scope{}), e.stableLogs()
	e.ledger.sends(func(r history.RecordID, s *send) {
		op := e.transactions.of(r)
		if op == nil {
			return
		}
		switch e.whereabouts(r, s, all, stable) {
		case returned:
			op.visible++
			op.seen = r
		case withheld:
			op.missing++
			if op.missing == 1 {
				op.unseen = r
			}
		case lost:
			op.gone++
			if op.unseen == 0 {
				op.unseen = r
			}
		}
	})
}

// whereabout is what the covering read of committed records says of a record.
type whereabout uint8

const (
	notDecided whereabout = iota
	returned
	withheld
	lost
	notThere // removed by retention, or never acknowledged nor seen
)

// whereabouts decides about a record by the final logs of its partition.
func (e *evidence) whereabouts(r history.RecordID, s *send, all, stable []*finalLog) whereabout {
	if e.stable.place(r) > 0 {
		return returned
	}
	offset := s.final - 1
	there := offset != history.NoOffset && s.seenIn == s.partition
	if !there {
		if s.outcome != history.OK {
			return notThere
		}
		offset = s.offset
	}
	log := stable[s.partition]
	switch {
	case offset == history.NoOffset:
		return notDecided
	case log == nil || !log.hasCover:
		return notDecided
	case log.removed(offset):
		return notThere
	case contains(log.spans, offset) && there:
		return withheld
	case log.tooLate(offset, s.ret) || all[s.partition].tooLate(offset, s.ret):
		return notDecided
	case contains(log.spans, offset) && contains(all[s.partition].spans, offset):
		return lost
	case log.isComplete && offset >= log.cover.End && all[s.partition].isComplete && offset >= all[s.partition].cover.End:
		return lost // the whole log ends below it
	}
	return notDecided // not stable yet
}

// demanded says whether readers may be asked for a record: it is part of no
// transaction, or of one that has committed.
func (e *evidence) demanded(r history.RecordID) bool {
	if e.transactions.count == 0 {
		return true
	}
	op := e.transactions.of(r)
	return op == nil || op.fate == committed
}

// Errors by which brokers refuse what is fenced or part of an aborted
// transaction: INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE, PRODUCER_FENCED,
// TRANSACTION_ABORTABLE.
var refusals = [...]int16{47, 48, 90, 120}

// refused says whether a send failed since its producer was fenced or its
// transaction ended without it, which is how it should be.
func (e *evidence) refused(r history.RecordID, s *send) bool {
	if s.outcome != history.Failed {
		return false
	}
	op := e.transactions.of(r)
	return slices.Contains(refusals[:], s.error) || s.error == 0 && op != nil && op.fate == aborted
}

// tellTransaction describes a transaction for a witness.
func (e *evidence) tellTransaction(op *transaction) Operation {
	what := fmt.Sprintf("transaction %d", op.Number)
	switch first := e.names.record(history.NewRecordID(op.Client, op.FirstSend)); {
	case op.FirstSend > 0 && op.FirstSend == op.LastSend:
		what += fmt.Sprintf(" (%s)", first)
	case op.FirstSend > 0:
		what += fmt.Sprintf(" (%s to %d)", first, op.LastSend)
	}
	switch asked := map[bool]string{true: "commit", false: "abort"}[op.Commit]; {
	case op.End == history.Infinity:
		what += ": neither commit nor abort was asked for"
	case op.Outcome == history.OK:
		what += fmt.Sprintf(": %s, accepted", asked)
	case op.Outcome == history.Failed:
		what += fmt.Sprintf(": %s, %s", asked, tellFailure(op.Error))
	default:
		what += fmt.Sprintf(": %s, outcome unknown", asked)
	}
	return Operation{op.Client, e.names.client(op.Client).String(), op.Begin, op.Return, what}
}

// tellFate says in a sentence's middle why a transaction is not committed, or is.
func (e *evidence) tellFate(op *transaction) string {
	who := fmt.Sprintf("transaction %d of %s", op.Number, e.names.client(op.Client))
	switch {
	case op.fate == committed && op.Outcome == history.OK:
		return fmt.Sprintf("%s was committed at %s", who, Clock(op.Return))
	case op.fate == committed:
		return who + " was committed, as the covering read shows"
	case op.End == history.Infinity:
		return who + " was never asked to commit"
	case !op.Commit:
		return fmt.Sprintf("%s was aborted at %s", who, Clock(op.End))
	case op.Outcome == history.Failed:
		return fmt.Sprintf("the commit of %s at %s %s", who, Clock(op.End), tellFailure(op.Error))
	}
	if op.fate == aborted {
		return who + " was not committed, as the covering read shows"
	}
	return fmt.Sprintf("nobody knows whether %s committed", who)
}
