package controller

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

const (
	maxTopicName  = 249
	maxPartitions = 10_000 // of one request, as Kafka limits a topic's creation
)

// topicError is a refusal with its reason.
type topicError struct {
	kafka  *kerr.Error
	reason string
}

func refuse(err *kerr.Error, format string, values ...any) *topicError {
	return &topicError{err, fmt.Sprintf(format, values...)}
}

// createTopics answers CreateTopics. Each topic succeeds or fails on its own.
func (d *decision) createTopics(r *kmsg.CreateTopicsRequest) kmsg.Response {
	response := kmsg.NewPtrCreateTopicsResponse()
	response.Version = r.Version
	for asked, err := range eachTopic(r.Topics, func(t *kmsg.CreateTopicsRequestTopic) string { return t.Topic }) {
		answer := kmsg.NewCreateTopicsResponseTopic()
		answer.Topic = asked.Topic
		answer.NumPartitions, answer.ReplicationFactor = -1, -1
		answer.Configs = describeTopicConfig(nil)
		if err == nil {
			err = d.createTopic(asked, r.ValidateOnly, &answer)
		}
		if err != nil {
			answer.ErrorCode, answer.ErrorMessage = err.kafka.Code, kmsg.StringPtr(err.reason)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

// eachTopic yields the topics of a request in its order. One that is named more
// than once comes once, with INVALID_REQUEST.
func eachTopic[T any](topics []T, name func(*T) string) iter.Seq2[*T, *topicError] {
	return func(yield func(*T, *topicError) bool) {
		mentions := map[string]int{}
		for i := range topics {
			mentions[name(&topics[i])]++
		}
		for i := range topics {
			topic := &topics[i]
			count := mentions[name(topic)]
			mentions[name(topic)] = 0
			var err *topicError
			if count > 1 {
				err = refuse(kerr.InvalidRequest, "the topic is named more than once")
			}
			if count > 0 && !yield(topic, err) {
				return
			}
		}
	}
}

func (d *decision) createTopic(asked *kmsg.CreateTopicsRequestTopic, validateOnly bool, answer *kmsg.CreateTopicsResponseTopic) *topicError {
	if err := d.checkTopicName(asked.Topic); err != nil {
		return err
	}
	config, err := d.checkTopicConfig(asked.Topic, asked.Configs)
	if err != nil {
		return err
	}
	partitions, err := d.assign(asked)
	if err != nil {
		return err
	}
	answer.NumPartitions, answer.ReplicationFactor = int32(len(partitions)), int16(len(partitions[0].Replicas))
	answer.Configs = describeTopicConfig(config)
	if validateOnly {
		return nil
	}
	id := d.newTopicID()
	answer.TopicID = id
	records := []metadata.Record{metadata.TopicRecord{Name: asked.Topic, ID: id}}
	for number, p := range partitions {
		records = append(records, &metadata.PartitionRecord{Topic: id, Partition: int32(number), State: p})
	}
	for _, c := range config {
		records = append(records, metadata.ConfigRecord{
			Resource: metadata.ConfigResource{Type: metadata.TopicResource, Name: asked.Topic}, Key: c.Name, Value: *c.Value,
		})
	}
	d.add(records...)
	return nil
}

// newTopicID draws an id that no topic has. Kafka keeps 0 and 1 for itself and
// avoids a leading dash, which tools take for an option.
func (d *decision) newTopicID() kafka.TopicID {
	for {
		var id kafka.TopicID
		for i := range 2 {
			word := d.random.topicID.Uint64()
			for j := range 8 {
				id[8*i+j] = byte(word >> (8 * j))
			}
		}
		if !id.IsZero() && id != metadata.LogID && !strings.HasPrefix(id.String(), "-") && d.image.TopicByID(id) == nil {
			return id
		}
	}
}

func (d *decision) checkTopicName(name string) *topicError {
	switch {
	case name == "":
		return refuse(kerr.InvalidTopicException, "a topic needs a name")
	case name == "." || name == "..":
		return refuse(kerr.InvalidTopicException, "'.' and '..' cannot be names of topics")
	case len(name) > maxTopicName:
		return refuse(kerr.InvalidTopicException, "the topic's name '%s' has more than %d characters", name, maxTopicName)
	case strings.ContainsFunc(name, illegalInTopicName):
		return refuse(kerr.InvalidTopicException, "the topic's name '%s' may have ASCII letters, digits, '.', '_' and '-' only", name)
	case name == metadata.TopicName:
		return refuse(kerr.InvalidRequest, "topic '%s' is the cluster's own", name)
	case d.image.Topic(name) != nil:
		return refuse(kerr.TopicAlreadyExists, "there is a topic '%s' already", name)
	}
	if !strings.ContainsAny(name, "._") {
		return nil
	}
	for _, topic := range d.image.Topics() {
		if collisionName(topic.Name) == collisionName(name) {
			return refuse(kerr.InvalidTopicException, "'%s' differs from the topic '%s' in '.' and '_' alone", name, topic.Name)
		}
	}
	return nil
}

func illegalInTopicName(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
}

// collisionName is what two topics may not share: metric names know no dots.
func collisionName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// checkTopicConfig returns the configuration to record, in the order of keys.
func (d *decision) checkTopicConfig(topic string, configs []kmsg.CreateTopicsRequestTopicConfig) ([]kmsg.CreateTopicsRequestTopicConfig, *topicError) {
	values := make(map[string]string, len(configs))
	for _, c := range configs {
		if c.Value == nil {
			return nil, refuse(kerr.InvalidConfig, "%s needs a value", c.Name)
		}
		if _, repeated := values[c.Name]; repeated {
			return nil, refuse(kerr.InvalidConfig, "%s is given twice", c.Name)
		}
		values[c.Name] = *c.Value
	}
	if metadata.IsInternal(topic) {
		// The brokers' own choices, which they need not justify.
		delete(values, "cleanup.policy")
		delete(values, "compression.type")
	}
	if d.config.ValidateTopicConfig != nil {
		if err := d.config.ValidateTopicConfig(values); err != nil {
			return nil, refuse(kerr.InvalidConfig, "%s", err)
		}
	}
	sorted := slices.Clone(configs)
	slices.SortFunc(sorted, func(a, b kmsg.CreateTopicsRequestTopicConfig) int { return strings.Compare(a.Name, b.Name) })
	return sorted, nil
}

// describeTopicConfig tells what the topic itself sets. Kafka adds all defaults.
// The list is never null: Java's Admin does not bear that.
func describeTopicConfig(config []kmsg.CreateTopicsRequestTopicConfig) []kmsg.CreateTopicsResponseTopicConfig {
	const fromTopic = 1 // DYNAMIC_TOPIC_CONFIG
	out := make([]kmsg.CreateTopicsResponseTopicConfig, len(config))
	for i, c := range config {
		out[i] = kmsg.NewCreateTopicsResponseTopicConfig()
		out[i].Name, out[i].Value, out[i].Source = c.Name, c.Value, fromTopic
	}
	return out
}

// assign gives a new topic's partitions their replicas: as asked, or in turns.
func (d *decision) assign(asked *kmsg.CreateTopicsRequestTopic) ([]metadata.Partition, *topicError) {
	if len(asked.ReplicaAssignment) > 0 {
		return d.assignAsAsked(asked)
	}
	partitions, factor := asked.NumPartitions, asked.ReplicationFactor
	if partitions == -1 {
		partitions = d.config.Settings.Partitions
	}
	if factor == -1 {
		factor = d.config.Settings.ReplicationFactor
	}
	switch {
	case partitions <= 0 || partitions > maxPartitions:
		return nil, refuse(kerr.InvalidPartitions, "%d partitions: there may be 1 to %d, or -1 for the default", partitions, maxPartitions)
	case factor <= 0:
		return nil, refuse(kerr.InvalidReplicationFactor, "a partition needs at least one replica, or -1 for the default")
	}
	return d.placed(int(partitions), factor)
}

// placed are new partitions, their replicas in turns over the brokers.
func (d *decision) placed(partitions int, factor int16) ([]metadata.Partition, *topicError) {
	active, fenced := d.brokersByState()
	switch {
	case len(active) == 0:
		return nil, refuse(kerr.InvalidReplicationFactor, "no broker is there to take one of %d replicas: all are fenced", factor)
	case int(factor) > len(active)+len(fenced):
		return nil, refuse(kerr.InvalidReplicationFactor, "%d replicas need as many brokers, and %d are registered",
			factor, len(active)+len(fenced))
	}
	start := d.random.placement.IntN(len(active))
	assigned := make([]metadata.Partition, partitions)
	for number := range assigned {
		replicas := placement(start, number, min(int(factor), len(active)), active)
		replicas = append(replicas, fenced[:int(factor)-len(replicas)]...)
		assigned[number] = d.newPartition(replicas)
	}
	return assigned, nil
}

// placement gives partition number its replicas: leaders in turns from start,
// followers at a distance that grows each time around, so that the partitions
// of one leader do not all share their followers.
func placement(start, number, factor int, brokers []kafka.BrokerID) []kafka.BrokerID {
	n := len(brokers)
	leader := (start + number) % n
	replicas := []kafka.BrokerID{brokers[leader]}
	for i := range factor - 1 {
		distance := 1 + (number/n+i)%(n-1)
		replicas = append(replicas, brokers[(leader+distance)%n])
	}
	return replicas
}

func (d *decision) brokersByState() (active, fenced []kafka.BrokerID) {
	for _, b := range d.image.Brokers() {
		if b.Active() {
			active = append(active, b.ID)
		} else {
			fenced = append(fenced, b.ID)
		}
	}
	return active, fenced
}

// newPartition is a partition whose live replicas are in sync.
func (d *decision) newPartition(replicas []kafka.BrokerID) metadata.Partition {
	p := metadata.Partition{Replicas: replicas, Leader: kafka.NoLeader}
	for _, id := range replicas {
		if d.active(id) {
			p.ISR = append(p.ISR, id)
		}
	}
	if len(p.ISR) > 0 {
		p.Leader = p.ISR[0]
	}
	return p
}

func (d *decision) assignAsAsked(asked *kmsg.CreateTopicsRequestTopic) ([]metadata.Partition, *topicError) {
	switch {
	case asked.ReplicationFactor != -1:
		return nil, refuse(kerr.InvalidRequest, "where replicas are assigned, the replication factor is -1")
	case asked.NumPartitions != -1:
		return nil, refuse(kerr.InvalidRequest, "where replicas are assigned, the number of partitions is -1")
	}
	assigned := make([]metadata.Partition, len(asked.ReplicaAssignment))
	factor := len(asked.ReplicaAssignment[0].Replicas)
	for _, assignment := range asked.ReplicaAssignment {
		number := assignment.Partition
		if number < 0 || int(number) >= len(assigned) || assigned[number].Replicas != nil {
			return nil, refuse(kerr.InvalidReplicaAssignment, "assigned partitions are numbered from 0 without a gap")
		}
		if len(assignment.Replicas) != factor {
			return nil, refuse(kerr.InvalidReplicaAssignment, "all partitions need the same number of replicas")
		}
		p, err := d.placedAsAsked(number, assignment.Replicas)
		if err != nil {
			return nil, err
		}
		assigned[number] = p
	}
	return assigned, nil
}

func (d *decision) placedAsAsked(number int32, asked []int32) (metadata.Partition, *topicError) {
	replicas, err := d.checkReplicas(asked)
	if err != nil {
		return metadata.Partition{}, err
	}
	p := d.newPartition(replicas)
	if len(p.ISR) == 0 {
		return p, refuse(kerr.InvalidReplicaAssignment, "no replica of partition %d can lead: each of their brokers is fenced or shutting down", number)
	}
	return p, nil
}

func (d *decision) checkReplicas(asked []int32) ([]kafka.BrokerID, *topicError) {
	if len(asked) == 0 {
		return nil, refuse(kerr.InvalidReplicaAssignment, "a partition is assigned no replica")
	}
	var replicas []kafka.BrokerID
	for _, id := range asked {
		switch {
		case d.image.Broker(kafka.BrokerID(id)) == nil:
			return nil, refuse(kerr.InvalidReplicaAssignment, "a replica is assigned to broker %d, which is not registered", id)
		case slices.Contains(replicas, kafka.BrokerID(id)):
			return nil, refuse(kerr.InvalidReplicaAssignment, "two replicas of a partition are assigned to broker %d", id)
		}
		replicas = append(replicas, kafka.BrokerID(id))
	}
	return replicas, nil
}

// deleteTopics answers DeleteTopics, by name or by id (KIP-516).
func (d *decision) deleteTopics(r *kmsg.DeleteTopicsRequest) kmsg.Response {
	response := kmsg.NewPtrDeleteTopicsResponse()
	response.Version = r.Version
	asked := make([]kmsg.DeleteTopicsRequestTopic, 0, len(r.TopicNames)+len(r.Topics))
	for _, name := range r.TopicNames {
		asked = append(asked, kmsg.DeleteTopicsRequestTopic{Topic: kmsg.StringPtr(name)})
	}
	asked = append(asked, r.Topics...)
	mentions := map[topicMention]int{}
	for i := range asked {
		mentions[d.mention(&asked[i])]++
	}
	for i := range asked {
		mention := d.mention(&asked[i])
		switch mentions[mention] {
		case 0: // a repetition that was answered
		case 1:
			response.Topics = append(response.Topics, d.deleteTopic(asked[i].Topic, kafka.TopicID(asked[i].TopicID)))
		default:
			answer := kmsg.NewDeleteTopicsResponseTopic()
			answer.Topic, answer.TopicID, answer.ErrorCode = asked[i].Topic, asked[i].TopicID, kerr.InvalidRequest.Code
			response.Topics = append(response.Topics, answer)
			mentions[mention] = 0
		}
	}
	return response
}

// topicMention is what a request names: a topic by its id, whichever way it was
// named, or a name that no topic has.
type topicMention struct {
	id   kafka.TopicID
	name string
}

func (d *decision) mention(asked *kmsg.DeleteTopicsRequestTopic) topicMention {
	if asked.Topic == nil {
		return topicMention{id: asked.TopicID}
	}
	if topic := d.image.Topic(*asked.Topic); topic != nil {
		return topicMention{id: topic.ID}
	}
	return topicMention{name: *asked.Topic}
}

func (d *decision) deleteTopic(name *string, id kafka.TopicID) kmsg.DeleteTopicsResponseTopic {
	answer := kmsg.NewDeleteTopicsResponseTopic()
	answer.Topic, answer.TopicID = name, id
	var topic *metadata.Topic
	var err error
	switch {
	case (name == nil) == id.IsZero():
		err = kerr.InvalidRequest // neither, or both
	case name != nil:
		topic, err = d.image.Topic(*name), kerr.UnknownTopicOrPartition
	default:
		topic, err = d.image.TopicByID(id), kerr.UnknownTopicID
	}
	switch {
	case topic == nil:
		answer.ErrorCode = errorCode(err)
	case !d.config.Settings.DeleteTopics:
		answer.ErrorCode = kerr.TopicDeletionDisabled.Code
	default:
		answer.Topic, answer.TopicID = kmsg.StringPtr(topic.Name), topic.ID
		d.add(metadata.RemoveTopic{ID: topic.ID})
	}
	return answer
}
