package txn

import (
	"fmt"
	"slices"
)

// State is how far a transaction has come. The numbers are those of Kafka's
// records.
type State int8

const (
	// Empty: the producer has been initialised and has begun nothing.
	Empty State = iota
	// Ongoing: partitions take part.
	Ongoing
	// PrepareCommit: the outcome is decided, for good, and its markers are being
	// written.
	PrepareCommit
	// PrepareAbort: the same for the other outcome.
	PrepareAbort
	// CompleteCommit: all markers are written.
	CompleteCommit
	// CompleteAbort: the same for the other outcome.
	CompleteAbort
	// Dead: the transactional id has expired. Its record is a tombstone.
	Dead
	// PrepareEpochFence: an older producer is fenced, on the way to PrepareAbort.
	// It is decided within that step and never written.
	PrepareEpochFence
)

var stateNames = [...]string{"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence"}

// String returns Kafka's name of the state, as DescribeTransactions answers it.
func (s State) String() string { return stateNames[s] }

// ParseState reads what String writes.
func ParseState(name string) (State, bool) {
	at := slices.Index(stateNames[:], name)
	return State(at), at >= 0
}

// mayFollow says from which states each may be reached. That nothing leads from
// PrepareCommit to PrepareAbort or back is what makes the outcome one. That
// transactions without a partition are aborted from a complete state is of
// KIP-890: a producer that has lost track ends what may never have begun.
var mayFollow = map[State][]State{
	Empty:             {Empty, CompleteCommit, CompleteAbort},
	Ongoing:           {Ongoing, Empty, CompleteCommit, CompleteAbort},
	PrepareCommit:     {Ongoing},
	PrepareAbort:      {Ongoing, PrepareEpochFence, Empty, CompleteCommit, CompleteAbort},
	CompleteCommit:    {PrepareCommit},
	CompleteAbort:     {PrepareAbort},
	Dead:              {Empty, CompleteCommit, CompleteAbort},
	PrepareEpochFence: {Ongoing},
}

// step is the state that follows; a forbidden one is our bug.
func step(from, to State) State {
	if !slices.Contains(mayFollow[to], from) {
		panic(fmt.Sprintf("txn: %v does not follow %v", to, from))
	}
	return to
}

// prepared reports whether the outcome is decided and markers are owed.
func (s State) prepared() bool { return s == PrepareCommit || s == PrepareAbort }

// idle reports whether nothing is begun and nothing owed.
func (s State) idle() bool { return s == Empty || s == CompleteCommit || s == CompleteAbort }
