package campaign

import (
	"fmt"
	"slices"
	"strings"

	"assay/checkers"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// advise says which settings of a variant let a claim be violated, and what
// would have prevented it. It knows the settings, not the run: a witness tells
// what happened. Nothing is said where nothing is known.
func advise(s *format.Scenario, claim format.Claim, w *result.Witness) []string {
	a := adviser{scenario: s, claim: claim, topic: topicOf(w.Partition)}
	for _, op := range w.Operations {
		a.clients = append(a.clients, strings.Fields(op.Client)...)
	}
	a.flaws()
	switch checkers.Guarantee(claim.Guarantee) {
	case checkers.FreshReads:
		if w.Anomaly == string(checkers.StaleRead) {
			a.freshness()
		} else {
			a.durability()
		}
	case checkers.NoLoss, checkers.LinearizableLog, checkers.LogAgreement:
		a.durability()
	case checkers.NoDuplicates:
		a.duplicates()
	case checkers.ProducerOrder:
		a.order()
	case checkers.AtLeastOnce, checkers.CommitSafety, checkers.AtMostOnce:
		a.commits()
	case checkers.ExactlyOnce:
		a.pipelines()
		var outputs []string
		for _, p := range s.Pipelines(claim) {
			outputs = append(outputs, p.Output)
		}
		a.observer(a.claim.Observer, outputs)
	case checkers.NoAbortedReads, checkers.AtomicTransactions:
		a.observer(a.claim.Consumer, []string{a.topic})
	case checkers.GroupExclusive:
		a.pipelines()
	case checkers.NoSkips:
		a.reset()
	}
	return a.says
}

// topicOf is the topic of a topic/partition.
func topicOf(partition string) string {
	if at := strings.LastIndexByte(partition, '/'); at >= 0 {
		return partition[:at]
	}
	return partition
}

type adviser struct {
	scenario *format.Scenario
	claim    format.Claim
	topic    string   // of the witness, "" for none
	clients  []string // the words of whom the witness's operations name, instances among them
	says     []string
}

func (a *adviser) say(sentence string, arguments ...any) {
	if text := fmt.Sprintf(sentence, arguments...); !slices.Contains(a.says, text) {
		a.says = append(a.says, text)
	}
}

// concerns says whether the witness names one of a set's instances, or no instance of any set that works in a group.
func (a *adviser) concerns(instances []string) bool {
	named := func(instances []string) bool {
		return slices.ContainsFunc(instances, func(name string) bool { return slices.Contains(a.clients, name) })
	}
	load := a.scenario.Workload
	return named(instances) ||
		!slices.ContainsFunc(load.Consumers, func(c format.Consumer) bool { return c.Group != "" && named(c.Instances()) }) &&
			!slices.ContainsFunc(load.Processors, func(p format.Processor) bool { return named(p.Instances()) })
}

func (a *adviser) flaws() {
	for _, flaw := range a.scenario.Cluster.Flaws {
		a.say("the flaw %s is on: its fix is what is missing (assay explain %s)", flaw, flaw)
	}
}

// producers of the witness's topic.
func (a *adviser) producers() (found []format.Producer) {
	for _, p := range a.scenario.Workload.Producers {
		if a.topic == "" || p.Topic == a.topic {
			found = append(found, p)
		}
	}
	return found
}

func (a *adviser) durability() {
	for _, p := range a.producers() {
		if p.DualWrite {
			a.say("%s is told that all is done when its state is stored, and the event may die with the process before it is sent (dual_write: true): with an outbox (outbox: true) the two are one transaction", p.Name)
			continue
		}
		switch acks := p.Settings().String("acks"); acks {
		case "0":
			a.say("%s has acks=0: a send counts as acknowledged when it has left; acks=all waits for the in-sync replicas", p.Name)
		case "1":
			a.say("%s has acks=1: the leader alone vouches for a record; acks=all waits for the in-sync replicas", p.Name)
		default:
			a.replicas()
		}
	}
}

// freshness is about readers that were told an end of the log that it had left behind.
func (a *adviser) freshness() {
	for _, p := range a.producers() {
		if acks := p.Settings().String("acks"); acks == "0" || acks == "1" {
			a.say("%s has acks=%s: a record counts as acknowledged before readers may see it; with acks=all they may by then", p.Name, acks)
			return
		}
	}
	a.say("no setting would: a broker answers as the leader until it learns that it is not; who must know the end writes a record with acks=all and reads until that one comes")
}

// replicas looks at what acks=all rests on.
func (a *adviser) replicas() {
	for _, topic := range a.scenario.Topics {
		if a.topic != "" && topic.Name != a.topic {
			continue
		}
		settings := topic.Settings(a.scenario.Cluster.Settings())
		least := settings.Int("min.insync.replicas")
		switch {
		case settings.Bool("unclean.leader.election.enable"):
			a.say("unclean.leader.election.enable=true lets a replica lead that has not everything; false waits for one that has")
		case topic.ReplicationFactor == 1:
			a.say("%s has one replica: with three, and min.insync.replicas=2, another one has what it loses", topic.Name)
		case least == 1:
			a.say("min.insync.replicas=1 lets a leader that is alone acknowledge; 2 makes it refuse")
		default:
			a.say("with min.insync.replicas=%d a record outlives that %s unsynced data, and no more than that at a time; a higher one outlives more, and flush.messages=1 has every record on the disk before it is acknowledged",
				least, fewer(least))
		}
	}
}

// fewer says what acks=all stands: all but one of the least in-sync replicas lose something.
func fewer(least int) string {
	if least == 2 {
		return "one replica loses its"
	}
	return fmt.Sprintf("%d replicas lose their", least-1)
}

func (a *adviser) duplicates() {
	for _, p := range a.producers() {
		switch settings := p.Settings(); {
		case p.Outbox:
			a.say("%s has an outbox, whose relay sends again after a crash what it does not know to be sent: consumers that know what they have worked on (deduplicate: true) make that harmless", p.Name)
		case settings.Bool("enable.idempotence"):
		case settings.Int("retries") > 0:
			a.say("%s retries without idempotence: enable.idempotence=true numbers its batches, so that brokers recognise a retry", p.Name)
		}
	}
}

func (a *adviser) order() {
	for _, p := range a.producers() {
		settings := p.Settings()
		inFlight := settings.Int("max.in.flight.requests.per.connection")
		switch {
		case inFlight == 1:
		case settings.Bool("enable.idempotence"):
			a.say("an idempotent producer's first batches may change places (docs/producer-order.md): max.in.flight.requests.per.connection=1 keeps the order without exception")
		default:
			a.say("%s has up to %d requests in flight without idempotence: enable.idempotence=true keeps their order, and so does max.in.flight.requests.per.connection=1", p.Name, inFlight)
		}
	}
}

func (a *adviser) commits() {
	atMost := checkers.Guarantee(a.claim.Guarantee) == checkers.AtMostOnce
	for _, c := range a.scenario.Workload.Consumers {
		if c.Group == "" || a.claim.Group != "" && c.Group != a.claim.Group || !a.concerns(c.Instances()) {
			continue
		}
		switch {
		case atMost && c.Commit == format.CommitNone:
			a.say("%s never commits, so that a restart does everything again: commit: before_process never does it twice, and may leave it out", c.Name)
		case atMost && c.Commit == format.CommitAuto:
			a.say("%s commits by itself now and then (auto.commit.interval.ms), so that a restart repeats what was done since: commit: before_process never does it twice, and may leave it out; an idempotent consumer does it twice without harm", c.Name)
		case atMost && c.Commit != format.CommitBeforeProcess:
			a.say("%s commits after its work, so that what was done and not yet committed is done again: commit: before_process never does it twice, and may leave it out; an idempotent consumer does it twice without harm", c.Name)
		case !atMost && c.Commit == format.CommitBeforeProcess:
			a.say("%s commits before its work, so that what was committed and not yet done is left out: commit: after_process leaves nothing out, and may do it twice", c.Name)
		case !atMost && c.Handling.Failures != nil && c.Handling.OnFailure == format.OnFailureSkip && c.Handling.DeadLetter == "":
			a.say("%s leaves out what it cannot process (on_failure: skip): dead_letter: TOPIC keeps it for later, and counts as processed", c.Name)
		}
	}
	for _, p := range a.scenario.Workload.Processors {
		if !atMost && p.Transaction == nil && p.Commit == format.CommitBeforeProcess && (a.claim.Group == "" || p.Group == a.claim.Group) && a.concerns(p.Instances()) {
			a.say("%s commits before its work, so that what was committed and not yet done is left out: commit: after_process leaves nothing out, and may do it twice", p.Name)
		}
	}
	if !atMost {
		a.reset()
	}
}

func (a *adviser) reset() {
	for _, c := range a.scenario.Workload.Consumers {
		if a.claim.Consumer != "" && c.Name != a.claim.Consumer || a.claim.Group != "" && c.Group != a.claim.Group || !a.concerns(c.Instances()) {
			continue
		}
		if c.Settings().String("auto.offset.reset") == "latest" {
			a.say("%s has auto.offset.reset=latest: where it has no offset it leaves out what is there; earliest reads it", c.Name)
		}
	}
}
