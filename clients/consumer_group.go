package clients

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// closeTimeout is what Kafka's Consumer.close() allows itself by default.
const closeTimeout = 30 * time.Second

// consumerGroup is what a consumer with a group has beyond one without: where
// the group stood at first, and commits.
type consumerGroup struct {
	member  groupMember
	commits committer

	// The look-up of committed offsets.
	asked    bool
	failures int
	notUntil host.Time

	// Auto-commit.
	waiting bool      // the application polls and there is nothing for it
	due     host.Time // the next one; Never without auto-commit
	closing func()
	closeBy Timer
}

// inGroup says whether positions start from, and are committed as, a group's.
func (c *Consumer) inGroup() bool { return c.config.GroupID != "" }

func (c *Consumer) startGroup() {
	c.group.due = host.Never
	c.group.closeBy.Fire = c.closed
	if !c.inGroup() {
		return
	}
	c.group.member.start(c.client, c.config.GroupID)
	c.group.commits.start(&c.group.member)
	if c.config.AutoCommit {
		c.group.due = c.client.host.Now().Add(c.autoCommitInterval())
	}
}

// Commit commits offsets for the group. It is tried until default.api.timeout.ms
// has passed, as by commitSync of Kafka's consumer, but does not wait: several
// may be under way and take effect in their order. done is called once, with
// the results in the order of the offsets; one of nothing ends at once. Commit
// on a consumer without a group is a bug of the caller and panics.
func (c *Consumer) Commit(offsets []CommitOffset, done func([]CommitResult)) {
	if !c.inGroup() {
		panic("clients: commit without a group")
	}
	deadline := c.client.host.Now().Add(c.config.APITimeout)
	c.group.commits.add(offsets, deadline, false, func(results []CommitResult) {
		c.noticeCommitted(results)
		done(results)
	})
	c.client.step()
}

// Close ends the consumer: it fetches no more, commits what auto-commit has
// left, and calls done when all commits have ended, after 30 s or
// request.timeout.ms at the latest. The connections stay the Client's.
func (c *Consumer) Close(done func()) {
	if c.group.closing != nil {
		return
	}
	limit := c.client.host.Now().Add(min(closeTimeout, c.client.config.RequestTimeout))
	c.group.closing, c.group.waiting = done, false
	if c.group.due != host.Never {
		c.autoCommit(limit, false)
		c.group.due = host.Never
	}
	for _, p := range c.partitions {
		p.forgetRequests()
	}
	c.partitions = nil
	// done comes out of a step of its own, never out of Close.
	if len(c.group.commits.queue) == 0 {
		limit = c.client.host.Now()
	}
	c.client.timers.Set(&c.group.closeBy, limit)
	c.client.step()
}

// closed ends what has not ended and tells the owner.
func (c *Consumer) closed() {
	c.client.timers.Stop(&c.group.closeBy)
	c.group.commits.endAll()
	c.client.timers.Stop(&c.timer)
	c.group.closing()
}

// stepGroup does what a group has to do; it returns when it wants to be asked
// again.
func (c *Consumer) stepGroup(now host.Time) host.Time {
	next := host.Never
	if !c.inGroup() {
		return next
	}
	if c.group.due != host.Never && (c.group.waiting || c.autoCommitsByItself()) {
		c.maybeAutoCommit(now)
		next = min(next, c.group.due)
	}
	c.group.commits.step()
	if c.group.closing != nil && len(c.group.commits.queue) == 0 && c.group.closeBy.IsSet() {
		c.client.timers.Set(&c.group.closeBy, now)
	}
	return min(next, c.lookUpCommitted(now))
}

// lookUpCommitted asks for the offsets from which the group goes on, for all
// new partitions at once.
func (c *Consumer) lookUpCommitted(now host.Time) host.Time {
	var names []kafka.TopicPartition
	for _, p := range c.partitions {
		if p.state == uncommitted {
			names = append(names, p.name)
		}
	}
	if c.group.asked || len(names) == 0 {
		return host.Never
	}
	if now < c.group.notUntil {
		return c.group.notUntil
	}
	peer := c.group.member.coordinator.ready()
	if code := c.group.member.coordinator.takeRefusal(); code != 0 {
		for _, name := range names {
			c.fail(c.find(name), kerr.ErrorForCode(code))
		}
		return host.Never
	}
	if peer == nil {
		return host.Never // the coordinator steps the client
	}
	c.group.asked = true
	c.group.member.fetchOffsets(peer, names, c.committedFetched)
	return host.Never
}

func (c *Consumer) committedFetched(fetched []fetchedOffset) {
	c.group.asked = false
	again := false
	for _, f := range fetched {
		p := c.find(f.Partition)
		switch {
		case p == nil || p.state != uncommitted: // the application was faster
		case f.code != 0 && (isRetriable(f.code) || f.code == kerr.UnknownServerError.Code):
			again = true
		case f.code != 0:
			c.fail(p, kerr.ErrorForCode(f.code))
		case f.Offset == kafka.NoOffset:
			p.state = unpositioned
		default:
			p.committed = f.Offset
			if f.Epoch > c.client.metadata.Leader(p.name).Epoch {
				c.client.metadata.RequestUpdate()
			}
			c.move(p, f.Offset, f.Epoch, MoveCommitted)
		}
	}
	if !again {
		c.group.failures = 0
		return
	}
	c.group.failures++
	c.group.notUntil = c.client.host.Now().Add(c.client.config.RetryBackoff.Wait(c.group.failures, c.client.random))
}

func (c *Consumer) noticeCommitted(results []CommitResult) {
	for _, r := range results {
		if p := c.find(r.Partition); p != nil && r.Outcome == Acknowledged {
			p.committed = r.Offset
		}
	}
}
