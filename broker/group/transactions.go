package group

import (
	"cmp"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// transaction is what an open transaction is going to commit for groups.
type transaction struct {
	offsets map[groupPartition]*pendingOffset
}

type groupPartition struct {
	group     string
	partition kafka.TopicPartition
}

type pendingOffset struct {
	record OffsetRecord
	number recordNumber
}

// CommitInTransaction decides on an offset commit that is part of a producer's
// transaction (KIP-98): its records take effect with the transaction. The member
// is checked as in Commit, so that a consumer that was replaced cannot commit
// through a producer that was not (KIP-447); who names no member may commit for
// any group, as before KIP-447. The errors are those of Commit, but the state of
// a rebalance is not enforced, and a group that there is not is
// ILLEGAL_GENERATION.
func (c *Coordinator) CommitInTransaction(now host.WallTime, r *Commit, _ kafka.ProducerID, _ kafka.ProducerEpoch) ([]*OffsetRecord, error) {
	switch g := c.find(r.Group); {
	case c.settings.Flaws.TransactionalOffsetNoGeneration:
	case g != nil:
		if err := g.members.checkCommit(c, r, true); err != nil {
			return nil, err
		}
	case r.Generation >= 0:
		return nil, kerr.IllegalGeneration
	}
	return c.recordsOf(now, r, NoExpiry), nil
}

// offsetPending takes an offset that is committed with its transaction.
func (c *Coordinator) offsetPending(producer kafka.ProducerID, r *OffsetRecord) {
	t := c.transactions[producer]
	if t == nil {
		t = &transaction{offsets: make(map[groupPartition]*pendingOffset)}
		c.transactions[producer] = t
	}
	g := c.ensure(r.Group)
	key := groupPartition{g.name, kafka.TopicPartition{Topic: strings.Clone(r.Partition.Topic), Partition: r.Partition.Partition}}
	p := t.offsets[key]
	if p == nil {
		p = new(pendingOffset)
		t.offsets[key] = p
		if g.pending == nil {
			g.pending = make(map[kafka.TopicPartition]int)
		}
		g.pending[key.partition]++
	}
	*p = pendingOffset{*r, c.appended}
	p.record.Group, p.record.Partition = key.group, key.partition
	p.record.Committed.Metadata = strings.Clone(r.Committed.Metadata)
}

// dropPending forgets what open transactions are going to commit for a partition:
// it is deleted.
func (c *Coordinator) dropPending(name string, partition kafka.TopicPartition) {
	g := c.groups[name]
	if g == nil || g.pending[partition] == 0 {
		return
	}
	for _, t := range c.transactions { // order-free: each loses what it has of the partition
		delete(t.offsets, groupPartition{name, partition})
	}
	delete(g.pending, partition)
}

// EndTransaction applies the end of a producer's transaction: its marker is
// committed. An offset that was committed by a LATER record stays, although this
// one takes effect only now: else a successor, whose log may have been compacted
// meanwhile, would come to another result (KAFKA-5247).
func (c *Coordinator) EndTransaction(producer kafka.ProducerID, committed bool) {
	t := c.transactions[producer]
	if t == nil {
		return
	}
	delete(c.transactions, producer)
	for key, p := range t.offsets { // order-free: each is about another partition of a group
		g := c.groups[key.group]
		if g.pending[key.partition]--; g.pending[key.partition] == 0 {
			delete(g.pending, key.partition)
		}
		if !committed {
			c.forget(g)
			continue
		}
		if o := g.offsets[key.partition]; o == nil || o.number < p.number || c.settings.Flaws.CoordinatorStaleLoad {
			c.store(g, &p.record, p.number)
		}
	}
}

// PendingOffset is what an open transaction is going to commit.
type PendingOffset struct {
	Producer  kafka.ProducerID
	Partition kafka.TopicPartition
	Offset    kafka.Offset
}

// Pending lists what open transactions are going to commit for a group, by
// producer and partition.
func (c *Coordinator) Pending(name string) (all []PendingOffset) {
	if g := c.groups[name]; g == nil || len(g.pending) == 0 {
		return nil
	}
	for producer, t := range c.transactions { // order-free: sorted below
		for key, p := range t.offsets { // order-free: sorted below
			if key.group == name {
				all = append(all, PendingOffset{producer, key.partition, p.record.Committed.Offset})
			}
		}
	}
	slices.SortFunc(all, func(a, b PendingOffset) int {
		return cmp.Or(cmp.Compare(a.Producer, b.Producer), a.Partition.Compare(b.Partition))
	})
	return all
}
