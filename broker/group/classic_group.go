package group

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/deadline"
)

// classicGroup is the members of a group of the classic protocol. They join, the
// coordinator makes one of them the leader and tells it who is there, the leader
// assigns, and the coordinator hands the assignments out: JoinGroup, SyncGroup.
// The rules are those of Kafka's GroupMetadataManager and ClassicGroup.
type classicGroup struct {
	group           *group
	generationID    GenerationID
	phase, previous classicState
	since           int64  // milliseconds of the day at which phase began; unknownSince
	protocols       string // the type of its protocols; "" for a group of simple consumers
	protocol        string // that the present generation has agreed on; "" for none
	leader          MemberID

	members   []*classicMember // in the order in which they came
	byID      map[MemberID]*classicMember
	instances map[string]*classicMember       // static members (KIP-345)
	supported map[string]int                  // how many members support a protocol
	given     map[MemberID]*deadline.Deadline // ids that were given out and not joined with yet
	topics    map[string]bool                 // that the members subscribe to, if topicsKnown
	awaiting  int                             // members whose join waits
	unsynced  int                             // members of this generation that have not synced

	assigning      bool // the leader's assignment is appended and not committed yet
	topicsKnown    bool
	newMemberAdded bool // during the initial delay: somebody else may be on the way
	join, sync     deadline.Deadline
}

// unknownSince: a record of long ago did not say.
const unknownSince = -1

// consumerProtocols is the type of the protocols of consumers, whose metadata the
// coordinator can read.
const consumerProtocols = "consumer"

// classicState is what a group of the classic protocol is doing.
type classicState int8

const (
	// classicEmpty: no members. It may have offsets.
	classicEmpty classicState = iota
	// classicPreparing: a rebalance begins, members join anew.
	classicPreparing
	// classicCompleting: all have joined, the leader assigns.
	classicCompleting
	// classicStable: the assignment was handed out.
	classicStable
	// classicDead: it is deleted or coordinated elsewhere.
	classicDead
)

func (s classicState) String() string {
	return [...]string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"}[s]
}

// mayFollow says which states a state may come after.
var mayFollow = [...][]classicState{
	classicEmpty:      {classicPreparing},
	classicPreparing:  {classicStable, classicCompleting, classicEmpty},
	classicCompleting: {classicPreparing},
	classicStable:     {classicCompleting},
	classicDead:       {classicStable, classicPreparing, classicCompleting, classicEmpty},
}

// classicMember is one member.
type classicMember struct {
	id                               MemberID
	instance                         string // "" is a dynamic member
	clientID, clientHost             string
	rebalanceTimeout, sessionTimeout time.Duration
	protocols                        []Protocol
	assignment                       []byte

	// fresh: it does not know its id before its join is answered, so that it can
	// keep no session alive while it waits.
	fresh    bool
	join     waiting
	sync     waiting
	unsynced bool // in this generation
	session  deadline.Deadline
}

// waiting is a request of a member that waits, if it does.
type waiting struct {
	token Token
	waits bool
}

// Protocol is a way to assign that a member supports, the one it likes best
// first, with what a leader must know of the member.
type Protocol struct {
	Name     string
	Metadata []byte
}

func newClassicGroup(g *group) *classicGroup {
	return &classicGroup{group: g, since: unknownSince}
}

func (g *classicGroup) kind() Kind               { return Classic }
func (g *classicGroup) empty() bool              { return g.phase == classicEmpty }
func (g *classicGroup) state() string            { return g.phase.String() }
func (g *classicGroup) protocolType() string     { return g.protocols }
func (g *classicGroup) generation() GenerationID { return g.generationID }

func (g *classicGroup) transition(c *Coordinator, to classicState) {
	if !slices.Contains(mayFollow[to], g.phase) {
		panic(fmt.Sprintf("group: %s cannot go from %s to %s", g.group.name, g.phase, to))
	}
	g.previous, g.phase, g.since = g.phase, to, c.at.Wall.Millis()
}

