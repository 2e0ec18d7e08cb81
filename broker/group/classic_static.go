package group

import (
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// takeOver lets a process take an instance id over: it was restarted, or somebody
// has given the same id to two (KIP-345). The former member is fenced. In a stable
// group whose protocol stays the same nothing else changes, and nobody rebalances.
func (g *classicGroup) takeOver(c *Coordinator, r *JoinRequest, token Token) {
	former := g.instances[r.Instance]
	before := formerMember{former.id, former.protocols, former.rebalanceTimeout, former.sessionTimeout}
	formerLeader := g.leader
	m := g.replace(c, former, r.NewMember)
	g.tell(c, MemberFenced, before.id)
	g.tell(c, MemberJoined, m.id)
	g.keepAlive(c, m, m.sessionTimeout)
	g.update(c, m, r, token)
	switch {
	case g.phase == classicStable && g.selectProtocol() == g.protocol:
		c.write(func(c *Coordinator, err error) { g.tookOver(c, m, before, formerLeader, r.Version, err) }, g.record())
	case g.phase == classicStable:
		g.rebalanceOrComplete(c)
	case g.phase == classicCompleting:
		// The leader may be assigning to the former id.
		g.prepareRebalance(c)
	default:
		g.maybeCompleteJoin(c)
	}
}

// formerMember is what a member was before another process took over.
type formerMember struct {
	id                               MemberID
	protocols                        []Protocol
	rebalanceTimeout, sessionTimeout time.Duration
}

// replace gives a static member another id. Whoever waits under the former one is
// fenced at once.
func (g *classicGroup) replace(c *Coordinator, m *classicMember, id MemberID) *classicMember {
	g.answerJoin(c, m, refusal(m.id, kerr.FencedInstanceID))
	g.answerSync(c, m, &SyncAnswer{Err: kerr.FencedInstanceID})
	delete(g.byID, m.id)
	if g.leader == m.id {
		g.leader = MemberID(strings.Clone(string(id)))
	}
	m.id = MemberID(strings.Clone(string(id)))
	m.fresh = false
	g.byID[m.id] = m
	return m
}

// tookOver answers a process that has taken an instance id over when that is
// committed, or gives the id back.
func (g *classicGroup) tookOver(c *Coordinator, m *classicMember, before formerMember, formerLeader MemberID, version int16, err error) {
	if !m.join.waits || g.byID[m.id] != m {
		return // a rebalance has answered it, or it is gone
	}
	if err != nil {
		g.answerJoin(c, m, refusal("", err))
		g.replace(c, m, before.id)
		g.support(m, -1)
		m.protocols, m.rebalanceTimeout, m.sessionTimeout = before.protocols, before.rebalanceTimeout, before.sessionTimeout
		g.support(m, +1)
		g.keepAlive(c, m, m.sessionTimeout)
		return
	}
	if g.phase != classicStable {
		return // it waits for the rebalance that has begun meanwhile
	}
	answer := g.joined(m)
	if version >= skipAssignment {
		answer.SkipAssignment = g.leader == m.id
	} else {
		// An older client would assign if it were told that it leads: it learns of
		// a leader that there is no more, and nobody assigns until a rebalance.
		answer.Leader, answer.Members = formerLeader, nil
	}
	g.answerJoin(c, m, answer)
}
