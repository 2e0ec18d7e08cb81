package clients

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/clients/assignor"
	"assay/host"
	"assay/internal/kafka"
)

// classicState is where a member stands (MemberState of Kafka's
// AbstractCoordinator).
type classicState uint8

const (
	unjoined classicState = iota // no member
	joining                      // JoinGroup is under way
	syncing                      // in the new generation, waiting for its assignment
	stable                       // has it
)

var classicStateNames = [...]string{unjoined: "not joined", joining: "joining", syncing: "syncing", stable: "stable"}

// preparation is how far a member is with what comes before JoinGroup.
type preparation uint8

const (
	unprepared preparation = iota
	committing             // auto-commit, so that the next owner starts where this one ended
	committed
	calling  // the application gives partitions back
	prepared // JoinGroup may go
)

// classicMember is a member by JoinGroup and SyncGroup, as Kafka's
// ConsumerCoordinator. A rebalance goes: prepare (commit, call the application),
// join, sync, complete (call the application). Both ends wait for the
// application to poll; JoinGroup's and SyncGroup's answers do not: what Kafka's
// consumer does with them at its next poll is done as they come.
type classicMember struct {
	consumer    *Consumer
	member      *groupMember
	assignors   []assignor.Assignor
	cooperative bool

	state       classicState
	rejoin      bool // wanted
	preparation preparation
	round       int    // of JoinGroup: older answers are about a former life
	protocol    string // the assignor that the group chose
	joinTopics  []string
	failures    int
	notUntil    host.Time

	leads    bool
	lead     *leadership      // while the assignment is made
	watched  map[string]int32 // partition counts that the assignment was made from; nil unless leading
	isSynced bool             // there is an assignment to complete the rebalance with
	synced   []kafka.TopicPartition
	last     claim // the last completed assignment

	heart   heart
	failure groupFailure
}

func newClassicMember(c *Consumer) *classicMember {
	m := &classicMember{consumer: c, member: &c.group.member, rejoin: true, last: claim{generation: noGeneration}, cooperative: true}
	for _, name := range c.config.Assignors {
		each, known := assignor.ByName(name)
		if !known {
			panic(fmt.Sprintf("clients: no assignor %q", name))
		}
		if c.config.StaleOwnedClaim && name == assignor.CooperativeSticky.Name {
			each = assignor.TrustClaims
		}
		m.assignors = append(m.assignors, each)
		// The way to rebalance must suit all, whichever the group chooses.
		m.cooperative = m.cooperative && each.Cooperative
	}
	if len(m.assignors) == 0 {
		panic("clients: subscribe without an assignor")
	}
	return m
}

// advance goes on with a rebalance as far as it gets.
func (m *classicMember) advance(now host.Time) {
	for !m.consumer.group.revoking {
		switch {
		case m.failure.err != nil:
			m.failure.tell(m.consumer)
			return
		case m.isSynced:
			m.complete()
		case m.state != joining && m.state != syncing && m.mustJoin():
			if now < m.notUntil || !m.canJoin() || !m.prepare(now) {
				return
			}
			m.join()
		default:
			return
		}
	}
}

// mustJoin says whether a rebalance is due: it is wanted, topics were subscribed
// to or dropped, or the leader sees other partitions than it assigned.
func (m *classicMember) mustJoin() bool {
	switch {
	case m.rejoin:
	case !slices.Equal(m.joinTopics, m.consumer.group.topics):
	case m.watched != nil && !m.watchedUnchanged():
	default:
		return false
	}
	m.rejoin = true
	return true
}

// canJoin comes before the preparation: a member that cannot reach the
// coordinator keeps what it has.
func (m *classicMember) canJoin() bool {
	peer := m.member.coordinator.ready()
	if code := m.member.coordinator.takeRefusal(); code != 0 {
		m.fail(code)
	}
	return peer != nil
}

// prepare is onJoinPrepare of Kafka's consumer. It reports whether JoinGroup may
// go.
func (m *classicMember) prepare(now host.Time) bool {
	if m.preparation == unprepared {
		m.startPreparation(now)
	}
	if m.preparation == committed {
		m.preparation = calling
		m.giveBack()
	}
	return m.preparation == prepared
}

func (m *classicMember) startPreparation(now host.Time) {
	c := m.consumer
	if !m.cooperative {
		c.holdBack(c.Assignment()) // nothing is read after the commit
	}
	if !c.config.AutoCommit || m.state != stable {
		m.preparation = committed
		return
	}
	m.preparation = committing
	round := m.round
	c.autoCommit(now.Add(c.config.MaxPollInterval), false, func() {
		if m.preparation == committing && m.round == round {
			m.preparation = committed
			c.client.again = true
		}
	})
}

