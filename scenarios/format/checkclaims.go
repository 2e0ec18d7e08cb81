package format

import (
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// checkClaims checks each claim that was read without errors.
func (c *checker) checkClaims(formErrors Diagnostics) {
	consumers := c.consumerNames()
	for _, claim := range c.scenario.Claims {
		pointer := pointerTo("/claims", claim.Name)
		g, known := findGuarantee(claim.Guarantee)
		if !known || !clean(formErrors, pointer) {
			continue
		}
		if claim.Consumer != "" && !contains(consumers, claim.Consumer) {
			suggestion, _ := kafkaconfig.Suggest(claim.Consumer, consumers)
			c.atValue(pointer+"/consumer", suggestion, "there is no consumer %q", claim.Consumer)
		}
		if g.scope == GroupScope {
			c.checkGroup(pointer, claim)
		}
		if g.scope == ReaderScope && len(consumers) == 0 {
			c.remark(Warning, c.index.findKey(pointer), pointer, "%s judges consumers, and there is none: it will hold with nothing exercised", claim.Name)
		}
		if g.loss {
			c.warnOfLatest(g, claim)
		}
		if g.name == "recovers" {
			c.warnOfShortRecovery(claim)
		}
	}
	c.warnOfShortDrain()
}

func (c *checker) consumerNames() []string {
	var names []string
	for _, consumer := range c.scenario.Workload.Consumers {
		names = append(names, consumer.Name)
	}
	return names
}

// checkGroup: a group's guarantee needs the group that it speaks of, or any at all.
func (c *checker) checkGroup(pointer string, claim Claim) {
	groups := c.groups()
	switch {
	case len(groups) == 0:
		c.atKey(pointer, "", "%s speaks of consumer groups, and no consumer has a \"group\"", claim.Guarantee)
	case claim.Group != "" && !contains(groups, claim.Group):
		suggestion, _ := kafkaconfig.Suggest(claim.Group, groups)
		c.atValue(pointer+"/group", suggestion, "no consumer is in a group %q", claim.Group)
	}
}

// groups are the consumers' groups, each once, in the consumers' order.
func (c *checker) groups() []string {
	var groups []string
	for _, consumer := range c.scenario.Workload.Consumers {
		if consumer.Group != "" && !contains(groups, consumer.Group) {
			groups = append(groups, consumer.Group)
		}
	}
	return groups
}

// judges says whether a claim speaks of what a consumer does.
func (c Claim) judges(g guarantee, consumer Consumer) bool {
	switch g.scope {
	case GroupScope:
		return consumer.Group != "" && (c.Group == "" || c.Group == consumer.Group)
	case ReaderScope:
		return c.Consumer == "" || c.Consumer == consumer.Name
	}
	return true
}

// warnOfLatest: what was written before a consumer's first fetch stays unread without any fault.
func (c *checker) warnOfLatest(g guarantee, claim Claim) {
	const key = "auto.offset.reset"
	for _, consumer := range c.scenario.Workload.Consumers {
		if !claim.judges(g, consumer) || consumer.Settings().String(key) != "latest" {
			continue
		}
		pointer := pointerTo(pointerTo(pointerTo("/workload/consumers", consumer.Name), "config"), key)
		c.remark(Warning, c.index.find(pointer), pointer,
			"consumer %s starts at latest (%s) under the claim %s: records from before its first fetch stay unread", consumer.Name, key, claim.Name)
	}
}

// warnOfShortRecovery: the controller takes a broker for dead only after its session.
func (c *checker) warnOfShortRecovery(claim Claim) {
	const key = "broker.session.timeout.ms"
	session := c.scenario.Cluster.Settings().Duration(key)
	limit := claim.Limit(c.scenario.Workload)
	if limit > session {
		return
	}
	pointer, word := pointerTo("/claims", claim.Name)+"/within", "within"
	if claim.Within == 0 {
		pointer, word = "/workload/drain", "drain"
	}
	c.remark(Warning, c.index.find(pointer), pointer, "%s %s is too short for the claim %s: %s is %s, and no election need come before it",
		word, printDuration(limit), claim.Name, key, printDuration(session))
}

// warnOfShortDrain: a request that was stalled at the end is given up only after its time-out.
func (c *checker) warnOfShortDrain() {
	const key = "request.timeout.ms"
	longest, owner := time.Duration(0), ""
	for _, producer := range c.scenario.Workload.Producers {
		if timeout := producer.Settings().Duration(key); timeout > longest {
			longest, owner = timeout, "producer "+producer.Name
		}
	}
	c.warnOfDrainBelow(longest, key, owner, "sends that are stalled at the end stay undecided", LogScope)
	longest = 0
	for _, consumer := range c.scenario.Workload.Consumers {
		if timeout := consumer.Settings().Duration(key); consumer.Group != "" && timeout > longest {
			longest, owner = timeout, "consumer "+consumer.Name
		}
	}
	c.warnOfDrainBelow(longest, key, owner, "fetches and commits that are stalled at the end stay undone", GroupScope)
}

func (c *checker) warnOfDrainBelow(longest time.Duration, key, owner, consequence string, scope Scope) {
	drain := c.scenario.Workload.Drain
	var dependent []string
	for _, claim := range c.scenario.Claims {
		if g, _ := findGuarantee(claim.Guarantee); g.scope == scope {
			dependent = append(dependent, claim.Name)
		}
	}
	if drain >= longest || len(dependent) == 0 {
		return
	}
	c.remark(Warning, c.index.find("/workload/drain"), "/workload/drain", "drain %s is shorter than %s of %s, which is %s: %s for %s",
		printDuration(drain), key, owner, printDuration(longest), consequence, strings.Join(dependent, ", "))
}
