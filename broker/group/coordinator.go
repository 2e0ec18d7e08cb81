// Package group is the deciding core of the group coordinator: the groups whose
// state lives in one partition of the offsets topic.
//
// A request is decided upon the present state: records and answers come out.
// What groups have committed changes by records alone. Once they are appended,
// Appended applies what the next decision builds upon, and once they are
// committed, Committed what may be told; whoever takes the partition over replays
// the same records from its log. So there is one path by which it changes, and
// what is answered from it is never more than what is committed.
//
// Who is in a classic group, as Kafka has it, is the coordinator's own memory: a
// rebalance under way is not written down. Only its outcome is, a generation and
// its assignment, and nobody is told of that before it is committed. A successor
// begins with the last outcome, and members who were further must join again.
//
// Time and chance come as arguments. Requests that wait are tokens, which come
// back with their answers in some later Decision.
package group

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/deadline"
	"assay/internal/kafka"
)

// GenerationID counts the rebalances of a group. In the protocol of KIP-848 it
// is the member's epoch.
type GenerationID int32

// NoGeneration is that of a client outside of the group's protocol.
const NoGeneration GenerationID = -1

// MemberID names a member, "" for a client that is none.
type MemberID string

// Settings are what a coordinator decides by.
type Settings struct {
	MaxMetadataLength     int           // offset.metadata.max.bytes; like Kafka we count UTF-16 units
	InitialRebalanceDelay time.Duration // group.initial.rebalance.delay.ms
	MaxSize               int           // group.max.size
	MinSessionTimeout     time.Duration // group.min.session.timeout.ms
	MaxSessionTimeout     time.Duration // group.max.session.timeout.ms
	OffsetsRetention      time.Duration // offsets.retention.minutes
	CleaningInterval      time.Duration // offsets.retention.check.interval.ms; 0 never cleans
	Consumer              ConsumerSettings
	Topics                Topics // nil knows none
	Flaws                 Flaws
}

// Coordinator is the groups of one partition of the offsets topic.
type Coordinator struct {
	settings     Settings
	topics       Topics
	groups       map[string]*group
	offsets      int
	transactions map[kafka.ProducerID]*transaction
	resolving    map[string]bool // groups whose expressions are about to be resolved
	decoder      decoder

	// appended and committed number the records of the log: a record has the same
	// number in both, as both go in the order of the log.
	appended, committed recordNumber

	loaded       bool
	deadlines    deadline.Heap
	late         []lateMember // whose time has run out, while time passes
	nextCleaning host.Time

	// While something is decided.
	at       Moment
	decision Decision
}

// recordNumber is a record's place among those that the coordinator has seen.
type recordNumber uint64

// New returns a coordinator of no groups.
func New(settings Settings) *Coordinator {
	topics := settings.Topics
	if topics == nil {
		topics = noTopics{}
	}
	return &Coordinator{settings: settings, topics: topics, groups: make(map[string]*group), transactions: make(map[kafka.ProducerID]*transaction),
		resolving:    make(map[string]bool),
		nextCleaning: host.Never}
}

// Groups and Offsets count what there is.
func (c *Coordinator) Groups() int { return len(c.groups) }

// Offsets: see Groups.
func (c *Coordinator) Offsets() int { return c.offsets }

// names are those of all groups, in their order.
func (c *Coordinator) names() []string { return slices.Sorted(maps.Keys(c.groups)) }

// find is a group for the next decision; nil for none.
func (c *Coordinator) find(name string) *group {
	if g := c.groups[name]; g != nil && !g.deleted {
		return g
	}
	return nil
}

// ensure is a group that comes into being where there is none.
func (c *Coordinator) ensure(name string) *group {
	g := c.groups[name]
	switch {
	case g == nil:
		name = strings.Clone(name)
		g = &group{name: name, offsets: make(map[kafka.TopicPartition]*storedOffset)}
		g.members = newClassicGroup(g)
		c.groups[name] = g
	case g.deleted: // and comes back before its tombstone is committed
		g.deleted = false
		g.members = newClassicGroup(g)
	}
	return g
}

// forget lets go of a group that is deleted and of which nothing is left.
func (c *Coordinator) forget(g *group) {
	if g.deleted && len(g.offsets) == 0 && len(g.pending) == 0 && len(g.unsettled) == 0 {
		delete(c.groups, g.name)
	}
}

// Appended applies what the next decision must know of a record that was
// appended and may not be committed yet: that a group is gone, who is in it where
// the record comes from a predecessor, and that a transaction is going to commit
// an offset. Of a plain commit that is nothing but that there is a group.
func (c *Coordinator) Appended(producer kafka.ProducerID, r Record) {
	c.appended++
	switch r := r.(type) {
	case *OffsetRecord:
		c.offsetAppended(producer, r)
	case *GroupRecord:
		c.groupAppended(r)
	case *EpochRecord:
		c.epochAppended(r)
	case *MemberRecord:
		c.memberAppended(r)
	case *TargetRecord:
		c.targetAppended(r)
	case *TargetMemberRecord:
		c.targetMemberAppended(r)
	case *CurrentRecord:
		c.currentAppended(r)
	case *ExpressionRecord:
		c.expressionAppended(r)
	default:
		panic(fmt.Sprintf("group: no record %T", r))
	}
}

// Committed applies a record that is committed. Its strings are copied where
// they are kept.
func (c *Coordinator) Committed(producer kafka.ProducerID, r Record) {
	c.committed++
	switch r := r.(type) {
	case *OffsetRecord:
		c.offsetCommitted(producer, r)
	case *GroupRecord:
		if g := c.groups[r.Group]; g != nil && r.Deleted {
			c.forget(g)
		}
	case *EpochRecord:
		if g := c.groups[r.Group]; g != nil && r.Deleted {
			c.forget(g)
		}
	case *CurrentRecord:
		c.currentCommitted(r)
	case *MemberRecord, *TargetRecord, *TargetMemberRecord, *ExpressionRecord:
	default:
		panic(fmt.Sprintf("group: no record %T", r))
	}
}

// groupAppended: a group is gone as soon as that is decided for good. Any other
// record of this coordinator says what it knows already.
func (c *Coordinator) groupAppended(r *GroupRecord) {
	switch {
	case r.Deleted:
		if g := c.find(r.Group); g != nil && g.members.kind() == Classic {
			g.deleted = true
			g.members.end(c, kerr.UnknownMemberID) // it was empty: nobody waits
		}
	case !c.loaded:
		g := c.ensure(r.Group)
		members := newClassicGroup(g)
		members.replay(c, r)
		g.members = members
	}
}
