package broker

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// What follows is for harnesses that look into a broker from outside, between
// its steps. Nothing in the broker uses it, and it changes nothing.

// PartitionView is one replica as it is at one moment.
type PartitionView struct {
	Topic          string
	TopicID        kafka.TopicID
	Partition      int32
	Role           replica.Role
	Leader         kafka.BrokerID
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch kafka.PartitionEpoch
	LogStartOffset kafka.Offset
	LogEndOffset   kafka.Offset
	HighWatermark  kafka.Offset
	// LastStableOffset is where readers of committed records stop.
	LastStableOffset kafka.Offset
	ISR              []kafka.BrokerID // as this replica knows it
	ProposedISR      []kafka.BrokerID // what it asks the controller for as leader; nil for nothing
	hosted           *hosted
}

// Partitions returns the hosted replicas, by topic and partition.
func (n *Node) Partitions() []PartitionView {
	views := make([]PartitionView, len(n.hosted))
	for i, h := range n.hosted {
		views[i] = viewOf(h)
	}
	return views
}

// Partition returns a replica of the topic that has the name in this broker's
// metadata.
func (n *Node) Partition(at kafka.TopicPartition) (PartitionView, bool) {
	topic := n.image.Topic(at.Topic)
	if topic == nil {
		return PartitionView{}, false
	}
	hosted := n.partitions[topic.ID]
	if at.Partition < 0 || int(at.Partition) >= len(hosted) || hosted[at.Partition] == nil {
		return PartitionView{}, false
	}
	return viewOf(hosted[at.Partition]), true
}

func viewOf(h *hosted) PartitionView {
	s := h.State()
	return PartitionView{Topic: h.key.Topic, TopicID: h.key.TopicID, Partition: h.key.Partition, Role: h.Role(),
		Leader: s.Leader, LeaderEpoch: s.LeaderEpoch, PartitionEpoch: s.PartitionEpoch,
		LogStartOffset: h.LogStartOffset(), LogEndOffset: h.LogEndOffset(), HighWatermark: h.HighWatermark(),
		LastStableOffset: h.LastStableOffset(), ISR: s.ISR, ProposedISR: h.ProposedISR(), hosted: h}
}

// Batches walks the whole batches from the one that holds offset from on and
// that end at or below below. The bytes are good until the next one, of this broker.
// A log whose recovery trusted garbage (no-crc-recovery) may lead nowhere or back:
// the walk ends there.
func (v *PartitionView) Batches(from, below kafka.Offset) iter.Seq2[batch.Header, []byte] {
	const chunk = 64 << 10
	return func(yield func(batch.Header, []byte) bool) {
		n := v.hosted.node
		for from < below {
			extent, err := v.hosted.log.Read(from, chunk, below, true)
			if err != nil || extent.Length == 0 {
				return
			}
			if n.viewed, err = extent.AppendTo(n.viewed[:0]); err != nil {
				return
			}
			start := from
			for h, whole := range batch.Iterate(n.viewed) {
				if h.NextOffset() <= from || !yield(h, whole) {
					return
				}
				from = h.NextOffset()
			}
			if from == start {
				return
			}
		}
	}
}

// OpenTransactions are those with records in the log and no marker yet, by first
// offset. The slice must not be changed.
func (v *PartitionView) OpenTransactions() []storage.OpenTransaction {
	return v.hosted.log.OpenTransactions()
}

// GroupView is a group as its coordinator has it at one moment.
type GroupView struct {
	group.Description
	Partition   int32 // of the offsets topic
	LeaderEpoch kafka.LeaderEpoch
	Owned       []OwnedPartition // in a stable group of consumers
	Offsets     []GroupOffset
	Pending     []group.PendingOffset // of open transactions
}

// OwnedPartition is a partition that a member was assigned.
type OwnedPartition struct {
	Partition kafka.TopicPartition
	Member    group.MemberID
}

// GroupOffset is a committed offset.
type GroupOffset struct {
	Partition kafka.TopicPartition
	group.Committed
}

