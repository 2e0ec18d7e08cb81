// Package history is what a run leaves to be judged: who called what, when it
// returned, and how. It is the only thing checkers see; it knows neither
// brokers nor simulators, so that any world can record one.
//
// Operations may arrive in any order of time (they are recorded when their
// outcome is known). Names are interned: a History gives small numbers for
// clients and partitions and holds the tables.
package history

import "fmt"

// Time is nanoseconds since the start of the run.
type Time int64

// Infinity is the return time of an operation whose effect may still come.
const Infinity Time = 1<<63 - 1

// ClientID numbers one incarnation of a client: a restarted client is a new one.
type ClientID uint32

// PartitionID numbers a topic's partition.
type PartitionID uint32

// GroupID numbers a consumer group.
type GroupID uint32

// RecordID is the identity that a record carries in its assay-id header: the
// producer's incarnation and the number of the send. A retry keeps it.
// Zero is a record without identity (not ours).
type RecordID uint64

// NewRecordID joins a producer's incarnation and the number of a send (from 1).
func NewRecordID(client ClientID, send uint32) RecordID {
	return RecordID(uint64(client)<<32 | uint64(send))
}

// Client is the incarnation that sent the record.
func (r RecordID) Client() ClientID { return ClientID(r >> 32) }

// Send is the number of the send within its incarnation, from 1.
func (r RecordID) Send() uint32 { return uint32(r) }

// Outcome is what the caller knows when an operation has ended.
type Outcome uint8

const (
	// OK: acknowledged.
	OK Outcome = iota
	// Failed: definitely without effect.
	Failed
	// Indeterminate: may have taken effect, or may still.
	Indeterminate
)

func (o Outcome) String() string { return [...]string{"ok", "failed", "indeterminate"}[o] }

// NoOffset is an offset that is not known (acks=0, a failure).
const NoOffset int64 = -1

// Produce is one send of one record, over all its attempts.
type Produce struct {
	Record    RecordID
	Partition PartitionID
	Key       uint64 // hash of the record's key, 0 without a key
	Call      Time
	Return    Time // Infinity unless OK or Failed
	Outcome   Outcome
	// Attempts are the requests that carried it, saturating; 0 of an indeterminate
	// send: nobody knows, and of one that was acknowledged by its sender's own store.
	Attempts uint8
	Error    int16 // Kafka's error code of the last attempt, 0 for none
	Offset   int64 // as acknowledged, or NoOffset
}

// Seen is one record as a reader got it.
type Seen struct {
	Offset int64
	Record RecordID
}

// Read is one non-empty return of records of one partition to a reader, or an
// empty one that says where the log ended.
type Read struct {
	Client    ClientID
	Partition PartitionID
	Call      Time  // the fetch request that brought the records was sent
	Return    Time  // the records were handed to the reader
	From      int64 // the reader's position before
	Next      int64 // and after
	// HighWatermark as the leader said with the records; NoOffset if unknown.
	HighWatermark int64
	Records       []Seen
	Final         bool // part of a covering read after the load has ended
	Committed     bool // isolation read_committed
}

// MoveReason says why a reader's position moved without reading.
type MoveReason uint8

const (
	// Assigned: the reader's first position.
	Assigned MoveReason = iota
	// Seek: the application asked for it.
	Seek
	// Reset: auto.offset.reset took effect, the position was out of range or missing.
	Reset
	// Truncated: the reader found by leader epoch that the log was cut below
	// its position (KIP-320), and went to the point of divergence.
	Truncated
	// Committed: the reader goes on at its group's committed offset.
	Committed
)

func (m MoveReason) String() string {
	return [...]string{"assigned", "seek", "reset", "truncated", "committed"}[m]
}

// Move is a change of a reader's position without reading.
type Move struct {
	Client    ClientID
	Partition PartitionID
	At        Time
	From, To  int64
	Reason    MoveReason
}

// Process is records of one partition whose processing an application
// completed, one after the other in the given order. What it had begun when it
// died is left out: its effect did not come about.
type Process struct {
	Client    ClientID
	Group     GroupID
	Partition PartitionID
	Call      Time // the first record was begun
	Return    Time // the last was completed
	Records   []Seen
}

// Commit is one commit of a group's offset for one partition: the offset of the
// next record to be processed.
type Commit struct {
	Client     ClientID
	Group      GroupID
	Partition  PartitionID
	Generation int32 // of the group, or the member's epoch (KIP-848); -1 for a fixed assignment
	Call       Time
	Return     Time // Infinity unless OK or Failed
	Outcome    Outcome
	Error      int16 // Kafka's error code of the last attempt, 0 for none
	Offset     int64
	// Transaction of the client that the offset is part of: it takes effect iff
	// that one commits. 0: outside of one.
	Transaction uint32
}

// Transaction is one transaction of a producer, from its begin to what came of
// the request to end it.
type Transaction struct {
	Client ClientID
	Number uint32 // from 1 in its incarnation
	// FirstSend and LastSend bound its records: the sends of the client from one
	// to the other; 0 and 0 for none.
	FirstSend, LastSend uint32
	Begin               Time
	End                 Time // commit or abort was asked for; Infinity: neither was
	Return              Time // Infinity unless OK or Failed
	Commit              bool // commit was asked for, not abort
	// Outcome of what was asked for. A Failed commit is surely aborted; an
	// Indeterminate one may have happened, or may still.
	Outcome Outcome
	Error   int16 // Kafka's error code, 0 for none
}

