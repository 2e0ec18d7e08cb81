package format

import (
	"fmt"
	"slices"
)

// observers are the consumers that judge a processor's output.
func (s *Scenario) observers(claim Claim, p Processor) []Consumer {
	return slices.DeleteFunc(slices.Clone(s.Workload.Consumers), func(c Consumer) bool {
		return claim.Observer != "" && c.Name != claim.Observer || !contains(c.Topics, p.Output)
	})
}

// observes says whether a consumer is an observer under a claim.
func (s *Scenario) observes(claim Claim, consumer Consumer) bool {
	return slices.ContainsFunc(s.Pipelines(claim), func(p Processor) bool {
		return slices.ContainsFunc(s.observers(claim, p), func(o Consumer) bool { return o.Name == consumer.Name })
	})
}

// checkPipeline checks the path that a claim of exactly-once names.
func (c *checker) checkPipeline(pointer string, claim Claim) {
	if len(c.scenario.Workload.Processors) == 0 {
		c.atKey(pointer, "", "%s speaks of processors, and there is none", claim.Guarantee)
		return
	}
	if claim.Via != "" && !slices.ContainsFunc(c.scenario.Workload.Processors, func(p Processor) bool { return p.Name == claim.Via }) {
		c.unknown(pointer+"/via", claim.Via, c.processorNames(), fmt.Sprintf("there is no processor %q", claim.Via))
		return
	}
	c.checkTopic(pointer+"/from", claim.From)
	c.checkTopic(pointer+"/to", claim.To)
	paths := c.scenario.Pipelines(claim)
	if len(paths) == 0 && (!c.topicKnown(claim.From) || !c.topicKnown(claim.To)) {
		return
	}
	if len(paths) == 0 {
		c.atKey(pointer, "", "no processor reads and writes as the claim says%s", claim.path())
		return
	}
	for _, p := range paths {
		if len(c.scenario.observers(claim, p)) == 0 && claim.Observer != "" && contains(c.consumerNames(), claim.Observer) {
			c.atValue(pointer+"/observer", "", "consumer %s does not read %s, which %s writes", claim.Observer, p.Output, p.Name)
		}
		c.warnOfUncommitted(claim, p)
		c.warnOfUncommittedInput(claim, p)
	}
}

// warnOfUncommittedInput: what another processor aborts is no input, unless somebody reads it all the same.
func (c *checker) warnOfUncommittedInput(claim Claim, p Processor) {
	const key = "isolation.level"
	if p.ConsumerSettings(0).String(key) == "read_committed" {
		return
	}
	for _, before := range c.scenario.Workload.Processors {
		if before.Transaction != nil && before.Name != p.Name && contains(p.Input, before.Output) {
			pointer := pointerTo(pointerTo(pointerTo("/workload/processors", p.Name), "config"), key)
			c.remark(Warning, c.index.find(pointer), pointer, "processor %s reads uncommitted (%s) under the claim %s: it works on what %s aborts, too", p.Name, key, claim.Name, before.Name)
		}
	}
}

// path tells what a claim names of its path.
func (c Claim) path() string {
	text := ""
	for _, part := range []struct{ word, name string }{{"from", c.From}, {"via", c.Via}, {"to", c.To}} {
		if part.name != "" {
			text += fmt.Sprintf(" %s %s", part.word, part.name)
		}
	}
	return text
}

// warnOfUncommitted: an observer that reads uncommitted sees what was aborted, too.
func (c *checker) warnOfUncommitted(claim Claim, p Processor) {
	const key = "isolation.level"
	for _, observer := range c.scenario.observersUnder(claim) {
		if p.Transaction == nil || !contains(observer.Topics, p.Output) || observer.Settings().String(key) == "read_committed" {
			continue
		}
		pointer := pointerTo(pointerTo(pointerTo("/workload/consumers", observer.Name), "config"), key)
		c.remark(Warning, c.index.find(pointer), pointer, "consumer %s reads uncommitted (%s) under the claim %s: it sees what %s aborts, too",
			observer.Name, key, claim.Name, p.Name)
	}
}
