package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// Heartbeat, versions 0 to 4: 3 adds instance ids (KIP-345).

func (n *Node) memberHeartbeat(e *exchange, r *kmsg.HeartbeatRequest) {
	response := kmsg.NewPtrHeartbeatResponse()
	response.ErrorCode = errorCode(n.takeHeartbeat(r))
	n.answer(e, response)
}

func (n *Node) takeHeartbeat(r *kmsg.HeartbeatRequest) error {
	coordinator, err := n.groupServiceOf(r.Group)
	if err == kerr.CoordinatorLoadInProgress {
		return nil // the member is not to blame, and its session will begin anew
	}
	if err != nil {
		return err
	}
	instance := ""
	if r.InstanceID != nil {
		instance = *r.InstanceID
	}
	err = coordinator.Heartbeat(n.groupMoment(), r.Group, group.MemberID(r.MemberID), instance, group.GenerationID(r.Generation))
	coordinator.setTimer()
	return err
}
