package group

import "github.com/twmb/franz-go/pkg/kerr"

// LeaveRequest asks to remove members (KIP-345: several at once; an
// administrator names static ones by their instance id alone).
type LeaveRequest struct {
	Group   string
	Members []LeavingMember
}

// LeavingMember is one of a LeaveRequest.
type LeavingMember struct {
	Member   MemberID
	Instance string
}

// LeaveAnswer answers a LeaveRequest: Err for all, or one error for each.
type LeaveAnswer struct {
	Err    error
	Errors []error
}

// Leave removes members: INVALID_GROUP_ID; UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID
// of each. If the group is empty then, it is answered when that is committed.
func (c *Coordinator) Leave(at Moment, r *LeaveRequest, token Token) Decision {
	c.begin(at)
	answer := &LeaveAnswer{Errors: make([]error, len(r.Members))}
	answers := []Answer{{Token: token, Leave: answer}}
	g := c.find(r.Group)
	var members *classicGroup
	if g != nil {
		if consumers, ok := g.members.(*consumerGroup); ok {
			c.removeConsumers(consumers, r, token)
			return c.take()
		}
		members, _ = g.members.(*classicGroup)
	}
	left := 0
	for i := range r.Members {
		if members == nil {
			answer.Errors[i] = kerr.UnknownMemberID
		} else if answer.Errors[i] = members.leave(c, &r.Members[i]); answer.Errors[i] == nil {
			left++
		}
	}
	switch {
	case r.Group == "":
		answer.Err = kerr.InvalidGroupID
	case left > 0 && members.phase == classicPreparing:
		members.maybeCompleteJoin(c)
	case left > 0:
		members.oneLess(c)
	}
	if len(c.decision.Writes) == 0 {
		c.decision.Answers = append(c.decision.Answers, answers...)
		return c.take()
	}
	w := c.decision.Writes[len(c.decision.Writes)-1]
	then := w.then
	w.refuse = func(err error) Answer { return Answer{Token: token, Leave: &LeaveAnswer{Err: err}} }
	w.then = func(c *Coordinator, err error) {
		if then != nil {
			then(c, err)
		}
		if err != nil {
			answer.Err = err
		}
		c.decision.Answers = append(c.decision.Answers, answers...)
	}
	return c.take()
}

// leave removes one member.
func (g *classicGroup) leave(c *Coordinator, l *LeavingMember) error {
	var m *classicMember
	switch {
	case l.Member == "":
		if m = g.instances[l.Instance]; m == nil {
			return kerr.UnknownMemberID
		}
	case g.given[l.Member] != nil:
		g.dropGiven(c, l.Member)
		return nil
	default:
		var err error
		if m, err = g.validate(c, l.Member, l.Instance); err != nil {
			return err
		}
	}
	g.answerJoin(c, m, refusal("", kerr.UnknownMemberID))
	g.answerSync(c, m, &SyncAnswer{Err: kerr.UnknownMemberID})
	g.remove(c, m)
	g.tell(c, MemberLeft, m.id)
	return nil
}
