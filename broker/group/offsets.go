package group

import (
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// Committed is what a group has committed for one partition.
type Committed struct {
	Offset      kafka.Offset      // of the next record to process
	LeaderEpoch kafka.LeaderEpoch // of the last record processed, NoEpoch if not told
	Metadata    string
	TopicID     kafka.TopicID // zero if not known
	CommitTime  int64         // milliseconds
	ExpireTime  int64         // milliseconds; NoExpiry: with its group
}

// NoExpiry is the ExpireTime of an offset that stays as long as its group, and
// the retention of a request that asks for none.
const NoExpiry = -1

// storedOffset is a committed offset with the number of its record: of two, the
// later record wins, whichever is applied later.
type storedOffset struct {
	Committed
	number recordNumber
}

func (g *group) partitions() []kafka.TopicPartition {
	return slices.SortedFunc(maps.Keys(g.offsets), kafka.TopicPartition.Compare)
}

// committedOrPending are the partitions for which there is an offset or, once an
// open transaction or an appended record is committed, will be.
func (g *group) committedOrPending() []kafka.TopicPartition {
	all := slices.Concat(slices.Collect(maps.Keys(g.offsets)), slices.Collect(maps.Keys(g.pending)), slices.Collect(maps.Keys(g.unsettled)))
	slices.SortFunc(all, kafka.TopicPartition.Compare)
	return slices.Compact(all)
}

// Commit is an offset commit.
type Commit struct {
	Group      string
	Member     MemberID
	Instance   string // "" is none
	Generation GenerationID
	Version    int16 // of the request
	Retention  int64 // milliseconds, NoExpiry for the usual
	Offsets    []CommitOffset
}

// CommitOffset is one partition's part of a Commit.
type CommitOffset struct {
	Partition   kafka.TopicPartition
	TopicID     kafka.TopicID
	Offset      kafka.Offset
	LeaderEpoch kafka.LeaderEpoch
	Metadata    string
}

// simple reports whether a commit names no member at all. Such a client shares
// out partitions by itself, and may commit for as long as nobody is in the group.
func (r *Commit) simple() bool { return r.Generation < 0 && r.Member == "" && r.Instance == "" }

// Commit decides on a commit. An error refuses all of it: ILLEGAL_GENERATION,
// UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, REBALANCE_IN_PROGRESS, and for a group
// that there is not, from version 9 on, GROUP_ID_NOT_FOUND. Else there is a record for each offset
// that is accepted, nil for one whose metadata is too long
// (OFFSET_METADATA_TOO_LARGE). Offsets may go back: a group may read again.
// A member's commit is a heartbeat, too.
func (c *Coordinator) Commit(at Moment, r *Commit) ([]*OffsetRecord, error) {
	c.begin(at)
	switch g := c.find(r.Group); {
	case g != nil:
		if !c.settings.Flaws.ZombieCommit {
			if err := g.members.checkCommit(c, r, false); err != nil {
				return nil, err
			}
		}
		g.members.committing(c, r)
	case r.Generation >= 0 && c.settings.Flaws.ZombieCommit:
	case r.Generation >= 0 && r.Version >= 9:
		return nil, kerr.GroupIDNotFound
	case r.Generation >= 0:
		return nil, kerr.IllegalGeneration
	}
	expires := int64(NoExpiry)
	if r.Retention >= 0 {
		expires = at.Wall.Millis() + r.Retention
	}
	return c.recordsOf(at.Wall, r, expires), nil
}

// recordsOf makes the records of a commit.
func (c *Coordinator) recordsOf(now host.WallTime, r *Commit, expires int64) []*OffsetRecord {
	storage := make([]OffsetRecord, len(r.Offsets)) // one allocation for all
	records := make([]*OffsetRecord, len(r.Offsets))
	for i := range r.Offsets {
		o := &r.Offsets[i]
		if utf16Length(o.Metadata) > c.settings.MaxMetadataLength {
			continue
		}
		storage[i] = OffsetRecord{Group: r.Group, Partition: o.Partition, Committed: Committed{Offset: o.Offset, LeaderEpoch: o.LeaderEpoch,
			Metadata: o.Metadata, TopicID: o.TopicID, CommitTime: now.Millis(), ExpireTime: expires}}
		records[i] = &storage[i]
	}
	return records
}

// Fetch returns what a group has committed for a partition; false for nothing.
// An offset of another topic that had the name is nothing; a zero id is not
// compared. Who asks for a stable offset gets UNSTABLE_OFFSET_COMMIT for as long
// as an open transaction may change it (KIP-447).
func (c *Coordinator) Fetch(name string, partition kafka.TopicPartition, id kafka.TopicID, stable bool) (Committed, bool, error) {
	g := c.groups[name]
	if g == nil {
		return Committed{}, false, nil
	}
	if stable && g.pending[partition] > 0 && !c.settings.Flaws.UnstableOffsetFetch {
		return Committed{}, false, kerr.UnstableOffsetCommit
	}
	o := g.offsets[partition]
	if o == nil || !id.IsZero() && !o.TopicID.IsZero() && o.TopicID != id {
		return Committed{}, false, nil
	}
	return o.Committed, true, nil
}

// Partitions returns the partitions that a group has committed offsets for, in
// their order.
func (c *Coordinator) Partitions(name string) []kafka.TopicPartition {
	g := c.groups[name]
	if g == nil {
		return nil
	}
	return g.partitions()
}

// CheckDelete refuses to forget offsets of a group: GROUP_ID_NOT_FOUND,
// NON_EMPTY_GROUP where nobody knows what its members read.
func (c *Coordinator) CheckDelete(name string) error {
	g := c.find(name)
	if g == nil {
		return kerr.GroupIDNotFound
	}
	return g.members.checkOffsetDelete()
}

// Subscribes reports whether a group's members read a topic, so that its offsets
// must not be forgotten (GROUP_SUBSCRIBED_TO_TOPIC).
func (c *Coordinator) Subscribes(name, topic string) bool {
	g := c.find(name)
	return g != nil && g.members.subscribes(topic)
}

// Delete decides to forget offsets of a group that CheckDelete lets through. What
// it has not committed and is not about to needs no record.
func (c *Coordinator) Delete(name string, partitions []kafka.TopicPartition) (records []*OffsetRecord) {
	g := c.find(name)
	for _, p := range partitions {
		if g != nil && (g.offsets[p] != nil || g.pending[p] > 0 || g.unsettled[p] > 0) {
			records = append(records, &OffsetRecord{Group: name, Partition: p, Deleted: true})
		}
	}
	return records
}

// TopicDeleted decides to forget what any group has committed for a topic that
// is gone.
func (c *Coordinator) TopicDeleted(topic string) (records []*OffsetRecord) {
	for _, name := range c.names() {
		for _, p := range c.groups[name].committedOrPending() {
			if p.Topic == topic {
				records = append(records, &OffsetRecord{Group: name, Partition: p, Deleted: true})
			}
		}
	}
	return records
}

// offsetAppended applies at once what is no group's word yet.
func (c *Coordinator) offsetAppended(producer kafka.ProducerID, r *OffsetRecord) {
	switch {
	case r.Deleted:
		c.dropPending(r.Group, r.Partition)
	case producer != kafka.NoProducerID:
		c.offsetPending(producer, r)
	case c.loaded: // else it is committed, too
		g := c.ensure(r.Group)
		if g.unsettled == nil {
			g.unsettled = make(map[kafka.TopicPartition]int)
		}
		g.unsettled[r.Partition]++
	}
}

// settle: a plain commit that was appended is committed.
func (g *group) settle(partition kafka.TopicPartition) {
	if g.unsettled[partition]--; g.unsettled[partition] <= 0 {
		delete(g.unsettled, partition)
	}
}

func (c *Coordinator) offsetCommitted(producer kafka.ProducerID, r *OffsetRecord) {
	switch {
	case r.Deleted:
		if g := c.groups[r.Group]; g != nil {
			if g.offsets[r.Partition] != nil {
				delete(g.offsets, r.Partition)
				c.offsets--
			}
			c.forget(g)
		}
	case producer == kafka.NoProducerID:
		g := c.groups[r.Group]
		if g == nil {
			g = c.ensure(r.Group)
		}
		if c.loaded {
			g.settle(r.Partition)
		}
		c.store(g, r, c.committed)
	}
}

// store keeps a committed offset. The group may have been deleted after its
// record: the offset's own tombstone follows then.
func (c *Coordinator) store(g *group, r *OffsetRecord, number recordNumber) {
	o := g.offsets[r.Partition]
	if o == nil {
		o = new(storedOffset)
		g.offsets[kafka.TopicPartition{Topic: strings.Clone(r.Partition.Topic), Partition: r.Partition.Partition}] = o
		c.offsets++
	}
	*o = storedOffset{r.Committed, number}
	o.Metadata = strings.Clone(r.Committed.Metadata)
}
