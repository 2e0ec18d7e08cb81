package format

// flaw is an exhibit of the museum. Some need no switch: they are settings.
type flaw struct {
	name     string
	built    bool
	settings string // what to set instead of a switch
}

var flaws = []flaw{
	{name: "hw-truncate-loss", built: true},
	{name: "hw-truncate-diverge", built: true},
	{name: "epoch-lookup-offset-only", built: true},
	{name: "unclean-election", settings: "unclean.leader.election.enable: true"},
	{name: "weak-acks", settings: "acks: 1, or min.insync.replicas: 1"},
	{name: "last-replica-standing", built: true},
	{name: "bounce-fencing", built: true},
	{name: "isr-join-stale-hw"},
	{name: "no-maximal-isr", built: true},
	{name: "missed-epoch-fetch"},
	{name: "diverging-fetch-counts", built: true},
	{name: "consumer-no-truncation-check", built: true},
	{name: "retry-no-idempotence", settings: "enable.idempotence: false"},
	{name: flawSequenceCache},
	{name: "seq-wrap"},
	{name: "pid-state-lost"},
	{name: "seq-reuse"},
	{name: "hang-late-produce"},
	{name: "endtxn-late"},
	{name: "no-epoch-fence"},
	{name: "tc-failover"},
	{name: "txn-offset-no-generation"},
	{name: "unstable-offset-fetch"},
	{name: "lso-is-hw"},
	{name: "cleaner-eats-marker"},
	{name: "commit-before-process"},
	{name: "zombie-commit"},
	{name: "reset-latest-skip"},
	{name: "static-no-fence"},
	{name: "stale-owned-claim"},
	{name: "coordinator-stale-load"},
	{name: "stale-alterpartition", built: true},
	{name: "old-controller"},
	{name: "no-topic-id"},
	{name: "no-crc-recovery", built: true},
	{name: "clean-flag-late"},
	{name: "cleaner-past-hw"},
	{name: "tombstone-clock"},
	{name: "ack-before-sync", settings: "no flush settings, and a power loss of all replicas"},
}

// flawSequenceCache lifts the limit of five batches in flight (KAFKA-5494).
const flawSequenceCache = "seq-cache"

func findFlaw(name string) (flaw, bool) {
	for _, f := range flaws {
		if f.name == name {
			return f, true
		}
	}
	return flaw{}, false
}

func flawNames() []string {
	var names []string
	for _, f := range flaws {
		names = append(names, f.name)
	}
	return names
}
