package broker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// coordinator is the coordinator of whatever falls into one partition of an
// internal topic, for as long as this broker leads it. What its service decides
// it writes to that partition as any other record, and answers only AFTER the
// high watermark has passed it.
type coordinator struct {
	hosted  *hosted
	service coordinatorService
	state   coordinatorState
	next    kafka.Offset // everything below is committed and applied
	pending []*coordinatorWrite
	// patience is how long a write may wait until it is committed.
	patience time.Duration

	// While it loads.
	end     kafka.Offset // of what the predecessors have left
	records int64
	began   host.Time
}

// coordinatorRecord is a record of an internal topic.
type coordinatorRecord = interface {
	AppendKey(dst []byte) []byte
	// AppendValue reports false for a tombstone.
	AppendValue(dst []byte) (value []byte, present bool)
}

// coordinatorService is what a coordinator coordinates. A record comes to it
// twice: when it is appended, for what the next decision must know, and when it
// is committed, for what may be told. A load brings both at once.
type coordinatorService interface {
	fmt.Stringer // how much it coordinates, for people
	// Decode reads a record, nil for one of an unknown kind. It is the service's
	// until the next call, and aliases key and value.
	Decode(key, value []byte) (coordinatorRecord, error)
	// Appended and Committed take a record; producer is NoProducerID outside of
	// transactions.
	Appended(producer kafka.ProducerID, r coordinatorRecord)
	Committed(producer kafka.ProducerID, r coordinatorRecord)
	// EndTransaction takes a transaction's marker that is committed.
	EndTransaction(producer kafka.ProducerID, committed bool)
	// loaded: all that the predecessors have left is applied, requests come from
	// now on.
	loaded()
	// unloaded: the partition is led elsewhere. Whoever waits is answered
	// NOT_COORDINATOR; nothing else is called afterwards.
	unloaded()
	// size says how much it coordinates, for those who watch: things with a name,
	// and parts of them.
	size() (names, parts int)
}

// coordinatorState is how far a coordinator has come.
type coordinatorState int8

const (
	// coordinatorLoads replays the partition; COORDINATOR_LOAD_IN_PROGRESS.
	coordinatorLoads coordinatorState = iota
	// coordinatorServes.
	coordinatorServes
	// coordinatorFailed could not read the partition; NOT_COORDINATOR until
	// another one takes over.
	coordinatorFailed
)

func (s coordinatorState) String() string { return [...]string{"loads", "serves", "failed"}[s] }

// coordinatorWrite is a decision that waits until it is committed. Without
// records it waits for those before it.
type coordinatorWrite struct {
	end      kafka.Offset
	producer kafka.ProducerID // whose transaction it is part of
	records  []coordinatorRecord
	ends     bool        // it is the transaction's marker
	commit   bool        // of ends
	done     func(error) // nil once it was answered; called exactly once
	deadline timer
}

// coordination is what all coordinators of the node share.
type coordination struct {
	loading []*coordinator // with something to replay, in turns
	timer   timer

	builder    batch.Builder
	batch      []byte // memory of the builder
	key, value []byte
}

const (
	// loadStep bounds the bytes that one step of a load replays, however large
	// offsets.load.buffer.size is: a few milliseconds of work.
	loadStep = 256 << 10
	// loadPace is how long a load rests after each byte, of which the work takes
	// about 3 ns: most of the node's time is left for others, and a million
	// offsets take about a second, also in a simulator that charges no work.
	loadPace = 10 * time.Nanosecond
)

// coordinatorOf finds the coordinator that a key falls to in an internal topic:
// NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS.
func (n *Node) coordinatorOf(internalTopic, key string) (*coordinator, error) {
	topic := n.image.Topic(internalTopic)
	if topic == nil {
		return nil, kerr.NotCoordinator
	}
	here := n.partitions[topic.ID]
	number := group.PartitionFor(key, len(topic.Partitions))
	if int(number) >= len(here) || here[number] == nil || here[number].Role() != replica.Leading {
		return nil, kerr.NotCoordinator
	}
	h := here[number]
	n.host.Serial(h.lane)
	switch c := h.coordinator; {
	case c == nil || c.state == coordinatorLoads:
		return nil, kerr.CoordinatorLoadInProgress
	case c.state == coordinatorFailed:
		return nil, kerr.NotCoordinator
	}
	return h.coordinator, nil
}

// newService makes the service of a partition of an internal topic.
func (n *Node) newService(c *coordinator) coordinatorService {
	if c.hosted.key.Topic == metadata.TransactionsTopic {
		return newTransactionService(n, c)
	}
	return newGroupService(n, c)
}