// giveBack calls the application for what it must not have while the group
// rebalances: all of it (eager), or what is not subscribed to any more
// (cooperative). What a member had that the group has dropped is lost.
func (m *classicMember) giveBack() {
	c := m.consumer
	owned := c.Assignment()
	if m.member.generation == noGeneration || m.member.id == "" {
		if !c.config.StaleOwnedClaim || !m.cooperative {
			c.lose(owned)
		}
		m.preparation = prepared
		return
	}
	revoked := owned
	if m.cooperative {
		revoked = slices.DeleteFunc(slices.Clone(owned), func(p kafka.TopicPartition) bool {
			return slices.Contains(c.group.topics, p.Topic)
		})
	}
	round := m.round
	c.revoke(revoked, func() {
		if m.preparation == calling && m.round == round {
			m.preparation = prepared
		}
	})
}

// complete is onJoinComplete: what was taken away goes first, and then has to be
// offered to the others by another round; what is new comes last.
func (m *classicMember) complete() {
	c := m.consumer
	assigned := m.synced
	m.isSynced, m.synced, m.preparation = false, nil, unprepared
	if !m.cooperative {
		m.take(assigned)
		return
	}
	revoked := without(c.Assignment(), assigned)
	if len(revoked) > 0 {
		m.rejoin = true
	}
	round := m.round
	c.revoke(revoked, func() {
		// A member that was dropped meanwhile loses the rest at its next join.
		if m.state == stable && m.round == round {
			m.take(assigned)
		}
	})
}

func (m *classicMember) take(assigned []kafka.TopicPartition) {
	m.last = claim{assigned, m.member.generation}
	m.consumer.give(assigned)
}

// reset forgets the membership, as far as it is over: the generation always, the
// member id where the coordinator does not know it.
func (m *classicMember) reset(forgetID bool) {
	m.state, m.member.generation = unjoined, noGeneration
	if forgetID {
		m.member.id = ""
	}
	m.rejoin, m.preparation = true, unprepared
	m.isSynced, m.synced, m.lead, m.watched = false, nil, nil, nil
	m.round++
	m.consumer.client.again = true
}

// fail ends the membership for good.
func (m *classicMember) fail(code int16) {
	m.reset(true)
	m.rejoin = false
	m.failure.err = kerr.ErrorForCode(code)
}

func (m *classicMember) step(now host.Time) host.Time {
	if m.lead != nil {
		m.assign()
	}
	next := m.beat(now)
	if m.failure.err == nil && m.rejoin && m.notUntil > now {
		next = min(next, m.notUntil)
	}
	return next
}

// String is for Dump.
func (m *classicMember) String() string { return classicStateNames[m.state] }

func (m *classicMember) belongs() bool { return m.state == stable || m.state == syncing }

// pollExpired: a dynamic member leaves, so that others get what it has. A static
// one stops its heartbeats and is missed when its session ends (KIP-345).
func (m *classicMember) pollExpired() {
	m.sendLeave("consumer poll timeout has expired.", func() {})
	m.reset(true)
}

func (m *classicMember) leave(done func()) {
	m.sendLeave("the consumer is being closed", done)
	m.reset(true)
	m.rejoin = false
}

func (m *classicMember) mayCommit(op *commit) int16 {
	switch {
	case m.state == joining || m.state == syncing:
		return kerr.RebalanceInProgress.Code
	case m.state == unjoined:
		return kerr.UnknownMemberID.Code // Kafka's CommitFailedException
	case op.generation != m.member.generation:
		// It was asked for by a member of another generation: sent as one of this
		// it could set somebody else's offset back.
		return kerr.IllegalGeneration.Code
	}
	return 0
}

func (m *classicMember) retriesCommit(int16) bool { return false }

// commitRefused is the end of Kafka's OffsetCommitResponseHandler. A refusal of
// an older generation's commit says nothing about the present one.
func (m *classicMember) commitRefused(code int16, generation int32) {
	switch code {
	case kerr.RebalanceInProgress.Code:
		m.rejoin = m.rejoin || m.failure.err == nil
	case kerr.UnknownMemberID.Code, kerr.IllegalGeneration.Code:
		if generation == m.member.generation && m.state == stable {
			m.reset(code == kerr.UnknownMemberID.Code)
		}
	}
}