func (g *classicGroup) canRebalance() bool {
	return slices.Contains(mayFollow[classicPreparing], g.phase)
}

// add makes somebody a member.
func (g *classicGroup) add(c *Coordinator, m *classicMember) {
	if g.byID == nil {
		g.byID, g.instances, g.supported = make(map[MemberID]*classicMember), make(map[string]*classicMember), make(map[string]int)
	}
	if m.instance != "" {
		g.instances[m.instance] = m
	}
	if g.leader == "" {
		g.leader = m.id
	}
	g.members, g.byID[m.id] = append(g.members, m), m
	g.support(m, +1)
	m.session.Fire = func() { g.sessionEnds(c, m) }
	g.dropGiven(c, m.id)
}

func (g *classicGroup) support(m *classicMember, change int) {
	for i := range m.protocols {
		if g.supported[m.protocols[i].Name] += change; g.supported[m.protocols[i].Name] == 0 {
			delete(g.supported, m.protocols[i].Name)
		}
	}
}

// remove ends a membership. Who waits as a member must be answered before.
func (g *classicGroup) remove(c *Coordinator, m *classicMember) {
	g.support(m, -1)
	g.members = slices.DeleteFunc(g.members, func(o *classicMember) bool { return o == m })
	delete(g.byID, m.id)
	if m.instance != "" {
		delete(g.instances, m.instance)
	}
	g.synced(c, m)
	if m.join.waits {
		g.awaiting--
	}
	c.deadlines.Stop(&m.session)
	if g.leader == m.id {
		g.leader = ""
		if len(g.members) > 0 {
			g.leader = g.members[0].id
		}
	}
}

// dropGiven forgets an id that was given out.
func (g *classicGroup) dropGiven(c *Coordinator, id MemberID) {
	if d := g.given[id]; d != nil {
		c.deadlines.Stop(d)
		delete(g.given, id)
	}
}

// keepAlive puts off the end of a member's session.
func (g *classicGroup) keepAlive(c *Coordinator, m *classicMember, span time.Duration) {
	c.deadlines.PutOff(&m.session, c.at.Now.Add(span))
}

// validate finds the member that a request names: UNKNOWN_MEMBER_ID,
// FENCED_INSTANCE_ID where another process has taken its instance id over
// (KIP-345).
func (g *classicGroup) validate(c *Coordinator, id MemberID, instance string) (*classicMember, error) {
	if instance != "" {
		switch holder := g.instances[instance]; {
		case holder == nil:
			return nil, kerr.UnknownMemberID
		case c.settings.Flaws.StaticNoFence:
			return holder, nil
		case holder.id != id:
			return nil, kerr.FencedInstanceID
		}
	}
	if m := g.byID[id]; m != nil {
		return m, nil
	}
	return nil, kerr.UnknownMemberID
}

// supports reports whether somebody with these protocols may join: there must be
// one that all others support, too.
func (g *classicGroup) supports(protocolType string, protocols []Protocol) bool {
	if g.phase == classicEmpty {
		return protocolType != "" && len(protocols) > 0
	}
	return g.protocols == protocolType && slices.ContainsFunc(protocols, func(p Protocol) bool { return g.supported[p.Name] == len(g.members) })
}

// selectProtocol lets every member vote for the protocol that it likes best of
// those that all support. Of equal ones the first to be voted for wins; in Kafka
// that depends on a hash.
func (g *classicGroup) selectProtocol() string {
	votes := make(map[string]int)
	best := ""
	for _, m := range g.members {
		for i := range m.protocols {
			name := m.protocols[i].Name
			if g.supported[name] == len(g.members) {
				votes[name]++
				break
			}
		}
	}
	for _, m := range g.members {
		for i := range m.protocols {
			if name := m.protocols[i].Name; votes[name] > votes[best] {
				best = name
			}
		}
	}
	return best
}