// settleCoordinator brings the coordinator of a partition of an internal topic to the partition's role, and lets end what waits. It is called by settle
// alone.
func (n *Node) settleCoordinator(h *hosted) {
	switch leads := h.Role() == replica.Leading; {
	case !leads && h.coordinator != nil:
		n.unloadCoordinator(h.coordinator)
	case leads && h.coordinator == nil:
		h.coordinator = &coordinator{hosted: h, next: h.LogStartOffset(), end: h.LogEndOffset(), began: n.now, patience: n.tuning.commitTimeout}
		h.coordinator.service = n.newService(h.coordinator)
	}
	c := h.coordinator
	if c == nil {
		return
	}
	switch c.state {
	case coordinatorLoads:
		n.goOnLoading(c)
	case coordinatorServes:
		n.completeCoordinatorWrites(c)
	}
}

// goOnLoading ends a load, or sees to it that it goes on. It ends when all that
// was in the log is replayed, and only what is committed ever is: a new leader
// may have to wait for its followers before it knows what its predecessor had
// answered.
func (n *Node) goOnLoading(c *coordinator) {
	if c.next >= c.end {
		c.state = coordinatorServes
		names, parts := c.service.size()
		n.observe(PointCoordinatorLoaded, c.hosted.key.Topic, int64(c.hosted.key.Partition), int64(c.hosted.State().LeaderEpoch),
			int64(names), int64(parts), c.records, int64(n.now.Sub(c.began)))
		c.service.loaded()
		return
	}
	if c.next >= c.hosted.HighWatermark() || slices.Contains(n.coordination.loading, c) {
		return
	}
	n.coordination.loading = append(n.coordination.loading, c)
	if len(n.coordination.loading) == 1 {
		n.timers.set(&n.coordination.timer, n.now, n.load)
	}
}

// load is one step of the loads under way.
func (n *Node) load() {
	step := min(loadStep, n.tuning.loadBuffer)
	left := step
	for len(n.coordination.loading) > 0 && left > 0 {
		c := n.coordination.loading[0]
		if read := n.loadSome(c, left); read > 0 {
			left -= read
			continue
		}
		n.coordination.loading = slices.Delete(n.coordination.loading, 0, 1)
		c.hosted.Changed(nil) // settle looks whether it has ended
	}
	if len(n.coordination.loading) > 0 {
		n.timers.set(&n.coordination.timer, n.now.Add(time.Duration(step-left)*loadPace), n.load)
	}
}

// loadSome replays about so many bytes and returns how many; 0 where nothing is
// left to replay for the time being.
func (n *Node) loadSome(c *coordinator, bytes int) int {
	h := c.hosted
	limit := min(c.end, h.HighWatermark())
	if h.coordinator != c || c.state != coordinatorLoads || c.next >= limit {
		return 0
	}
	n.host.Serial(h.lane)
	extent, err := h.log.Read(c.next, bytes, limit, true)
	var content []byte
	if err == nil {
		content, err = extent.Bytes()
	}
	if err == nil {
		err = n.replayBatches(c, content)
	}
	if err == nil && len(content) == 0 {
		err = errLogGap
	}
	if err != nil {
		c.state = coordinatorFailed
		n.observe(PointCoordinatorLoadFailed, h.key.Topic, int64(h.key.Partition), int64(h.State().LeaderEpoch), int64(c.next))
		return 0
	}
	return len(content)
}

// errLogGap: committed offsets lead nowhere, which only a log that recovery
// should have cut can have.
var errLogGap = errors.New("a gap in the log")

func (n *Node) replayBatches(c *coordinator, content []byte) error {
	for h, whole := range batch.Iterate(content) {
		producer := kafka.NoProducerID
		if h.IsTransactional() {
			producer = h.ProducerID
		}
		err := batch.ForEachRecord(whole, func(r batch.Record) error {
			if r.Offset < c.next {
				return nil
			}
			if h.IsControl() {
				return c.replayMarker(producer, r.Key)
			}
			record, err := c.service.Decode(r.Key, r.Value)
			if err == nil && record != nil {
				c.service.Appended(producer, record)
				c.service.Committed(producer, record)
				c.records++
			}
			return err
		})
		if err != nil {
			return err
		}
		if h.NextOffset() <= c.next {
			return errLogGap
		}
		c.next = h.NextOffset()
	}
	return nil
}

// replayMarker takes a control record: one that ends a transaction, or one of a
// kind that is not known here and changes nothing.
func (c *coordinator) replayMarker(producer kafka.ProducerID, key []byte) error {
	var control kmsg.ControlRecordKey
	if err := control.ReadFrom(key); err != nil {
		return fmt.Errorf("a control record: %w", err)
	}
	switch control.Type {
	case kmsg.ControlRecordKeyTypeCommit:
		c.service.EndTransaction(producer, true)
	case kmsg.ControlRecordKeyTypeAbort:
		c.service.EndTransaction(producer, false)
	}
	return nil
}

// unloadCoordinator ends a coordinator whose partition is led elsewhere. What
// waits is refused: whether it was committed, the next one knows.
func (n *Node) unloadCoordinator(c *coordinator) {
	h := c.hosted
	h.coordinator = nil
	n.coordination.loading = slices.DeleteFunc(n.coordination.loading, func(o *coordinator) bool { return o == c })
	names, _ := c.service.size()
	n.observe(PointCoordinatorUnloaded, h.key.Topic, int64(h.key.Partition), int64(h.State().LeaderEpoch), int64(names))
	for _, w := range c.pending {
		n.answerCoordinatorWrite(w, kerr.NotCoordinator)
	}
	c.service.unloaded()
}

