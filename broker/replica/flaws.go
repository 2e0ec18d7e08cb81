package replica

// Flaws are switches that undo fixes of the replication protocol, so that
// checkers can prove that they find what the fix prevents. All are off in
// every real use.
type Flaws struct {
	// TruncateToHighWatermark: a new follower truncates to its own high
	// watermark, and a leader does not compare epochs (before KIP-101).
	TruncateToHighWatermark bool
	// CommittedISROnly: the high watermark ignores replicas of a proposed ISR.
	CommittedISROnly bool
	// DivergingFetchCounts: a fetch that is answered "diverging" still moves
	// the follower's log end on the leader (KAFKA-13141).
	DivergingFetchCounts bool
	// LastStableIsHighWatermark: open transactions do not hold the last stable
	// offset back (lso-is-hw).
	LastStableIsHighWatermark bool
	// RefuseAfterAppend: a leader with too few in-sync replicas appends a batch
	// and refuses it then, as if it had not (against KAFKA-1555).
	RefuseAfterAppend bool
}
