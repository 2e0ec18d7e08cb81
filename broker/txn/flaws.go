package txn

// Flaws are the museum's switches in the transaction coordinator; see
// broker.KnownFlaws. The zero value is a safe coordinator.
type Flaws struct {
	// EndMatchesEpochOnly ends a transaction by its producer's id and epoch as
	// version 1 does, whatever the client speaks, and leaves the epoch as it is
	// (before KIP-890).
	EndMatchesEpochOnly bool
	// NoEpochFence leaves the epoch as it is when another producer is initialised
	// and when a transaction is aborted by its time-out (against KIP-98).
	NoEpochFence bool
	// IgnorePrepared lets a new coordinator forget that markers are owed
	// (KAFKA-5131).
	IgnorePrepared bool
	// EndBeforeDurable answers the end of a transaction when the decision is in
	// the coordinator's own log, which another coordinator may not have (against
	// KIP-98).
	EndBeforeDurable bool
}
