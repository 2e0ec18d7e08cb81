package group

import (
	"github.com/twmb/franz-go/pkg/kerr"
)

// SyncRequest asks for the member's assignment in a generation. The leader's
// brings all of them.
type SyncRequest struct {
	Group                  string
	Member                 MemberID
	Instance               string
	Generation             GenerationID
	ProtocolType, Protocol string // "" is not said (KIP-559)
	Assignments            []Assignment
}

// Assignment is what a leader gives to a member.
type Assignment struct {
	Member     MemberID
	Assignment []byte
}

// SyncAnswer answers a SyncRequest.
type SyncAnswer struct {
	Err                    error
	ProtocolType, Protocol string
	Assignment             []byte
}

// Sync takes a member's request for its assignment: INVALID_GROUP_ID,
// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION,
// INCONSISTENT_GROUP_PROTOCOL, REBALANCE_IN_PROGRESS. Otherwise it is answered
// when the leader has assigned, and that is committed.
func (c *Coordinator) Sync(at Moment, r *SyncRequest, token Token) Decision {
	c.begin(at)
	refuse := func(err error) Decision {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Sync: &SyncAnswer{Err: err}})
		return c.take()
	}
	if r.Group == "" {
		return refuse(kerr.InvalidGroupID)
	}
	g, m, err := c.classicMember(r.Group, r.Member, r.Instance)
	switch {
	case err != nil:
		return refuse(err)
	case r.Generation != g.generationID:
		return refuse(kerr.IllegalGeneration)
	case r.ProtocolType != "" && r.ProtocolType != g.protocols || r.Protocol != "" && r.Protocol != g.protocol:
		return refuse(kerr.InconsistentGroupProtocol)
	case g.phase == classicPreparing:
		return refuse(kerr.RebalanceInProgress)
	}
	g.synced(c, m)
	if m.sync.waits { // from a connection that the member has given up
		g.answerSync(c, m, &SyncAnswer{Err: kerr.RebalanceInProgress})
	}
	m.sync = waiting{token, true}
	switch {
	case g.phase == classicStable:
		g.answerSync(c, m, g.assigned(m))
	case g.leader == m.id && !g.assigning:
		g.assign(c, r)
	}
	return c.take()
}

// classicMember finds the member of a classic group that a request names, by
// validate.
func (c *Coordinator) classicMember(name string, id MemberID, instance string) (*classicGroup, *classicMember, error) {
	g := c.find(name)
	if g == nil {
		return nil, nil, kerr.UnknownMemberID
	}
	members, classic := g.members.(*classicGroup)
	if !classic {
		return nil, nil, kerr.UnknownMemberID
	}
	m, err := members.validate(c, id, instance)
	return members, m, err
}

// assign takes the leader's word. It is handed out AFTER it is committed, so that
// a successor knows of every generation in which somebody has worked. A leader
// that syncs again meanwhile waits for its first word: a second record would be
// ignored here, and be what holds for a successor. (Kafka writes it.)
func (g *classicGroup) assign(c *Coordinator, r *SyncRequest) {
	assignments := make(map[MemberID][]byte, len(r.Assignments))
	for i := range r.Assignments {
		if m := g.byID[r.Assignments[i].Member]; m != nil {
			assignments[m.id] = cloned(r.Assignments[i].Assignment)
		}
	}
	generation := g.generationID
	g.assigning = true
	record := g.record()
	for i := range record.Members {
		record.Members[i].Assignment = assignments[MemberID(record.Members[i].MemberID)]
	}
	c.write(func(c *Coordinator, err error) {
		switch {
		case g.phase != classicCompleting || g.generationID != generation:
			// Somebody has joined meanwhile: this generation is over.
		case err != nil:
			g.assigning = false
			g.dropAssignment(c, err)
			g.rebalanceOrComplete(c)
		default:
			g.assigning = false
			for _, m := range g.members {
				m.assignment = assignments[m.id]
			}
			g.transition(c, classicStable)
			g.handOut(c)
		}
	}, record)
}

// dropAssignment sends those who wait for an assignment back to join.
func (g *classicGroup) dropAssignment(c *Coordinator, err error) {
	for _, m := range g.members {
		m.assignment = nil
		g.answerSyncAlive(c, m, &SyncAnswer{Err: err})
	}
}

func (g *classicGroup) handOut(c *Coordinator) {
	for _, m := range g.members {
		g.answerSyncAlive(c, m, g.assigned(m))
	}
}

func (g *classicGroup) assigned(m *classicMember) *SyncAnswer {
	return &SyncAnswer{ProtocolType: g.protocols, Protocol: g.protocol, Assignment: m.assignment}
}

// answerSyncAlive answers and begins a new session: the former one may have ended
// while the member waited for us.
func (g *classicGroup) answerSyncAlive(c *Coordinator, m *classicMember, answer *SyncAnswer) {
	if m.sync.waits {
		g.answerSync(c, m, answer)
		g.keepAlive(c, m, m.sessionTimeout)
	}
}

func (g *classicGroup) answerSync(c *Coordinator, m *classicMember, answer *SyncAnswer) {
	if m.sync.waits {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: m.sync.token, Sync: answer})
		m.sync = waiting{}
	}
}
