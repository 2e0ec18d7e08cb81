// Package assignor divides a group's partitions among its members, as the
// leader of a classic group does: Kafka's range, roundrobin, sticky and
// cooperative-sticky. It is pure: same input, same output. Racks are left out.
package assignor

import (
	"slices"
	"strings"

	"assay/internal/kafka"
)

// Member is one member as the leader sees it.
type Member struct {
	ID       string
	Instance string // group.instance.id, "" for a dynamic member
	Topics   []string
	// Owned is what the member says it has, as of Generation; NoGeneration where
	// it does not say.
	Owned      []kafka.TopicPartition
	Generation int32
}

// NoGeneration is below all.
const NoGeneration int32 = -1

// Assignor is one way to divide.
type Assignor struct {
	Name string // as JoinGroup has it
	// Cooperative: members keep what they have while a rebalance goes on, and
	// give back only what moves (KIP-429).
	Cooperative bool
	// Assign returns one list for each member, in their order, sorted. Counts are
	// the partitions of each topic; a topic without is assigned to nobody.
	Assign func(members []Member, counts map[string]int32) [][]kafka.TopicPartition
}

// The assignors that Kafka ships.
var (
	Range             = Assignor{Name: "range", Assign: assignRange}
	RoundRobin        = Assignor{Name: "roundrobin", Assign: assignRoundRobin}
	Sticky            = Assignor{Name: "sticky", Assign: assignSticky}
	CooperativeSticky = Assignor{Name: "cooperative-sticky", Cooperative: true, Assign: assignCooperatively}
)

// All lists them.
var All = []Assignor{Range, RoundRobin, Sticky, CooperativeSticky}

// ByName finds an assignor.
func ByName(name string) (Assignor, bool) {
	at := slices.IndexFunc(All, func(a Assignor) bool { return a.Name == name })
	if at < 0 {
		return Assignor{}, false
	}
	return All[at], true
}

// assignRange gives each member a run of every topic it reads, the first ones
// one partition more where the topic does not divide evenly.
func assignRange(members []Member, counts map[string]int32) [][]kafka.TopicPartition {
	result := make([][]kafka.TopicPartition, len(members))
	for _, topic := range topicsOf(members, counts) {
		readers := inOrder(members, func(m *Member) bool { return slices.Contains(m.Topics, topic) })
		each, more := counts[topic]/int32(len(readers)), counts[topic]%int32(len(readers))
		next := int32(0)
		for i, reader := range readers {
			end := next + each
			if int32(i) < more {
				end++
			}
			for ; next < end; next++ {
				result[reader] = append(result[reader], kafka.TopicPartition{Topic: topic, Partition: next})
			}
		}
	}
	return result
}

// assignRoundRobin deals the partitions of all topics, one after the other.
func assignRoundRobin(members []Member, counts map[string]int32) [][]kafka.TopicPartition {
	result := make([][]kafka.TopicPartition, len(members))
	circle := inOrder(members, func(*Member) bool { return true })
	turn := 0
	for _, p := range partitionsOf(members, counts) {
		for !slices.Contains(members[circle[turn%len(circle)]].Topics, p.Topic) {
			turn++
		}
		to := circle[turn%len(circle)]
		result[to] = append(result[to], p)
		turn++
	}
	return result
}

// inOrder lists those members' places in Kafka's order: static members by
// instance, so that a restart changes nothing, then the others by id.
func inOrder(members []Member, which func(*Member) bool) []int {
	var places []int
	for i := range members {
		if which(&members[i]) {
			places = append(places, i)
		}
	}
	slices.SortFunc(places, func(i, j int) int {
		a, b := &members[i], &members[j]
		switch {
		case a.Instance != "" && b.Instance != "":
			return strings.Compare(a.Instance, b.Instance)
		case a.Instance != "":
			return -1
		case b.Instance != "":
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return places
}

// topicsOf lists the topics with partitions that somebody reads, sorted.
func topicsOf(members []Member, counts map[string]int32) []string {
	var topics []string
	for i := range members {
		for _, topic := range members[i].Topics {
			if counts[topic] > 0 && !slices.Contains(topics, topic) {
				topics = append(topics, topic)
			}
		}
	}
	slices.Sort(topics)
	return topics
}

func partitionsOf(members []Member, counts map[string]int32) []kafka.TopicPartition {
	var partitions []kafka.TopicPartition
	for _, topic := range topicsOf(members, counts) {
		for p := range counts[topic] {
			partitions = append(partitions, kafka.TopicPartition{Topic: topic, Partition: p})
		}
	}
	return partitions
}
