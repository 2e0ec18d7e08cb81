package group

import (
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/internal/deadline"
)

// leave takes a member's word that it goes. A static one may say that it will be
// back: what it has is kept for as long as its session.
func (h *consumerHeartbeat) leave() error {
	if g := h.c.find(h.r.Group); g != nil {
		h.g, _ = g.members.(*consumerGroup)
	}
	if h.g == nil {
		return kerr.GroupIDNotFound
	}
	m := h.g.byID[h.r.Member]
	if h.r.Instance != "" {
		if m = h.g.byID[h.g.instances[h.r.Instance]]; m != nil && m.id != h.r.Member {
			return kerr.FencedInstanceID
		}
	}
	if m == nil {
		return kerr.UnknownMemberID
	}
	h.answer = &ConsumerHeartbeatAnswer{Member: m.id, Epoch: h.r.Epoch}
	if h.r.Epoch == leavingStaticEpoch {
		away := current{epoch: leavingStaticEpoch, previous: m.previous, state: m.state, assigned: slices.Clone(m.assigned)}
		for i := range away.assigned {
			away.assigned[i].since = joiningEpoch // whoever takes its place has had it from the start
		}
		h.records = append(h.records, &CurrentRecord{Group: h.g.name, Member: m.id, current: away})
		return nil
	}
	h.records, h.events = h.g.without(h.c, []*consumerMember{m}, MemberLeft)
	return nil
}

// removeConsumers lets an administrator remove members, static ones by their
// instance id alone. Members themselves leave by a heartbeat.
func (c *Coordinator) removeConsumers(g *consumerGroup, r *LeaveRequest, token Token) {
	a := &LeaveAnswer{Errors: make([]error, len(r.Members))}
	var gone []*consumerMember
	for i := range r.Members {
		m, err := g.leaving(&r.Members[i])
		if a.Errors[i] = err; err == nil && !slices.Contains(gone, m) {
			gone = append(gone, m)
		}
	}
	if len(gone) == 0 {
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Leave: a})
		return
	}
	records, events := g.without(c, gone, MemberLeft)
	w := c.write(func(c *Coordinator, err error) {
		a.Err = err
		c.decision.Answers = append(c.decision.Answers, Answer{Token: token, Leave: a})
	}, records...)
	w.Events = events
	w.refuse = func(err error) Answer { return Answer{Token: token, Leave: &LeaveAnswer{Err: err}} }
}

// leaving finds a member to remove: UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID.
func (g *consumerGroup) leaving(l *LeavingMember) (*consumerMember, error) {
	m := g.byID[l.Member]
	if l.Instance != "" {
		m = g.byID[g.instances[l.Instance]]
	}
	switch {
	case m == nil:
		return nil, kerr.UnknownMemberID
	case l.Instance != "" && l.Member != "" && m.id != l.Member:
		return nil, kerr.FencedInstanceID
	}
	return m, nil
}

// without are the records, and the events, of a group without some members.
func (g *consumerGroup) without(c *Coordinator, gone []*consumerMember, kind EventKind) (records []Record, events []Event) {
	members := g.subscriptions()
	for _, m := range gone {
		records = removal(records, g.name, m.id)
		delete(members, m.id)
	}
	records = g.expressions.abandoned(records, g.name, gone)
	epoch := g.epoch + 1
	for _, m := range gone {
		events = append(events, Event{Kind: kind, Group: g.name, Member: m.id, Generation: g.epoch, Members: len(members)})
	}
	return append(records, &EpochRecord{Group: g.name, Epoch: epoch, MetadataHash: g.hashOf(c, members, &g.expressions)}),
		append(events, Event{Kind: Rebalanced, Group: g.name, Generation: epoch, Members: len(members)})
}

// lateMember is a member whose time has run out.
type lateMember struct {
	group *consumerGroup
	*consumerMember
	deadline *deadline.Deadline
}

// fenceAgain is after how long a member is fenced whose fencing did not get into
// the log.
const fenceAgain = 500 * time.Millisecond

// fenceLate fences members whose session has ended, or who did not give
// partitions back in time: those of a group together.
func (c *Coordinator) fenceLate() {
	late := c.late
	c.late = nil
	for len(late) > 0 {
		g := late[0].group
		var together []lateMember
		var gone []*consumerMember
		late = slices.DeleteFunc(late, func(l lateMember) bool {
			if l.group != g {
				return false
			}
			together = append(together, l)
			if !slices.Contains(gone, l.consumerMember) {
				gone = append(gone, l.consumerMember)
			}
			return true
		})
		records, events := g.without(c, gone, MemberFenced)
		c.write(func(c *Coordinator, err error) {
			for _, l := range together {
				if err != nil && g.byID[l.id] == l.consumerMember {
					c.deadlines.Set(l.deadline, c.at.Now.Add(fenceAgain))
				}
			}
		}, records...).Events = events
	}
}

func sortedMembers(members map[MemberID]*subscription) []MemberID {
	return slices.Sorted(maps.Keys(members))
}
