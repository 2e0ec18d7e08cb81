package checkers

import "assay/checkers/history"

// transacted is what groups processed in transactions: which of their inputs
// have an output in one that committed, or may have. Of that there is no other
// note. A group whose members all work so is judged by exactly-once; one with
// others beside them must not be told that their inputs are unprocessed.
type transacted struct {
	byGroup[dense[transactedInput]]
}

// transactedInput is an input's first output.
type transactedInput struct {
	output history.RecordID // 0 for none
	at     history.Time     // it was sent; the work was done by then
}

// noteTransacted finds them once the transactions' fates are known.
func (e *evidence) noteTransacted() {
	for _, d := range e.sources.list {
		in := e.transactions.of(d.Record)
		if in == nil || in.fate == aborted {
			continue
		}
		input := e.transacted.at(d.Group, d.Partition).at(d.Offset)
		if call := e.ledger.send(d.Record).call; input.output == 0 || call < input.at {
			*input = transactedInput{d.Record, call}
		}
	}
}

// inTransaction finds what a group's members made of an input in a transaction.
func (e *evidence) inTransaction(key groupPartition, offset int64) (transactedInput, bool) {
	part := e.transacted.peek(key)
	if part == nil {
		return transactedInput{}, false
	}
	input := part.get(offset)
	return input, input.output != 0
}
