package clients

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// transactionRequest is a kind of request that a transaction needs.
type transactionRequest uint8

// The kinds.
const (
	requestNothing       transactionRequest = iota
	requestProducerID                       // InitProducerId: at first, and to raise the epoch
	requestAddPartitions                    // AddPartitionsToTxn
	requestAddOffsets                       // AddOffsetsToTxn: the group's partition of the offsets topic
	requestOffsets                          // TxnOffsetCommit
	requestEnd                              // EndTxn
)

// next is the request that the state asks for. A transaction is ended only when
// all its records have their outcome and all its offsets are taken.
func (t *transaction) next() transactionRequest {
	switch t.state {
	case transactionInitializing:
		return requestProducerID
	case transactionOpen, transactionCommitting, transactionAborting:
	default:
		return requestNothing
	}
	t.gatherPartitions()
	switch {
	case len(t.adding) > 0:
		return requestAddPartitions
	case len(t.offsets) > 0 && !t.version2 && !t.offsets[0].added:
		return requestAddOffsets
	case len(t.offsets) > 0:
		return requestOffsets
	case t.state != transactionOpen && t.producer.open == 0:
		return requestEnd
	}
	return requestNothing
}

// step does what can be done now.
func (t *transaction) step(now host.Time) {
	t.dropUnsent()
	for t.sendNext(now) {
	}
	t.tellEnds(now)
	t.producer.client.timers.Set(&t.timer, t.nextDeadline(now))
}

// sendNext reports whether something was done without waiting for an answer.
func (t *transaction) sendNext(now host.Time) bool {
	if t.inFlight || now < t.notUntil {
		return false
	}
	kind := t.next()
	if kind == requestNothing {
		return false
	}
	if kind == requestEnd && !t.started {
		t.ended() // nobody knows of the transaction
		return true
	}
	to := &t.coordinator
	if kind == requestOffsets {
		to = t.groupCoordinator()
	}
	peer := to.ready()
	if code := to.takeRefusal(); code != 0 {
		t.failed(kind, code)
		return false
	}
	if peer == nil {
		return false
	}
	if kind != requestOffsets {
		t.canBump = peer.versions[kmsg.InitProducerID] >= firstVersionToBump
	}
	t.send(kind, peer)
	return false
}

// firstVersionToBump is the first version of InitProducerId that takes the
// producer's present epoch (KIP-360).
const firstVersionToBump int16 = 3

func (t *transaction) send(kind transactionRequest, peer *peer) {
	var body kmsg.Request
	var answered func(kmsg.Response)
	switch kind {
	case requestProducerID:
		body, answered = t.initRequest(peer)
	case requestAddPartitions:
		body, answered = t.addPartitionsRequest(peer)
	case requestAddOffsets:
		body, answered = t.addOffsetsRequest(peer)
	case requestOffsets:
		body, answered = t.offsetsRequest(peer)
	case requestEnd:
		body, answered = t.endRequest(peer)
	}
	t.inFlight = true
	client := t.producer.client
	err := client.network.send(peer, call{body: body, done: func(response kmsg.Response, err error) {
		t.inFlight = false
		client.again = true
		switch {
		case t.state == transactionFatalError:
		case err != nil:
			t.refused(kind, codeOf(err))
		default:
			answered(response)
		}
	}})
	if err != nil {
		t.inFlight = false
		t.failed(kind, codeOf(err))
	}
}

// refused takes the code that ended one attempt of a request that had left.
func (t *transaction) refused(kind transactionRequest, code int16) {
	switch {
	case kind == requestEnd && t.state == transactionCommitting:
		t.commitInDoubt = t.commitInDoubt || !isDefiniteForEnd(code)
	case kind == requestAddPartitions:
		switch reactionTo(kind, code) {
		case lookUpAndRetry:
			t.addingInDoubt = true
		case abort, abortAndBump:
			t.addingInDoubt = false
		}
	}
	t.failed(kind, code)
	if kind == requestAddPartitions && (t.state == transactionAbortableError || t.state == transactionAborting) {
		t.forgetUnsent()
	}
}

