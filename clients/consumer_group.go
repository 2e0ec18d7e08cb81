package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// consumerGroup is what a consumer with a group has beyond one without: where
// the group stood at first, and commits.
type consumerGroup struct {
	member  groupMember
	commits committer

	// Of one that subscribes.
	membership membership // nil with a fixed assignment
	topics     []string   // sorted
	listener   RebalanceListener
	owner      GroupMetadata // as whom it has its partitions
	polling    bool          // within Poll, before it takes records
	revoking   bool          // the application was asked for partitions and has not called done
	pollBy     host.Time     // max.poll.interval.ms; Never while the application waits

	// The look-up of committed offsets.
	asked    bool
	askedBy  int32 // the generation
	failures int
	notUntil host.Time

	// Auto-commit.
	waiting bool      // the application polls and there is nothing for it
	due     host.Time // the next one; Never without auto-commit
	closing func()
	closeBy Timer
	phase   closePhase
}

// inGroup says whether positions start from, and are committed as, a group's.
func (c *Consumer) inGroup() bool { return c.config.GroupID != "" }

func (c *Consumer) startGroup() {
	c.group.due, c.group.pollBy = host.Never, host.Never
	c.group.closeBy.Fire = c.closed
	if !c.inGroup() {
		return
	}
	c.group.member.start(c.client, c.config)
	c.group.owner = GroupMetadata{Group: c.config.GroupID, Generation: noGeneration, Instance: c.config.GroupInstanceID}
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
	c.group.commits.step() // what became of commits is told before what the membership makes of it
	next = min(next, c.stepMembership(now))
	c.stepClose()
	if c.group.closing != nil && !c.subscribed() && len(c.group.commits.queue) == 0 && c.group.closeBy.IsSet() {
		c.endSessions()
	}
	return min(next, c.lookUpCommitted(now))
}

// lookUpCommitted asks for the offsets from which the group goes on, for all
// new partitions at once.
func (c *Consumer) lookUpCommitted(now host.Time) host.Time {
	var names []kafka.TopicPartition
	for _, p := range c.partitions {
		if p.state == uncommitted && !p.leaving {
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
	c.group.asked, c.group.askedBy = true, c.group.member.generation
	c.group.member.fetchOffsets(peer, names, c.committedFetched)
	return host.Never
}

func (c *Consumer) committedFetched(fetched []fetchedOffset) {
	c.group.asked = false
	if c.group.askedBy != c.group.member.generation {
		c.client.again = true
		return // others may have committed in between
	}
	again := false
	for _, f := range fetched {
		p := c.find(f.Partition)
		switch {
		case p == nil || p.state != uncommitted: // the application was faster
		case f.code != 0 && (isRetriable(f.code) || f.code == kerr.UnknownServerError.Code || meansOtherEpoch(f.code)):
			again = true
		case f.code != 0:
			c.fail(p, kerr.ErrorForCode(f.code))
		case f.Offset == kafka.NoOffset:
			p.state = unpositioned
			p.stir()
		default:
			p.committed = f.Offset
			c.client.metadata.SawEpoch(p.name, f.Epoch)
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

// meansOtherEpoch: the heartbeats will say what has become of the member.
func meansOtherEpoch(code int16) bool {
	return code == kerr.StaleMemberEpoch.Code || code == kerr.UnknownMemberID.Code
}

func (c *Consumer) noticeCommitted(results []CommitResult) {
	for _, r := range results {
		if p := c.find(r.Partition); p != nil && r.Outcome == Acknowledged {
			p.committed = r.Offset
		}
	}
}
