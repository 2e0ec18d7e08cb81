package workload

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/cespare/xxhash/v2"

	"assay/checkers/history"
)

// FailureHandling is how work on records fails, and what an application does then.
// The zero value never fails.
type FailureHandling struct {
	// Transient draws whether one attempt fails that may succeed the next time;
	// nil: none does. It is asked once an attempt.
	Transient func(*rand.Rand) bool
	// Permanent says which records are poison: work on them fails at every attempt,
	// whoever makes it; nil: none is.
	Permanent func(history.RecordID) bool
	Retry     Retry
	// DeadLetter is the topic to which a record goes that is given up; "" is none.
	DeadLetter string
	// Skip leaves out what is given up. Without it and a DeadLetter topic the
	// application tries again for ever.
	Skip bool
}

func (f *FailureHandling) fails() bool { return f.Transient != nil || f.Permanent != nil }

// Retry says how often and when an application tries again. It waits in place:
// nothing else is worked on, and no poll follows.
type Retry struct {
	Attempts int           // the first one too; from 1
	Initial  time.Duration // before the second attempt
	Max      time.Duration // the wait doubles up to it
}

// backoff is the wait after so many attempts, from 1.
func (r Retry) backoff(attempts int) time.Duration {
	wait := r.Initial
	for ; attempts > 1 && wait < r.Max; attempts-- {
		wait *= 2
	}
	return min(wait, r.Max)
}

// Poison makes a FailureHandling's Permanent: a share of the records in millionths,
// chosen by their identities and a salt. It draws nothing, so that a record stays
// what it is wherever it is delivered again.
func Poison(salt uint64, millionths int64) func(history.RecordID) bool {
	return func(id history.RecordID) bool {
		var both [16]byte
		binary.BigEndian.PutUint64(both[:], salt)
		binary.BigEndian.PutUint64(both[8:], uint64(id))
		return int64(xxhash.Sum64(both[:])%1_000_000) < millionths
	}
}

// attemptEnd is what becomes of a record after an attempt.
type attemptEnd uint8

const (
	succeeded attemptEnd = iota
	tryAgain             // after the backoff
	setAside             // to the dead-letter topic
	skipped
)

// attempts are those on the present record.
type attempts struct {
	handling *FailureHandling
	chance   *rand.Rand
	made     int
	cause    string // of the last failure: the error in a dead letter's header
}

// ended counts an attempt on a record and says what follows.
func (a *attempts) ended(record history.RecordID, metrics *Metrics) (attemptEnd, time.Duration) {
	h := a.handling
	if !h.fails() {
		return succeeded, 0
	}
	a.made++
	transient := h.Transient != nil && h.Transient(a.chance)
	permanent := h.Permanent != nil && h.Permanent(record)
	switch {
	case permanent:
		a.cause = "permanent failure: the record cannot be processed"
	case transient:
		a.cause = "transient failure: attempts exhausted"
	default:
		return succeeded, 0
	}
	givenUp := permanent || a.made >= h.Retry.Attempts
	switch {
	case givenUp && h.DeadLetter != "":
		return setAside, 0
	case givenUp && h.Skip:
		metrics.SkippedRecords++
		return skipped, 0
	}
	if a.made == 1 {
		metrics.RetriedRecords++
	}
	return tryAgain, h.Retry.backoff(a.made)
}

// next turns to another record.
func (a *attempts) next() { a.made = 0 }
