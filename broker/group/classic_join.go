package group

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/internal/deadline"
)

// JoinRequest asks to become a member, or to stay one in the next generation.
type JoinRequest struct {
	Group                            string
	Member                           MemberID // "" to become one
	NewMember                        MemberID // the id that it gets if it needs one
	Instance                         string   // "" is a dynamic member
	ClientID, ClientHost             string
	SessionTimeout, RebalanceTimeout time.Duration
	ProtocolType                     string
	Protocols                        []Protocol
	Version                          int16 // of the request
}

const (
	// memberIDRequired is the version from which a member joins with the id that
	// a first request has got it (KIP-394): else every request whose answer is
	// lost would leave a member behind that nobody knows of.
	memberIDRequired = 4
	// skipAssignment is the version whose leaders can be told not to assign, which
	// one that comes back without a rebalance must not (KIP-814).
	skipAssignment = 9
)

// newMemberJoinTimeout is how long a new member may wait for its first answer. It
// cannot send heartbeats, and nobody learns that its connection is gone.
const newMemberJoinTimeout = 5 * time.Minute

// JoinAnswer answers a JoinRequest.
type JoinAnswer struct {
	Err            error
	Member         MemberID
	Generation     GenerationID // NoGeneration with an error
	ProtocolType   string
	Protocol       string // "" for none
	Leader         MemberID
	SkipAssignment bool
	Members        []JoinedMember // for the leader
}

// JoinedMember is what the leader must know of a member.
type JoinedMember struct {
	Member   MemberID
	Instance string
	Metadata []byte
}

// Join takes a member's request to join: INVALID_GROUP_ID,
// INVALID_SESSION_TIMEOUT, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID,
// INCONSISTENT_GROUP_PROTOCOL, GROUP_MAX_SIZE_REACHED, MEMBER_ID_REQUIRED.
// Otherwise it is answered when all others have joined, or were too slow.
func (c *Coordinator) Join(at Moment, r *JoinRequest, token Token) Decision {
	c.begin(at)
	answer := func(id MemberID, err error) Decision {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Join: refusal(id, err)})
		return c.take()
	}
	g := c.find(r.Group)
	switch {
	case r.Group == "":
		return answer(r.Member, kerr.InvalidGroupID)
	case r.SessionTimeout < c.settings.MinSessionTimeout || r.SessionTimeout > c.settings.MaxSessionTimeout:
		return answer(r.Member, kerr.InvalidSessionTimeout)
	case g == nil && r.Member != "":
		return answer(r.Member, kerr.UnknownMemberID)
	}
	created := g == nil
	if created {
		g = c.ensure(r.Group)
	} else if g.members.kind() == Consumer && g.members.empty() {
		c.write(nil, g.members.tombstones(nil)...) // it becomes one of this kind
		g.members, created = newClassicGroup(g), true
	}
	written := len(c.decision.Writes)
	members, classic := g.members.(*classicGroup)
	if !classic {
		return answer("", kerr.InconsistentGroupProtocol)
	}
	members.joins(c, r, token)
	if created && len(c.decision.Writes) == written {
		// That there is such a group is written down, as Kafka does. Whoever made it
		// come into being is told if that fails.
		c.write(func(c *Coordinator, err error) {
			for _, m := range members.members {
				if err != nil && m.join.waits && m.join.token == token {
					members.answerJoin(c, m, refusal("", err))
				}
			}
		}, &GroupRecord{Group: members.group.name, GroupMetadataValue: kmsg.GroupMetadataValue{Version: groupValue, CurrentStateTimestamp: unknownSince}})
	}
	return c.take()
}

// refusal is the answer to a join that is not granted.
func refusal(id MemberID, err error) *JoinAnswer {
	return &JoinAnswer{Err: err, Member: id, Generation: NoGeneration}
}

func (g *classicGroup) joins(c *Coordinator, r *JoinRequest, token Token) {
	refuse := func(id MemberID, err error) {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Join: refusal(id, err)})
	}
	switch m := g.byID[r.Member]; {
	case !g.accepts(c, m):
		if m != nil {
			g.remove(c, m)
			g.tell(c, MemberFenced, r.Member)
		}
		g.dropGiven(c, r.Member)
		refuse("", kerr.GroupMaxSizeReached)
	case !g.supports(r.ProtocolType, r.Protocols):
		refuse(r.Member, kerr.InconsistentGroupProtocol)
	case r.Member == "" && r.Instance != "" && g.instances[r.Instance] != nil:
		g.takeOver(c, r, token)
	case r.Member == "" && (r.Instance != "" || r.Version < memberIDRequired):
		g.joinAs(c, r, r.NewMember, token)
	case r.Member == "":
		g.giveID(c, r)
		refuse(r.NewMember, kerr.MemberIDRequired)
	case g.given[r.Member] != nil && r.Instance == "":
		g.joinAs(c, r, r.Member, token)
	default:
		g.joinsAgain(c, r, token, refuse)
	}
}

