package group

import "assay/internal/kafka"

// Kind is the protocol by which a group's members are coordinated.
type Kind int8

const (
	// Classic: the members choose a leader, who assigns (JoinGroup, SyncGroup).
	// A group without members that only commits offsets is one, too.
	Classic Kind = iota
	// Consumer: the coordinator assigns (KIP-848).
	Consumer
)

func (k Kind) String() string { return [...]string{"classic", "consumer"}[k] }

// membership is one kind of group: who is in it and how it is shared out. What
// groups have committed is the same for all kinds and not part of it.
type membership interface {
	kind() Kind
	// empty: nobody is in it. It may be deleted, or become of another kind.
	empty() bool
	// state is its name in ListGroups and DescribeGroups.
	state() string
	protocolType() string
	generation() GenerationID
	// checkCommit refuses who may not commit.
	checkCommit(c *Coordinator, r *Commit, inTransaction bool) error
	// committing: a commit that was not refused shows that its member is alive.
	committing(c *Coordinator, r *Commit)
	// checkOffsetDelete refuses to forget offsets of a group that is in use.
	checkOffsetDelete() error
	// subscribes reports whether offsets of a topic are in use. When in doubt
	// they are.
	subscribes(topic string) bool
	// retainedFrom is the time of day, in milliseconds, from which the retention
	// of an offset counts; false keeps it (KIP-211).
	retainedFrom(o *Committed) (millis int64, expires bool)
	// tombstones are the records that delete it.
	tombstones(records []Record) []Record
	// loaded begins what time will end; end answers everybody who waits with an
	// error: the group is gone, or coordinated elsewhere.
	loaded(c *Coordinator)
	end(c *Coordinator, err error)
	describe(c *Coordinator, d *Description)
}

// group is all that is known of one group.
type group struct {
	name    string
	members membership
	deleted bool // its tombstone is appended and not committed yet; for the next decision it is gone
	// offsets are pointers, so that a replayed record may look one up by names
	// that live only as long as the record.
	offsets map[kafka.TopicPartition]*storedOffset
	// pending counts the open transactions that have committed an offset for a
	// partition; unsettled, plain commits that are appended and not committed.
	pending, unsettled map[kafka.TopicPartition]int
}
