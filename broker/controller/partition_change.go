package controller

import (
	"slices"
	"strconv"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// partitionRules are what the controller decides about one partition by.
type partitionRules struct {
	minISR  int
	active  func(kafka.BrokerID) bool // may lead and join an ISR
	unclean bool                      // losing data is better than having no leader
	// lastReplicaStanding is the museum's switch.
	lastReplicaStanding bool
}

func (d *decision) rules(topic string, p *metadata.Partition) partitionRules {
	return partitionRules{
		minISR: min(d.minISR(topic), len(p.Replicas)), active: d.active, unclean: d.uncleanAllowed(topic),
		lastReplicaStanding: d.config.Flaws.LastReplicaStanding,
	}
}

// minISR is a topic's min.insync.replicas.
func (d *decision) minISR(topic string) int {
	if value, set := d.image.TopicConfig(topic, "min.insync.replicas"); set {
		if n, err := strconv.Atoi(value); err == nil {
			return n
		}
	}
	return d.config.Settings.MinInSyncReplicas
}

// after is what becomes of a partition whose in-sync replicas are to be isr:
// who is eligible to lead although not in sync, and who leads. lost may have
// lost records that it had (kafka.NoLeader is nobody).
func (r partitionRules) after(p *metadata.Partition, isr []kafka.BrokerID, lost kafka.BrokerID) metadata.Partition {
	next := *p
	next.ISR = isr
	r.setEligible(p, &next, lost)
	r.elect(p, &next)
	setLastKnownLeader(p, &next)
	return next
}

// setEligible keeps the eligible leader replicas (KIP-966): those who left the
// ISR since it fell below the minimum. Nothing is committed below the minimum,
// so they hold everything that is, unless they lost records. An ISR of the
// minimum commits without them: they are eligible no more. The ISR may become
// empty: its last member is as eligible as the others, and no more.
func (r partitionRules) setEligible(p, next *metadata.Partition, lost kafka.BrokerID) {
	next.ELR = nil
	// The museum's last-replica-standing: nobody is remembered, so the last
	// member has to stay in the ISR, whatever its disk has lost.
	if r.lastReplicaStanding {
		if len(next.ISR) == 0 {
			next.ISR = p.ISR
		}
		return
	}
	if len(next.ISR) >= r.minISR {
		return
	}
	for _, id := range p.Replicas { // in the order of preference, whatever left first
		held := slices.Contains(p.ISR, id) || slices.Contains(p.ELR, id)
		if held && id != lost && !slices.Contains(next.ISR, id) {
			next.ELR = append(next.ELR, id)
		}
	}
}

// elect chooses who leads: the present leader if it may, else the first replica
// of the ISR, or of the ELR while the ISR is empty. Where nobody has everything
// for sure, it is the last known leader, whose loss is the least likely, once
// it is back; and where unclean election is allowed, whoever lives. A leader
// from outside the ISR is the only one in it.
func (r partitionRules) elect(p, next *metadata.Partition) {
	mayLead := func(id kafka.BrokerID) bool {
		return r.active(id) && (slices.Contains(next.ISR, id) || len(next.ISR) == 0 && slices.Contains(next.ELR, id))
	}
	candidates := append([]kafka.BrokerID{p.Leader}, p.Replicas...)
	if at := slices.IndexFunc(candidates, mayLead); at >= 0 {
		lead(next, candidates[at])
		return
	}
	next.Leader = kafka.NoLeader
	if len(next.ISR) == 0 && len(next.ELR) == 0 && len(p.LastKnownELR) == 1 && r.active(p.LastKnownELR[0]) {
		lead(next, p.LastKnownELR[0])
		return
	}
	if !r.unclean {
		return
	}
	if at := slices.IndexFunc(p.Replicas, r.active); at >= 0 {
		lead(next, p.Replicas[at])
		next.ELR = nil
	}
}

func lead(next *metadata.Partition, id kafka.BrokerID) {
	next.Leader = id
	if !slices.Contains(next.ISR, id) {
		next.ISR, next.ELR = []kafka.BrokerID{id}, without(next.ELR, id)
	}
}

// setLastKnownLeader remembers who led when the last replica left the ISR, until
// somebody leads.
func setLastKnownLeader(p, next *metadata.Partition) {
	switch {
	case next.Leader != kafka.NoLeader:
		next.LastKnownELR = nil
	case len(p.ISR) > 0 && len(next.ISR) == 0:
		last := p.Leader
		if last == kafka.NoLeader { // an ISR whose members all waited to be unfenced
			last = p.ISR[0]
		}
		next.LastKnownELR = []kafka.BrokerID{last}
	}
}

// change records what becomes of a partition, if anything. A new leader starts
// a new leader epoch; a mere change of the ISR does not, as in Kafka since 3.6
// (KAFKA-15021). Every change is a new partition epoch.
func (d *decision) change(topic *metadata.Topic, partition int32, next metadata.Partition) {
	p := topic.Partition(partition)
	if next.Leader == p.Leader && slices.Equal(next.ISR, p.ISR) && slices.Equal(next.ELR, p.ELR) && slices.Equal(next.LastKnownELR, p.LastKnownELR) {
		return
	}
	if next.Leader != p.Leader {
		next.LeaderEpoch++
	}
	d.record(topic, partition, next)
}

func (d *decision) record(topic *metadata.Topic, partition int32, next metadata.Partition) {
	d.add(metadata.PartitionChange{
		Topic: topic.ID, Partition: partition, ISR: next.ISR, ELR: next.ELR, LastKnownELR: next.LastKnownELR, Leader: next.Leader,
		LeaderEpoch: next.LeaderEpoch, PartitionEpoch: next.PartitionEpoch + 1,
	})
}
