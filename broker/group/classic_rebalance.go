package group

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// rebalanceOrComplete begins a rebalance, or ends its first half if everybody has
// joined.
func (g *classicGroup) rebalanceOrComplete(c *Coordinator) {
	if g.canRebalance() {
		g.prepareRebalance(c)
	} else {
		g.maybeCompleteJoin(c)
	}
}

// prepareRebalance makes the members join anew. The first rebalance of a group
// gives others some time, so that not every start of a member is a rebalance
// (KIP-134).
func (g *classicGroup) prepareRebalance(c *Coordinator) {
	if g.phase == classicCompleting {
		g.dropAssignment(c, kerr.RebalanceInProgress)
	}
	g.stopAwaitingSyncs(c)
	g.assigning = false
	initial := g.phase == classicEmpty
	g.transition(c, classicPreparing)
	switch {
	case initial:
		delay := c.settings.InitialRebalanceDelay
		g.newMemberAdded = false
		g.delayInitial(c, delay, max(g.rebalanceTimeout()-delay, 0))
	case g.allJoined():
		g.completeJoin(c)
	default:
		g.awaitOthers(c)
	}
}

// delayInitial lets the first members wait for more. As long as more come it is
// extended, up to the rebalance time-out.
func (g *classicGroup) delayInitial(c *Coordinator, delay, remaining time.Duration) {
	g.join.Fire = func() {
		if !g.newMemberAdded || remaining == 0 {
			g.completeJoin(c)
			return
		}
		g.newMemberAdded = false
		g.delayInitial(c, min(c.settings.InitialRebalanceDelay, remaining), max(remaining-delay, 0))
	}
	c.deadlines.Set(&g.join, c.at.Now.Add(delay))
}

// awaitOthers goes on without those who have not joined within the rebalance
// time-out.
func (g *classicGroup) awaitOthers(c *Coordinator) {
	g.join.Fire = func() { g.completeJoin(c) }
	c.deadlines.Set(&g.join, c.at.Now.Add(g.rebalanceTimeout()))
}

func (g *classicGroup) allJoined() bool { return len(g.members) == g.awaiting && len(g.given) == 0 }

// maybeCompleteJoin ends the first half of a rebalance if everybody has joined.
// The initial delay is waited for in any case.
func (g *classicGroup) maybeCompleteJoin(c *Coordinator) {
	if g.phase == classicPreparing && g.previous != classicEmpty && g.allJoined() {
		g.completeJoin(c)
	}
}

// completeJoin begins the next generation with those who have joined, and tells
// them. A static member who is late stays a member until its session ends.
func (g *classicGroup) completeJoin(c *Coordinator) {
	c.deadlines.Stop(&g.join)
	for _, m := range slices.Clone(g.members) {
		if !m.join.waits && m.instance == "" {
			g.remove(c, m)
			g.tell(c, MemberFenced, m.id)
		}
	}
	if len(g.members) > 0 && !g.leaderJoined() {
		g.awaitOthers(c) // static members alone, and none of them came
		return
	}
	g.generationID++
	if len(g.members) == 0 {
		g.protocol = ""
		g.findTopics()
		g.transition(c, classicEmpty)
		g.tell(c, Rebalanced, "")
		// If it cannot be written, the former generation will come back with a
		// successor, and its members' sessions will end there.
		c.write(nil, g.record())
		return
	}
	g.protocol = g.selectProtocol()
	g.findTopics()
	g.transition(c, classicCompleting)
	for _, m := range g.members {
		m.unsynced = true
		g.unsynced++
		if m.join.waits {
			g.answerJoin(c, m, g.joined(m))
			g.keepAlive(c, m, m.sessionTimeout)
		}
		m.fresh = false
	}
	g.tell(c, Rebalanced, "")
	g.awaitSyncs(c)
}

// leaderJoined makes somebody the leader who has joined, if anybody has.
func (g *classicGroup) leaderJoined() bool {
	if m := g.byID[g.leader]; m != nil && m.join.waits {
		return true
	}
	for _, m := range g.members {
		if m.join.waits {
			g.leader = m.id
			return true
		}
	}
	return false
}

// awaitSyncs removes those who do not sync within the rebalance time-out.
func (g *classicGroup) awaitSyncs(c *Coordinator) {
	g.sync.Fire = func() {
		for _, m := range slices.Clone(g.members) {
			if m.unsynced {
				g.remove(c, m)
				g.tell(c, MemberFenced, m.id)
			}
		}
		g.prepareRebalance(c)
	}
	c.deadlines.Set(&g.sync, c.at.Now.Add(g.rebalanceTimeout()))
}

func (g *classicGroup) stopAwaitingSyncs(c *Coordinator) {
	for _, m := range g.members {
		m.unsynced = false
	}
	g.unsynced = 0
	c.deadlines.Stop(&g.sync)
}

// synced: a member has synced, or is gone.
func (g *classicGroup) synced(c *Coordinator, m *classicMember) {
	if !m.unsynced {
		return
	}
	m.unsynced = false
	if g.unsynced--; g.unsynced == 0 {
		c.deadlines.Stop(&g.sync)
	}
}

// sessionEnds removes a member that was not heard of.
func (g *classicGroup) sessionEnds(c *Coordinator, m *classicMember) {
	if !m.fresh && (m.join.waits || m.sync.waits) {
		return // it waits for us; the answer begins a new session
	}
	g.answerJoin(c, m, refusal("", kerr.UnknownMemberID))
	g.remove(c, m)
	g.tell(c, MemberFenced, m.id)
	g.oneLess(c)
}

// oneLess goes on after a member is gone.
func (g *classicGroup) oneLess(c *Coordinator) {
	switch {
	case g.phase == classicStable || g.phase == classicCompleting:
		g.prepareRebalance(c)
	case g.phase == classicPreparing && g.allJoined():
		g.completeJoin(c)
	}
}