// rebalanceTimeout is that of the most patient member.
func (g *classicGroup) rebalanceTimeout() (longest time.Duration) {
	for _, m := range g.members {
		longest = max(longest, m.rebalanceTimeout)
	}
	return longest
}

func (m *classicMember) metadata(protocol string) []byte {
	for i := range m.protocols {
		if m.protocols[i].Name == protocol {
			return m.protocols[i].Metadata
		}
	}
	return nil
}

// findTopics reads what the members subscribe to out of their metadata.
func (g *classicGroup) findTopics() {
	g.topics, g.topicsKnown = nil, false
	if g.protocols != consumerProtocols {
		return
	}
	topics := make(map[string]bool)
	for _, m := range g.members {
		var subscription kmsg.ConsumerMemberMetadata
		if err := subscription.ReadFrom(m.metadata(g.protocol)); err != nil {
			return
		}
		for _, topic := range subscription.Topics {
			topics[topic] = true
		}
	}
	g.topics, g.topicsKnown = topics, len(g.members) == 0 || g.protocol != ""
}

func (g *classicGroup) subscribes(topic string) bool {
	if g.topicsKnown {
		return g.topics[topic]
	}
	return g.protocols == consumerProtocols
}

func (g *classicGroup) checkOffsetDelete() error {
	if !g.empty() && g.protocols != consumerProtocols {
		return kerr.NonEmptyGroup
	}
	return nil
}

// retainedFrom: offsets of simple consumers, and those that a stable group does
// not read, from their commit on; those of a group that was left, from then on.
func (g *classicGroup) retainedFrom(o *Committed) (int64, bool) {
	switch {
	case g.protocols == "":
		return o.CommitTime, true
	case g.phase == classicEmpty && g.since != unknownSince:
		return g.since, true
	case g.phase == classicEmpty:
		return o.CommitTime, true
	}
	return o.CommitTime, g.phase == classicStable && g.topicsKnown
}

func (g *classicGroup) tombstones(records []Record) []Record {
	return append(records, &GroupRecord{Group: g.group.name, Deleted: true})
}

func (g *classicGroup) describe(_ *Coordinator, d *Description) {
	stable := g.phase == classicStable
	d.Leader = g.leader
	if stable {
		d.Protocol = g.protocol
	}
	d.Members = make([]DescribedMember, len(g.members))
	for i, m := range g.members {
		d.Members[i] = DescribedMember{Member: m.id, Instance: m.instance, ClientID: m.clientID, ClientHost: m.clientHost, Assignment: m.assignment}
		if stable {
			d.Members[i].Metadata = m.metadata(g.protocol)
		}
	}
}

// loaded gives every member a session's time to find this coordinator.
func (g *classicGroup) loaded(c *Coordinator) {
	for _, m := range g.members {
		g.keepAlive(c, m, m.sessionTimeout)
	}
	if len(g.members) > c.settings.MaxSize {
		g.prepareRebalance(c) // group.max.size was lowered: the last to join again is not taken
	}
}

func (g *classicGroup) end(c *Coordinator, err error) {
	for _, m := range g.members {
		g.answerJoin(c, m, refusal(m.id, err))
		g.answerSync(c, m, &SyncAnswer{Err: err})
		c.deadlines.Stop(&m.session)
	}
	for _, d := range g.given { // order-free: none of them happens any more
		c.deadlines.Stop(d)
	}
	c.deadlines.Stop(&g.join)
	c.deadlines.Stop(&g.sync)
	g.transition(c, classicDead)
}

// tell reports what happened to a member, or to all.
func (g *classicGroup) tell(c *Coordinator, kind EventKind, id MemberID) {
	c.tell(Event{Kind: kind, Group: g.group.name, Member: MemberID(strings.Clone(string(id))), Generation: g.generationID, Members: len(g.members)})
}
