package broker

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// JoinGroup, versions 0 to 9: 1 adds the rebalance time-out, 4 asks a new member
// to join with an id that it gets (KIP-394), 5 adds instance ids (KIP-345), 7 the
// type of the protocol to the answer (KIP-559), 8 the reason, 9 tells a leader
// that comes back not to assign (KIP-814).

// joinGroup lets a request wait until the group's members have joined. Its
// connection does nothing else meanwhile, as in Kafka: heartbeats that follow on
// it wait, too.
func (n *Node) joinGroup(e *exchange, r *kmsg.JoinGroupRequest, clientID string) {
	join := &group.JoinRequest{Group: r.Group, Member: group.MemberID(r.MemberID), NewMember: n.newMemberID(clientID, r.InstanceID),
		ClientID: clientID, ClientHost: n.clientHost(e), SessionTimeout: millis(r.SessionTimeoutMillis), RebalanceTimeout: millis(r.RebalanceTimeoutMillis),
		ProtocolType: r.ProtocolType, Version: r.Version}
	if r.Version < 1 {
		join.RebalanceTimeout = join.SessionTimeout
	}
	if r.InstanceID != nil {
		join.Instance = *r.InstanceID
	}
	for i := range r.Protocols {
		join.Protocols = append(join.Protocols, group.Protocol{Name: r.Protocols[i].Name, Metadata: r.Protocols[i].Metadata})
	}
	coordinator, err := n.groupServiceOf(r.Group)
	if err != nil {
		n.answerJoin(e, &group.JoinAnswer{Err: err, Member: join.Member, Generation: group.NoGeneration})
		return
	}
	coordinator.carryOut(coordinator.Join(n.groupMoment(), join, e))
}

// clientHost is where a request comes from, in the words of Java's InetAddress.
func (n *Node) clientHost(e *exchange) string { return "/" + n.host.Peer(e.connection.id) }

// newMemberID is an id that no member has had: the client's name, or the
// instance's, and a random UUID.
func (n *Node) newMemberID(clientID string, instance *string) group.MemberID {
	if instance != nil {
		clientID = *instance
	}
	random := n.host.Rand("member-id")
	high, low := random.Uint64()&^0xf000|0x4000, random.Uint64()&^(3<<62)|1<<63
	return group.MemberID(fmt.Sprintf("%s-%08x-%04x-%04x-%04x-%012x", clientID, high>>32, high>>16&0xffff, high&0xffff, low>>48, low&(1<<48-1)))
}

func (n *Node) answerJoin(e *exchange, a *group.JoinAnswer) {
	response := kmsg.NewPtrJoinGroupResponse()
	response.ErrorCode, response.Generation = errorCode(a.Err), int32(a.Generation)
	response.MemberID, response.LeaderID = string(a.Member), string(a.Leader)
	if e.version >= 7 {
		response.ProtocolType, response.Protocol = optional(a.ProtocolType), optional(a.Protocol)
	} else {
		response.Protocol = &a.Protocol
	}
	if e.version >= 9 {
		response.SkipAssignment = a.SkipAssignment
	}
	for i := range a.Members {
		m := kmsg.NewJoinGroupResponseMember()
		m.MemberID, m.ProtocolMetadata = string(a.Members[i].Member), a.Members[i].Metadata
		if e.version >= 5 {
			m.InstanceID = optional(a.Members[i].Instance)
		}
		response.Members = append(response.Members, m)
	}
	n.answer(e, response)
}

// optional is nil for "".
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func millis(n int32) time.Duration { return time.Duration(n) * time.Millisecond }
