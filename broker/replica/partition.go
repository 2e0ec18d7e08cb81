// Package replica holds one partition as this broker replicates it: as leader
// it takes records, follows its followers and proposes changes of the in-sync
// replicas; as follower it fetches, truncates where its log left the leader's,
// and learns the high watermark.
//
// The core is pure: time comes as an argument, the log, the other brokers'
// registrations and whoever waits are small interfaces, and what is to be sent
// is taken out of it (Proposal, FetchPosition). The rules are those of KIP-101
// and KIP-279 (truncation by leader epoch), KIP-320 (fencing by epoch), KIP-497
// (ISR changes through the controller), KIP-595 (divergence in the fetch
// response) and KIP-903 (broker epochs).
package replica

import (
	"time"

	"assay/broker/storage"
	"assay/host"
	"assay/internal/kafka"
)

// Role is what this broker is for the partition.
type Role int8

// A partition starts Offline: the broker has its log and no metadata yet.
const (
	Offline Role = iota
	Leading
	Following
)

var roleNames = [...]string{Offline: "offline", Leading: "leader", Following: "follower"}

func (r Role) String() string { return roleNames[r] }

// State is what the cluster's metadata says of a partition.
type State struct {
	Leader         kafka.BrokerID // NoLeader for none
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch kafka.PartitionEpoch
	Replicas       []kafka.BrokerID
	ISR            []kafka.BrokerID
}

// Settings are the configuration that a partition acts on.
type Settings struct {
	MinInSyncReplicas int           // min.insync.replicas
	MaxLag            time.Duration // replica.lag.time.max.ms
	FlushMessages     int64         // flush.messages
}

// Log is the partition's log as a replica uses it; *storage.Log is one. Errors
// that wrap KAFKA_STORAGE_ERROR are final: the caller takes the log directory
// offline.
type Log interface {
	LogStartOffset() kafka.Offset
	LogEndOffset() kafka.Offset
	// RecoveryPoint is the offset below which everything is durable; Flush asks
	// for it to reach the log's end.
	RecoveryPoint() kafka.Offset
	Flush() bool
	LatestEpoch() kafka.LeaderEpoch
	AssignEpoch(epoch kafka.LeaderEpoch) error
	EndOffsetForEpoch(asked kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset)
	AppendAsLeader(records []byte, epoch kafka.LeaderEpoch, now host.WallTime) (storage.AppendInfo, error)
	AppendAsCoordinator(records []byte, epoch kafka.LeaderEpoch, now host.WallTime) (storage.AppendInfo, error)
	AppendMarker(m storage.Marker, epoch kafka.LeaderEpoch, now host.WallTime) (storage.AppendInfo, error)
	AppendAsFollower(records []byte, now host.WallTime) (storage.AppendInfo, error)
	// Committed tells the high watermark; FirstUnstableOffset is the first offset
	// of a transaction that is open or whose marker is not below it, NoOffset
	// without one.
	Committed(highWatermark kafka.Offset)
	FirstUnstableOffset() kafka.Offset
	TruncateTo(offset kafka.Offset, now host.WallTime) error
	DeleteRecordsTo(start kafka.Offset) error
	TruncateFullyAndStartAt(start kafka.Offset, now host.WallTime) error
}

// Moment is the time as a step has it: deadlines and lags go by Now, what is
// stored by Wall.
type Moment struct {
	Now  host.Time
	Wall host.WallTime
}

// Brokers is what this broker's metadata says of the others.
type Brokers interface {
	// ActiveEpoch returns the broker epoch of a registered, unfenced broker.
	ActiveEpoch(id kafka.BrokerID) (epoch kafka.BrokerEpoch, active bool)
}

// Watcher is told of what happens to partitions.
type Watcher interface {
	// Changed says that something moved that others may wait for: role, epochs,
	// log end, high watermark, a proposal. It may come several times; whoever
	// completes what waits looks at the partition afterwards, in one place.
	Changed(p *Partition)
	// Observe passes a named point.
	Observe(e host.Event)
}

// Partition is one replica of one partition.
type Partition struct {
	Topic    kafka.TopicPartition
	TopicID  kafka.TopicID
	self     kafka.BrokerID
	log      Log
	brokers  Brokers
	watcher  Watcher
	settings Settings
	flaws    Flaws

	role          Role
	state         State
	highWatermark kafka.Offset
	settled       kafka.Offset // see settledEnd
	flushDemanded kafka.Offset // the log's end at the last demanded sync
	unflushed     int64        // records since

	// As leader.
	epochStart kafka.Offset // where the present leader epoch starts
	followers  []follower   // the other replicas, sorted by id
	proposal   Proposal
	proposals  uint64 // proposals made so far; numbers them
}

