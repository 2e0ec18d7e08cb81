package clients

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/clients/assignor"
	"assay/internal/kafka"
)

// The protocol that classic consumers speak through their coordinator, which
// does not look into it: each member's subscription on the way to the leader,
// each member's assignment on the way back (Kafka's ConsumerProtocol).

const (
	consumerProtocolType         = "consumer"
	subscriptionVersion    int16 = 3 // with generation (KAFKA-12984) and rack
	assignmentVersion      int16 = 3
	ownedSinceVersion      int16 = 1 // KIP-429
	generationSinceVersion int16 = 2
)

// claim is what a member says it has, and as of when.
type claim struct {
	partitions []kafka.TopicPartition
	generation int32
}

// encodeSubscription is a member's metadata for one assignor. now is what it has
// at this moment; last is what it was last assigned, which a sticky member has
// given back already and wants again.
func encodeSubscription(with assignor.Assignor, topics []string, now, last claim) []byte {
	m := kmsg.NewConsumerMemberMetadata()
	m.Version = subscriptionVersion
	m.Topics = slices.Sorted(slices.Values(topics))
	m.Generation = now.generation
	for topic, partitions := range byTopic(now.partitions) {
		m.OwnedPartitions = append(m.OwnedPartitions, kmsg.ConsumerMemberMetadataOwnedPartition{Topic: topic, Partitions: partitions})
	}
	switch with.Name {
	case assignor.Sticky.Name:
		m.UserData = encodeSticky(last)
	case assignor.CooperativeSticky.Name:
		m.UserData = binary.BigEndian.AppendUint32(nil, uint32(last.generation))
	}
	return m.AppendTo(nil)
}

// encodeSticky is Kafka's StickyAssignorUserData, version 1. A member that never
// was assigned anything sends none.
func encodeSticky(last claim) []byte {
	if last.generation == noGeneration {
		return nil
	}
	m := kmsg.NewStickyMemberMetadata()
	m.Generation = last.generation
	for topic, partitions := range byTopic(last.partitions) {
		m.CurrentAssignment = append(m.CurrentAssignment, kmsg.StickyMemberMetadataCurrentAssignment{Topic: topic, Partitions: partitions})
	}
	return m.AppendTo(nil)
}

// byTopic walks sorted partitions, a topic at a time.
func byTopic(sorted []kafka.TopicPartition) func(func(string, []int32) bool) {
	return func(yield func(string, []int32) bool) {
		for at := 0; at < len(sorted); {
			topic, numbers := sorted[at].Topic, []int32(nil)
			for ; at < len(sorted) && sorted[at].Topic == topic; at++ {
				numbers = append(numbers, sorted[at].Partition)
			}
			if !yield(topic, numbers) {
				return
			}
		}
	}
}

// decodeMember reads one member for the leader; with says whose data counts.
func decodeMember(with string, m *kmsg.JoinGroupResponseMember) (assignor.Member, error) {
	member := assignor.Member{ID: m.MemberID, Generation: assignor.NoGeneration}
	if m.InstanceID != nil {
		member.Instance = *m.InstanceID
	}
	subscription := kmsg.NewConsumerMemberMetadata()
	if err := subscription.ReadFrom(m.ProtocolMetadata); err != nil {
		return member, err
	}
	member.Topics = subscription.Topics
	switch {
	case with == assignor.Sticky.Name:
		// It gave all back before it joined: what it had is in its own data.
		last := kmsg.NewStickyMemberMetadata()
		if last.ReadFrom(subscription.UserData) == nil {
			member.Generation = last.Generation
			for _, t := range last.CurrentAssignment {
				member.Owned = appendPartitions(member.Owned, t.Topic, t.Partitions)
			}
		}
	case subscription.Version >= ownedSinceVersion:
		for _, t := range subscription.OwnedPartitions {
			member.Owned = appendPartitions(member.Owned, t.Topic, t.Partitions)
		}
		switch {
		case subscription.Version >= generationSinceVersion:
			member.Generation = subscription.Generation
		case with == assignor.CooperativeSticky.Name && len(subscription.UserData) == 4:
			member.Generation = int32(binary.BigEndian.Uint32(subscription.UserData))
		}
	}
	return member, nil
}

func appendPartitions(to []kafka.TopicPartition, topic string, partitions []int32) []kafka.TopicPartition {
	for _, p := range partitions {
		to = append(to, kafka.TopicPartition{Topic: topic, Partition: p})
	}
	return to
}

func encodeAssignment(sorted []kafka.TopicPartition) []byte {
	m := kmsg.NewConsumerMemberAssignment()
	m.Version = assignmentVersion
	for topic, partitions := range byTopic(sorted) {
		m.Topics = append(m.Topics, kmsg.ConsumerMemberAssignmentTopic{Topic: topic, Partitions: partitions})
	}
	return m.AppendTo(nil)
}

// decodeAssignment returns what the leader gave, sorted. No bytes are no
// partitions: so the leader, or a coordinator without one, leaves a member out.
func decodeAssignment(raw []byte) ([]kafka.TopicPartition, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	m := kmsg.NewConsumerMemberAssignment()
	if err := m.ReadFrom(raw); err != nil {
		return nil, err
	}
	var names []kafka.TopicPartition
	for _, t := range m.Topics {
		names = appendPartitions(names, t.Topic, t.Partitions)
	}
	slices.SortFunc(names, kafka.TopicPartition.Compare)
	return names, nil
}
