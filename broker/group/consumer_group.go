package group

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"
)

// ConsumerSettings are what a coordinator decides by in groups of KIP-848.
type ConsumerSettings struct {
	SessionTimeout     time.Duration // group.consumer.session.timeout.ms
	HeartbeatInterval  time.Duration // group.consumer.heartbeat.interval.ms
	MaxSize            int           // group.consumer.max.size
	Assignors          []string      // group.consumer.assignors; the first is the default
	AssignmentInterval time.Duration // group.consumer.assignment.interval.ms: at least so long between two targets
	ResolutionInterval time.Duration // group.consumer.regex.refresh.interval.ms: at most so long until expressions are resolved again
}

// consumerGroup is the members of a group of KIP-848. The coordinator itself
// computes a target for each of them. On the way to its target a member is led by
// its own heartbeats, apart from the others: it first gives back what it shall
// not have, and it gets what it shall have once nobody else has it.
//
// Three epochs keep order. The group's grows with everything that asks for
// another target; the target's is the group's for which it was computed; and a
// member's is that of the target which it was led to.
//
// All of it is what the records say, in Kafka's order: a decision makes records
// of the present state, and nothing changes before Appended.
type consumerGroup struct {
	name         string
	epoch        GenerationID
	metadataHash uint64 // of the topics that the members subscribe to
	targetEpoch  GenerationID
	targetSince  int64 // milliseconds of the day at which the target was computed; 0 for none
	byID         map[MemberID]*consumerMember
	instances    map[string]MemberID // static members
	targets      map[MemberID][]PartitionID
	expressions  expressions
	// owners are who has a partition or is about to give it back. Nobody else gets
	// it for as long.
	owners map[PartitionID]MemberID

	// The metadata that the group was compared with, and its epoch then. A lower
	// epoch means that the decision did not get into the log.
	compared      bool
	comparedWith  int64
	comparedEpoch GenerationID
}

// firstEpoch is a group's that nobody has been in yet, and that of its target, in
// which nobody has anything (KAFKA-20268): a member may be led there when nothing
// has asked for another one. Epoch 0 is a member's that is not in the group.
const firstEpoch GenerationID = 1

func newConsumerGroup(name string) *consumerGroup {
	return &consumerGroup{name: name, epoch: firstEpoch, targetEpoch: firstEpoch,
		byID: make(map[MemberID]*consumerMember), instances: make(map[string]MemberID),
		targets: make(map[MemberID][]PartitionID), expressions: newExpressions(), owners: make(map[PartitionID]MemberID)}
}

func (g *consumerGroup) kind() Kind               { return Consumer }
func (g *consumerGroup) empty() bool              { return len(g.byID) == 0 }
func (g *consumerGroup) protocolType() string     { return consumerProtocols }
func (g *consumerGroup) generation() GenerationID { return g.epoch }
func (g *consumerGroup) ids() []MemberID          { return slices.Sorted(maps.Keys(g.byID)) }

// state is ConsumerGroupState of Kafka.
func (g *consumerGroup) state() string {
	switch {
	case g.empty():
		return "Empty"
	case g.epoch > g.targetEpoch:
		return "Assigning"
	}
	for _, m := range g.byID { // order-free: whether any
		if !m.reconciledTo(g.targetEpoch) {
			return "Reconciling"
		}
	}
	return "Stable"
}

func (g *consumerGroup) subscribes(topic string) bool {
	for _, m := range g.byID { // order-free: whether any
		if slices.Contains(m.topics, topic) {
			return true
		}
	}
	for _, r := range g.expressions.resolved { // order-free: whether any
		if slices.Contains(r.topics, topic) {
			return true
		}
	}
	return false
}

// hashOf is a hash of the topics that members subscribe to and that there are.
// Kafka has another one: only the group's own coordinators compare it.
func (g *consumerGroup) hashOf(c *Coordinator, members map[MemberID]*subscription, x *expressions) uint64 {
	names := make(map[string]bool)
	for _, s := range members { // order-free: a set
		for _, topic := range x.topicsOf(s) {
			names[topic] = true
		}
	}
	hash, any := fnv.New64a(), false
	for _, name := range slices.Sorted(maps.Keys(names)) {
		id, partitions, ok := c.topics.Topic(name)
		if !ok {
			continue
		}
		any = true
		hash.Write(id[:])
		hash.Write(binary.BigEndian.AppendUint32([]byte(name), uint32(partitions)))
	}
	if !any {
		return 0
	}
	return hash.Sum64()
}

// subscriptions are those of the members, to be changed by a decision.
func (g *consumerGroup) subscriptions() map[MemberID]*subscription {
	members := make(map[MemberID]*subscription, len(g.byID)+1)
	for id, m := range g.byID { // order-free: a map again
		members[id] = &m.subscription
	}
	return members
}

func (g *consumerGroup) checkOffsetDelete() error { return nil }

// retainedFrom: only those of topics that nobody subscribes to are asked for.
func (g *consumerGroup) retainedFrom(o *Committed) (int64, bool) { return o.CommitTime, true }

func (g *consumerGroup) tombstones(records []Record) []Record {
	records = append(records, &TargetRecord{Group: g.name, Deleted: true})
	for _, expression := range slices.Sorted(maps.Keys(g.expressions.resolved)) {
		records = append(records, &ExpressionRecord{Group: g.name, Expression: expression, Deleted: true})
	}
	return append(records, &EpochRecord{Group: g.name, Deleted: true})
}