// New returns a partition that is Offline, to be kept in one place from then on.
// The high watermark is the checkpointed one, brought into the log's bounds.
func New(topic kafka.TopicPartition, id kafka.TopicID, self kafka.BrokerID, log Log, highWatermark kafka.Offset,
	settings Settings, flaws Flaws, brokers Brokers, watcher Watcher) Partition {
	p := Partition{
		Topic: topic, TopicID: id, self: self, log: log, brokers: brokers, watcher: watcher,
		settings: settings, flaws: flaws,
		state:         State{Leader: kafka.NoLeader, LeaderEpoch: kafka.NoEpoch, PartitionEpoch: kafka.NoPartitionEpoch},
		highWatermark: min(max(highWatermark, log.LogStartOffset()), log.LogEndOffset()),
		settled:       log.LogEndOffset(),
	}
	log.Committed(p.highWatermark)
	return p
}

// Role returns what this broker is for the partition.
func (p *Partition) Role() Role { return p.role }

// State returns the partition's metadata as far as this replica knows it: a
// change of the ISR that the controller has answered is in it before the
// metadata log brings it. The slices must not be changed.
func (p *Partition) State() State { return p.state }

// HighWatermark is the offset below which records are committed, as far as
// this replica knows. Consumers read below it.
func (p *Partition) HighWatermark() kafka.Offset { return p.highWatermark }

// LastStableOffset is the offset below which everything is committed and every
// transaction decided (KIP-98). Consumers of committed records read below it.
func (p *Partition) LastStableOffset() kafka.Offset {
	if first := p.log.FirstUnstableOffset(); first != kafka.NoOffset && !p.flaws.LastStableIsHighWatermark {
		return min(p.highWatermark, first)
	}
	return p.highWatermark
}

// LogEndOffset is the offset that the next record gets.
func (p *Partition) LogEndOffset() kafka.Offset { return p.log.LogEndOffset() }

// LogStartOffset is the offset of the first record that is kept.
func (p *Partition) LogStartOffset() kafka.Offset { return p.log.LogStartOffset() }

// Configure changes the settings; the next decision uses them.
func (p *Partition) Configure(s Settings) { p.settings = s }

// Apply brings the partition to a state of the metadata. States older than
// what is known are ignored: the controller's answer to an ISR change may have
// been here first.
func (p *Partition) Apply(at Moment, s State) error {
	if s.LeaderEpoch < p.state.LeaderEpoch || s.PartitionEpoch < p.state.PartitionEpoch {
		return nil
	}
	if p.role != Offline && s.PartitionEpoch == p.state.PartitionEpoch && s.LeaderEpoch == p.state.LeaderEpoch {
		return nil
	}
	if s.Leader == p.self {
		return p.lead(at.Now, s)
	}
	return p.follow(at, s)
}

// Retire ends the replica: its topic was deleted or it moved elsewhere. What
// waits on it sees a partition that is not led here.
func (p *Partition) Retire() {
	p.role = Offline
	p.state.Leader = kafka.NoLeader
	p.proposal = Proposal{}
	p.watcher.Changed(p)
}

// CheckLeaderEpoch compares the epoch that a request assumes with this
// replica's (KIP-320): FENCED_LEADER_EPOCH for an older one,
// UNKNOWN_LEADER_EPOCH for a newer one. NoEpoch is not checked.
func (p *Partition) CheckLeaderEpoch(asked kafka.LeaderEpoch) error {
	switch {
	case asked == kafka.NoEpoch || asked == p.state.LeaderEpoch:
		return nil
	case asked < p.state.LeaderEpoch:
		return errFencedEpoch
	default:
		return errUnknownEpoch
	}
}

// CheckLeader is CheckLeaderEpoch, and NOT_LEADER_OR_FOLLOWER where this broker
// does not lead.
func (p *Partition) CheckLeader(asked kafka.LeaderEpoch) error {
	if err := p.CheckLeaderEpoch(asked); err != nil {
		return err
	}
	if p.role != Leading {
		return errNotLeader
	}
	return nil
}

// EndOfEpoch answers OffsetForLeaderEpoch and the divergence check of fetches.
// The leader's own epoch ends at its log end.
func (p *Partition) EndOfEpoch(epoch kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	if epoch == p.state.LeaderEpoch && p.role == Leading {
		return epoch, p.log.LogEndOffset()
	}
	return p.log.EndOffsetForEpoch(epoch)
}

func (p *Partition) observe(point *host.Point, args ...int64) {
	e := host.Event{Point: point, Subject: p.Topic.Topic}
	e.Args[0] = int64(p.Topic.Partition)
	copy(e.Args[1:], args)
	p.watcher.Observe(e)
}