// Derived says which input a record was made of, as its header assay-src says:
// the record at an offset of a partition, read for a group.
type Derived struct {
	Record    RecordID
	Partition PartitionID
	Offset    int64
	Group     GroupID
}

// OwnershipKind says how a member's ownership of a partition changed.
type OwnershipKind uint8

const (
	// Owned: the partition was assigned to the member.
	Owned OwnershipKind = iota
	// Revoked: the member has given it up, its work on it ended.
	Revoked
	// Lost: the member learned that the partition may be another's already.
	Lost
)

func (k OwnershipKind) String() string { return [...]string{"owned", "revoked", "lost"}[k] }

// Ownership is a change of a member's ownership of a partition, as the member
// learned it.
type Ownership struct {
	Client     ClientID
	Group      GroupID
	Partition  PartitionID
	Generation int32 // of the group, or the member's epoch (KIP-848)
	At         Time
	Kind       OwnershipKind
}

// Stable is where a partition's last stable offset and high watermark stood, as
// a reader of offsets got them from its leader.
type Stable struct {
	Partition        PartitionID
	At               Time
	LastStableOffset int64
	HighWatermark    int64
}

// GroupEnd is where a group stood when the drain had ended: its committed
// offset as its coordinator told it.
type GroupEnd struct {
	Group     GroupID
	Partition PartitionID
	At        Time
	Known     bool  // false: no coordinator told
	Offset    int64 // NoOffset: nothing committed
}

// ListOffsets is an exact reading of a log's end (fresh-reads only).
type ListOffsets struct {
	Client       ClientID
	Partition    PartitionID
	Call, Return Time
	End          int64
}

// Cover is the outcome of a covering final read of one partition: every offset
// in [LogStart, End) was read, or why not. With transactions there is a second
// one, Committed.
type Cover struct {
	Partition        PartitionID
	Call, Return     Time
	LogStart         int64
	End              int64 // the high watermark it had to reach (Committed: the last stable offset)
	Complete         bool
	IncompleteReason string
	Committed        bool // by a reader of committed records only
}

// Batch is one stored batch, by what it says.
type Batch struct {
	Base, Last  int64
	LeaderEpoch int32
	Hash        uint64 // of the whole content, timestamps and producer fields included
}

// Replica is what one replica held of a partition below its own high watermark
// at a time: all of it (Whole), or what has newly come below the leader's.
type Replica struct {
	At            Time
	Broker        string
	Partition     PartitionID
	LeaderEpoch   int32
	Leader        bool
	Whole         bool
	LogStart      int64
	HighWatermark int64
	Batches       []Batch
}

// Fault is a fault as it was applied.
type Fault struct {
	ID         int // its number in the applied timeline
	Kind       string
	Targets    []string // concrete names
	Detail     string   // in words: "disk: tear"
	Start, End Time
}

// Phase marks a border of the run.
type Phase uint8

const (
	// WarmupEnds: metrics begin to count.
	WarmupEnds Phase = iota
	// LoadEnds: no new sends.
	LoadEnds
	// FaultsEnd: the last fault has ended and load has ended; recovery is counted from here.
	FaultsEnd
	// DrainEnds: clients had their time; the covering read starts.
	DrainEnds
	// RunEnds: nothing happens after it.
	RunEnds
)

// Phases are the names of the borders, as the NDJSON form writes them.
var Phases = [...]string{"warmup-ends", "load-ends", "faults-end", "drain-ends", "run-ends"}

func (p Phase) String() string { return Phases[p] }

// Border is the passing of a Phase.
type Border struct {
	Phase Phase
	At    Time
}

// Leaderless is a partition found without a working leader when the drain ended.
type Leaderless struct {
	Partition PartitionID
	At        Time
	Reason    string // "ISR [2] is below the minimum and its members are down"
}

// Sink takes a history as it happens. A History is one; so are checkers.
type Sink interface {
	Client(id ClientID, name string, incarnation int)
	Partition(id PartitionID, topic string, partition int32)
	Group(id GroupID, name string)
	Produce(Produce)
	Read(Read) // Records is only valid during the call
	Move(Move)
	Process(Process) // Records is only valid during the call
	Commit(Commit)
	Transaction(Transaction)
	Derived(Derived)
	Ownership(Ownership)
	Stable(Stable)
	GroupEnd(GroupEnd)
	ListOffsets(ListOffsets)
	Cover(Cover)
	Replica(Replica) // Batches is only valid during the call
	Fault(Fault)
	Border(Border)
	Leaderless(Leaderless)
}

// ClientName is an entry of the client table.
type ClientName struct {
	Name        string
	Incarnation int // 1 for the first
}

func (c ClientName) String() string {
	if c.Incarnation <= 1 {
		return c.Name
	}
	return fmt.Sprintf("%s (incarnation %d)", c.Name, c.Incarnation)
}

// PartitionName is an entry of the partition table.
type PartitionName struct {
	Topic     string
	Partition int32
}

func (p PartitionName) String() string { return fmt.Sprintf("%s/%d", p.Topic, p.Partition) }
