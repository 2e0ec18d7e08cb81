package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// SyncGroup, versions 0 to 5: 3 adds instance ids (KIP-345), 5 the type and name
// of the protocol (KIP-559), which then must be there.

// syncGroup lets a request wait until the group's leader has assigned.
func (n *Node) syncGroup(e *exchange, r *kmsg.SyncGroupRequest) {
	sync := &group.SyncRequest{Group: r.Group, Member: group.MemberID(r.MemberID), Generation: group.GenerationID(r.Generation)}
	if r.Version >= 5 && (r.ProtocolType == nil || r.Protocol == nil) {
		n.answerSync(e, &group.SyncAnswer{Err: kerr.InconsistentGroupProtocol})
		return
	}
	if r.InstanceID != nil {
		sync.Instance = *r.InstanceID
	}
	if r.ProtocolType != nil {
		sync.ProtocolType = *r.ProtocolType
	}
	if r.Protocol != nil {
		sync.Protocol = *r.Protocol
	}
	for i := range r.GroupAssignment {
		sync.Assignments = append(sync.Assignments,
			group.Assignment{Member: group.MemberID(r.GroupAssignment[i].MemberID), Assignment: r.GroupAssignment[i].MemberAssignment})
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		n.answerSync(e, &group.SyncAnswer{Err: err})
		return
	}
	coordinator.carryOut(coordinator.Sync(n.groupMoment(), sync, e))
}

func (n *Node) answerSync(e *exchange, a *group.SyncAnswer) {
	response := kmsg.NewPtrSyncGroupResponse()
	response.ErrorCode, response.MemberAssignment = errorCode(a.Err), a.Assignment
	if e.version >= 5 {
		response.ProtocolType, response.Protocol = optional(a.ProtocolType), optional(a.Protocol)
	}
	n.answer(e, response)
}
