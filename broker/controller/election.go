package controller

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// elect is who leads a partition with these in-sync replicas: the present
// leader if it may, else the first of the replicas that may. Where none may and
// unclean election is allowed, the first live replica leads, and is the only
// one in sync.
func elect(p *metadata.Partition, isr []kafka.BrokerID, active func(kafka.BrokerID) bool, unclean bool) (kafka.BrokerID, []kafka.BrokerID) {
	mayLead := func(id kafka.BrokerID) bool { return slices.Contains(isr, id) && active(id) }
	if mayLead(p.Leader) {
		return p.Leader, isr
	}
	if at := slices.IndexFunc(p.Replicas, mayLead); at >= 0 {
		return p.Replicas[at], isr
	}
	if unclean {
		if at := slices.IndexFunc(p.Replicas, active); at >= 0 {
			return p.Replicas[at], []kafka.BrokerID{p.Replicas[at]}
		}
	}
	return kafka.NoLeader, isr
}

// active reports whether a broker may lead and join an ISR.
func (d *decision) active(id kafka.BrokerID) bool { return d.image.Broker(id).Active() }

// leads reports whether a broker leads any partition.
func (d *decision) leads(id kafka.BrokerID) bool {
	for _, topic := range d.image.Topics() {
		for i := range topic.Partitions {
			if topic.Partitions[i].Leader == id {
				return true
			}
		}
	}
	return false
}

// uncleanAllowed reports whether a topic may lose data to stay available.
func (d *decision) uncleanAllowed(topic string) bool {
	if value, set := d.image.TopicConfig(topic, "unclean.leader.election.enable"); set {
		return value == "true"
	}
	return d.config.Settings.UncleanElection
}

// change records a partition's new in-sync replicas and leader, if anything
// changes. A new leader starts a new leader epoch; a mere change of the ISR does
// not, as in Kafka since 3.6 (KAFKA-15021). Every change is a new partition
// epoch.
func (d *decision) change(topic *metadata.Topic, partition int32, isr []kafka.BrokerID, leader kafka.BrokerID) {
	p := topic.Partition(partition)
	if leader == p.Leader && slices.Equal(isr, p.ISR) {
		return
	}
	leaderEpoch := p.LeaderEpoch
	if leader != p.Leader {
		leaderEpoch++
	}
	d.add(metadata.PartitionChange{
		Topic: topic.ID, Partition: partition, ISR: isr, Leader: leader,
		LeaderEpoch: leaderEpoch, PartitionEpoch: p.PartitionEpoch + 1,
	})
}

// leaveISRs takes a broker that is not active any more out of every ISR of which
// it is not the last member, and its leaderships from it.
func (d *decision) leaveISRs(id kafka.BrokerID) {
	d.eachPartition(func(topic *metadata.Topic, number int32, p *metadata.Partition) {
		if p.Leader != id && !slices.Contains(p.ISR, id) {
			return
		}
		isr := without(p.ISR, id)
		if len(isr) == 0 {
			isr = p.ISR
		}
		leader, isr := elect(p, isr, d.active, d.uncleanAllowed(topic.Name))
		d.change(topic, number, isr, leader)
	})
}

// electWhereLeaderless looks for leaders again after a broker became active.
func (d *decision) electWhereLeaderless() {
	d.eachPartition(func(topic *metadata.Topic, number int32, p *metadata.Partition) {
		if p.Leader == kafka.NoLeader {
			leader, isr := elect(p, p.ISR, d.active, d.uncleanAllowed(topic.Name))
			d.change(topic, number, isr, leader)
		}
	})
}

// rebalance gives every partition back to its preferred replica that may lead.
func (d *decision) rebalance() {
	d.eachPartition(func(topic *metadata.Topic, number int32, p *metadata.Partition) {
		_ = d.electPreferred(topic, number, p)
	})
}

// eachPartition visits all partitions as they were when it was called.
func (d *decision) eachPartition(visit func(topic *metadata.Topic, number int32, p *metadata.Partition)) {
	for _, topic := range d.image.Topics() {
		for number := range topic.Partitions {
			visit(topic, int32(number), &topic.Partitions[number])
		}
	}
}

