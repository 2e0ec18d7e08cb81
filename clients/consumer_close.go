package clients

import (
	"time"

	"assay/host"
)

// closeTimeout is what Kafka's Consumer.close() allows itself by default.
const closeTimeout = 30 * time.Second

// closePhase is how far a member is with its end.
type closePhase uint8

const (
	closeCommits closePhase = iota // commits under way end, auto-commit's last one too
	closeCalls                     // the application is asked for its partitions, and may commit
	closeLeaves                    // the coordinator is told
)

// Close ends the consumer: it fetches no more, commits what auto-commit has
// left, asks the application for its partitions (RebalanceListener.Revoked, or
// Lost), leaves its group (a static member of the classic protocol does not) and
// calls done when all that has ended, after 30 s or request.timeout.ms at the
// latest. The connections stay the Client's.
func (c *Consumer) Close(done func()) {
	if c.group.closing != nil {
		return
	}
	now := c.client.host.Now()
	limit := now.Add(min(closeTimeout, c.client.config.RequestTimeout))
	c.group.closing, c.group.waiting, c.group.pollBy = done, false, host.Never
	if c.group.due != host.Never {
		c.autoCommit(limit, false, func() {})
		c.group.due = host.Never
	}
	if c.group.membership != nil {
		c.holdBack(c.Assignment())
		c.client.timers.Set(&c.group.closeBy, limit)
		c.client.step()
		return
	}
	for _, p := range c.partitions {
		p.forgetRequests()
	}
	c.partitions = nil
	// done comes out of a step of its own, never out of Close.
	if len(c.group.commits.queue) == 0 {
		limit = now
	}
	c.client.timers.Set(&c.group.closeBy, limit)
	c.client.step()
}

// stepClose goes on with the end of a member. Each phase waits for the commits
// of the one before.
func (c *Consumer) stepClose() {
	g := &c.group
	if g.closing == nil || g.membership == nil || g.revoking || len(g.commits.queue) > 0 {
		return
	}
	switch g.phase {
	case closeCommits:
		g.phase = closeCalls
		if g.membership.belongs() {
			c.revoke(c.Assignment(), func() { g.phase = closeLeaves })
		} else {
			c.lose(c.Assignment())
			g.phase = closeLeaves
		}
		c.client.again = true
	case closeLeaves:
		left := g.membership
		g.membership = nil
		left.leave(func() {
			if g.closeBy.IsSet() { // else it was too late
				c.client.timers.Set(&g.closeBy, c.client.host.Now())
			}
		})
	}
}

// closed ends what has not ended and tells the owner.
func (c *Consumer) closed() {
	c.client.timers.Stop(&c.group.closeBy)
	c.group.membership = nil
	c.group.commits.endAll()
	c.client.timers.Stop(&c.timer)
	for _, p := range c.partitions {
		p.forgetRequests()
	}
	c.partitions = nil
	c.group.closing()
}
