package controller

import (
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.etcd.io/raft/v3/raftpb"

	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

// Controller is one voter as a host.Node. It listens at its address of
// Config.Voters, for brokers and for the other voters.
//
// The requests of one connection take effect and are answered in order, so a
// broker keeps two: one for its long polls of the metadata log, one for the rest.
type Controller struct {
	config Config
	host   host.Host
	quorum *quorum
	random randomness

	image *metadata.Image // everything committed that this voter knows of

	// The active controller's, from its activation to the end of its term.
	active        bool
	term          uint64
	sessions      *sessions
	queue         []*call      // wait for the next decision
	decided       []*call      // wait for the entry proposed to be applied
	proposed      kafka.Offset // that entry; 0 if none is under way
	nextRebalance host.Time

	waiting []*heldFetch // long polls, in the order of arrival

	clients  map[host.Conn]*client
	incoming map[host.Conn]*snapshotParts // connections that other voters opened
	peers    []*peer                      // by id
	nextTick host.Time

	stopBy host.Time // asked to end; 0 if not
	ended  bool
}

// lane is the one thread of control that Kafka's controller has, too.
const lane = 0

// New makes a controller. Config.Settings.ElectionTimeout must be several
// VoterTicks.
func New(config Config) *Controller {
	if config.Voters[config.ID] == "" || config.Settings.ElectionTimeout < 2*config.Settings.VoterTick {
		panic(fmt.Sprintf("controller %d: impossible configuration", config.ID))
	}
	return &Controller{
		config: config, image: metadata.Empty(), clients: map[host.Conn]*client{}, incoming: map[host.Conn]*snapshotParts{},
	}
}

// Name is the node's name: "controller-1".
func (c *Controller) Name() string { return fmt.Sprintf("controller-%d", c.config.ID) }

// Start implements host.Node: it recovers the metadata from disk.
func (c *Controller) Start(h host.Host) {
	c.host = h
	h.Serial(lane)
	c.random = randomness{topicID: h.Rand("topic-id"), placement: h.Rand("placement")}
	for _, id := range slices.Sorted(maps.Keys(c.config.Voters)) {
		if id != c.config.ID {
			c.peers = append(c.peers, &peer{id: id, addr: c.config.Voters[id]})
		}
	}
	quorum, err := newQuorum(&c.config, h.FS(), h.Rand("election"), c)
	if err != nil {
		h.Exit(fmt.Errorf("controller %d: %w", c.config.ID, err))
		return
	}
	c.quorum = quorum
	c.nextTick = h.Now().Add(c.config.Settings.VoterTick)
	c.finishStep()
}

// Opened implements host.Node.
func (c *Controller) Opened(conn host.Conn, local host.Addr) {
	if c.quorum == nil {
		return
	}
	if local == "" {
		for _, p := range c.peers {
			p.opened = p.opened || p.conn == conn
		}
		return
	}
	c.clients[conn] = &client{conn: conn}
}

// Received implements host.Node.
func (c *Controller) Received(conn host.Conn, m host.Message) {
	if c.quorum == nil {
		return
	}
	c.host.Serial(lane)
	switch m := m.(type) {
	case *voterMessage:
		c.receiveVoter(conn, m)
	case *protocol.Request:
		c.receiveRequest(conn, m)
	default:
		c.drop(conn)
	}
	c.finishStep()
}

// Closed implements host.Node.
func (c *Controller) Closed(conn host.Conn, _ error) {
	if c.quorum == nil {
		return
	}
	c.host.Serial(lane)
	c.forget(conn)
	for _, p := range c.peers {
		if p.conn == conn {
			p.broke(c.host.Now().Add(c.config.Settings.VoterTick))
		}
	}
	c.finishStep()
}

// Done implements host.Node.
func (c *Controller) Done(op host.Op, err error) {
	if c.quorum == nil {
		return
	}
	c.host.Serial(lane)
	c.quorum.done(op, err)
	c.finishStep()
}

// Wake implements host.Node.
func (c *Controller) Wake() {
	if c.quorum == nil {
		return
	}
	c.host.Serial(lane)
	if now := c.host.Now(); now >= c.nextTick {
		// Ticks that a pause swallowed are not made up for: nobody was heard meanwhile.
		c.nextTick = now.Add(c.config.Settings.VoterTick)
		c.closeDeafConnections(now)
		c.quorum.tick()
	}
	c.finishStep()
}

// finishStep does what the step made possible, and sets the next deadline.
func (c *Controller) finishStep() {
	c.reportLosses()
	c.noteLeadership()
	c.decide()
	c.answerFetches()
	c.endIfAsked()
	if !c.quorum.failed && !c.ended {
		c.host.WakeAt(c.nextDeadline())
	}
}

func (c *Controller) nextDeadline() host.Time {
	next := c.nextTick
	if c.stopBy != 0 {
		next = min(next, c.stopBy)
	}
	for _, held := range c.waiting {
		next = min(next, held.deadline)
	}
	if c.active && c.proposed == 0 {
		next = min(next, c.sessions.nextExpiry(), c.nextRebalance)
	}
	return next
}

// noteLeadership makes this voter the active controller or ends that.
//
// A leader becomes active only AFTER it has applied an entry of its own term:
// with it everything of former terms is committed and applied, so that what it
// decides is decided upon the whole truth.
func (c *Controller) noteLeadership() {
	term, leads := c.quorum.leading()
	if c.active && (!leads || term != c.term) {
		c.resign()
	}
	if !c.active && leads && c.image.Epoch() == metadata.Epoch(term) {
		c.activate(term)
	}
	if !c.active {
		c.refuseAll(&c.queue)
		c.refuseFetches()
	}
}

func (c *Controller) activate(term uint64) {
	now := c.host.Now()
	c.active, c.term, c.proposed = true, term, 0
	c.sessions = newSessions(c.config.Settings.SessionTimeout)
	for _, b := range c.image.Brokers() {
		if !b.Fenced {
			c.sessions.touch(b.ID, b.Epoch, now)
		}
	}
	c.nextRebalance = host.Never
	if c.config.Settings.AutoRebalance {
		c.nextRebalance = now.Add(c.config.Settings.RebalanceInterval)
	}
	c.observe(PointControllerElected, "", int64(c.config.ID), int64(term))
}

// resign ends the activity. What was proposed may yet be committed by another:
// whoever asked for it must look again.
func (c *Controller) resign() {
	c.active, c.sessions, c.proposed = false, nil, 0
	c.refuseAll(&c.decided)
	c.refuseAll(&c.queue)
}

// decide turns what is due into one entry, if none is under way.
func (c *Controller) decide() {
	for c.active && c.proposed == 0 {
		now := c.host.Now()
		expired := c.sessions.nextExpiry() <= now
		rebalance := c.nextRebalance <= now
		if len(c.queue) == 0 && !expired && !rebalance {
			return
		}
		d := newDecision(&c.config, c.sessions, c.random, c.image, metadata.Epoch(c.term), now)
		calls := c.queue
		c.queue = nil
		for _, call := range calls {
			call.response = call.decide(d)
		}
		d.expireSessions() // after the heartbeats that waited
		if rebalance {
			d.rebalance()
			c.nextRebalance = now.Add(c.config.Settings.RebalanceInterval)
		}
		c.commit(d, calls)
	}
}

// commit proposes what was decided. The responses leave only AFTER the entry is
// applied; without records there is nothing to wait for.
func (c *Controller) commit(d *decision, calls []*call) {
	if len(d.records) == 0 {
		c.respondAll(calls)
		return
	}
	if last := c.quorum.lastIndex(); uint64(d.offset) != last+1 {
		panic(fmt.Sprintf("controller %d: an entry decided for offset %d would follow %d", c.config.ID, d.offset, last))
	}
	c.decided, c.proposed = calls, d.offset
	if err := c.quorum.propose(metadata.AppendRecords(nil, d.records)); err != nil {
		c.proposed = 0
		c.refuseAll(&c.decided)
	}
	c.noteLeadership()
}

// apply implements consumer: the one path by which metadata changes.
func (c *Controller) apply(e logEntry) error {
	records, err := entryRecords(e)
	if err != nil {
		return err
	}
	before := c.image
	var delta metadata.Delta
	c.image, delta = c.image.Apply(kafka.Offset(e.index), metadata.Epoch(e.term), records)
	if !c.active || e.term != c.term {
		return nil
	}
	c.observeDelta(before, &delta)
	if c.proposed == kafka.Offset(e.index) {
		calls := c.decided
		c.decided, c.proposed = nil, 0
		c.respondAll(calls)
	}
	return nil
}

// entryRecords decodes an entry's records; raft's own entries are empty.
func entryRecords(e logEntry) ([]metadata.Record, error) {
	if len(e.data) == 0 {
		return []metadata.Record{metadata.NoOp{}}, nil
	}
	return metadata.DecodeRecords(e.data)
}

// restore implements consumer.
func (c *Controller) restore(index, term uint64, data []byte) error {
	image, err := metadata.FromSnapshot(data)
	if err != nil {
		return err
	}
	if image.Offset() != kafka.Offset(index) || image.Epoch() != metadata.Epoch(term) {
		return fmt.Errorf("%w: a snapshot of %d instead of %d", metadata.ErrEncoding, image.Offset(), index)
	}
	c.image = image
	if c.quorum != nil { // else it is our own, found at the start
		c.observe(PointMetadataInstalled, "", int64(index), int64(len(data)))
	}
	return nil
}

// snapshot implements consumer.
func (c *Controller) snapshot() []byte {
	data := c.image.Snapshot()
	c.observe(PointMetadataSnapshot, "", int64(c.image.Offset()), int64(len(data)))
	return data
}

// send implements consumer.
func (c *Controller) send(m *raftpb.Message) { c.sendVoter(m) }

// fail implements consumer.
func (c *Controller) fail(err error) {
	c.host.Exit(fmt.Errorf("controller %d: %w", c.config.ID, err))
}

// MoveLeader makes a member of a partition's ISR its leader, or gives the
// present leader a new leader epoch. It is for the harness, within a step of
// this node; errors are the protocol's, NOT_CONTROLLER if this one is not active.
// It takes effect like any other request, a little later.
func (c *Controller) MoveLeader(tp kafka.TopicPartition, to kafka.BrokerID) error {
	if !c.active {
		return kerr.NotController
	}
	trial := newDecision(&c.config, c.sessions, c.random, c.image, metadata.Epoch(c.term), c.host.Now())
	if err := trial.moveLeader(tp, to); err != nil {
		return err
	}
	c.enqueue(func(d *decision) { _ = d.moveLeader(tp, to) })
	return nil
}

// ExpireSession ends a broker's session as if it had not been heard of; rules as
// for MoveLeader.
func (c *Controller) ExpireSession(broker kafka.BrokerID) error {
	if !c.active {
		return kerr.NotController
	}
	if c.image.Broker(broker) == nil {
		return kerr.BrokerIDNotRegistered
	}
	c.enqueue(func(d *decision) {
		d.sessions.end(broker)
		d.fence(broker)
	})
	return nil
}

func (c *Controller) enqueue(action func(*decision)) {
	c.queue = append(c.queue, &call{action: action})
	c.host.Serial(lane)
	c.finishStep()
}

// Active reports whether this is the active controller, as far as it knows.
func (c *Controller) Active() bool { return c.active }

// Term is the raft term that this voter is in.
func (c *Controller) Term() uint64 {
	if c.quorum == nil {
		return 0
	}
	return c.quorum.term
}

// ID is the voter's id.
func (c *Controller) ID() VoterID { return c.config.ID }

// Image is the committed metadata that this voter has applied.
func (c *Controller) Image() *metadata.Image { return c.image }

// call is a request under decision, or an action of the harness.
type call struct {
	slot     *slot // where the response goes; nil for an action
	request  kmsg.Request
	action   func(*decision)
	response kmsg.Response
}

func (k *call) decide(d *decision) kmsg.Response {
	if k.action != nil {
		k.action(d)
		return nil
	}
	return d.answer(k.request)
}
