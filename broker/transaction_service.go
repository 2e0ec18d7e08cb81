package broker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"assay/broker/metadata"
	"assay/broker/txn"
	"assay/host"
	"assay/internal/kafka"
)

// transactionService is the coordinator of the transactional ids of one
// partition of the transactions topic: what broker/txn decides, with the markers
// that its decisions owe.
type transactionService struct {
	*txn.Coordinator
	node        *Node
	coordinator *coordinator
	serves      bool                   // all that predecessors have left is applied
	completions map[string]*completion // by transactional id: what is prepared

	timeOuts, expiry timer
}

// completion is a transaction whose outcome is decided, until its markers are
// written and that is committed too.
type completion struct {
	service   *transactionService
	id        string
	marker    txn.Marker
	remaining []kafka.TopicPartition // without a marker yet
	ended     bool                   // nothing is left to do for this coordinator
	retry     timer                  // of the record that says complete
}

func newTransactionService(n *Node, c *coordinator) *transactionService {
	return &transactionService{Coordinator: txn.New(n.tuning.transactions, n), node: n, coordinator: c,
		completions: make(map[string]*completion)}
}

func (s *transactionService) String() string {
	return fmt.Sprintf("%d transactional ids, %d owe markers", s.Len(), s.Owed())
}

func (s *transactionService) size() (ids, owed int) { return s.Len(), s.Owed() }

// transactionServiceOf finds the coordinator of a transactional id:
// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS.
func (n *Node) transactionServiceOf(id string) (*transactionService, error) {
	c, err := n.coordinatorOf(metadata.TransactionsTopic, id)
	if err != nil {
		return nil, err
	}
	return c.service.(*transactionService), nil
}

// write appends what the core has decided; done is called once, when it is
// committed or with what is to be answered. That may take as long as the
// transaction: nobody else can decide in the meantime.
func (s *transactionService) write(r *txn.TransactionRecord, done func(error)) {
	s.coordinator.patience = time.Duration(r.Transaction.TimeoutMillis) * time.Millisecond
	s.node.writeCoordinator(s.coordinator, []coordinatorRecord{r}, done)
}

// Committed applies a record. An outcome that is decided takes its course from
// here, whether or not the one who asked for it still waits.
func (s *transactionService) Committed(producer kafka.ProducerID, r coordinatorRecord) {
	record := r.(*txn.TransactionRecord)
	before, _ := s.Transaction(record.ID)
	s.Coordinator.Committed(producer, r)
	if !s.serves || record.Deleted {
		return
	}
	t := &record.Transaction
	switch t.State {
	case txn.Ongoing:
		if before.State != txn.Ongoing {
			s.observe(PointTransactionBegun, record.ID, int64(t.ID), int64(t.Epoch))
		}
	case txn.PrepareCommit, txn.PrepareAbort:
		s.observe(PointTransactionPrepared, record.ID, int64(t.ID), int64(t.Epoch), bit(t.State == txn.PrepareCommit), int64(len(t.Partitions)))
		s.begin(record.ID)
	case txn.CompleteCommit:
		s.end(record.ID)
		s.observe(PointTransactionCommitted, record.ID, int64(t.ID), int64(t.Epoch))
	case txn.CompleteAbort:
		s.end(record.ID)
		s.observe(PointTransactionAborted, record.ID, int64(t.ID), int64(t.Epoch))
	}
}

// loaded takes up what predecessors have left half done.
func (s *transactionService) loaded() {
	s.serves = true
	for _, id := range s.IDs() {
		if marker, owed := s.Marker(id); owed && !s.node.tuning.transactions.Flaws.IgnorePrepared {
			s.observe(PointTransactionResumed, id, int64(marker.ID), int64(marker.Epoch), bit(marker.Commit), int64(len(marker.Partitions)))
			s.begin(id)
		}
	}
	s.node.every(&s.timeOuts, s.node.tuning.transactionTimeOutCheck, s.abortTimedOut)
	s.node.every(&s.expiry, s.node.tuning.transactionExpiryCheck, s.expire)
}

// unloaded leaves everything to the next coordinator.
func (s *transactionService) unloaded() {
	s.node.timers.Stop(&s.timeOuts)
	s.node.timers.Stop(&s.expiry)
	for _, id := range slices.Sorted(maps.Keys(s.completions)) {
		s.end(id)
	}
}

func (s *transactionService) observe(point *host.Point, id string, args ...int64) {
	s.node.observe(point, id, append([]int64{int64(s.coordinator.hosted.key.Partition)}, args...)...)
}

// begin sends the markers that a transaction owes.
func (s *transactionService) begin(id string) {
	marker, _ := s.Marker(id)
	c := &completion{service: s, id: id, marker: marker, remaining: slices.Clone(marker.Partitions)}
	s.completions[id] = c
	s.node.oweMarkers(c, marker.Partitions)
	c.settle()
}

// end forgets a completion; markers on their way for it do not matter any more.
func (s *transactionService) end(id string) {
	if c := s.completions[id]; c != nil {
		c.ended = true
		s.node.timers.Stop(&c.retry)
		delete(s.completions, id)
	}
}

// written takes note that a partition has its marker, or needs none.
func (c *completion) written(p kafka.TopicPartition) {
	c.remaining = slices.DeleteFunc(c.remaining, func(q kafka.TopicPartition) bool { return p == q })
}

// settle completes a transaction whose partitions all have their markers. A
// record that could not even be appended is tried again; one that was is
// committed some time, or found by the next coordinator.
func (c *completion) settle() {
	s := c.service
	if c.ended || len(c.remaining) > 0 || s.Pending(c.id) {
		return
	}
	s.write(s.Complete(s.node.moment.Wall, c.id), func(err error) {
		if err != nil && !c.ended && !s.Pending(c.id) {
			s.node.timers.set(&c.retry, s.node.now.Add(markerBackoff), c.settle)
		}
	})
}

// abortTimedOut aborts the transactions that have been open for too long, and
// fences their producers.
func (s *transactionService) abortTimedOut() {
	now := s.node.moment.Wall
	for _, id := range s.TimedOut(now) {
		t, _ := s.Transaction(id)
		record, err := s.Fence(now, id)
		if err != nil {
			continue // no producer id at hand: next time
		}
		s.observe(PointTransactionTimedOut, id, int64(t.ID), int64(t.Epoch), now.Millis()-t.StartMillis)
		s.write(record, func(error) {}) // if it failed it is still open next time
	}
}

// expire forgets transactional ids that nobody uses any more.
func (s *transactionService) expire() {
	const atOnce = 500 // records of a batch, well below max.message.bytes
	if expired := s.Expired(s.node.moment.Wall, atOnce); len(expired) > 0 {
		records := make([]coordinatorRecord, len(expired))
		for i, r := range expired {
			records[i] = r
		}
		s.node.writeCoordinator(s.coordinator, records, func(error) {}) // at worst they stay
	}
}

// markerBackoff is how long a marker that could not be written rests. Kafka has
// no setting for it.
const markerBackoff = 50 * time.Millisecond
