package controller

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

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

// leaveISRs takes a broker that is not active any more out of every ISR, and its
// leaderships from it. One that may have lost records is not eligible to lead
// either (KIP-966).
func (d *decision) leaveISRs(id kafka.BrokerID, unclean bool) {
	lost := kafka.NoLeader
	if unclean {
		lost = id
	}
	d.eachPartition(func(topic *metadata.Topic, number int32, p *metadata.Partition) {
		if p.Leader == id || slices.Contains(p.ISR, id) || unclean && slices.Contains(p.ELR, id) {
			d.change(topic, number, d.rules(topic.Name, p).after(p, without(p.ISR, id), lost))
		}
	})
}

// electWhereLeaderless looks for leaders again after a broker became active.
func (d *decision) electWhereLeaderless() {
	d.eachPartition(func(topic *metadata.Topic, number int32, p *metadata.Partition) {
		if p.Leader == kafka.NoLeader {
			d.change(topic, number, d.rules(topic.Name, p).after(p, p.ISR, kafka.NoLeader))
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
			visit(topic, int32(number), topic.Partitions[number])
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
	next := *p
	next.Leader = preferred
	d.change(topic, number, next)
	return nil
}

func (d *decision) electUnclean(topic *metadata.Topic, number int32, p *metadata.Partition) error {
	if p.Leader != kafka.NoLeader {
		return kerr.ElectionNotNeeded
	}
	rules := d.rules(topic.Name, p)
	rules.unclean = true
	next := rules.after(p, p.ISR, kafka.NoLeader)
	if next.Leader == kafka.NoLeader {
		return kerr.EligibleLeadersNotAvailable
	}
	d.change(topic, number, next)
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
	next := *p
	next.Leader = to
	next.LeaderEpoch++
	d.record(topic, tp.Partition, next)
	return nil
}

func without(ids []kafka.BrokerID, id kafka.BrokerID) []kafka.BrokerID {
	var rest []kafka.BrokerID
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
