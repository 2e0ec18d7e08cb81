package campaign

import (
	"slices"

	"assay/scenarios/format"
)

// pipelines looks at what makes the effects of a claim's processors exactly one.
func (a *adviser) pipelines() {
	for _, p := range a.scenario.Workload.Processors {
		if a.claim.Via != "" && p.Name != a.claim.Via || a.claim.Group != "" && p.Group != a.claim.Group || !a.concerns(p.Instances()) {
			continue
		}
		switch {
		case p.Transaction != nil:
			a.transactional(p)
		case p.Commit == format.CommitBeforeProcess:
			a.say("%s commits before its work: what was committed and not yet done when it died has no output; transaction: {} makes outputs and offsets one", p.Name)
		default:
			a.say("%s writes its outputs and commits its offsets one after the other: what dies in between is done again, or not at all; transaction: {} with a transactional.id makes them one", p.Name)
			if !p.ProducerSettings(0).Bool("enable.idempotence") {
				a.say("%s retries without idempotence: enable.idempotence=true numbers its batches, so that brokers recognise a retry", p.Name)
			}
		}
	}
}

// transactional looks at a processor that works in transactions.
func (a *adviser) transactional(p format.Processor) {
	if p.ConsumerSettings(0).String("isolation.level") != "read_committed" && a.transactionsIn(p.Input) {
		a.say("%s reads uncommitted records: isolation.level=read_committed keeps what another's transaction aborts out of its work", p.Name)
	}
}

// transactionsIn says whether some processor writes transactions to a topic.
func (a *adviser) transactionsIn(topics []string) bool {
	return slices.ContainsFunc(a.scenario.Workload.Processors, func(p format.Processor) bool {
		return p.Transaction != nil && slices.Contains(topics, p.Output)
	})
}

// observer looks at who reads what transactions have written to some topics.
func (a *adviser) observer(name string, topics []string) {
	for _, c := range a.scenario.Workload.Consumers {
		if !slices.ContainsFunc(c.Topics, func(topic string) bool { return slices.Contains(topics, topic) }) || !a.transactionsIn(c.Topics) {
			continue
		}
		if name != "" && c.Name != name || c.Settings().String("isolation.level") == "read_committed" {
			continue
		}
		a.say("%s reads uncommitted records: with isolation.level=read_committed it is handed none of an aborted transaction, and none before the commit", c.Name)
	}
}
