package broker

import (
	"fmt"
	"strings"

	"assay/broker/controller"
	"assay/broker/group"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/broker/txn"
)

// Flaws are the museum's switches in brokers and controllers: each undoes one
// fix, so that checkers prove themselves on what it prevented. The zero value
// is a safe cluster.
type Flaws struct {
	Replica      replica.Flaws
	Storage      storage.Flaws
	Controller   controller.Flaws
	Transactions txn.Flaws
	Group        group.Flaws

	// TakeLateProduce lets a transaction's first batch in without asking its
	// coordinator (hang-late-produce, KIP-890).
	TakeLateProduce bool
}

// Flaw describes one switch.
type Flaw struct {
	Name   string
	About  string // one sentence
	Source string // where it happened or was argued
	set    func(*Flaws)
}

// KnownFlaws lists the switches by name.
var KnownFlaws = []Flaw{
	{"bounce-fencing", "A broker that restarts within its session time-out stays in the in-sync replicas although its disk may have lost records.",
		"KAFKA-7235, KIP-903", func(f *Flaws) { f.Controller.BounceFencing = true }},
	{"coordinator-stale-load", "An offset committed in a transaction takes effect over plain commits whose records came later, when the transaction's marker comes.",
		"KAFKA-5247, KAFKA-5600", func(f *Flaws) { f.Group.CoordinatorStaleLoad = true }},
	{"diverging-fetch-counts", "A fetch that the leader answers with \"diverging\" still counts as the follower having everything below its offset.",
		"KAFKA-13141", func(f *Flaws) { f.Replica.DivergingFetchCounts = true }},
	{"endtxn-early", "The coordinator answers the end of a transaction when its own log has the decision: the next coordinator may not know of it, and aborts what was committed.",
		"KIP-98", func(f *Flaws) { f.Transactions.EndBeforeDurable = true }},
	{"endtxn-late", "The end of a transaction is matched by producer id and epoch only, which its next transaction has too.",
		"KAFKA-17754, KIP-890 part 2", func(f *Flaws) { f.Transactions.EndMatchesEpochOnly = true }},
	{"epoch-lookup-offset-only", "The leader answers an epoch it never had with the start of the next larger one, so that a follower keeps records of a forgotten leader.",
		"KIP-279", func(f *Flaws) { f.Storage.EpochLookupOffsetOnly = true }},
	{"hang-late-produce", "A transactional batch that arrives after its transaction was aborted opens another that nobody ends.",
		"KIP-890 part 1", func(f *Flaws) { f.TakeLateProduce = true }},
	{"hw-truncate-diverge", "A new follower truncates to its own high watermark, and equal log ends hide that the records differ.",
		"KIP-101", func(f *Flaws) { f.Replica.TruncateToHighWatermark = true }},
	{"hw-truncate-loss", "A new follower truncates to its own high watermark and may lead before it has fetched again what was acknowledged.",
		"KIP-101", func(f *Flaws) { f.Replica.TruncateToHighWatermark = true }},
	{"last-replica-standing", "The last in-sync replica is kept as such when it goes, and leads again whatever its disk has lost.",
		"KIP-966", func(f *Flaws) { f.Controller.LastReplicaStanding = true }},
	{"lso-is-hw", "Readers of committed records read up to the high watermark and are not told of aborted transactions.",
		"KAFKA-9807, KIP-98", func(f *Flaws) { f.Replica.LastStableIsHighWatermark, f.Storage.NoAbortIndex = true, true }},
	{"no-crc-recovery", "After an unclean stop the end of the log is trusted instead of checked by CRC.",
		"log recovery", func(f *Flaws) { f.Storage.NoCRCRecovery = true }},
	{"no-epoch-fence", "A producer that takes a transactional id over, and an abort by time-out, leave the epoch as it is, so that the former producer goes on.",
		"KIP-98", func(f *Flaws) { f.Transactions.NoEpochFence = true }},
	{"no-maximal-isr", "While a change of the in-sync replicas is pending, the high watermark counts the committed ones only.",
		"KIP-497, TLA+ work on Kafka replication", func(f *Flaws) { f.Replica.CommittedISROnly = true }},
	{"refuse-after-append", "A leader with too few in-sync replicas appends a batch and refuses it only then, by the error that says that nothing was appended.",
		"KAFKA-1555", func(f *Flaws) { f.Replica.RefuseAfterAppend = true }},
	{"seq-wrap", "Sequences are counted on beyond the largest instead of from 0 again: what comes next is refused, and a repeated batch that wraps is not recognised.",
		"KAFKA-7692", func(f *Flaws) { f.Storage.NoSequenceWrap = true }},
	{"stale-alterpartition", "The controller takes a delayed change of the in-sync replicas that others have overtaken.",
		"KIP-497, partition epochs", func(f *Flaws) { f.Controller.StaleAlterPartition = true }},
	{"static-no-fence", "Whoever names a static member's instance id is taken for that member, although another process has taken the id over.",
		"KIP-345", func(f *Flaws) { f.Group.StaticNoFence = true }},
	{"tc-failover", "A new transaction coordinator forgets transactions whose outcome is decided and whose markers are not all written, and its predecessor may still end them.",
		"KAFKA-5131", func(f *Flaws) { f.Transactions.IgnorePrepared, f.Storage.FormerCoordinatorMarks = true, true }},
	{"txn-offset-no-generation", "An offset commit in a transaction is taken from anybody, whatever the group's members and generation.",
		"KIP-447", func(f *Flaws) { f.Group.TransactionalOffsetNoGeneration = true }},
	{"unstable-offset-fetch", "An offset fetch answers with what is committed although an open transaction may be about to change it.",
		"KIP-447", func(f *Flaws) { f.Group.UnstableOffsetFetch = true }},
	{"zombie-commit", "An offset commit is taken from anybody, whatever the group's members and generation.",
		"KAFKA-14196", func(f *Flaws) { f.Group.ZombieCommit = true }},
}

// ParseFlaws switches on the named flaws. The error lists every unknown name.
func ParseFlaws(names []string) (Flaws, error) {
	var flaws Flaws
	var unknown []string
	for _, name := range names {
		if f := findFlaw(name); f != nil {
			f.set(&flaws)
		} else {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return flaws, fmt.Errorf("unknown flaws: %s", strings.Join(unknown, ", "))
	}
	return flaws, nil
}

func findFlaw(name string) *Flaw {
	for i := range KnownFlaws {
		if KnownFlaws[i].Name == name {
			return &KnownFlaws[i]
		}
	}
	return nil
}
