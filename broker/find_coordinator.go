package broker

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
)

// FindCoordinator, versions 0 to 6: 1 adds the kind of key, 4 asks for several
// keys at once (KIP-699), 6 adds share groups, which do not exist here.

// What a key of FindCoordinator names.
const (
	groupKey       = 0
	transactionKey = 1
	shareKey       = 2
)

func (n *Node) findCoordinator(e *exchange, r *kmsg.FindCoordinatorRequest) {
	response := kmsg.NewPtrFindCoordinatorResponse()
	if r.Version < 4 {
		found := n.findOneCoordinator(r, r.CoordinatorKey)
		response.NodeID, response.Host, response.Port, response.ErrorCode = found.NodeID, found.Host, found.Port, found.ErrorCode
		n.answer(e, response)
		return
	}
	response.Coordinators = make([]kmsg.FindCoordinatorResponseCoordinator, len(r.CoordinatorKeys))
	for i, key := range r.CoordinatorKeys {
		response.Coordinators[i] = n.findOneCoordinator(r, key)
	}
	n.answer(e, response)
}

func (n *Node) findOneCoordinator(r *kmsg.FindCoordinatorRequest, key string) kmsg.FindCoordinatorResponseCoordinator {
	found := kmsg.NewFindCoordinatorResponseCoordinator()
	found.Key = key
	leader, err := n.coordinatingBroker(r, key)
	if err != nil {
		found.NodeID, found.Port, found.ErrorCode = -1, -1, errorCode(err)
		return found
	}
	found.NodeID, found.Host, found.Port = int32(leader.ID), leader.Host, leader.Port
	return found
}

// coordinatingBroker is the live leader of the partition that holds the group or
// the transactional id: COORDINATOR_NOT_AVAILABLE for none. The first who asks
// makes the internal topic come into being.
func (n *Node) coordinatingBroker(r *kmsg.FindCoordinatorRequest, key string) (*metadata.Broker, error) {
	name := metadata.OffsetsTopic
	switch kind := r.CoordinatorType; {
	case r.Version < 1 || kind == groupKey:
	case kind == transactionKey:
		name = metadata.TransactionsTopic
	default:
		return nil, kerr.InvalidRequest
	}
	topic := n.image.Topic(name)
	if topic == nil {
		n.ensureInternalTopic(name)
		return nil, kerr.CoordinatorNotAvailable
	}
	leader := n.image.Broker(topic.Partitions[group.PartitionFor(key, len(topic.Partitions))].Leader)
	if leader == nil || leader.Fenced {
		return nil, kerr.CoordinatorNotAvailable
	}
	return leader, nil
}
