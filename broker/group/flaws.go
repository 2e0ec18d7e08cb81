package group

// Flaws are switches that undo fixes of the coordinator, so that checkers prove
// themselves on what they prevented. All off in Kafka of today.
type Flaws struct {
	// ZombieCommit takes offset commits of any member and generation (KAFKA-14196).
	ZombieCommit bool
	// StaticNoFence takes whoever names an instance id for the member that has it,
	// although another process has taken it over (KIP-345).
	StaticNoFence bool
	// TransactionalOffsetNoGeneration takes transactional offset commits of any
	// member and generation (before KIP-447).
	TransactionalOffsetNoGeneration bool
	// UnstableOffsetFetch answers with committed offsets that an open transaction
	// may be about to change (before KIP-447).
	UnstableOffsetFetch bool
	// CoordinatorStaleLoad applies transactional offsets in the order of the
	// markers, over plain commits whose records came later (KAFKA-5247).
	CoordinatorStaleLoad bool
}
