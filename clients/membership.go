package clients

import (
	"fmt"
	"slices"

	"assay/host"
	"assay/internal/kafka"
)

// membership is a protocol by which a consumer is a member of its group: the
// classic one, or that of KIP-848.
type membership interface {
	fmt.Stringer // its state, for people
	// advance does what may be done only while the application polls: calling it,
	// and what has to wait for that.
	advance(now host.Time)
	// step does the rest, heartbeats above all, and returns when it wants to be
	// stepped again.
	step(now host.Time) host.Time
	// belongs says whether the group counts the consumer in, as far as it knows.
	belongs() bool
	// pollExpired: the application has not polled for max.poll.interval.ms.
	pollExpired()
	// leave ends the membership; done is called when the coordinator has heard of
	// it or cannot.
	leave(done func())
	// mayCommit is the error with which a commit fails before it is sent, 0 for
	// none.
	mayCommit(op *commit) int16
	// retriesCommit says whether a commit may be tried again after a refusal that
	// is about the membership.
	retriesCommit(code int16) bool
	// commitRefused takes what the answer to a commit says about the membership.
	commitRefused(code int16, generation int32)
}

// newMembership makes the configured one.
func (c *Consumer) newMembership() membership {
	if c.config.GroupProtocol == ConsumerProtocol {
		return newEpochMember(c)
	}
	return newClassicMember(c)
}

// pollMembership lets the membership call the application out of Poll.
func (c *Consumer) pollMembership(now host.Time) {
	g := &c.group
	if g.membership == nil || g.closing != nil {
		return
	}
	g.pollBy = c.nextPollBy(now)
	g.polling = true
	if !g.revoking {
		g.membership.advance(now)
	}
	g.polling = false
}

// StopWaiting says that the application goes on with something else than waiting
// for records, which is what an empty Poll stands for: until it polls again no
// callback of the group comes, and max.poll.interval.ms runs. In Kafka's consumer
// that is a poll whose time is over.
func (c *Consumer) StopWaiting() {
	g := &c.group
	if !g.waiting {
		return
	}
	g.waiting = false
	if g.membership != nil && !g.revoking {
		g.pollBy = c.nextPollBy(c.client.host.Now())
		c.client.step()
	}
}

// nextPollBy is when the application has to have polled again.
func (c *Consumer) nextPollBy(now host.Time) host.Time {
	if !c.config.Profile.boundsPolls() {
		return host.Never
	}
	return now.Add(c.config.MaxPollInterval)
}

// stepMembership goes on with what needs no Poll, and with what does while the
// application waits for records.
func (c *Consumer) stepMembership(now host.Time) host.Time {
	g := &c.group
	if g.membership == nil {
		return host.Never
	}
	if now >= g.pollBy {
		g.pollBy = host.Never
		if g.membership.belongs() {
			c.client.host.Observe(host.Event{Point: PointPollIntervalExceeded, Args: [6]int64{int64(g.member.generation)}})
			g.membership.pollExpired()
		}
	}
	if g.waiting && !g.revoking {
		g.membership.advance(now)
	}
	return min(g.membership.step(now), g.pollBy)
}

// revoke asks the application to give partitions back and calls then when it
// has. Nothing is handed out meanwhile.
func (c *Consumer) revoke(names []kafka.TopicPartition, then func()) {
	if len(names) == 0 {
		then()
		return
	}
	g := &c.group
	c.holdBack(names)
	c.observeOwnership(PointRevoked, names)
	asking, ended := true, false
	done := func() {
		if ended {
			return
		}
		ended, g.revoking = true, false
		if g.waiting {
			g.pollBy = host.Never
		}
		c.drop(names)
		then()
		c.client.step()
		if !asking && g.waiting && !g.revoking && c.nextWithData() != nil {
			c.events.Available() // what came meanwhile could not be polled
		}
	}
	// A callback counts as time between two polls.
	g.revoking, g.pollBy = true, c.nextPollBy(c.client.host.Now())
	if g.listener.Revoked == nil {
		done()
		return
	}
	g.listener.Revoked(names, done)
	asking = false
}

// lose takes partitions away that are not the member's any more.
func (c *Consumer) lose(names []kafka.TopicPartition) {
	if len(names) == 0 {
		return
	}
	c.observeOwnership(PointLost, names)
	c.drop(names)
	if c.group.listener.Lost != nil {
		c.group.listener.Lost(names)
	}
}

// give makes the partitions the member's: what it had of them goes on where it
// was, the others start at the group's committed offsets. What it had else is
// gone before. Names are sorted.
func (c *Consumer) give(names []kafka.TopicPartition) {
	g := &c.group
	g.owner = GroupMetadata{Group: c.config.GroupID, Generation: g.member.generation, Member: g.member.id, Instance: c.config.GroupInstanceID}
	var added []kafka.TopicPartition
	partitions := make([]*consumerPartition, len(names))
	for i, name := range names {
		p := c.find(name)
		if p == nil {
			p = newConsumerPartition(name)
			p.state = uncommitted
			added = append(added, name)
			c.client.metadata.Want(name.Topic)
		}
		partitions[i] = p
	}
	c.partitions = partitions
	c.observeOwnership(PointAssigned, added)
	if g.due != host.Never {
		g.due = c.client.host.Now().Add(c.autoCommitInterval())
	}
	if g.listener.Assigned != nil {
		g.listener.Assigned(g.member.generation, added)
	}
	c.client.again = true
}

// holdBack stops handing out and fetching what will be given back.
func (c *Consumer) holdBack(names []kafka.TopicPartition) {
	for _, name := range names {
		if p := c.find(name); p != nil && !p.leaving {
			p.leaving = true
			p.forgetRequests()
		}
	}
}

func (c *Consumer) drop(names []kafka.TopicPartition) {
	for _, name := range names {
		if p := c.find(name); p != nil {
			p.forgetRequests()
		}
	}
	c.partitions = slices.DeleteFunc(slices.Clone(c.partitions), func(p *consumerPartition) bool {
		return slices.Contains(names, p.name)
	})
}

func (c *Consumer) observeOwnership(point *host.Point, names []kafka.TopicPartition) {
	for _, name := range names {
		c.client.host.Observe(host.Event{Point: point, Subject: name.Topic, Args: [6]int64{
			int64(name.Partition), int64(c.group.member.generation),
		}})
	}
}

// without lists what is in a and not in b.
func without(a, b []kafka.TopicPartition) []kafka.TopicPartition {
	var rest []kafka.TopicPartition
	for _, name := range a {
		if !slices.Contains(b, name) {
			rest = append(rest, name)
		}
	}
	return rest
}

// groupFailure is an error of the group that nothing helps against any more.
type groupFailure struct {
	err  error // nil for none
	told bool
}

// tell takes the assignment away and tells the application, once.
func (f *groupFailure) tell(c *Consumer) {
	if f.told {
		return
	}
	f.told = true
	c.lose(c.Assignment())
	if c.events.GroupFailed != nil {
		c.events.GroupFailed(f.err)
	}
}
