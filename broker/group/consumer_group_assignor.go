package group

import (
	"cmp"
	"maps"
	"slices"

	"assay/internal/kafka"
)

// assignment is what an assignor goes by and comes to.
type assignment struct {
	members map[MemberID]*subscription
	order   []MemberID
	topics  []assignableTopic // by name
	// shared is who shall have a partition: the last target to begin with, the
	// next one in the end.
	shared map[PartitionID]MemberID
	load   map[MemberID]int
}

type assignableTopic struct {
	name        string
	id          kafka.TopicID
	partitions  int32
	subscribers []MemberID
}

// assignors by name (group.consumer.assignors).
var assignors = map[string]func(*assignment){"uniform": (*assignment).uniform, "range": (*assignment).ranges}

// Assignor reports whether there is an assignor of a name.
func Assignor(name string) bool { return assignors[name] != nil }

// assign computes the next target of members from the last one, which must name
// none but them.
func (c *Coordinator) assign(assignor string, members map[MemberID]*subscription, x *expressions, last map[MemberID][]PartitionID) map[MemberID][]PartitionID {
	a := &assignment{members: members, shared: make(map[PartitionID]MemberID), load: make(map[MemberID]int)}
	a.order = slices.SortedFunc(maps.Keys(members), func(x, y MemberID) int { return compareMembers(x, y, members) })
	byName := make(map[string]*assignableTopic)
	for _, id := range a.order {
		for _, name := range x.topicsOf(members[id]) {
			topic := byName[name]
			if topic == nil {
				topicID, partitions, ok := c.topics.Topic(name)
				if !ok {
					continue
				}
				topic = &assignableTopic{name: name, id: topicID, partitions: partitions}
				byName[name] = topic
			}
			topic.subscribers = append(topic.subscribers, id)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		a.topics = append(a.topics, *byName[name])
	}
	for id, partitions := range last { // order-free: each partition is one member's
		for _, p := range partitions {
			a.shared[p] = id
		}
	}
	assignors[assignor](a)
	targets := make(map[MemberID][]PartitionID, len(members))
	for p, id := range a.shared { // order-free: sorted below
		targets[id] = append(targets[id], p)
	}
	for _, partitions := range targets { // order-free: each for itself
		slices.SortFunc(partitions, PartitionID.Compare)
	}
	return targets
}

// ranges gives each member a range of each topic's partitions, so that partitions
// of the same number come together; where the last ones were does not matter.
func (a *assignment) ranges() {
	clear(a.shared)
	for _, topic := range a.topics {
		each, more := topic.partitions/int32(len(topic.subscribers)), topic.partitions%int32(len(topic.subscribers))
		next := int32(0)
		for i, id := range topic.subscribers {
			end := next + each
			if int32(i) < more {
				end++
			}
			for ; next < end; next++ {
				a.shared[PartitionID{topic.id, next}] = id
			}
		}
	}
}

// uniform gives all members about as many partitions, and as many as possible
// stay where they are. Which ones move differs from Kafka, where that depends on
// a hash.
func (a *assignment) uniform() {
	a.keepSubscribed()
	// Topics with few subscribers first: those with many can even that out.
	topics := slices.Clone(a.topics)
	slices.SortStableFunc(topics, func(x, y assignableTopic) int { return cmp.Compare(len(x.subscribers), len(y.subscribers)) })
	for _, topic := range topics {
		for number := range topic.partitions {
			if p := (PartitionID{topic.id, number}); a.shared[p] == "" {
				a.move(p, a.leastLoaded(topic.subscribers))
			}
		}
	}
	for moved := true; moved; { // ends: the sum of the squares of the loads falls with each move
		moved = false
		for _, topic := range topics {
			for number := range topic.partitions {
				p, least := PartitionID{topic.id, number}, a.leastLoaded(topic.subscribers)
				if a.load[a.shared[p]] > a.load[least]+1 {
					a.move(p, least)
					moved = true
				}
			}
		}
	}
}

// keepSubscribed drops what is no partition any more, or of a topic that its
// member does not subscribe to.
func (a *assignment) keepSubscribed() {
	last := maps.Clone(a.shared)
	clear(a.shared)
	for _, topic := range a.topics {
		for number := range topic.partitions {
			p := PartitionID{topic.id, number}
			if id, had := last[p]; had && slices.Contains(topic.subscribers, id) {
				a.move(p, id)
			}
		}
	}
}

func (a *assignment) move(p PartitionID, to MemberID) {
	if from := a.shared[p]; from != "" {
		a.load[from]--
	}
	a.shared[p] = to
	a.load[to]++
}

// leastLoaded: of equals the first.
func (a *assignment) leastLoaded(members []MemberID) MemberID {
	return slices.MinFunc(members, func(x, y MemberID) int { return cmp.Compare(a.load[x], a.load[y]) })
}
