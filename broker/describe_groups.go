package broker

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
)

// DescribeGroups, versions 0 to 6: 4 adds instance ids (KIP-345), 6 an error for
// a group that there is not (KIP-1043), which before was one in the state Dead.

func (n *Node) describeGroups(e *exchange, r *kmsg.DescribeGroupsRequest) {
	response := kmsg.NewPtrDescribeGroupsResponse()
	for _, name := range r.Groups {
		response.Groups = append(response.Groups, n.describeClassicGroup(name, r.Version))
		last := &response.Groups[len(response.Groups)-1]
		last.AuthorizedOperations = anyGroupOperation.ifAsked(r.IncludeAuthorizedOperations && last.ErrorCode == 0)
	}
	n.answer(e, response)
}

// describeClassicGroup describes a group of the classic protocol; others have a
// request of their own.
func (n *Node) describeClassicGroup(name string, version int16) kmsg.DescribeGroupsResponseGroup {
	out := kmsg.NewDescribeGroupsResponseGroup()
	out.Group = name
	coordinator, err := n.groupServiceOf(name)
	if err != nil {
		out.ErrorCode = errorCode(err)
		return out
	}
	d, err := coordinator.Describe(name)
	if err != nil || d.Kind != group.Classic {
		out.State = "Dead"
		if version >= 6 {
			message := fmt.Sprintf("there is no group %s", name)
			out.ErrorCode, out.ErrorMessage = kerr.GroupIDNotFound.Code, &message
		}
		return out
	}
	out.State, out.ProtocolType, out.Protocol = d.State, d.ProtocolType, d.Protocol
	for i := range d.Members {
		from := &d.Members[i]
		m := kmsg.NewDescribeGroupsResponseGroupMember()
		m.MemberID, m.ClientID, m.ClientHost = string(from.Member), from.ClientID, from.ClientHost
		m.ProtocolMetadata, m.MemberAssignment = from.Metadata, from.Assignment
		if version >= 4 {
			m.InstanceID = optional(from.Instance)
		}
		out.Members = append(out.Members, m)
	}
	return out
}
