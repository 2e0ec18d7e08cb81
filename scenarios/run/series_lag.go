package run

import (
	"assay/broker/replica"
	"assay/checkers/history"
	"assay/host"
	"assay/internal/kafka"
	"assay/scenarios/result"
)

// unknownPosition is that of a consumer which has not said where it starts.
const unknownPosition = -1

// lagGauge knows how far each group of consumers is behind each of its
// partitions: the high watermark less the position, as Kafka's records-lag.
type lagGauge struct {
	lines     []result.Line
	positions []int64 // of a line's readers
	at        []history.PartitionID
	// lineOf finds a line by the reader's group and the partition.
	lineOf  map[groupPartition]int
	groupOf map[string]string           // by client
	clients map[history.ClientID]string // their names
	owners  *owners

	partitions map[kafka.TopicPartition]history.PartitionID
	committed  []watermark // by partition
}

type groupPartition struct {
	group     string
	partition history.PartitionID
}

// watermark is the high watermark of the newest leader that has told one.
type watermark struct {
	offset int64
	epoch  int64
}

func (g *lagGauge) begin(r *run) {
	g.lineOf, g.groupOf = map[groupPartition]int{}, map[string]string{}
	g.clients, g.partitions, g.owners = map[history.ClientID]string{}, r.partitions, r.owners
	g.committed = make([]watermark, len(r.partitions))
	for _, c := range r.scenario.Workload.Consumers {
		group := c.Group
		if group == "" {
			group = c.Name
		}
		g.add(r, group, c.Instances(), c.Topics, c.Settings().String("auto.offset.reset"))
	}
	for _, p := range r.scenario.Workload.Processors {
		g.add(r, p.Group, p.Instances(), p.Input, p.ConsumerSettings(0).String("auto.offset.reset"))
	}
	r.on(replica.PointHighWatermark, g.rose)
}

// add makes the lines of one set of readers. Sets of one group share theirs.
func (g *lagGauge) add(r *run, group string, readers, topics []string, reset string) {
	for _, name := range readers {
		g.groupOf[name] = group
	}
	start := int64(unknownPosition)
	if reset == "earliest" {
		start = 0 // what it has not read yet it is behind by, even before it came up
	}
	for _, at := range r.partitionsOf(topics) {
		key := groupPartition{group, r.partitions[at]}
		if _, known := g.lineOf[key]; known {
			continue
		}
		g.lineOf[key] = len(g.lines)
		g.lines = append(g.lines, result.Line{Name: group + " " + partitionName(at)})
		g.positions, g.at = append(g.positions, start), append(g.at, key.partition)
	}
}

func (g *lagGauge) client(id history.ClientID, name string) {
	if _, reads := g.groupOf[name]; reads {
		g.clients[id] = name
	}
}

// moved takes a reader's position. What a member reads of a partition that is no
// longer its own is no position of its group.
func (g *lagGauge) moved(reader history.ClientID, partition history.PartitionID, to int64) {
	name := g.clients[reader]
	group, reads := g.groupOf[name]
	if !reads || to < 0 || !g.owners.owns(name, group, partition) {
		return
	}
	if line, known := g.lineOf[groupPartition{group, partition}]; known {
		g.positions[line] = to
	}
}

// rose takes replica.PointHighWatermark. A deposed leader's no longer counts; an
// unclean leader's does, though it may be lower.
func (g *lagGauge) rose(_ string, e host.Event) {
	partition, known := g.partitions[kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}]
	if !known {
		return
	}
	if w := &g.committed[partition]; e.Args[2] >= w.epoch {
		*w = watermark{offset: e.Args[1], epoch: e.Args[2]}
	}
}

func (g *lagGauge) sample() {
	for i := range g.lines {
		lag := int64(-1)
		if g.positions[i] != unknownPosition {
			lag = max(0, g.committed[g.at[i]].offset-g.positions[i])
		}
		line := &g.lines[i]
		line.Values = append(line.Values, lag)
	}
}
