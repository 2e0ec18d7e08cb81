package broker_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"assay/broker"
	"assay/internal/kafka"
)

// invariants are checked on the brokers' own state, from outside.
type invariants struct {
	committed map[kafka.TopicPartition]*committedLog
	marks     map[string]leaderMark
	leaders   map[string]string // who led an epoch: topic, partition, epoch -> node
	violated  []string          // the first few
}

// committedLog is what was ever below a leader's high watermark.
type committedLog struct {
	batches map[kafka.Offset][]byte
	epochs  map[kafka.Offset]kafka.LeaderEpoch // of the leader that had it committed first
}

// leaderMark is a leader's high watermark as it was seen last.
type leaderMark struct {
	epoch         kafka.LeaderEpoch
	incarnation   [16]byte
	highWatermark kafka.Offset
}

// watch checks every 50 ms until the world ends.
func (c *cluster) watch() *invariants {
	i := &invariants{committed: map[kafka.TopicPartition]*committedLog{}, marks: map[string]leaderMark{}, leaders: map[string]string{}}
	c.w.Every(50*time.Millisecond, func() bool { c.check(i); return true })
	return i
}

func (i *invariants) violate(format string, args ...any) {
	if len(i.violated) < 5 {
		i.violated = append(i.violated, fmt.Sprintf(format, args...))
	}
}

func (c *cluster) check(i *invariants) {
	for _, name := range c.brokers {
		b := c.broker(name)
		if b == nil {
			continue
		}
		for _, v := range b.Partitions() {
			tp := kafka.TopicPartition{Topic: v.Topic, Partition: v.Partition}
			if v.HighWatermark > v.LogEndOffset {
				i.violate("high watermark beyond the log: %s of %v", name, tp)
			}
			if v.Role.String() == "leader" {
				c.checkLeader(i, name, b, tp, &v)
			}
		}
	}
}

// checkLeader: one leader an epoch; its high watermark never goes back; it has
// everything that was committed in earlier epochs (leader completeness), byte
// for byte.
func (c *cluster) checkLeader(i *invariants, name string, b *broker.Node, tp kafka.TopicPartition, v *broker.PartitionView) {
	reign := fmt.Sprintf("%v epoch %d", tp, v.LeaderEpoch)
	if former := i.leaders[reign]; former != "" && former != name {
		i.violate("two leaders of %s: %s and %s", reign, former, name)
	}
	i.leaders[reign] = name
	key := name + tp.String()
	last, now := i.marks[key], leaderMark{v.LeaderEpoch, b.Incarnation(), v.HighWatermark}
	if last.epoch == now.epoch && last.incarnation == now.incarnation && now.highWatermark < last.highWatermark {
		i.violate("high watermark of %s went back", key)
	}
	i.marks[key] = now

	log := i.committed[tp]
	if log == nil {
		log = &committedLog{batches: map[kafka.Offset][]byte{}, epochs: map[kafka.Offset]kafka.LeaderEpoch{}}
		i.committed[tp] = log
	}
	found := map[kafka.Offset]bool{}
	for h, whole := range v.Batches(v.LogStartOffset, v.LogEndOffset) {
		known := log.batches[h.BaseOffset]
		switch {
		case known != nil:
			if v.LeaderEpoch >= log.epochs[h.BaseOffset] && !bytes.Equal(known, whole) {
				i.violate("committed record changed: %s of %v at %d in epoch %d (committed in %d), at %v", name, tp, h.BaseOffset, v.LeaderEpoch, log.epochs[h.BaseOffset], c.w.Now())
			}
		case h.NextOffset() <= v.HighWatermark:
			log.batches[h.BaseOffset] = bytes.Clone(whole)
			log.epochs[h.BaseOffset] = v.LeaderEpoch
		}
		found[h.BaseOffset] = true
	}
	for base := range log.batches {
		if !found[base] && v.LeaderEpoch >= log.epochs[base] {
			i.violate("leader lacks a committed record: %s of %v has no batch at %d in epoch %d (committed in %d), log end %d, at %v",
				name, tp, base, v.LeaderEpoch, log.epochs[base], v.LogEndOffset, c.w.Now())
			break
		}
	}
}

// checkLogMatching: below both high watermarks any two replicas are the same.
func (c *cluster) checkLogMatching(topic string, partition int32) {
	type replica struct {
		name string
		view broker.PartitionView
	}
	var replicas []replica
	for _, name := range c.brokers {
		if v, ok := c.view(name, topic, partition); ok {
			replicas = append(replicas, replica{name, v})
		}
	}
	for _, a := range replicas {
		for _, b := range replicas {
			below := min(a.view.HighWatermark, b.view.HighWatermark)
			var x, y bytes.Buffer
			for _, whole := range a.view.Batches(0, below) {
				x.Write(whole)
			}
			for _, whole := range b.view.Batches(0, below) {
				y.Write(whole)
			}
			require.True(c.t, bytes.Equal(x.Bytes(), y.Bytes()), "%s and %s differ below %d of %s-%d", a.name, b.name, below, topic, partition)
		}
	}
}

// healthy: everybody is up and in every ISR with all that the leader has
// committed.
func (c *cluster) healthy(topic string, partitions int32) bool {
	for p := range partitions {
		leader := c.leader(topic, p)
		if leader == "" {
			return false
		}
		l, _ := c.view(leader, topic, p)
		if len(l.ISR) != 3 {
			return false
		}
		for _, name := range c.brokers {
			v, ok := c.view(name, topic, p)
			if !ok || c.w.Paused(name) || v.LeaderEpoch != l.LeaderEpoch || v.LogEndOffset < l.HighWatermark {
				return false
			}
		}
	}
	return true
}
