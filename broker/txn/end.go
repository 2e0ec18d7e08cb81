package txn

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// EndRequest commits or aborts.
type EndRequest struct {
	ID       string
	Producer Producer
	Commit   bool
	Version  Version // what the client makes use of
}

// End decides the outcome of the producer's transaction. The Decision has the
// producer as it goes on: in version 2 under the next epoch. Refused are
// INVALID_REQUEST, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED,
// CONCURRENT_TRANSACTIONS while an outcome is being written, and
// INVALID_TXN_STATE where there is nothing to end or the outcome was another.
func (c *Coordinator) End(now host.WallTime, r *EndRequest) (Decision, error) {
	e, err := c.known(r.ID)
	switch {
	case err != nil:
		return Decision{}, err
	case r.Version < EpochPerTransaction:
		return c.endV1(now, r, e)
	case c.settings.Flaws.EndMatchesEpochOnly:
		return c.endByEpochOnly(now, r, e)
	}
	return c.endV2(now, r, e)
}

// endV1: one epoch serves all transactions of a producer, so that a request that
// was repeated and one that comes late look alike.
func (c *Coordinator) endV1(now host.WallTime, r *EndRequest, e *entry) (Decision, error) {
	switch {
	case e.ID != r.Producer.ID:
		return Decision{}, kerr.InvalidProducerIDMapping
	case e.Epoch != r.Producer.Epoch:
		return Decision{}, kerr.ProducerFenced
	case e.blocked():
		return Decision{}, kerr.ConcurrentTransactions
	case e.State == Ongoing:
		t := e.ended(now, r.Commit)
		return Decision{Record: c.write(r.ID, &t), Producer: t.Producer}, nil
	case e.endedSo(r.Commit):
		return Decision{Producer: e.Producer}, nil
	}
	return Decision{}, kerr.InvalidTxnState
}

// endedSo reports whether the last transaction had this outcome.
func (e *entry) endedSo(commit bool) bool {
	return commit && e.State == CompleteCommit || !commit && e.State == CompleteAbort
}

// endV2 tells by the epoch which transaction is meant. When nothing is open:
//
//	                  abort                 commit
//	                  repeated   present    repeated   present
//	Empty             fenced     bumps      fenced     refused
//	CompleteAbort     done       bumps      refused    refused
//	CompleteCommit    refused    bumps      done       refused
//
// A producer that does not know whether any of its writes has begun the
// transaction aborts it all the same, and gets another epoch in any case.
func (c *Coordinator) endV2(now host.WallTime, r *EndRequest, e *entry) (Decision, error) {
	afterOverflow := e.PreviousID == r.Producer.ID && r.Producer.Epoch == lastOfProducer && e.Epoch == 0
	repeated := afterOverflow || int(e.Epoch) == int(r.Producer.Epoch)+1
	complete := e.State == CompleteCommit || e.State == CompleteAbort
	switch {
	case e.blocked():
		return Decision{}, kerr.ConcurrentTransactions
	case e.ID != r.Producer.ID && !afterOverflow:
		return Decision{}, kerr.InvalidProducerIDMapping
	case e.Epoch != r.Producer.Epoch && !(complete && repeated):
		return Decision{}, kerr.ProducerFenced
	case complete && repeated && e.endedSo(r.Commit):
		return Decision{Producer: e.Producer}, nil
	case complete && repeated, e.State != Ongoing && r.Commit:
		return Decision{}, kerr.InvalidTxnState
	}
	nextID, err := c.nextID(e)
	if err != nil {
		return Decision{}, err
	}
	t := e.endedAndBumped(now, r.Commit, nextID)
	return Decision{Record: c.write(r.ID, &t), Producer: t.afterwards()}, nil
}

// endByEpochOnly is the museum's: version 1 for clients of version 2, who may
// abort what they have not begun. NoProducer tells them to go on as they are.
func (c *Coordinator) endByEpochOnly(now host.WallTime, r *EndRequest, e *entry) (Decision, error) {
	d, err := c.endV1(now, r, e)
	if err == kerr.InvalidTxnState && !r.Commit {
		err = nil
	}
	d.Producer = NoProducer
	return d, err
}

// Marker is what is to be written to each partition of a transaction that is
// prepared.
type Marker struct {
	Producer
	Commit     bool
	Version    Version
	Partitions []kafka.TopicPartition
}

// Marker returns the markers that a transactional id owes; false for none.
func (c *Coordinator) Marker(id string) (Marker, bool) {
	e := c.transactions[id]
	if e == nil || !e.State.prepared() {
		return Marker{}, false
	}
	return Marker{e.Producer, e.State == PrepareCommit, e.ClientVersion, e.Partitions}, true
}

// Complete decides that all markers of a transaction are written.
func (c *Coordinator) Complete(now host.WallTime, id string) *TransactionRecord {
	t := c.transactions[id].completed(now)
	return c.write(id, &t)
}