// loaded gives every member a session's time to find this coordinator, and the
// rebalance time-out to those who have to give partitions back.
func (g *consumerGroup) loaded(c *Coordinator) {
	for _, id := range g.ids() {
		m := g.byID[id]
		g.keepAlive(c, m)
		g.superviseRevocation(c, m)
	}
}

func (g *consumerGroup) end(c *Coordinator, _ error) {
	for _, m := range g.byID { // order-free: none of them happens any more
		c.deadlines.Stop(&m.session)
		c.deadlines.Stop(&m.revocation)
	}
}

// consumerGroup finds a group of KIP-848 for records of its own; nil for none,
// unless it is to come into being. An empty classic group becomes one.
func (c *Coordinator) consumerGroup(name string, create bool) *consumerGroup {
	g := c.find(name)
	if g == nil && create {
		g = c.ensure(name)
	}
	if g == nil {
		return nil
	}
	members, ok := g.members.(*consumerGroup)
	if !ok && create {
		g.members.end(c, nil) // it was empty: nobody waits
		members = newConsumerGroup(g.name)
		g.members = members
	}
	return members
}

// epochAppended, and those below, apply a record that is appended.
func (c *Coordinator) epochAppended(r *EpochRecord) {
	g := c.consumerGroup(r.Group, !r.Deleted)
	switch {
	case g == nil:
	case r.Deleted:
		c.groups[r.Group].deleted = true
		g.end(c, nil)
	default:
		g.epoch, g.metadataHash = r.Epoch, r.MetadataHash
	}
}

func (c *Coordinator) targetAppended(r *TargetRecord) {
	if g := c.consumerGroup(r.Group, !r.Deleted); g != nil {
		g.targetEpoch, g.targetSince = r.Epoch, r.Since
	}
}

func (c *Coordinator) targetMemberAppended(r *TargetMemberRecord) {
	g := c.consumerGroup(r.Group, !r.Deleted)
	switch {
	case g == nil:
	case r.Deleted:
		delete(g.targets, r.Member)
	default:
		g.targets[r.Member] = r.Partitions
	}
}

func (c *Coordinator) memberAppended(r *MemberRecord) {
	g := c.consumerGroup(r.Group, !r.Deleted)
	switch {
	case g == nil:
	case r.Deleted:
		g.remove(c, r.Member)
	default:
		m := g.ensure(c, r.Member)
		g.expressions.count(m.expression, -1)
		m.subscription = r.subscription
		g.expressions.count(m.expression, 1)
		if m.instance != "" {
			g.instances[m.instance] = m.id
		}
	}
}

func (c *Coordinator) currentAppended(r *CurrentRecord) {
	g := c.consumerGroup(r.Group, !r.Deleted)
	if g == nil || r.Deleted && g.byID[r.Member] == nil {
		return
	}
	m := g.ensure(c, r.Member)
	g.release(m)
	m.current = r.current
	if r.Deleted {
		m.current = current{epoch: leavingEpoch, previous: leavingEpoch}
	}
	g.own(m)
	if c.loaded {
		g.superviseRevocation(c, m)
	}
}

// currentCommitted: the member's epoch may be known.
func (c *Coordinator) currentCommitted(r *CurrentRecord) {
	if g := c.consumerGroup(r.Group, false); g != nil && g.byID[r.Member] != nil {
		g.byID[r.Member].told = r.epoch
	}
}

// ensure is a member that comes into being where there is none, and whose
// session begins.
func (g *consumerGroup) ensure(c *Coordinator, id MemberID) *consumerMember {
	m := g.byID[id]
	if m == nil {
		m = &consumerMember{id: MemberID(strings.Clone(string(id)))}
		m.session.Fire = func() { c.late = append(c.late, lateMember{g, m, &m.session}) }
		m.revocation.Fire = func() { c.late = append(c.late, lateMember{g, m, &m.revocation}) }
		g.byID[m.id] = m
		if c.loaded {
			g.keepAlive(c, m)
		}
	}
	return m
}

// remove ends a membership. What the member had is nobody's.
func (g *consumerGroup) remove(c *Coordinator, id MemberID) {
	m := g.byID[id]
	if m == nil {
		return
	}
	g.release(m)
	c.deadlines.Stop(&m.session)
	c.deadlines.Stop(&m.revocation)
	if g.instances[m.instance] == id {
		delete(g.instances, m.instance)
	}
	g.expressions.count(m.expression, -1)
	delete(g.byID, id)
}

func (g *consumerGroup) release(m *consumerMember) {
	for p := range m.current.partitions() {
		if g.owners[p] == m.id {
			delete(g.owners, p)
		}
	}
}

func (g *consumerGroup) own(m *consumerMember) {
	for p := range m.current.partitions() {
		g.owners[p] = m.id
	}
}

// keepAlive puts off the end of a member's session.
func (g *consumerGroup) keepAlive(c *Coordinator, m *consumerMember) {
	c.deadlines.PutOff(&m.session, c.at.Now.Add(c.settings.Consumer.SessionTimeout))
}

// superviseRevocation lets a member be fenced that does not give partitions back
// in time.
func (g *consumerGroup) superviseRevocation(c *Coordinator, m *consumerMember) {
	c.deadlines.Stop(&m.revocation)
	if m.state == unrevokedPartitions && m.epoch != leavingStaticEpoch {
		c.deadlines.Set(&m.revocation, c.at.Now.Add(m.rebalanceTimeout))
	}
}