// Groups returns the groups that are coordinated here, by partition of the
// offsets topic and by name.
func (n *Node) Groups() (views []GroupView) {
	for _, h := range n.hosted {
		if h.coordinator == nil || h.coordinator.state != coordinatorServes {
			continue
		}
		s, groups := h.coordinator.service.(*groupService)
		if !groups {
			continue
		}
		for _, d := range s.All() {
			v := GroupView{Description: d, Partition: h.key.Partition, LeaderEpoch: h.State().LeaderEpoch, Owned: n.ownedIn(&d), Pending: s.Pending(d.Group)}
			for _, p := range s.Coordinator.Partitions(d.Group) {
				o, _, _ := s.Fetch(d.Group, p, kafka.TopicID{}, false)
				v.Offsets = append(v.Offsets, GroupOffset{p, o})
			}
			views = append(views, v)
		}
	}
	return views
}

// ownedIn reads the assignments of a group of consumers, in the order of the
// partitions. What is not readable is left out: the group's leader has written it.
func (n *Node) ownedIn(d *group.Description) (owned []OwnedPartition) {
	for i := range d.Members {
		for _, p := range d.Members[i].Owned {
			if topic := n.image.TopicByID(p.Topic); topic != nil {
				owned = append(owned, OwnedPartition{kafka.TopicPartition{Topic: topic.Name, Partition: p.Partition}, d.Members[i].Member})
			}
		}
		var assignment kmsg.ConsumerMemberAssignment
		if d.Kind != group.Classic || d.ProtocolType != "consumer" || assignment.ReadFrom(d.Members[i].Assignment) != nil {
			continue
		}
		for _, topic := range assignment.Topics {
			for _, number := range topic.Partitions {
				owned = append(owned, OwnedPartition{kafka.TopicPartition{Topic: topic.Topic, Partition: number}, d.Members[i].Member})
			}
		}
	}
	slices.SortStableFunc(owned, func(a, b OwnedPartition) int { return a.Partition.Compare(b.Partition) })
	return owned
}

// Image is the metadata that the broker acts on.
func (n *Node) Image() *metadata.Image { return n.image }

// BrokerEpoch is the epoch of this incarnation's registration, NoBrokerEpoch
// before it.
func (n *Node) BrokerEpoch() kafka.BrokerEpoch { return n.life.epoch }

// Incarnation identifies this start of the broker.
func (n *Node) Incarnation() metadata.IncarnationID { return n.life.incarnation }

// Serving reports whether the broker hosts partitions; Unfenced, whether the
// controller lets it lead and join, as it last said.
func (n *Node) Serving() bool { return n.serving && !n.failed && n.shutdown.stage <= handingOver }

// Unfenced: see Serving.
func (n *Node) Unfenced() bool { return n.life.unfenced }

// Dump describes the broker's state for people.
func (n *Node) Dump() string {
	var b strings.Builder
	fmt.Fprintf(&b, "broker %d: epoch %d, incarnation %x, serving %v, unfenced %v, metadata offset %d, controller %s\n",
		n.config.ID, n.life.epoch, n.life.incarnation[:4], n.serving, n.life.unfenced, n.image.Offset(), n.controllers.active())
	for _, v := range n.Partitions() {
		fmt.Fprintf(&b, "%s-%d %s leader %d epoch %d partition-epoch %d log [%d, %d) high-watermark %d isr %v, %d produces and %d fetches wait\n",
			v.Topic, v.Partition, v.Role, v.Leader, v.LeaderEpoch, v.PartitionEpoch, v.LogStartOffset, v.LogEndOffset,
			v.HighWatermark, v.ISR, len(v.hosted.produces), v.hosted.heldFetches())
		if c := v.hosted.coordinator; c != nil {
			fmt.Fprintf(&b, "  coordinator %s: %s, replayed to %d, %d writes wait\n", c.state, c.service, c.next, len(c.pending))
		}
		for _, f := range v.hosted.Followers() {
			fmt.Fprintf(&b, "  follower %d log end %d, caught up at %d ns\n", f.Broker, f.LogEndOffset, f.CaughtUpAt)
		}
		for _, e := range v.hosted.log.Epochs().Entries() {
			fmt.Fprintf(&b, "  epoch %d from %d\n", e.Epoch, e.Start)
		}
	}
	for _, g := range n.Groups() {
		fmt.Fprintf(&b, "group %s %s, generation %d\n", g.Group, g.State, g.Generation)
		for _, m := range g.Members {
			fmt.Fprintf(&b, "  member %s (%s) %s epoch %d, owns %v, shall own %v\n", m.Member, m.ClientID, m.State, m.Epoch, m.Owned, m.Target)
		}
	}
	return b.String()
}

func (h *hosted) heldFetches() (count int) {
	for _, p := range h.watchers {
		if p.session.held != nil {
			count++
		}
	}
	return count
}
