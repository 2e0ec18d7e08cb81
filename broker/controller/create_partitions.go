package controller

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
)

// createPartitions answers CreatePartitions (KIP-195): each topic gets further
// partitions, or an error of its own.
func (d *decision) createPartitions(r *kmsg.CreatePartitionsRequest) kmsg.Response {
	response := kmsg.NewPtrCreatePartitionsResponse()
	response.Version = r.Version
	for asked, err := range eachTopic(r.Topics, func(t *kmsg.CreatePartitionsRequestTopic) string { return t.Topic }) {
		answer := kmsg.NewCreatePartitionsResponseTopic()
		answer.Topic = asked.Topic
		if err == nil {
			err = d.addPartitions(asked, r.ValidateOnly)
		}
		if err != nil {
			answer.ErrorCode, answer.ErrorMessage = err.kafka.Code, kmsg.StringPtr(err.reason)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

// addPartitions brings a topic to a number of partitions. The errors:
// UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT,
// INVALID_REPLICATION_FACTOR.
func (d *decision) addPartitions(asked *kmsg.CreatePartitionsRequestTopic, validateOnly bool) *topicError {
	topic := d.image.Topic(asked.Topic)
	if topic == nil {
		return refuse(kerr.UnknownTopicOrPartition, "there is no topic %s", asked.Topic)
	}
	present := int32(len(topic.Partitions))
	switch more := asked.Count - present; {
	case more == 0:
		return refuse(kerr.InvalidPartitions, "topic %s has %d partitions already", asked.Topic, present)
	case more < 0:
		return refuse(kerr.InvalidPartitions, "topic %s has %d partitions, and cannot come down to %d", asked.Topic, present, asked.Count)
	case more > maxPartitions:
		return refuse(kerr.InvalidPartitions, "%d partitions at once are more than the %d that are allowed", more, maxPartitions)
	}
	added, err := d.furtherPartitions(topic, asked)
	if err != nil || validateOnly {
		return err
	}
	records := make([]metadata.Record, len(added))
	for i, p := range added {
		records[i] = &metadata.PartitionRecord{Topic: topic.ID, Partition: present + int32(i), State: p}
	}
	d.add(records...)
	return nil
}

// furtherPartitions have as many replicas as the topic's first, where they are
// asked to be, or in turns.
func (d *decision) furtherPartitions(topic *metadata.Topic, asked *kmsg.CreatePartitionsRequestTopic) ([]metadata.Partition, *topicError) {
	present := len(topic.Partitions)
	more, factor := int(asked.Count)-present, len(topic.Partitions[0].Replicas)
	if asked.Assignment == nil {
		return d.placed(more, int16(factor))
	}
	if len(asked.Assignment) != more {
		return nil, refuse(kerr.InvalidReplicaAssignment, "%d further partitions need as many assignments, not %d", more, len(asked.Assignment))
	}
	added := make([]metadata.Partition, more)
	for i := range added {
		replicas := asked.Assignment[i].Replicas
		p, err := d.placedAsAsked(int32(present+i), replicas)
		switch {
		case err != nil:
			return nil, err
		case len(replicas) != factor:
			return nil, refuse(kerr.InvalidReplicaAssignment, "a further partition is assigned %d replicas where those before it have %d",
				len(replicas), factor)
		}
		added[i] = p
	}
	return added, nil
}
