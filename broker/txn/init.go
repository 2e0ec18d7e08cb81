package txn

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// InitRequest begins a session of a producer under a transactional id.
type InitRequest struct {
	ID            string
	TimeoutMillis int32
	// Expected is the producer that goes on after an error (KIP-360); NoProducer
	// for one that knows nothing of a former session.
	Expected Producer
}

// Init decides on a new session: whoever was the producer before is fenced. An
// open transaction is aborted first, and the producer told to come again
// (CONCURRENT_TRANSACTIONS in the Decision). Refused are
// INVALID_REQUEST, INVALID_TRANSACTION_TIMEOUT, CONCURRENT_TRANSACTIONS and, for
// an Expected producer that another one has replaced, PRODUCER_FENCED.
func (c *Coordinator) Init(now host.WallTime, r *InitRequest) (Decision, error) {
	if r.ID == "" {
		return Decision{}, kerr.InvalidRequest
	}
	if r.TimeoutMillis <= 0 || time.Duration(r.TimeoutMillis)*time.Millisecond > c.settings.MaxTimeout {
		return Decision{}, kerr.InvalidTransactionTimeout
	}
	e := c.transactions[r.ID]
	if e == nil {
		return c.initFirst(now, r)
	}
	switch {
	case e.blocked():
		return Decision{}, kerr.ConcurrentTransactions
	case !e.mayGoOn(r.Expected):
		return Decision{}, kerr.ProducerFenced
	case e.State == Ongoing:
		record, err := c.fence(now, r.ID, e)
		return Decision{Record: record, Error: kerr.ConcurrentTransactions}, err
	}
	return c.initAgain(now, r, e)
}

// initFirst gives a transactional id its first producer id.
func (c *Coordinator) initFirst(now host.WallTime, r *InitRequest) (Decision, error) {
	producerID, err := c.ids.Take()
	if err != nil {
		return Decision{}, err
	}
	t := Transaction{Producer: Producer{producerID, kafka.NoProducerEpoch}, NextID: kafka.NoProducerID}
	t = t.initialized(now, r.TimeoutMillis, Producer{producerID, 0}, kafka.NoProducerEpoch)
	return Decision{Record: c.write(r.ID, &t), Producer: t.Producer}, nil
}

// mayGoOn reports whether the producer is the present one as far as its id
// says. The former id with its last epoch may repeat the request that gave it
// the present one.
func (e *entry) mayGoOn(expected Producer) bool {
	return expected == NoProducer || expected.ID == e.ID || expected.ID == e.PreviousID && exhausted(expected.Epoch)
}

// initAgain bumps the epoch of a producer that has nothing open, or gives it a
// new id where no epoch is left.
func (c *Coordinator) initAgain(now host.WallTime, r *InitRequest, e *entry) (Decision, error) {
	goesOn := r.Expected != NoProducer
	repeats := goesOn && r.Expected.Epoch != e.Epoch
	if repeats && r.Expected.Epoch != e.LastEpoch {
		return Decision{}, kerr.ProducerFenced
	}
	producer, last := e.Producer, kafka.NoProducerEpoch
	if goesOn {
		last = e.Epoch
	}
	switch {
	case repeats: // nobody was initialised since: that would have forgotten the last epoch
		last = e.LastEpoch
	case c.settings.Flaws.NoEpochFence:
	case exhausted(e.Epoch):
		producerID, err := c.ids.Take()
		if err != nil {
			return Decision{}, err
		}
		producer = Producer{producerID, 0}
	default:
		producer.Epoch++
	}
	t := e.initialized(now, r.TimeoutMillis, producer, last)
	return Decision{Record: c.write(r.ID, &t), Producer: t.Producer}, nil
}

// Fence decides to abort a transaction whose time has run out, and its producer
// with it. CONCURRENT_TRANSACTIONS where it is being ended already.
func (c *Coordinator) Fence(now host.WallTime, id string) (*TransactionRecord, error) {
	e, err := c.known(id)
	switch {
	case err != nil:
		return nil, err
	case e.pending || e.State != Ongoing:
		return nil, kerr.ConcurrentTransactions
	}
	return c.fence(now, id, e)
}

// fence aborts an open transaction and bumps the epoch: markers with the new one
// fence the old at every partition, and its requests are refused here. Of the
// fenced, only one that asks for the abort itself (version 2) gets the epoch.
func (c *Coordinator) fence(now host.WallTime, id string, e *entry) (*TransactionRecord, error) {
	fencing := e.Transaction
	fencing.State = step(e.State, PrepareEpochFence)
	var t Transaction
	switch {
	case c.settings.Flaws.NoEpochFence:
		t = fencing.ended(now, false)
	case c.settings.Version >= EpochPerTransaction:
		nextID, err := c.nextID(e)
		if err != nil {
			return nil, err
		}
		t = fencing.endedAndBumped(now, false, nextID)
		t.StartMillis = e.StartMillis
	default:
		t = fencing.ended(now, false)
		t.Epoch, t.LastEpoch = bumped(e.Epoch), kafka.NoProducerEpoch
	}
	return c.write(id, &t), nil
}

// nextID is a new producer id for one whose epochs end with this transaction.
func (c *Coordinator) nextID(e *entry) (kafka.ProducerID, error) {
	if !exhausted(e.Epoch) {
		return kafka.NoProducerID, nil
	}
	return c.ids.Take()
}
