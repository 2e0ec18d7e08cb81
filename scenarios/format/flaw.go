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
	{name: "refuse-after-append", built: true},
	{name: "retry-no-idempotence", settings: "enable.idempotence: false"},
	{name: flawSequenceCache, built: true},
	{name: "seq-wrap", built: true},
	{name: "pid-state-lost"},
	{name: "seq-reuse", built: true},
	{name: "hang-late-produce", built: true},
	{name: "endtxn-late", built: true},
	{name: "endtxn-early", built: true},
	{name: "no-epoch-fence", built: true},
	{name: "tc-failover", built: true},
	{name: "txn-offset-no-generation", built: true},
	{name: "unstable-offset-fetch", built: true},
	{name: "lso-is-hw", built: true},
	{name: "cleaner-eats-marker"},
	{name: "commit-before-process", built: true},
	{name: "zombie-commit", built: true},
	{name: "reset-latest-skip", settings: "auto.offset.reset: latest, and offsets.retention.minutes below the time that a group may be away"},
	{name: "static-no-fence", built: true},
	{name: "stale-owned-claim", built: true},
	{name: "coordinator-stale-load", built: true},
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
