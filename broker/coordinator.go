package broker

import (
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// groupCoordinator coordinates the groups of one partition of the offsets topic,
// for as long as this broker leads it. What it decides it writes to that
// partition as any other record; it takes effect, and is answered, only AFTER
// the high watermark has passed it.
type groupCoordinator struct {
	hosted  *hosted
	core    *group.Coordinator
	state   coordinatorState
	next    kafka.Offset // everything below is replayed
	pending []*groupWrite

	// While it loads.
	end     kafka.Offset // of what the predecessors have left
	records int64
	began   host.Time
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

// groupWrite is a decision that waits until it is committed. Without records it
// waits for those before it.
type groupWrite struct {
	end      kafka.Offset
	records  []group.Record
	done     func(error) // nil once it was answered; called exactly once
	deadline timer
}

// groupCoordination is what all coordinators of the node share.
type groupCoordination struct {
	loading []*groupCoordinator // with something to replay, in turns
	timer   timer
	decoder group.Decoder

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

// coordinatorOf finds the coordinator of a group: NOT_COORDINATOR,
// COORDINATOR_LOAD_IN_PROGRESS.
func (n *Node) coordinatorOf(name string) (*groupCoordinator, error) {
	topic := n.image.Topic(metadata.OffsetsTopic)
	if topic == nil {
		return nil, kerr.NotCoordinator
	}
	here := n.partitions[topic.ID]
	number := group.PartitionFor(name, len(topic.Partitions))
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

// settleCoordinator brings the coordinator of a partition of the offsets topic
// to the partition's role, and lets end what waits. It is called by settle
// alone.
func (n *Node) settleCoordinator(h *hosted) {
	switch leads := h.Role() == replica.Leading; {
	case !leads && h.coordinator != nil:
		n.unloadCoordinator(h.coordinator)
	case leads && h.coordinator == nil:
		h.coordinator = &groupCoordinator{hosted: h, core: group.New(n.tuning.groups), next: h.LogStartOffset(), end: h.LogEndOffset(), began: n.now}
	}
	c := h.coordinator
	if c == nil {
		return
	}
	switch c.state {
	case coordinatorLoads:
		n.goOnLoading(c)
	case coordinatorServes:
		n.completeGroupWrites(c)
	}
}

// goOnLoading ends a load, or sees to it that it goes on. It ends when all that
// was in the log is replayed, and only what is committed ever is: a new leader
// may have to wait for its followers before it knows what its predecessor had
// answered.
func (n *Node) goOnLoading(c *groupCoordinator) {
	if c.next >= c.end {
		c.state = coordinatorServes
		n.observe(PointCoordinatorLoaded, c.hosted.key.Topic, int64(c.hosted.key.Partition), int64(c.hosted.State().LeaderEpoch),
			int64(c.core.Groups()), int64(c.core.Offsets()), c.records, int64(n.now.Sub(c.began)))
		return
	}
	if c.next >= c.hosted.HighWatermark() || slices.Contains(n.groups.loading, c) {
		return
	}
	n.groups.loading = append(n.groups.loading, c)
	if len(n.groups.loading) == 1 {
		n.timers.set(&n.groups.timer, n.now, n.load)
	}
}

// load is one step of the loads under way.
func (n *Node) load() {
	step := min(loadStep, n.tuning.loadBuffer)
	left := step
	for len(n.groups.loading) > 0 && left > 0 {
		c := n.groups.loading[0]
		if read := n.loadSome(c, left); read > 0 {
			left -= read
			continue
		}
		n.groups.loading = slices.Delete(n.groups.loading, 0, 1)
		c.hosted.Changed(nil) // settle looks whether it has ended
	}
	if len(n.groups.loading) > 0 {
		n.timers.set(&n.groups.timer, n.now.Add(time.Duration(step-left)*loadPace), n.load)
	}
}

// loadSome replays about so many bytes and returns how many; 0 where nothing is
// left to replay for the time being.
func (n *Node) loadSome(c *groupCoordinator, bytes int) int {
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

func (n *Node) replayBatches(c *groupCoordinator, content []byte) error {
	for h, whole := range batch.Iterate(content) {
		if !h.IsControl() {
			err := batch.ForEachRecord(whole, func(r batch.Record) error {
				if r.Offset < c.next {
					return nil
				}
				record, err := n.groups.decoder.Decode(r.Key, r.Value)
				if err == nil && record != nil {
					c.core.Replay(record)
					c.records++
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		if h.NextOffset() <= c.next {
			return errLogGap
		}
		c.next = h.NextOffset()
	}
	return nil
}

// unloadCoordinator ends a coordinator whose partition is led elsewhere. What
// waits is refused: whether it was committed, the next one knows.
func (n *Node) unloadCoordinator(c *groupCoordinator) {
	h := c.hosted
	h.coordinator = nil
	n.groups.loading = slices.DeleteFunc(n.groups.loading, func(o *groupCoordinator) bool { return o == c })
	n.observe(PointCoordinatorUnloaded, h.key.Topic, int64(h.key.Partition), int64(h.State().LeaderEpoch), int64(c.core.Groups()))
	for _, w := range c.pending {
		n.answerGroupWrite(w, kerr.NotCoordinator)
	}
}

// writeGroup appends what a coordinator has decided; done is called once, when
// the records are committed or with the error that is to be answered. Whatever
// is answered, records in the log may be committed later.
func (n *Node) writeGroup(c *groupCoordinator, records []group.Record, done func(error)) {
	g := &n.groups
	g.builder.Reset(g.batch)
	for _, r := range records {
		g.key = r.AppendKey(g.key[:0])
		value, present := r.AppendValue(g.value[:0])
		g.value = value
		if !present {
			value = nil
		}
		g.builder.Append(n.moment.Wall.Millis(), g.key, value, nil)
	}
	g.batch = g.builder.Finish()
	info, err := c.hosted.Append(n.moment, g.batch, -1)
	if err != nil {
		done(coordinatorError(err))
		return
	}
	n.awaitGroup(c, &groupWrite{end: info.LastOffset + 1, records: records, done: done})
}

// awaitCommitted calls done once when everything that was decided before is
// committed.
func (n *Node) awaitCommitted(c *groupCoordinator, done func(error)) {
	if len(c.pending) == 0 {
		done(nil)
		return
	}
	n.awaitGroup(c, &groupWrite{end: c.pending[len(c.pending)-1].end, done: done})
}

func (n *Node) awaitGroup(c *groupCoordinator, w *groupWrite) {
	c.pending = append(c.pending, w)
	n.timers.set(&w.deadline, n.now.Add(n.tuning.commitTimeout), func() { n.answerGroupWrite(w, coordinatorError(kerr.RequestTimedOut)) })
	if c.hosted.HighWatermark() >= w.end {
		c.hosted.Changed(nil) // a log without other replicas: settle ends it
	}
}

// completeGroupWrites applies what is committed, in the order of the log, and
// answers it.
func (n *Node) completeGroupWrites(c *groupCoordinator) {
	for len(c.pending) > 0 && c.pending[0].end <= c.hosted.HighWatermark() {
		w := c.pending[0]
		c.pending[0] = nil
		c.pending = c.pending[1:]
		for _, r := range w.records {
			c.core.Replay(r)
		}
		c.next = max(c.next, w.end)
		n.answerGroupWrite(w, nil)
	}
}

// answerGroupWrite answers a write unless its time had run out before.
func (n *Node) answerGroupWrite(w *groupWrite, err error) {
	n.timers.cancel(&w.deadline)
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

// forgetTopic lets the groups coordinated here forget a topic that is gone.
func (n *Node) forgetTopic(topic string) {
	const atOnce = 500 // records of a batch, well below max.message.bytes
	for _, h := range n.hosted {
		if h.coordinator == nil || h.coordinator.state != coordinatorServes || h.Role() != replica.Leading {
			continue
		}
		for records := range slices.Chunk(h.coordinator.core.TopicDeleted(topic), atOnce) {
			n.writeGroup(h.coordinator, asRecords(records), func(error) {}) // at worst they stay
		}
	}
}

func asRecords(offsets []*group.OffsetRecord) []group.Record {
	records := make([]group.Record, 0, len(offsets))
	for _, r := range offsets {
		if r != nil {
			records = append(records, r)
		}
	}
	return records
}
