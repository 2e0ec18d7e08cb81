// Package group is the deciding core of the group coordinator: the groups whose
// state lives in one partition of the offsets topic.
//
// A request is decided upon the present state: records and an answer come out,
// and nothing changes. Once the records are appended, Appended applies what the
// next decision builds upon, and once they are committed, Committed what may be
// told; whoever takes the partition over replays the same records from its log.
// So there is one path by which the state changes, and what is answered from it
// is never more than what is committed.
//
// So far a group is what it has committed: it has no members, and every commit
// comes from a simple consumer.
package group

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// GenerationID counts the rebalances of a group. In the protocol of KIP-848 it
// is the member's epoch.
type GenerationID int32

// NoGeneration is that of a client outside of the group's protocol.
const NoGeneration GenerationID = -1

// MemberID names a member, "" for a client that is none.
type MemberID string

// Settings are what a coordinator decides by.
type Settings struct {
	MaxMetadataLength int // offset.metadata.max.bytes; like Kafka we count UTF-16 units
}

// Coordinator is the groups of one partition of the offsets topic.
type Coordinator struct {
	settings Settings
	groups   map[string]*group
	offsets  int
	decoder  decoder
}

// group is one group's committed state.
type group struct {
	// offsets are pointers, so that a replayed record may look one up by names
	// that live only as long as the record.
	offsets map[kafka.TopicPartition]*Committed
}

func (g *group) partitions() []kafka.TopicPartition {
	return slices.SortedFunc(maps.Keys(g.offsets), kafka.TopicPartition.Compare)
}

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

// New returns a coordinator of no groups.
func New(settings Settings) *Coordinator {
	return &Coordinator{settings: settings, groups: make(map[string]*group)}
}

// Groups and Offsets count what is committed.
func (c *Coordinator) Groups() int { return len(c.groups) }

// Offsets: see Groups.
func (c *Coordinator) Offsets() int { return c.offsets }

// Appended applies what the next decision must know of a record that was
// appended and may not be committed yet. Of an offset that is nothing: nobody
// may be told of it before it is committed.
func (c *Coordinator) Appended(kafka.ProducerID, Record) {}

// Committed applies a record that is committed. Its strings are copied where
// they are kept.
func (c *Coordinator) Committed(_ kafka.ProducerID, r Record) {
	switch r := r.(type) {
	case *OffsetRecord:
		c.offsetCommitted(r)
	default:
		panic(fmt.Sprintf("group: no record %T", r))
	}
}

// EndTransaction applies the end of a producer's transaction.
func (c *Coordinator) EndTransaction(kafka.ProducerID, bool) {}

// checkMember refuses who may not commit for a group: who names a generation,
// as no group has one yet. Who names none may, as long as the group has no
// members. From version 9 on an unknown group has an error of its own.
func (c *Coordinator) checkMember(r *Commit) error {
	switch {
	case r.Generation < 0:
		return nil
	case c.groups[r.Group] != nil:
		return kerr.UnknownMemberID
	case r.Version >= 9:
		return kerr.GroupIDNotFound
	}
	return kerr.IllegalGeneration
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

// Commit decides on a commit. An error refuses all of it: ILLEGAL_GENERATION,
// UNKNOWN_MEMBER_ID, GROUP_ID_NOT_FOUND. Else there is a record for each offset
// that is accepted, nil for one whose metadata is too long
// (OFFSET_METADATA_TOO_LARGE). Offsets may go back: a group may read again.
func (c *Coordinator) Commit(now host.WallTime, r *Commit) ([]*OffsetRecord, error) {
	if err := c.checkMember(r); err != nil {
		return nil, err
	}
	expires := int64(NoExpiry)
	if r.Retention >= 0 {
		expires = now.Millis() + r.Retention
	}
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
	return records, nil
}

// Fetch returns what a group has committed for a partition; false for nothing.
// An offset of another topic that had the name is nothing; a zero id is not
// compared.
func (c *Coordinator) Fetch(name string, partition kafka.TopicPartition, id kafka.TopicID) (Committed, bool) {
	g := c.groups[name]
	if g == nil {
		return Committed{}, false
	}
	o := g.offsets[partition]
	if o == nil || !id.IsZero() && !o.TopicID.IsZero() && o.TopicID != id {
		return Committed{}, false
	}
	return *o, true
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

// Delete decides to forget offsets of a group: GROUP_ID_NOT_FOUND where there is
// no such group. What it has not committed needs no record.
func (c *Coordinator) Delete(name string, partitions []kafka.TopicPartition) ([]*OffsetRecord, error) {
	g := c.groups[name]
	if g == nil {
		return nil, kerr.GroupIDNotFound
	}
	var records []*OffsetRecord
	for _, p := range partitions {
		if g.offsets[p] != nil {
			records = append(records, &OffsetRecord{Group: name, Partition: p, Deleted: true})
		}
	}
	return records, nil
}

// TopicDeleted decides to forget what any group has committed for a topic that
// is gone.
func (c *Coordinator) TopicDeleted(topic string) (records []*OffsetRecord) {
	for _, name := range slices.Sorted(maps.Keys(c.groups)) {
		for _, p := range c.groups[name].partitions() {
			if p.Topic == topic {
				records = append(records, &OffsetRecord{Group: name, Partition: p, Deleted: true})
			}
		}
	}
	return records
}

func (c *Coordinator) offsetCommitted(r *OffsetRecord) {
	g := c.groups[r.Group]
	if g == nil {
		if r.Deleted {
			return
		}
		g = &group{offsets: make(map[kafka.TopicPartition]*Committed)}
		c.groups[strings.Clone(r.Group)] = g
	}
	o := g.offsets[r.Partition]
	switch {
	case r.Deleted:
		if o != nil {
			delete(g.offsets, r.Partition)
			c.offsets--
		}
		return
	case o == nil:
		o = new(Committed)
		g.offsets[kafka.TopicPartition{Topic: strings.Clone(r.Partition.Topic), Partition: r.Partition.Partition}] = o
		c.offsets++
	}
	*o = r.Committed
	o.Metadata = strings.Clone(r.Committed.Metadata)
}
