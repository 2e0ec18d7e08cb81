// Package txn is the deciding core of the transaction coordinator (KIP-98,
// KIP-360, KIP-890): the transactional ids whose state lives in one partition of
// the transactions topic.
//
// A request is decided upon the committed state: a record and an answer come
// out, and nothing changes. From its Appended to its Committed the record is
// pending, and its transactional id takes no other decision (CONCURRENT_TRANSACTIONS);
// Committed then is the one path by which the state changes, for a coordinator
// that decides and for one that replays.
//
// Whoever hosts the core writes the markers of what is prepared (Marker), and
// has it Complete when all are written.
package txn

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// Settings are what a coordinator decides by.
type Settings struct {
	Version    Version       // transaction.version of the cluster
	MaxTimeout time.Duration // transaction.max.timeout.ms
	Expiration time.Duration // transactional.id.expiration.ms
	Flaws      Flaws
}

// ProducerIDs gives producer ids that nobody else has.
type ProducerIDs interface {
	// Take fails with what the client is to be answered while none is at hand.
	Take() (kafka.ProducerID, error)
}

// Coordinator is the transactional ids of one partition of the transactions
// topic.
type Coordinator struct {
	settings     Settings
	ids          ProducerIDs
	transactions map[string]*entry
	topics       map[string]string // the names that transactions hold, each once
	decoder      decoder
}

// entry is one transactional id.
type entry struct {
	Transaction
	known   bool // a record was committed
	pending bool // a record was appended that is not committed yet
}

// blocked reports whether the transactional id can take no decision: one is
// pending, or markers are owed.
func (e *entry) blocked() bool { return e.pending || e.State.prepared() }

// New returns a coordinator of no transactional ids.
func New(settings Settings, ids ProducerIDs) *Coordinator {
	return &Coordinator{settings: settings, ids: ids, transactions: make(map[string]*entry), topics: make(map[string]string)}
}

// Decision is what comes of a request. Once Record is committed (at once, if it
// is nil), Error is answered, or Producer as the one to go on with.
type Decision struct {
	Record   *TransactionRecord
	Producer Producer
	Error    error
}

// write makes a decision's record.
func (c *Coordinator) write(id string, t *Transaction) *TransactionRecord {
	return &TransactionRecord{ID: id, Transaction: *t, flexible: c.settings.Version >= FlexibleRecords}
}

// Appended applies what the next decision must know of a record that was
// appended and may not be committed yet: that there is one.
func (c *Coordinator) Appended(_ kafka.ProducerID, r Record) {
	e := c.entry(r.(*TransactionRecord).ID)
	e.pending = true
}

// Committed applies a record that is committed. Its strings are copied where
// they are kept.
func (c *Coordinator) Committed(_ kafka.ProducerID, record Record) {
	r, ok := record.(*TransactionRecord)
	if !ok {
		panic(fmt.Sprintf("txn: no record %T", record))
	}
	if r.Deleted {
		delete(c.transactions, r.ID)
		return
	}
	e := c.entry(r.ID)
	e.Transaction, e.known, e.pending = r.Transaction, true, false
	e.Partitions = slices.Clone(r.Transaction.Partitions)
	for i := range e.Partitions {
		e.Partitions[i].Topic = c.topicName(e.Partitions[i].Topic)
	}
}

// EndTransaction: nothing here is written in a transaction.
func (c *Coordinator) EndTransaction(kafka.ProducerID, bool) {}

func (c *Coordinator) entry(id string) *entry {
	e := c.transactions[id]
	if e == nil {
		e = &entry{Transaction: Transaction{Producer: NoProducer, PreviousID: kafka.NoProducerID, NextID: kafka.NoProducerID,
			LastEpoch: kafka.NoProducerEpoch, StartMillis: noStart}}
		c.transactions[strings.Clone(id)] = e
	}
	return e
}

// topicName is the same text, kept once.
func (c *Coordinator) topicName(name string) string {
	kept, known := c.topics[name]
	if !known {
		kept = strings.Clone(name)
		c.topics[kept] = kept
	}
	return kept
}

// known finds a transactional id that somebody has initialised:
// INVALID_REQUEST for the empty one, INVALID_PRODUCER_ID_MAPPING for one that is
// not known.
func (c *Coordinator) known(id string) (*entry, error) {
	if id == "" {
		return nil, kerr.InvalidRequest
	}
	e := c.transactions[id]
	if e == nil || !e.known {
		return nil, kerr.InvalidProducerIDMapping
	}
	return e, nil
}

// Len counts the transactional ids.
func (c *Coordinator) Len() int { return len(c.transactions) }

// Owed counts the transactions whose markers are not all written.
func (c *Coordinator) Owed() (owed int) {
	for _, e := range c.transactions { // order-free: a count
		if e.State.prepared() {
			owed++
		}
	}
	return owed
}

// IDs returns the transactional ids that somebody has initialised, in their
// order.
func (c *Coordinator) IDs() []string {
	ids := slices.Sorted(maps.Keys(c.transactions))
	return slices.DeleteFunc(ids, func(id string) bool { return !c.transactions[id].known })
}

// Transaction returns the state of a transactional id; false where nobody has
// initialised it.
func (c *Coordinator) Transaction(id string) (Transaction, bool) {
	if e := c.transactions[id]; e != nil && e.known {
		return e.Transaction, true
	}
	return Transaction{}, false
}

// Pending reports whether a decision on a transactional id is appended and not
// committed yet.
func (c *Coordinator) Pending(id string) bool {
	e := c.transactions[id]
	return e != nil && e.pending
}

// TimedOut returns the transactional ids whose transaction has been open for
// longer than it may, in their order. Fence aborts them.
func (c *Coordinator) TimedOut(now host.WallTime) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(c.transactions)) {
		e := c.transactions[id]
		if e.State == Ongoing && !e.pending && e.StartMillis+int64(e.TimeoutMillis) < now.Millis() {
			ids = append(ids, id)
		}
	}
	return ids
}

// Expired decides to forget the transactional ids that have been idle for
// transactional.id.expiration.ms, at most so many at once.
func (c *Coordinator) Expired(now host.WallTime, most int) (records []*TransactionRecord) {
	limit := now.Millis() - c.settings.Expiration.Milliseconds()
	for _, id := range slices.Sorted(maps.Keys(c.transactions)) {
		e := c.transactions[id]
		if len(records) < most && e.known && !e.pending && e.State.idle() && e.UpdateMillis <= limit {
			step(e.State, Dead)
			records = append(records, &TransactionRecord{ID: id, Deleted: true})
		}
	}
	return records
}