func (d *decision) electPreferred(topic *metadata.Topic, number int32, p *metadata.Partition) error {
	preferred := p.Replicas[0]
	switch {
	case p.Leader == preferred:
		return kerr.ElectionNotNeeded
	case !slices.Contains(p.ISR, preferred) || !d.active(preferred):
		return kerr.PreferredLeaderNotAvailable
	}
	d.change(topic, number, p.ISR, preferred)
	return nil
}

func (d *decision) electUnclean(topic *metadata.Topic, number int32, p *metadata.Partition) error {
	if p.Leader != kafka.NoLeader {
		return kerr.ElectionNotNeeded
	}
	leader, isr := elect(p, p.ISR, d.active, true)
	if leader == kafka.NoLeader {
		return kerr.EligibleLeadersNotAvailable
	}
	d.change(topic, number, isr, leader)
	return nil
}

// electLeaders answers ElectLeaders: preferred (0) or unclean (1) election
// (KIP-460). Without topics it means all, and those that need none are left out
// of the response.
func (d *decision) electLeaders(r *kmsg.ElectLeadersRequest) kmsg.Response {
	response := kmsg.NewPtrElectLeadersResponse()
	response.Version = r.Version
	electOne := d.electPreferred
	switch {
	case r.Version >= 1 && r.ElectionType == 1:
		electOne = d.electUnclean
	case r.Version >= 1 && r.ElectionType != 0:
		response.ErrorCode = kerr.InvalidRequest.Code
		return response
	}
	topics, all := r.Topics, r.Topics == nil
	if all {
		for _, topic := range d.image.Topics() {
			asked := kmsg.NewElectLeadersRequestTopic()
			asked.Topic = topic.Name
			for number := range topic.Partitions {
				asked.Partitions = append(asked.Partitions, int32(number))
			}
			topics = append(topics, asked)
		}
	}
	for _, asked := range topics {
		answered := kmsg.NewElectLeadersResponseTopic()
		answered.Topic = asked.Topic
		for _, number := range asked.Partitions {
			err := error(kerr.UnknownTopicOrPartition)
			topic := d.image.Topic(asked.Topic)
			if p := topic.Partition(number); p != nil {
				err = electOne(topic, number, p)
			}
			if all && err == kerr.ElectionNotNeeded {
				continue
			}
			partition := kmsg.NewElectLeadersResponseTopicPartition()
			partition.Partition, partition.ErrorCode = number, errorCode(err)
			answered.Partitions = append(answered.Partitions, partition)
		}
		if !all || len(answered.Partitions) > 0 {
			response.Topics = append(response.Topics, answered)
		}
	}
	return response
}

// moveLeader makes a given member of the ISR the leader; the present leader gets
// a new leader epoch alone.
func (d *decision) moveLeader(tp kafka.TopicPartition, to kafka.BrokerID) error {
	topic := d.image.Topic(tp.Topic)
	p := topic.Partition(tp.Partition)
	switch {
	case p == nil:
		return kerr.UnknownTopicOrPartition
	case !slices.Contains(p.ISR, to) || !d.active(to):
		return kerr.EligibleLeadersNotAvailable
	}
	d.add(metadata.PartitionChange{
		Topic: topic.ID, Partition: tp.Partition, ISR: p.ISR, Leader: to,
		LeaderEpoch: p.LeaderEpoch + 1, PartitionEpoch: p.PartitionEpoch + 1,
	})
	return nil
}

func without(ids []kafka.BrokerID, id kafka.BrokerID) []kafka.BrokerID {
	rest := make([]kafka.BrokerID, 0, len(ids))
	for _, other := range ids {
		if other != id {
			rest = append(rest, other)
		}
	}
	return rest
}

// errorCode is the protocol's code of one of its errors; 0 for nil.
func errorCode(err error) int16 {
	if err == nil {
		return 0
	}
	if known, ok := err.(*kerr.Error); ok {
		return known.Code
	}
	return kerr.UnknownServerError.Code
}
