package broker

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// LeaveGroup, versions 0 to 5: 3 removes several members at once and adds
// instance ids (KIP-345), 5 the reasons.

// heldLeave is a request to leave until it is answered.
type heldLeave struct {
	exchange *exchange
	members  []group.LeavingMember
}

func (n *Node) leaveGroup(e *exchange, r *kmsg.LeaveGroupRequest) {
	h := &heldLeave{exchange: e}
	if r.Version < 3 {
		h.members = []group.LeavingMember{{Member: group.MemberID(r.MemberID)}}
	}
	for i := range r.Members {
		m := group.LeavingMember{Member: group.MemberID(r.Members[i].MemberID)}
		if r.Members[i].InstanceID != nil {
			m.Instance = *r.Members[i].InstanceID
		}
		h.members = append(h.members, m)
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		n.answerLeave(h, &group.LeaveAnswer{Err: err})
		return
	}
	coordinator.carryOut(coordinator.Leave(n.groupMoment(), &group.LeaveRequest{Group: r.Group, Members: h.members}, h))
}

func (n *Node) answerLeave(h *heldLeave, a *group.LeaveAnswer) {
	response := kmsg.NewPtrLeaveGroupResponse()
	response.ErrorCode = errorCode(a.Err)
	switch {
	case a.Err != nil:
	case h.exchange.version < 3:
		response.ErrorCode = errorCode(a.Errors[0])
	default:
		for i, left := range h.members {
			m := kmsg.NewLeaveGroupResponseMember()
			m.MemberID, m.InstanceID, m.ErrorCode = string(left.Member), optional(left.Instance), errorCode(a.Errors[i])
			response.Members = append(response.Members, m)
		}
	}
	n.answer(h.exchange, response)
}
