package run

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"assay/broker"
	"assay/broker/replica"
	"assay/checkers/history"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
)

// Invariant is a white-box finding: trouble inside the brokers, whether or not
// a client can see it. It is told apart from the claims.
type Invariant struct {
	Name string
	Says string
}

// The invariants that are watched.
const (
	LeaderCompleteness  = "leader completeness"       // a new leader has everything committed
	HighWatermarkBack   = "high watermark never back" // within one leader epoch on one incarnation
	CommittedUnderOther = "one leader an epoch"       // two brokers never lead in one epoch
)

// committed is what leaders have shown to be committed in one partition.
type committed struct {
	end     kafka.Offset // the highest high watermark of any leader
	epoch   kafka.LeaderEpoch
	base    kafka.Offset // of the last batch below end
	hash    uint64
	leaders map[kafka.LeaderEpoch]string
	marks   []highWatermark

	partition history.PartitionID
	known     bool // a topic of the scenario
}

// highWatermark is what a node has shown as leader of its present epoch.
type highWatermark struct {
	node string
	at   kafka.Offset
}

// markOf returns a node's high watermark, 0 at first. Few nodes ever lead a partition.
func (c *committed) markOf(node string) *kafka.Offset {
	for i := range c.marks {
		if c.marks[i].node == node {
			return &c.marks[i].at
		}
	}
	c.marks = append(c.marks, highWatermark{node: node})
	return &c.marks[len(c.marks)-1].at
}

// watchReplicas follows what becomes committed. Every batch that newly comes
// below a leader's high watermark goes into the history, for log-agreement.
func (r *run) watchReplicas() {
	r.committed = map[kafka.TopicPartition]*committed{}
	r.on(replica.PointBecameLeader, r.checkNewLeader)
	r.on(replica.PointHighWatermark, r.noteCommitted)
}

func (r *run) committedOf(at kafka.TopicPartition) *committed {
	c := r.committed[at]
	if c == nil {
		c = &committed{}
		c.partition, c.known = r.partitions[at]
		r.committed[at] = c
	}
	return c
}

// checkNewLeader: a leader's log has every committed batch (leader completeness).
func (r *run) checkNewLeader(node string, e host.Event) {
	at := kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}
	epoch, logEnd := kafka.LeaderEpoch(e.Args[1]), kafka.Offset(e.Args[2])
	c := r.committedOf(at)
	*c.markOf(node) = kafka.Offset(e.Args[3])
	if other, led := c.leaders[epoch]; led && other != node {
		r.violate(CommittedUnderOther, "%s and %s both lead %s in epoch %d", other, node, at, epoch)
	}
	if c.leaders == nil {
		c.leaders = map[kafka.LeaderEpoch]string{}
	}
	c.leaders[epoch] = node
	if epoch < c.epoch {
		return // it learns late that it was elected, and leads nobody any more
	}
	if logEnd < c.end {
		r.violate(LeaderCompleteness, "%s leads %s in epoch %d with log end %d, though offsets below %d were committed", node, at, epoch, logEnd, c.end)
		return
	}
	if c.end == 0 {
		return
	}
	replica, _ := r.replica(node, at)
	for header, content := range replica.Batches(c.base, c.base+1) {
		if hash := xxhash.Sum64(content); header.BaseOffset == c.base && hash != c.hash {
			r.violate(LeaderCompleteness, "%s leads %s in epoch %d with another batch at offset %d than was committed", node, at, epoch, c.base)
		}
	}
}

func (r *run) noteCommitted(node string, e host.Event) {
	at := kafka.TopicPartition{Topic: e.Subject, Partition: int32(e.Args[0])}
	to, epoch := kafka.Offset(e.Args[1]), kafka.LeaderEpoch(e.Args[2])
	c := r.committedOf(at)
	mark := c.markOf(node)
	from := *mark
	if to < from {
		r.violate(HighWatermarkBack, "%s moved the high watermark of %s back from %d to %d in epoch %d", node, at, from, to, epoch)
	}
	*mark = to
	if !c.known || to <= from {
		return
	}
	r.batches = r.batches[:0]
	leader, _ := r.replica(node, at)
	for header, content := range leader.Batches(from, to) {
		r.batches = append(r.batches, digestOf(header, content))
	}
	if len(r.batches) == 0 {
		return
	}
	last := r.batches[len(r.batches)-1]
	if to > c.end {
		c.end, c.epoch, c.base, c.hash = to, epoch, kafka.Offset(last.Base), last.Hash
	}
	r.sink.Replica(history.Replica{At: r.clock(), Broker: node, Partition: c.partition, LeaderEpoch: int32(epoch), Leader: true,
		LogStart: int64(from), HighWatermark: int64(to), Batches: r.batches})
}

func digestOf(header batch.Header, content []byte) history.Batch {
	return history.Batch{Base: int64(header.BaseOffset), Last: int64(header.LastOffset()),
		LeaderEpoch: int32(header.LeaderEpoch), Hash: xxhash.Sum64(content)}
}

func (r *run) violate(name, format string, args ...any) {
	r.invariants = append(r.invariants, Invariant{Name: name, Says: fmt.Sprintf("at %s ", r.now()) + fmt.Sprintf(format, args...)})
}

// snapshotReplicas puts every live replica's whole log below its high watermark
// into the history.
func (r *run) snapshotReplicas() {
	for _, name := range r.scenario.Cluster.BrokerNames() {
		b := r.broker(name)
		if b == nil {
			continue
		}
		for _, topic := range r.scenario.Topics {
			for number := range topic.Partitions {
				r.snapshotReplica(name, b, kafka.TopicPartition{Topic: topic.Name, Partition: int32(number)})
			}
		}
	}
}

func (r *run) snapshotReplica(name string, b *broker.Node, at kafka.TopicPartition) {
	state, hosted := b.Partition(at)
	if !hosted {
		return
	}
	r.batches = r.batches[:0]
	for header, content := range state.Batches(state.LogStartOffset, state.HighWatermark) {
		r.batches = append(r.batches, digestOf(header, content))
	}
	r.sink.Replica(history.Replica{At: r.clock(), Broker: name, Partition: r.partitions[at], LeaderEpoch: int32(state.LeaderEpoch),
		Leader: state.Role == replica.Leading, Whole: true, LogStart: int64(state.LogStartOffset),
		HighWatermark: int64(state.HighWatermark), Batches: r.batches})
}

// noteLeaderless tells of partitions without a working leader.
func (r *run) noteLeaderless() {
	image := r.image()
	for _, topic := range image.Topics() {
		for number := range topic.Partitions {
			p := topic.Partitions[number]
			partition, known := r.partitions[kafka.TopicPartition{Topic: topic.Name, Partition: int32(number)}]
			if !known {
				continue
			}
			if p.Leader == kafka.NoLeader {
				r.sink.Leaderless(history.Leaderless{Partition: partition, At: r.clock(),
					Reason: fmt.Sprintf("no leader; in-sync replicas %v", p.ISR)})
			}
		}
	}
}
