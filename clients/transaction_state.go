package clients

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
)

// transactionState is where a transactional producer stands.
type transactionState uint8

// The states, as Kafka's TransactionManager names them.
const (
	transactionUninitialized  transactionState = iota // InitTransactions has not been called
	transactionInitializing                           // waits for a producer id and epoch
	transactionReady                                  // none is open
	transactionOpen                                   // Kafka's IN_TRANSACTION
	transactionCommitting                             // sends what is left, then EndTxn
	transactionAborting                               // waits for what is on the wire, then EndTxn
	transactionAbortableError                         // can only be aborted
	transactionFatalError                             // nothing can be done any more
)

var transactionStateNames = [...]string{
	"uninitialized", "initializing", "ready", "in a transaction", "committing", "aborting", "in an abortable error", "in a fatal error",
}

func (s transactionState) String() string { return transactionStateNames[s] }

// transactionMayFollow lists the states from which each may be entered
// (TransactionManager.State.isTransitionValid). A fatal error may come anywhere.
var transactionMayFollow = [...][]transactionState{
	transactionUninitialized: {transactionReady, transactionAbortableError},
	// From the ends of a transaction where the epoch has to be raised.
	transactionInitializing: {transactionUninitialized, transactionCommitting, transactionAborting},
	transactionReady:        {transactionInitializing, transactionCommitting, transactionAborting},
	transactionOpen:         {transactionReady},
	transactionCommitting:   {transactionOpen},
	transactionAborting:     {transactionOpen, transactionAbortableError},
	transactionAbortableError: {
		transactionOpen, transactionCommitting, transactionAbortableError, transactionInitializing,
	},
	transactionFatalError: {
		transactionUninitialized, transactionInitializing, transactionReady, transactionOpen, transactionCommitting,
		transactionAborting, transactionAbortableError, transactionFatalError,
	},
}

func (s transactionState) mayBecome(next transactionState) bool {
	return slices.Contains(transactionMayFollow[next], s)
}

func (t *transaction) become(next transactionState) {
	if !t.state.mayBecome(next) {
		panic(fmt.Sprintf("clients: a transaction went from %v to %v", t.state, next))
	}
	t.state = next
	t.producer.client.again = true
}

// abortable notes an error after which the transaction can only be aborted.
// While it is being aborted anyway nothing changes.
func (t *transaction) abortable(code int16) {
	if t.state == transactionAbortableError || !t.state.mayBecome(transactionAbortableError) {
		return
	}
	known := t.producer.identity.known()
	// An epoch that could not be raised is asked for after the abort.
	t.bump = t.bump || known && t.state == transactionInitializing
	t.fail(transactionAbortableError, code, PointTransactionAbortable)
	if !known {
		t.become(transactionUninitialized) // there is nothing to abort
		t.cause = 0
	}
}

// fatal ends the producer: somebody else has its transactional id, or nobody
// can say what the coordinator holds.
func (t *transaction) fatal(code int16) {
	if t.state == transactionFatalError {
		return
	}
	if code == kerr.InvalidProducerEpoch.Code {
		code = kerr.ProducerFenced.Code // what older coordinators call it
	}
	t.fail(transactionFatalError, code, PointTransactionFatal)
}

// fail enters an error state and ends what the application waits for.
func (t *transaction) fail(state transactionState, code int16, point *host.Point) {
	t.become(state)
	t.cause = code
	t.observe(point, code)
	t.forgetUnsent()
	for _, o := range t.offsets {
		t.endOffsets(o, t.failure())
	}
	t.offsets = nil
	t.finish(t.failedResult())
}

// needsBump notes that sequences are in doubt. With transaction version 2 the
// coordinator raises the epoch anyway; before, we ask for it after the
// transaction (KIP-360), where the coordinator can. It reports whether either
// mends it.
func (t *transaction) needsBump() bool {
	if t.version2 {
		return true
	}
	t.bump = t.bump || t.canBump
	return t.canBump
}

// batchFailed takes the end of a batch without success: half of a transaction
// must not be committed (TransactionManager.maybeTransitionToErrorState).
func (t *transaction) batchFailed(b *producerBatch) {
	switch b.lastError {
	case kerr.ClusterAuthorizationFailed.Code, kerr.TransactionalIDAuthorizationFailed.Code, kerr.ProducerFenced.Code,
		kerr.UnsupportedVersion.Code, kerr.InvalidProducerIDMapping.Code:
		t.fatal(b.lastError)
		return
	}
	if b.sequenced || t.state == transactionOpen {
		if !t.needsBump() && b.sequenced {
			t.fatal(b.lastError) // its sequence can neither be used again nor left out
			return
		}
	}
	t.abortable(b.lastError)
}

// triesAgain is canRetry of Kafka's TransactionManager for a transaction: no
// batch goes again under another epoch.
func (t *transaction) triesAgain(b *producerBatch, code int16) bool {
	switch code {
	case kerr.OutOfOrderSequenceNumber.Code:
		if sequenceBefore(b.sequence, b.partition.acknowledged) {
			b.ambiguous = true // the broker cannot say any more whether it took it
			return false
		}
		// One behind a batch that is being retried just came too early.
		return !b.partition.unresolved && !b.partition.isNextExpected(b)
	case kerr.ConcurrentTransactions.Code:
		return true
	}
	return t.producer.config.Profile.retriesAfter(code)
}
