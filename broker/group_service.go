package broker

import (
	"fmt"
	"slices"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
)

// groupService is the coordinator of the groups of one partition of the offsets
// topic: what broker/group decides, with what waits for it.
type groupService struct {
	*group.Coordinator
	node        *Node
	coordinator *coordinator
}

func newGroupService(n *Node, c *coordinator) *groupService {
	return &groupService{Coordinator: group.New(n.tuning.groups), node: n, coordinator: c}
}

func (s *groupService) loaded()   {}
func (s *groupService) unloaded() {}

func (s *groupService) String() string {
	return fmt.Sprintf("%d groups, %d offsets", s.Groups(), s.Offsets())
}

func (s *groupService) size() (groups, offsets int) { return s.Groups(), s.Offsets() }

// write appends what the core has decided; see writeCoordinator.
func (s *groupService) write(records []group.Record, done func(error)) {
	s.node.writeCoordinator(s.coordinator, records, done)
}

// groupServiceOf finds the coordinator of a group: NOT_COORDINATOR,
// COORDINATOR_LOAD_IN_PROGRESS.
func (n *Node) groupServiceOf(name string) (*groupService, error) {
	c, err := n.coordinatorOf(metadata.OffsetsTopic, name)
	if err != nil {
		return nil, err
	}
	return c.service.(*groupService), nil
}

// forgetTopic lets the groups coordinated here forget a topic that is gone.
func (n *Node) forgetTopic(topic string) {
	const atOnce = 500 // records of a batch, well below max.message.bytes
	for _, h := range n.hosted {
		if h.coordinator == nil || h.coordinator.state != coordinatorServes || h.Role() != replica.Leading {
			continue
		}
		s, groups := h.coordinator.service.(*groupService)
		if !groups {
			continue
		}
		for records := range slices.Chunk(s.TopicDeleted(topic), atOnce) {
			s.write(asRecords(records), func(error) {}) // at worst they stay
		}
	}
}

func asRecords(offsets []*group.OffsetRecord) []group.Record {
	records := make([]group.Record, 0, len(offsets))
	for _, r := range offsets {
		if r != nil {
			records = append(records, r)
		}
	}
	return records
}