// accepts reports whether there is room for a member, nil for a new one. While
// they join anew, the first to come are taken.
func (g *classicGroup) accepts(c *Coordinator, m *classicMember) bool {
	switch g.phase {
	case classicPreparing:
		return m != nil && m.join.waits || g.awaiting < c.settings.MaxSize
	case classicCompleting, classicStable:
		return m != nil || len(g.members) < c.settings.MaxSize
	}
	return true
}

// giveID gives out an id to join with, which is kept for a session's time.
func (g *classicGroup) giveID(c *Coordinator, r *JoinRequest) {
	if g.given == nil {
		g.given = make(map[MemberID]*deadline.Deadline)
	}
	id := MemberID(strings.Clone(string(r.NewMember)))
	g.given[id] = &deadline.Deadline{Fire: func() {
		delete(g.given, id)
		if g.phase == classicPreparing && g.allJoined() {
			g.completeJoin(c)
		}
	}}
	c.deadlines.Set(g.given[id], c.at.Now.Add(r.SessionTimeout))
}

// joinAs makes a new member.
func (g *classicGroup) joinAs(c *Coordinator, r *JoinRequest, id MemberID, token Token) {
	m := &classicMember{id: MemberID(strings.Clone(string(id))), instance: strings.Clone(r.Instance), clientID: strings.Clone(r.ClientID),
		clientHost: r.ClientHost, rebalanceTimeout: r.RebalanceTimeout, sessionTimeout: r.SessionTimeout, protocols: copied(r.Protocols), fresh: true}
	if g.phase == classicPreparing && g.previous == classicEmpty {
		g.newMemberAdded = true
	}
	if len(g.members) == 0 {
		g.protocols = strings.Clone(r.ProtocolType)
	}
	g.add(c, m)
	g.awaitJoin(c, m, token)
	g.keepAlive(c, m, newMemberJoinTimeout)
	g.tell(c, MemberJoined, m.id)
	g.rebalanceOrComplete(c)
}

func copied(protocols []Protocol) []Protocol {
	own := make([]Protocol, len(protocols))
	for i, p := range protocols {
		own[i] = Protocol{Name: strings.Clone(p.Name), Metadata: cloned(p.Metadata)}
	}
	return own
}

// awaitJoin lets a member's join wait. One that waits already comes from a
// connection that the member has given up.
func (g *classicGroup) awaitJoin(c *Coordinator, m *classicMember, token Token) {
	if m.join.waits {
		g.answerJoin(c, m, refusal(m.id, kerr.RebalanceInProgress))
	}
	m.join = waiting{token, true}
	g.awaiting++
}

func (g *classicGroup) answerJoin(c *Coordinator, m *classicMember, answer *JoinAnswer) {
	if m.join.waits {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: m.join.token, Join: answer})
		m.join = waiting{}
		g.awaiting--
	}
}

// update takes what a member that joins again says of itself.
func (g *classicGroup) update(c *Coordinator, m *classicMember, r *JoinRequest, token Token) {
	g.support(m, -1)
	m.protocols, m.rebalanceTimeout, m.sessionTimeout = copied(r.Protocols), r.RebalanceTimeout, r.SessionTimeout
	g.support(m, +1)
	g.awaitJoin(c, m, token)
}

// joinsAgain takes the join of somebody who is a member.
func (g *classicGroup) joinsAgain(c *Coordinator, r *JoinRequest, token Token, refuse func(MemberID, error)) {
	m, err := g.validate(c, r.Member, r.Instance)
	if err != nil {
		refuse(r.Member, err)
		return
	}
	same := slices.EqualFunc(m.protocols, r.Protocols, func(a, b Protocol) bool { return a.Name == b.Name && bytes.Equal(a.Metadata, b.Metadata) })
	switch {
	case g.phase == classicEmpty:
		refuse(r.Member, kerr.UnknownMemberID)
	case g.phase == classicCompleting && same, g.phase == classicStable && same && g.leader != m.id:
		// It has missed the answer to its join, or has nothing new to say. The
		// leader of a stable group may have: a topic has more partitions.
		answer := g.joined(m)
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Join: answer})
	default:
		g.update(c, m, r, token)
		g.rebalanceOrComplete(c)
	}
}

// joined is the answer to a member of the present generation.
func (g *classicGroup) joined(m *classicMember) *JoinAnswer {
	a := &JoinAnswer{Member: m.id, Generation: g.generationID, ProtocolType: g.protocols, Protocol: g.protocol, Leader: g.leader}
	if g.leader == m.id {
		a.Members = make([]JoinedMember, len(g.members))
		for i, o := range g.members {
			a.Members[i] = JoinedMember{Member: o.id, Instance: o.instance, Metadata: o.metadata(g.protocol)}
		}
	}
	return a
}
