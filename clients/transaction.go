package clients

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
)

// TransactionResult is what became of a commit or an abort.
type TransactionResult struct {
	// Outcome of what was asked. Acknowledged: it surely happened. Failed: it
	// surely did not, and the transaction's records will never be committed.
	// Indeterminate: nobody can say here; a commit may have happened or may still
	// happen. After RequestTimedOut the work goes on behind, and the same call
	// made again tells its end, as in Kafka.
	Outcome Outcome
	Error   int16 // Kafka's code, 0 for none
}

// transaction is the transactional side of a producer: Kafka 4.3's
// TransactionManager (KIP-98, KIP-360, KIP-447, KIP-588, KIP-890).
//
// It has one request under way at a time, to the transaction's coordinator or,
// for offsets, to the group's. Which one comes next follows from the state
// alone: see next.
type transaction struct {
	producer *Producer
	state    transactionState
	cause    int16 // Kafka's code for what led to an error state

	// version2: transaction.version is 2 (KIP-890): brokers add partitions by
	// themselves and every transaction has an epoch of its own.
	version2 bool
	// bump: sequences are in doubt, so that the epoch is raised by
	// InitProducerId after the transaction (KIP-360).
	bump    bool
	canBump bool // the coordinator can do so

	// started: the coordinator knows of the transaction, or will before a commit.
	started bool
	// commitInDoubt: an EndTxn that commits left and was not surely refused.
	commitInDoubt bool
	members       []*producerPartition // added, or to be added
	adding        []*producerPartition // of them, those of the AddPartitionsToTxn that is being tried
	addingInDoubt bool                 // an attempt at it may have been taken
	offsets       []*offsetsCall       // oldest first

	coordinator coordinator
	group       *coordinator // of the group whose offsets were last sent
	inFlight    bool
	notUntil    host.Time // the end of the backoff after a refusal

	asked  *transactionCall // by the application; nil where nothing is
	answer []func()         // to be called at the next step
	timer  Timer
}

// transactionCall is one of init, commit and abort from its start until the
// application has been told its end.
type transactionCall struct {
	target   transactionState
	done     func(TransactionResult, error) // nil after max.block.ms: the application has to ask again
	deadline host.Time
	happened bool // the end was taken; only the epoch's raise is missing
	finished bool
	result   TransactionResult
	err      error
}

// offsetsCall is one SendOffsets.
type offsetsCall struct {
	offsets  []CommitOffset // those that are not taken yet
	member   GroupMetadata
	added    bool // AddOffsetsToTxn is done
	deadline host.Time
	done     func(error) // nil after max.block.ms
}

func (p *Producer) startTransactions() {
	t := &transaction{producer: p}
	t.timer.Fire = p.client.step
	t.coordinator.start(p.client, coordinatesTransaction, p.config.TransactionalID)
	p.transaction = t
}

// transactional returns the producer's transactional side. To ask a producer
// without transactional.id for it is a bug of the caller.
func (p *Producer) transactional() *transaction {
	if p.transaction == nil {
		panic("clients: a transaction without transactional.id")
	}
	return p.transaction
}

// InitTransactions takes the transactional id: it fences whoever had it, ends
// their open transaction and gets an epoch. done comes once, at the latest
// after max.block.ms: then with ErrDeadline, and the call may be repeated.
func (p *Producer) InitTransactions(done func(error)) {
	t := p.transactional()
	t.ask(transactionInitializing, func(_ TransactionResult, err error) { done(err) })
}

// BeginTransaction opens a transaction, of which nobody learns before the first
// record. ErrTransactionState where there is one, or none can be.
func (p *Producer) BeginTransaction() error {
	t := p.transactional()
	if err := t.failure(); err != nil {
		return err
	}
	if t.state != transactionReady || t.asked != nil {
		return fmt.Errorf("begin while %v: %w", t.state, ErrTransactionState)
	}
	t.become(transactionOpen)
	t.observe(PointTransactionBegun, 0)
	return nil
}

// SendOffsets makes offsets of a group part of the transaction: they are
// committed with it (KIP-447). An error other than ErrDeadline means that the
// transaction can only be aborted, or that the producer has ended; after
// ErrDeadline they may still become part of it, so that only an abort is safe.
func (p *Producer) SendOffsets(offsets []CommitOffset, member GroupMetadata, done func(error)) {
	t := p.transactional()
	p.stepSoon()
	err := t.failure()
	if err == nil && (t.state != transactionOpen || t.asked != nil) {
		err = fmt.Errorf("offsets while %v: %w", t.state, ErrTransactionState)
	}
	if err != nil || len(offsets) == 0 {
		t.tell(func() { done(err) })
		return
	}
	if t.version2 {
		t.started = true
	}
	t.offsets = append(t.offsets, &offsetsCall{
		offsets: append([]CommitOffset(nil), offsets...), member: member,
		deadline: p.client.host.Now().Add(p.config.MaxBlock), done: done,
	})
}

