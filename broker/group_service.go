package broker

import (
	"fmt"
	"iter"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/host"
	"assay/internal/kafka"
)

// groupService is the coordinator of the groups of one partition of the offsets
// topic: what broker/group decides, with what waits for it.
type groupService struct {
	*group.Coordinator
	node        *Node
	coordinator *coordinator
	timer       timer // of the core's next deadline
}

func newGroupService(n *Node, c *coordinator) *groupService {
	settings := n.tuning.groups
	settings.Flaws, settings.Topics = n.config.Flaws.Group, clusterTopics{n}
	return &groupService{Coordinator: group.New(settings), node: n, coordinator: c}
}

// clusterTopics is the metadata that this broker acts on.
type clusterTopics struct{ node *Node }

func (t clusterTopics) Topic(name string) (kafka.TopicID, int32, bool) {
	topic := t.node.image.Topic(name)
	if topic == nil {
		return kafka.TopicID{}, 0, false
	}
	return topic.ID, int32(len(topic.Partitions)), true
}

func (t clusterTopics) TopicNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, topic := range t.node.image.Topics() {
			if !yield(topic.Name) {
				return
			}
		}
	}
}

func (t clusterTopics) TopicsVersion() int64 { return int64(t.node.image.Offset()) }

func (t clusterTopics) LastCreation() int64 { return int64(t.node.topicCreated) }

func (s *groupService) loaded() { s.carryOut(s.Loaded(s.node.groupMoment())) }

func (s *groupService) unloaded() {
	s.node.timers.Stop(&s.timer)
	s.answer(s.Unloaded(kerr.NotCoordinator))
}

func (s *groupService) String() string {
	return fmt.Sprintf("%d groups, %d offsets", s.Groups(), s.Offsets())
}

func (s *groupService) size() (groups, offsets int) { return s.Groups(), s.Offsets() }

func (n *Node) groupMoment() group.Moment { return group.Moment{Now: n.now, Wall: n.moment.Wall} }

// write appends what the core has decided; see writeCoordinator.
func (s *groupService) write(records []group.Record, done func(error)) {
	s.node.writeCoordinator(s.coordinator, records, done)
}

// carryOut does what the core has decided, and sees to it that it is asked again
// when its next deadline comes.
func (s *groupService) carryOut(d group.Decision) {
	s.answer(d)
	for _, w := range d.Writes {
		refused := false
		done := func(err error) {
			refused = err != nil
			if s.unloadedMeanwhile() { // whoever else waits is told so by unloaded
				s.answer(group.Decision{Answers: w.Abandoned(kerr.NotCoordinator)})
				return
			}
			s.carryOut(s.Written(s.node.groupMoment(), w, err))
		}
		if len(w.Records) == 0 {
			s.node.awaitCommitted(s.coordinator, done)
		} else {
			s.write(w.Records, done)
		}
		if !refused {
			s.answer(group.Decision{Events: w.Events})
		}
	}
	s.setTimer()
}

// unloadedMeanwhile reports whether another broker leads the partition.
func (s *groupService) unloadedMeanwhile() bool {
	return s.coordinator.hosted.coordinator != s.coordinator
}

func (s *groupService) setTimer() {
	if s.unloadedMeanwhile() {
		return
	}
	if next := s.NextDeadline(); next != s.timer.At() {
		s.node.timers.set(&s.timer, next, s.expire)
	}
}

func (s *groupService) expire() {
	s.node.host.Serial(s.coordinator.hosted.lane)
	s.carryOut(s.Expire(s.node.groupMoment()))
}

// answer sends the answers of a decision, and tells onlookers what happened.
func (s *groupService) answer(d group.Decision) {
	for i := range d.Events {
		e := &d.Events[i]
		s.node.observe(groupPoints[e.Kind], e.Group, int64(e.Generation), int64(e.Members))
	}
	for i := range d.Answers {
		switch a := &d.Answers[i]; {
		case a.Join != nil:
			s.node.answerJoin(a.Token.(*exchange), a.Join)
		case a.Sync != nil:
			s.node.answerSync(a.Token.(*exchange), a.Sync)
		case a.Leave != nil:
			s.node.answerLeave(a.Token.(*heldLeave), a.Leave)
		case a.ConsumerHeartbeat != nil:
			s.node.answerConsumerHeartbeat(a.Token.(*exchange), a.ConsumerHeartbeat)
		}
	}
}

var groupPoints = [...]*host.Point{group.MemberJoined: PointMemberJoined, group.MemberLeft: PointMemberLeft,
	group.MemberFenced: PointMemberFenced, group.Rebalanced: PointGroupRebalanced}

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
