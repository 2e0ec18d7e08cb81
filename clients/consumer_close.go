package clients

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
)

// closeTimeout is what Kafka's Consumer.close() allows itself by default.
const closeTimeout = 30 * time.Second

// closePhase is how far a member is with its end.
type closePhase uint8

const (
	closeCommits  closePhase = iota // commits under way end, auto-commit's last one too
	closeCalls                      // the application is asked for its partitions, and may commit
	closeLeaves                     // the coordinator is told
	closeSessions                   // the brokers are told that fetch sessions end
)

// sessionEndTimeout is how long franz-go waits for the end of its fetch sessions
// (Client.close in pkg/kgo/client.go). Kafka's consumer takes what is left of its
// time.
const sessionEndTimeout = time.Second

// Close ends the consumer: it fetches no more, commits what auto-commit has
// left, asks the application for its partitions (RebalanceListener.Revoked, or
// Lost), leaves its group (a static member of the classic protocol does not), ends
// its fetch sessions and calls done when all that has ended, after 30 s or
// request.timeout.ms at the latest. The connections stay the Client's.
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
	c.client.timers.Set(&c.group.closeBy, limit)
	if len(c.group.commits.queue) == 0 {
		c.endSessions()
	}
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
				c.endSessions()
			}
		})
	}
}

// endSessions is the last there is to do: brokers that can be reached are told
// that the fetch sessions end (KIP-227), and would keep them until they are
// evicted otherwise. The answer waits behind that of a fetch under way, as long
// as fetch.max.wait.ms; Kafka's consumer (Fetcher.maybeCloseFetchSessions) waits
// for it, too.
func (c *Consumer) endSessions() {
	g, now := &c.group, c.client.host.Now()
	if g.phase == closeSessions {
		return
	}
	g.phase = closeSessions
	open := 0
	for _, s := range c.sessions {
		peer := c.client.network.peer(s.broker)
		if s.id == 0 || peer == nil || peer.state != connected {
			continue
		}
		err := c.client.network.send(peer, call{body: c.lastFetch(peer.versions[kmsg.Fetch], s), done: func(kmsg.Response, error) {
			if open--; open == 0 && g.closeBy.IsSet() {
				c.client.timers.Set(&g.closeBy, c.client.host.Now())
			}
		}})
		if err == nil {
			open++
		}
	}
	switch {
	case open == 0: // done comes out of a step of its own
		c.client.timers.Set(&g.closeBy, now)
	case c.config.Profile == ProfileFranzGo:
		c.client.timers.Set(&g.closeBy, min(g.closeBy.At(), now.Add(sessionEndTimeout)))
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