// CommitTransaction sends what is buffered and commits. In a transaction that
// can only be aborted the result is Failed.
func (p *Producer) CommitTransaction(done func(TransactionResult)) {
	t := p.transactional()
	t.ask(transactionCommitting, func(r TransactionResult, _ error) { done(r) })
}

// AbortTransaction drops what has not left yet, waits for what has, and aborts.
// Failed says that the coordinator would not take it from this producer any
// more (it was fenced): the transaction is ended by others, without effect.
func (p *Producer) AbortTransaction(done func(TransactionResult)) {
	t := p.transactional()
	t.ask(transactionAborting, func(r TransactionResult, _ error) { done(r) })
}

// ask begins what the application wants, or takes up again what it was not
// told the end of.
func (t *transaction) ask(target transactionState, done func(TransactionResult, error)) {
	p := t.producer
	p.stepSoon()
	deadline := p.client.host.Now().Add(p.config.MaxBlock)
	if c := t.asked; c != nil && c.target == target && c.done == nil {
		c.done, c.deadline = done, deadline
		return
	}
	if err := t.refuses(target); err != nil {
		result := t.failedResult()
		if result.Error == 0 {
			result.Error = kerr.InvalidTxnState.Code
		}
		t.tell(func() { done(result, err) })
		return
	}
	t.asked = &transactionCall{target: target, done: done, deadline: deadline}
	t.become(target)
	if target != transactionInitializing {
		p.flushing = p.open > 0
	}
	if target == transactionAborting {
		t.forgetUnsent()
	}
}

// refuses says why the application may not ask for a state now.
func (t *transaction) refuses(target transactionState) error {
	abortable := t.state == transactionAbortableError && target == transactionAborting
	if err := t.failure(); err != nil && !abortable {
		return err
	}
	if t.asked != nil || !t.state.mayBecome(target) || target == transactionInitializing && t.state != transactionUninitialized {
		return fmt.Errorf("%v while %v: %w", target, t.state, ErrTransactionState)
	}
	return nil
}

// failure is why nothing but an abort, or nothing at all, can be done.
func (t *transaction) failure() error {
	switch t.state {
	case transactionAbortableError:
		return fmt.Errorf("%w: %w", ErrAbortable, kerr.ErrorForCode(t.cause))
	case transactionFatalError:
		return fmt.Errorf("%w: %w", ErrFatal, kerr.ErrorForCode(t.cause))
	}
	return nil
}

// maySend says whether the application may send a record.
func (t *transaction) maySend() error {
	if err := t.failure(); err != nil {
		return err
	}
	if t.state != transactionOpen || t.asked != nil {
		return fmt.Errorf("send while %v: %w", t.state, ErrTransactionState)
	}
	return nil
}

// failedResult is the result of what was not done: without effect for sure,
// unless a commit may have reached the coordinator.
func (t *transaction) failedResult() TransactionResult {
	if t.asked != nil && t.asked.happened {
		return TransactionResult{Acknowledged, t.cause}
	}
	if t.commitInDoubt || t.state == transactionCommitting {
		return TransactionResult{Indeterminate, t.cause}
	}
	return TransactionResult{Failed, t.cause}
}

func (t *transaction) tell(call func()) { t.answer = append(t.answer, call) }

// finish ends what the application asked for, and tells it unless it has
// stopped waiting: then it is told when it asks again.
func (t *transaction) finish(result TransactionResult) {
	if c := t.asked; c != nil && !c.finished {
		c.finished, c.result, c.err = true, result, t.failure()
	}
}

// tellEnds calls those who wait for something that has ended or takes too long.
func (t *transaction) tellEnds(now host.Time) {
	if c := t.asked; c != nil && c.done != nil {
		done := c.done
		switch {
		case c.finished:
			t.asked = nil
			t.tell(func() { done(c.result, c.err) })
		case now >= c.deadline:
			c.done = nil
			t.tell(func() { done(TransactionResult{Indeterminate, kerr.RequestTimedOut.Code}, ErrDeadline) })
		}
	}
	for _, o := range t.offsets {
		if o.done != nil && now >= o.deadline {
			t.endOffsets(o, ErrDeadline)
		}
	}
	for len(t.answer) > 0 {
		calls := t.answer
		t.answer = nil
		t.producer.client.again = true
		for _, call := range calls {
			call()
		}
	}
}

func (t *transaction) endOffsets(o *offsetsCall, err error) {
	if done := o.done; done != nil {
		o.done = nil
		t.tell(func() { done(err) })
	}
}

func (t *transaction) observe(point *host.Point, code int16) {
	p := t.producer
	p.client.host.Observe(host.Event{Point: point, Subject: p.config.TransactionalID, Args: [6]int64{
		int64(p.identity.id), int64(p.identity.epoch), int64(code),
	}})
}
