package controller

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// alterPartitions answers AlterPartition (KIP-497, KIP-903): leaders propose new
// in-sync replicas, by compare-and-set on the leader epoch and the partition
// epoch.
func (d *decision) alterPartitions(r *kmsg.AlterPartitionRequest) kmsg.Response {
	response := kmsg.NewPtrAlterPartitionResponse()
	response.Version = r.Version
	if err := d.checkEpoch(r.BrokerID, r.BrokerEpoch); err != nil {
		response.ErrorCode = errorCode(err)
		return response
	}
	for i := range r.Topics {
		asked := &r.Topics[i]
		topic := d.image.TopicByID(asked.TopicID)
		if r.Version < 2 {
			topic = d.image.Topic(asked.Topic)
		}
		answered := kmsg.NewAlterPartitionResponseTopic()
		answered.Topic, answered.TopidID = asked.Topic, asked.TopicID
		for j := range asked.Partitions {
			answered.Partitions = append(answered.Partitions, d.alterPartition(r, topic, &asked.Partitions[j]))
		}
		response.Topics = append(response.Topics, answered)
	}
	return response
}

func (d *decision) alterPartition(r *kmsg.AlterPartitionRequest, topic *metadata.Topic, asked *kmsg.AlterPartitionRequestTopicPartition) kmsg.AlterPartitionResponseTopicPartition {
	answer := kmsg.NewAlterPartitionResponseTopicPartition()
	answer.Partition = asked.Partition
	proposed := proposedISR(asked)
	if err := d.checkAlterPartition(r, topic, asked, proposed); err != nil {
		answer.ErrorCode = errorCode(err)
		return answer
	}
	isr := make([]kafka.BrokerID, len(proposed))
	for i, member := range proposed {
		isr[i] = member.broker
	}
	before := topic.Partition(asked.Partition)
	d.change(topic, asked.Partition, d.rules(topic.Name, before).after(before, isr, kafka.NoLeader))
	p := d.image.PartitionByID(topic.ID, asked.Partition)
	answer.LeaderID, answer.LeaderEpoch, answer.PartitionEpoch = int32(p.Leader), int32(p.LeaderEpoch), int32(p.PartitionEpoch)
	for _, id := range p.ISR {
		answer.ISR = append(answer.ISR, int32(id))
	}
	return answer
}

// member is a proposed in-sync replica, under the epoch that the leader knows.
type member struct {
	broker kafka.BrokerID
	epoch  kafka.BrokerEpoch
}

func proposedISR(asked *kmsg.AlterPartitionRequestTopicPartition) []member {
	var isr []member
	for _, id := range asked.NewISR { // below version 3
		isr = append(isr, member{kafka.BrokerID(id), kafka.NoBrokerEpoch})
	}
	for _, m := range asked.NewEpochISR {
		isr = append(isr, member{kafka.BrokerID(m.BrokerID), kafka.BrokerEpoch(m.BrokerEpoch)})
	}
	return isr
}

// checkAlterPartition refuses a change in the order in which Kafka does.
func (d *decision) checkAlterPartition(r *kmsg.AlterPartitionRequest, topic *metadata.Topic, asked *kmsg.AlterPartitionRequestTopicPartition, isr []member) error {
	if topic == nil {
		if r.Version < 2 {
			return kerr.UnknownTopicOrPartition
		}
		return kerr.UnknownTopicID
	}
	p := topic.Partition(asked.Partition)
	if p == nil {
		return kerr.UnknownTopicOrPartition
	}
	leaderEpoch, partitionEpoch := kafka.LeaderEpoch(asked.LeaderEpoch), kafka.PartitionEpoch(asked.PartitionEpoch)
	switch {
	case leaderEpoch > p.LeaderEpoch || partitionEpoch > p.PartitionEpoch:
		return kerr.NotController // the broker knows of a later controller
	case leaderEpoch < p.LeaderEpoch:
		return kerr.FencedLeaderEpoch
	case kafka.BrokerID(r.BrokerID) != p.Leader:
		return kerr.InvalidRequest
	// The museum's stale-alterpartition: a change that was overtaken is applied.
	case partitionEpoch < p.PartitionEpoch && !d.config.Flaws.StaleAlterPartition:
		return kerr.InvalidUpdateVersion
	}
	if !validISR(p, isr) {
		return kerr.InvalidRequest
	}
	for _, m := range isr {
		if !d.eligible(m) {
			if r.Version < 2 {
				return kerr.OperationNotAttempted
			}
			return kerr.IneligibleReplica
		}
	}
	return nil
}

// validISR reports whether an ISR consists of replicas, each once, the leader
// among them.
func validISR(p *metadata.Partition, isr []member) bool {
	hasLeader := false
	for i, m := range isr {
		repeated := slices.ContainsFunc(isr[:i], func(o member) bool { return o.broker == m.broker })
		if repeated || !slices.Contains(p.Replicas, m.broker) {
			return false
		}
		hasLeader = hasLeader || m.broker == p.Leader
	}
	return hasLeader
}

// eligible reports whether a replica may be in sync: a live broker, and the
// incarnation of it that the leader means (KIP-903).
func (d *decision) eligible(m member) bool {
	broker := d.image.Broker(m.broker)
	if !broker.Active() {
		return false
	}
	// The museum's bounce-fencing: an older incarnation's log speaks for the new one.
	if d.config.Flaws.BounceFencing {
		return true
	}
	return m.epoch == kafka.NoBrokerEpoch || m.epoch == broker.Epoch
}