// writeCoordinator appends what a service has decided; done is called once, when
// the records are committed or with the error that is to be answered. Whatever
// is answered, records that were appended take effect as such, and may be
// committed later.
func (n *Node) writeCoordinator(c *coordinator, records []coordinatorRecord, done func(error)) {
	n.writeInTransaction(c, noTransaction, records, done)
}

// transactionIdentity is the producer in whose transaction records are written.
type transactionIdentity struct {
	producer kafka.ProducerID
	epoch    kafka.ProducerEpoch
}

var noTransaction = transactionIdentity{kafka.NoProducerID, kafka.NoProducerEpoch}

// writeInTransaction is writeCoordinator for records that are part of a
// transaction: an offset commit of a consumer that produces (KIP-98). It must
// have been verified (verifyTransaction).
func (n *Node) writeInTransaction(c *coordinator, identity transactionIdentity, records []coordinatorRecord, done func(error)) {
	w := &n.coordination
	w.builder.Reset(w.batch)
	for _, r := range records {
		w.key = r.AppendKey(w.key[:0])
		value, present := r.AppendValue(w.value[:0])
		w.value = value
		if !present {
			value = nil
		}
		w.builder.Append(n.moment.Wall.Millis(), w.key, value, nil)
	}
	if identity != noTransaction {
		// A coordinator numbers nothing: nobody resends what it writes.
		w.builder.SetProducer(identity.producer, identity.epoch, kafka.NoSequence)
		w.builder.SetTransactional()
	}
	w.batch = w.builder.Finish()
	info, err := c.hosted.AppendAsCoordinator(n.moment, w.batch)
	if err != nil {
		done(coordinatorError(err))
		return
	}
	for _, r := range records {
		c.service.Appended(identity.producer, r)
	}
	n.awaitCoordinator(c, &coordinatorWrite{end: info.LastOffset + 1, producer: identity.producer, records: records, done: done})
}

// endCoordinated takes the marker that ends at end in the coordinator's
// partition: the producer's transaction ends for the service once the marker is
// committed, and done is called.
func (n *Node) endCoordinated(c *coordinator, producer kafka.ProducerID, commit bool, end kafka.Offset, done func(error)) {
	n.awaitCoordinator(c, &coordinatorWrite{end: end, producer: producer, ends: true, commit: commit, done: done})
}

// awaitCommitted calls done once when everything that was decided before is
// committed.
func (n *Node) awaitCommitted(c *coordinator, done func(error)) {
	if len(c.pending) == 0 {
		done(nil)
		return
	}
	n.awaitCoordinator(c, &coordinatorWrite{end: c.pending[len(c.pending)-1].end, done: done})
}

func (n *Node) awaitCoordinator(c *coordinator, w *coordinatorWrite) {
	c.pending = append(c.pending, w)
	n.timers.set(&w.deadline, n.now.Add(c.patience), func() { n.answerCoordinatorWrite(w, coordinatorError(kerr.RequestTimedOut)) })
	if c.hosted.HighWatermark() >= w.end {
		c.hosted.Changed(nil) // a log without other replicas: settle ends it
	}
}

// completeCoordinatorWrites applies what is committed, in the order of the log,
// and answers it.
func (n *Node) completeCoordinatorWrites(c *coordinator) {
	for len(c.pending) > 0 && c.pending[0].end <= c.hosted.HighWatermark() {
		w := c.pending[0]
		c.pending[0] = nil
		c.pending = c.pending[1:]
		for _, r := range w.records {
			c.service.Committed(w.producer, r)
		}
		if w.ends {
			c.service.EndTransaction(w.producer, w.commit)
		}
		c.next = max(c.next, w.end)
		n.answerCoordinatorWrite(w, nil)
	}
}

// answerCoordinatorWrite answers a write unless its time had run out before.
func (n *Node) answerCoordinatorWrite(w *coordinatorWrite, err error) {
	n.timers.Stop(&w.deadline)
	if done := w.done; done != nil {
		w.done = nil
		done(err)
	}
}

// coordinatorError is what a client is told of a failed append, by
// CoordinatorOperationExceptionHelper of Kafka.
func coordinatorError(err error) error {
	switch errorCode(err) {
	case kerr.UnknownTopicOrPartition.Code, kerr.NotEnoughReplicas.Code, kerr.RequestTimedOut.Code:
		return kerr.CoordinatorNotAvailable
	case kerr.NotLeaderForPartition.Code, kerr.KafkaStorageError.Code:
		return kerr.NotCoordinator
	case kerr.MessageTooLarge.Code, kerr.RecordListTooLarge.Code:
		return kerr.UnknownServerError
	}
	return err
}
