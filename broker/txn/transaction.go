package txn

import (
	"math"
	"slices"

	"assay/host"
	"assay/internal/kafka"
)

// Version is a level of the feature transaction.version: what a cluster offers,
// or what a client made use of.
type Version int16

// What the versions bring.
const (
	// FlexibleRecords writes the state in a form that later fields fit into.
	FlexibleRecords Version = 1
	// EpochPerTransaction bumps the producer's epoch at the end of every
	// transaction, and adds partitions as they are written to (KIP-890).
	EpochPerTransaction Version = 2
)

// Producer is one incarnation of a producer.
type Producer struct {
	ID    kafka.ProducerID
	Epoch kafka.ProducerEpoch
}

// NoProducer is none.
var NoProducer = Producer{kafka.NoProducerID, kafka.NoProducerEpoch}

// Transaction is the state of one transactional id, with its present or last
// transaction.
type Transaction struct {
	Producer
	// PreviousID is the producer id before the last change of state, NextID the
	// one to go on with when the markers are written; NoProducerID for none. They
	// differ from ID where the epochs of an id are used up.
	PreviousID, NextID kafka.ProducerID
	// LastEpoch is the epoch before the producer's last bump, so that a request
	// that is repeated is known again. It is not written: after a failover such a
	// producer is fenced.
	LastEpoch     kafka.ProducerEpoch
	State         State
	TimeoutMillis int32
	Partitions    []kafka.TopicPartition // in their order; not to be changed
	StartMillis   int64                  // when the first partition was added, noStart before
	UpdateMillis  int64
	ClientVersion Version
}

const noStart = -1

// exhausted reports whether an id has no epoch left for its producer. The last
// one is the coordinator's own: it can always fence.
func exhausted(e kafka.ProducerEpoch) bool { return e >= lastOfProducer }

const (
	lastOfProducer kafka.ProducerEpoch = math.MaxInt16 - 1
	lastEpoch      kafka.ProducerEpoch = math.MaxInt16
)

// next is the transaction as it goes on in another state, by default with
// everything as it was.
func (t *Transaction) next(to State, now host.WallTime) Transaction {
	n := *t
	n.State, n.PreviousID, n.UpdateMillis = step(t.State, to), t.ID, now.Millis()
	return n
}

// initialized begins a session of the producer.
func (t *Transaction) initialized(now host.WallTime, timeoutMillis int32, p Producer, last kafka.ProducerEpoch) Transaction {
	n := t.next(Empty, now)
	n.Producer, n.LastEpoch = p, last
	n.TimeoutMillis, n.StartMillis, n.Partitions = timeoutMillis, noStart, nil
	return n
}

// withPartitions begins the transaction or adds to it.
func (t *Transaction) withPartitions(now host.WallTime, partitions []kafka.TopicPartition, version Version) Transaction {
	n := t.next(Ongoing, now)
	if t.State != Ongoing {
		n.StartMillis = n.UpdateMillis
	}
	n.Partitions = make([]kafka.TopicPartition, 0, len(t.Partitions)+len(partitions))
	n.Partitions = append(append(n.Partitions, t.Partitions...), partitions...)
	slices.SortFunc(n.Partitions, kafka.TopicPartition.Compare)
	n.Partitions = slices.Compact(n.Partitions)
	n.ClientVersion = version
	return n
}

// outcome is the state that prepares a commit or an abort.
func outcome(commit bool) State {
	if commit {
		return PrepareCommit
	}
	return PrepareAbort
}

// ended decides the outcome as version 1 does: the producer keeps its epoch.
func (t *Transaction) ended(now host.WallTime, commit bool) Transaction {
	n := t.next(outcome(commit), now)
	n.ClientVersion = 0
	return n
}

// endedAndBumped decides the outcome as version 2 does: markers carry the next
// epoch already, and with it the producer goes on, or under nextID if there is
// none left. A transaction of no partitions begins and ends at once.
func (t *Transaction) endedAndBumped(now host.WallTime, commit bool, nextID kafka.ProducerID) Transaction {
	n := t.next(outcome(commit), now)
	n.LastEpoch, n.NextID, n.ClientVersion = t.Epoch, nextID, EpochPerTransaction
	n.Epoch = bumped(t.Epoch)
	if t.State != Ongoing {
		n.StartMillis = n.UpdateMillis
	}
	return n
}

// bumped is the next epoch; the last stays.
func bumped(e kafka.ProducerEpoch) kafka.ProducerEpoch {
	if e == lastEpoch {
		return e
	}
	return e + 1
}

// afterwards is the producer as it goes on when the markers are written.
func (t *Transaction) afterwards() Producer {
	if t.ClientVersion >= EpochPerTransaction && t.NextID != kafka.NoProducerID {
		return Producer{t.NextID, 0}
	}
	return t.Producer
}

// completed ends a transaction whose markers are written.
func (t *Transaction) completed(now host.WallTime) Transaction {
	to := CompleteAbort
	if t.State == PrepareCommit {
		to = CompleteCommit
	}
	n := t.next(to, now)
	n.Producer, n.NextID, n.Partitions = t.afterwards(), kafka.NoProducerID, nil
	return n
}
