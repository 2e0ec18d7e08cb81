package run

import (
	"slices"

	"assay/broker/controller"
	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/checkers/history"
	"assay/host"
	"assay/internal/kafka"
	"assay/scenarios/result"
)

// lanes follows who leads each partition of the scenario and who is in sync. The
// active controller decides that; but a leader that died leads no more, even
// while its controller has yet to notice, and not before it serves again.
type lanes struct {
	run  *run
	list []lane // in the order of the scenario's topics
	of   map[kafka.TopicPartition]int
}

// lane is one partition with its open spans.
type lane struct {
	at     kafka.TopicPartition
	told   result.PartitionLane
	leader kafka.BrokerID
	epoch  kafka.LeaderEpoch
	leads  bool // a leader's span is open
	isr    []kafka.BrokerID
	// Since when the leader leads, and the ISR is as it is.
	ledSince, inSyncSince int64
}

func (l *lanes) begin(r *run) {
	l.run, l.of = r, map[kafka.TopicPartition]int{}
	image := r.image()
	for _, topic := range r.scenario.Topics {
		for number := range topic.Partitions {
			at := kafka.TopicPartition{Topic: topic.Name, Partition: int32(number)}
			p := image.Partition(at)
			l.of[at] = len(l.list)
			l.list = append(l.list, lane{at: at, leader: p.Leader, epoch: p.LeaderEpoch, leads: p.Leader != kafka.NoLeader, isr: p.ISR,
				told: result.PartitionLane{Name: partitionName(at), Replicas: l.names(p.Replicas)}})
		}
	}
	r.on(controller.PointLeaderChanged, l.changed)
	r.on(controller.PointISRChanged, l.changed)
	r.on(controller.PointControllerElected, l.elected)
	r.on(replica.PointBecameLeader, l.serves)
}

// partitionName is how the format and the reports write a partition.
func partitionName(at kafka.TopicPartition) string {
	return history.PartitionName{Topic: at.Topic, Partition: at.Partition}.String()
}

func (l *lanes) names(ids []kafka.BrokerID) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = l.run.brokerName(id)
	}
	return names
}

// image is that of the active controller which observed something.
func (l *lanes) image(node string) *metadata.Image {
	return l.run.world.Node(node).(*controller.Controller).Image()
}

func (l *lanes) changed(node string, e host.Event) {
	at := kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}
	if i, known := l.of[at]; known {
		l.follow(&l.list[i], l.image(node).Partition(at))
	}
}

// elected takes over what a new active controller knows: the changes that its
// predecessor did not live to tell.
func (l *lanes) elected(node string, _ host.Event) {
	image := l.image(node)
	for i := range l.list {
		l.follow(&l.list[i], image.Partition(l.list[i].at))
	}
}

func (l *lanes) follow(lane *lane, p *metadata.Partition) {
	if p == nil {
		return // a controller that has not read so far
	}
	now := int64(l.run.clock())
	if p.Leader != lane.leader || p.LeaderEpoch != lane.epoch {
		l.closeLeader(lane, now)
		lane.leader, lane.epoch, lane.ledSince = p.Leader, p.LeaderEpoch, now
		lane.leads = p.Leader != kafka.NoLeader && l.run.world.Up(l.run.brokerName(p.Leader))
	}
	if !slices.Equal(p.ISR, lane.isr) {
		l.closeISR(lane, now)
		lane.isr, lane.inSyncSince = p.ISR, now
	}
}

func (l *lanes) closeLeader(lane *lane, now int64) {
	if lane.leads && now > lane.ledSince {
		lane.told.Leaders = append(lane.told.Leaders, result.LeaderSpan{From: lane.ledSince, To: now,
			Broker: l.run.brokerName(lane.leader), Epoch: int32(lane.epoch)})
	}
	lane.leads = false
}

// died ends the leaderships of a broker.
func (l *lanes) died(broker string) {
	now := int64(l.run.clock())
	for i := range l.list {
		if lane := &l.list[i]; lane.leads && l.run.brokerName(lane.leader) == broker {
			l.closeLeader(lane, now)
		}
	}
}

// serves takes replica.PointBecameLeader: a leader that came back with nobody
// elected in its place.
func (l *lanes) serves(broker string, e host.Event) {
	i, known := l.of[kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}]
	if !known {
		return
	}
	lane := &l.list[i]
	if !lane.leads && lane.leader != kafka.NoLeader && l.run.brokerName(lane.leader) == broker && lane.epoch == kafka.LeaderEpoch(e.Args[1]) {
		lane.leads, lane.ledSince = true, int64(l.run.clock())
	}
}

func (l *lanes) closeISR(lane *lane, now int64) {
	if now > lane.inSyncSince {
		lane.told.ISR = append(lane.told.ISR, result.ISRSpan{From: lane.inSyncSince, To: now, Members: l.names(lane.isr)})
	}
}

// finish closes the open spans.
func (l *lanes) finish(now int64) []result.PartitionLane {
	told := make([]result.PartitionLane, len(l.list))
	for i := range l.list {
		lane := &l.list[i]
		l.closeLeader(lane, now)
		l.closeISR(lane, now)
		told[i] = lane.told
	}
	return told
}
