package broker

import (
	"fmt"
	"strings"

	"assay/broker/controller"
	"assay/broker/replica"
	"assay/broker/storage"
)

// Flaws are the museum's switches in brokers and controllers: each undoes one
// fix, so that checkers prove themselves on what it prevented. The zero value
// is a safe cluster.
type Flaws struct {
	Replica    replica.Flaws
	Storage    storage.Flaws
	Controller controller.Flaws
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
	{"diverging-fetch-counts", "A fetch that the leader answers with \"diverging\" still counts as the follower having everything below its offset.",
		"KAFKA-13141", func(f *Flaws) { f.Replica.DivergingFetchCounts = true }},
	{"epoch-lookup-offset-only", "The leader answers an epoch it never had with the start of the next larger one, so that a follower keeps records of a forgotten leader.",
		"KIP-279", func(f *Flaws) { f.Storage.EpochLookupOffsetOnly = true }},
	{"hw-truncate-diverge", "A new follower truncates to its own high watermark, and equal log ends hide that the records differ.",
		"KIP-101", func(f *Flaws) { f.Replica.TruncateToHighWatermark = true }},
	{"hw-truncate-loss", "A new follower truncates to its own high watermark and may lead before it has fetched again what was acknowledged.",
		"KIP-101", func(f *Flaws) { f.Replica.TruncateToHighWatermark = true }},
	{"last-replica-standing", "The last in-sync replica is kept as such when it goes, and leads again whatever its disk has lost.",
		"KIP-966", func(f *Flaws) { f.Controller.LastReplicaStanding = true }},
	{"no-crc-recovery", "After an unclean stop the end of the log is trusted instead of checked by CRC.",
		"log recovery", func(f *Flaws) { f.Storage.NoCRCRecovery = true }},
	{"no-maximal-isr", "While a change of the in-sync replicas is pending, the high watermark counts the committed ones only.",
		"KIP-497, TLA+ work on Kafka replication", func(f *Flaws) { f.Replica.CommittedISROnly = true }},
	{"stale-alterpartition", "The controller takes a delayed change of the in-sync replicas that others have overtaken.",
		"KIP-497, partition epochs", func(f *Flaws) { f.Controller.StaleAlterPartition = true }},
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
