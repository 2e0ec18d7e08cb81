package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/replica"
)

// ListGroups, versions 0 to 5: 4 filters by state (KIP-518), 5 by type (KIP-848).

// listGroups lists the groups that are coordinated here.
func (n *Node) listGroups(e *exchange, r *kmsg.ListGroupsRequest) {
	response := kmsg.NewPtrListGroupsResponse()
	for _, h := range n.hosted {
		if h.coordinator == nil || h.Role() != replica.Leading {
			continue
		}
		s, groups := h.coordinator.service.(*groupService)
		switch {
		case !groups || h.coordinator.state == coordinatorFailed:
			continue
		case h.coordinator.state == coordinatorLoads:
			response.ErrorCode, response.Groups = kerr.CoordinatorLoadInProgress.Code, nil
			n.answer(e, response)
			return
		}
		for _, d := range s.List(r.StatesFilter, r.TypesFilter) {
			listed := kmsg.NewListGroupsResponseGroup()
			listed.Group, listed.ProtocolType = d.Group, d.ProtocolType
			if r.Version >= 4 {
				listed.GroupState = d.State
			}
			if r.Version >= 5 {
				listed.GroupType = d.Kind.String()
			}
			response.Groups = append(response.Groups, listed)
		}
	}
	n.answer(e, response)
}
