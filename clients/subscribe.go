package clients

import (
	"slices"

	"assay/internal/kafka"
)

// RebalanceListener tells an application what its group takes from it and gives
// it. Each may be nil. As with Kafka's ConsumerRebalanceListener the calls come
// only while the application polls or waits for records (its last Poll was
// empty), never between a Poll with records and the next one: work under way is
// not interrupted.
type RebalanceListener struct {
	// Assigned tells of new partitions, none where the assignment only shrank or
	// stayed. Generation is the group's, or the member's epoch (KIP-848).
	Assigned func(generation int32, added []kafka.TopicPartition)
	// Revoked asks for partitions back. They are the member's until the
	// application calls done, once; it may commit before. Polls are empty until
	// then, as Kafka's poll would not return.
	Revoked func(revoked []kafka.TopicPartition, done func())
	// Lost tells of partitions that are not the member's any more and may be
	// somebody else's already: it was fenced or too late. A commit for them
	// would be refused.
	Lost func(lost []kafka.TopicPartition)
}

// GroupMetadata is who a member is, for offsets that are committed in a
// transaction (KIP-447). Generation is -1 and Member "" outside of a group.
type GroupMetadata struct {
	Group      string
	Generation int32
	Member     string
	Instance   string // group.instance.id, "" for none
}

// GroupProtocol is group.protocol.
type GroupProtocol uint8

// The two of Kafka 4.
const (
	ClassicProtocol  GroupProtocol = iota // JoinGroup and SyncGroup: the leader assigns
	ConsumerProtocol                      // KIP-848: the coordinator assigns
)

// Subscribe makes the consumer a member of its group (ConsumerConfig.GroupID)
// and leaves it to the group's protocol which partitions it reads. It replaces
// Assign; a later Subscribe replaces topics and listener. Without a group it is
// a bug of the caller and panics.
func (c *Consumer) Subscribe(topics []string, listener RebalanceListener) {
	if !c.inGroup() {
		panic("clients: subscribe without a group")
	}
	g := &c.group
	g.topics, g.listener = slices.Sorted(slices.Values(topics)), listener
	for _, topic := range g.topics {
		c.client.metadata.Want(topic)
	}
	if g.membership == nil && g.closing == nil {
		g.member.consumer, g.member.epochs = c, c.config.GroupProtocol == ConsumerProtocol
		g.membership = c.newMembership()
		g.waiting = true // who subscribes polls next
	}
	c.client.step()
}

// subscribed says whether the group's protocol assigns the partitions.
func (c *Consumer) subscribed() bool { return c.group.member.consumer != nil }

// GroupMetadata is as whom the consumer has, or had, its partitions: in a
// classic group it changes when an assignment is taken, not while one is made,
// so that what was read before is never committed as a later generation's
// (KIP-447).
func (c *Consumer) GroupMetadata() GroupMetadata { return c.group.owner }

// Assignment lists the partitions that the consumer reads now.
func (c *Consumer) Assignment() []kafka.TopicPartition {
	var names []kafka.TopicPartition
	for _, p := range c.partitions {
		names = append(names, p.name)
	}
	return names
}
