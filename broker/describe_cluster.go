package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeCluster, versions 0 to 2: 1 adds the type of endpoint (1 brokers, 2
// controllers, which only controllers answer), 2 fenced brokers.

func (n *Node) describeCluster(e *exchange, r *kmsg.DescribeClusterRequest) {
	response := kmsg.NewPtrDescribeClusterResponse()
	response.ClusterID = n.config.ClusterID
	response.ControllerID = n.anyBroker()
	response.ClusterAuthorizedOperations = anyClusterOperation.ifAsked(r.IncludeClusterAuthorizedOperations)
	response.EndpointType = 1
	if r.Version >= 1 && r.EndpointType != 1 {
		response.ErrorCode = kerr.MismatchedEndpointType.Code
		n.answer(e, response)
		return
	}
	for _, b := range n.image.Brokers() {
		if b.Fenced && !r.IncludeFencedBrokers {
			continue
		}
		broker := kmsg.NewDescribeClusterResponseBroker()
		broker.NodeID, broker.Host, broker.Port, broker.IsFenced = int32(b.ID), b.Host, b.Port, b.Fenced
		broker.Rack = nullable(b.Rack)
		response.Brokers = append(response.Brokers, broker)
	}
	n.answer(e, response)
}