// failed reacts to the code that ended one attempt of a request, or the search
// for the coordinator.
func (t *transaction) failed(kind transactionRequest, code int16) {
	switch reactionTo(kind, code) {
	case lookUpAndRetry:
		if kind == requestOffsets {
			t.group.forget() // the offsets themselves may have been given up meanwhile
		} else {
			t.coordinator.forget()
		}
		t.backOff(kind, code)
	case retryLater:
		t.backOff(kind, code)
	case abortAndBump:
		if !t.needsBump() {
			t.fatal(code)
			return
		}
		t.abortable(code)
	case abort:
		if t.state == transactionAborting && kind == requestEnd {
			t.fatal(code) // the abort itself is what was refused
			return
		}
		t.abortable(code)
	default:
		t.fatal(code)
	}
}

// firstPartitionsBackoff is how soon the first AddPartitionsToTxn of a
// transaction is repeated while the markers of the one before are being written
// (TransactionManager.ADD_PARTITIONS_RETRY_BACKOFF_MS; librdkafka's and
// franz-go's are the same).
const firstPartitionsBackoff = 20 * time.Millisecond

// backOff waits before the next request. Kafka's TransactionManager always waits
// for retry.backoff.ms, without growth or chance.
func (t *transaction) backOff(kind transactionRequest, code int16) {
	client := t.producer.client
	wait := client.config.RetryBackoff.Initial
	if kind == requestAddPartitions && code == kerr.ConcurrentTransactions.Code && !t.started {
		wait = min(wait, firstPartitionsBackoff)
	}
	t.notUntil = client.host.Now().Add(wait)
}

// nextDeadline is when there is something to do without any event.
func (t *transaction) nextDeadline(now host.Time) host.Time {
	next := host.Never
	if t.notUntil > now && !t.inFlight {
		next = t.notUntil
	}
	if c := t.asked; c != nil && c.done != nil {
		next = min(next, c.deadline)
	}
	for _, o := range t.offsets {
		if o.done != nil {
			next = min(next, o.deadline)
		}
	}
	return next
}

// reaction is what a refused request leads to.
type reaction uint8

const (
	end            reaction = iota // the producer ends
	retryLater                     // the same request again
	lookUpAndRetry                 // and maybe to another broker
	abort                          // the transaction can only be aborted
	abortAndBump                   // and sequences are in doubt
)

// reactionTo is what the request handlers of Kafka 4.3's TransactionManager do.
func reactionTo(kind transactionRequest, code int16) reaction {
	switch code {
	case networkException, kerr.NotCoordinator.Code, kerr.CoordinatorNotAvailable.Code:
		return lookUpAndRetry
	case kerr.RequestTimedOut.Code:
		if kind == requestOffsets {
			return lookUpAndRetry
		}
	case kerr.ConcurrentTransactions.Code:
		return retryLater
	case kerr.TransactionAbortable.Code:
		return abort
	case kerr.ProducerFenced.Code, kerr.InvalidProducerEpoch.Code, kerr.InvalidTxnState.Code, kerr.InvalidProducerIDMapping.Code,
		kerr.UnsupportedVersion.Code:
		return end
	case kerr.UnknownProducerID.Code:
		if kind == requestProducerID || kind == requestOffsets {
			return end
		}
		return abortAndBump
	case kerr.TransactionalIDAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code:
		if kind == requestProducerID {
			return abort
		}
		return end
	case kerr.GroupAuthorizationFailed.Code:
		if kind == requestAddOffsets || kind == requestOffsets {
			return abort
		}
	case kerr.FencedInstanceID.Code, kerr.UnknownMemberID.Code, kerr.IllegalGeneration.Code:
		if kind == requestOffsets {
			return abort
		}
	}
	switch {
	case isRetriable(code):
		return retryLater
	case kind == requestAddPartitions:
		return abort // one partition's error: TOPIC_AUTHORIZATION_FAILED, OPERATION_NOT_ATTEMPTED
	}
	return end
}

// isDefiniteForEnd says whether an answer to EndTxn proves that this attempt
// ended no transaction. A coordinator that wrote the decision and lost its
// partition, or waited for its followers in vain, answers NOT_COORDINATOR,
// COORDINATOR_NOT_AVAILABLE or COORDINATOR_LOAD_IN_PROGRESS.
func isDefiniteForEnd(code int16) bool {
	switch code {
	case kerr.ProducerFenced.Code, kerr.InvalidProducerEpoch.Code, kerr.InvalidTxnState.Code, kerr.InvalidProducerIDMapping.Code,
		kerr.UnknownProducerID.Code, kerr.TransactionAbortable.Code, kerr.ConcurrentTransactions.Code,
		kerr.TransactionalIDAuthorizationFailed.Code, kerr.UnsupportedVersion.Code, kerr.InvalidRequest.Code:
		return true
	}
	return false
}
