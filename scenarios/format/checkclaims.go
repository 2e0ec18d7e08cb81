package format

import "fmt"

// checkClaims checks each claim that was read without errors.
func (c *checker) checkClaims(formErrors Diagnostics) {
	readers := len(c.scenario.Workload.Consumers) + len(c.scenario.Workload.Processors)
	for _, claim := range c.scenario.Claims {
		pointer := pointerTo("/claims", claim.Name)
		g, known := findGuarantee(claim.Guarantee)
		if !known || !clean(formErrors, pointer) {
			continue
		}
		c.checkReader(pointer+"/consumer", claim.Consumer)
		c.checkReader(pointer+"/observer", claim.Observer)
		switch g.scope {
		case GroupScope:
			c.checkGroup(pointer, claim)
		case PipelineScope:
			c.checkPipeline(pointer, claim)
		}
		if g.scope == ReaderScope && readers == 0 && g.name != "atomic-transactions" { // the covering read has those to judge
			c.remark(Warning, c.index.findKey(pointer), pointer, "%s judges readers, and there is none: it will hold with nothing exercised", claim.Name)
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

func (c *checker) checkReader(pointer, name string) {
	if consumers := c.consumerNames(); name != "" && !contains(consumers, name) {
		c.unknown(pointer, name, consumers, fmt.Sprintf("there is no consumer %q", name))
	}
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
		c.atKey(pointer, "", "%s speaks of consumer groups, and nobody has a \"group\"", claim.Guarantee)
	case claim.Group != "" && !contains(groups, claim.Group):
		c.unknown(pointer+"/group", claim.Group, groups, fmt.Sprintf("nobody is in a group %q", claim.Group))
	case claim.Group != "" && !contains(c.scenario.GroupsUnder(claim.Guarantee), claim.Group):
		c.atValue(pointer+"/group", "", "%s works in transactions: what it does is judged by exactly-once, not by %s", claim.Group, claim.Guarantee)
	case claim.Group == "" && len(c.scenario.GroupsUnder(claim.Guarantee)) == 0:
		c.atKey(pointer, "", "all groups work in transactions: what they do is judged by exactly-once, not by %s", claim.Guarantee)
	}
}

// groups are those of consumers and processors, each once, in their order.
func (c *checker) groups() []string { return c.scenario.Groups() }

// judges says whether a claim speaks of what a consumer does.
func (c Claim) judges(g guarantee, consumer Consumer) bool {
	switch g.scope {
	case GroupScope:
		return consumer.Group != "" && (c.Group == "" || c.Group == consumer.Group)
	case ReaderScope:
		return c.Consumer == "" || c.Consumer == consumer.Name
	case PipelineScope:
		return c.Observer == "" || c.Observer == consumer.Name
	}
	return true
}

// warnOfLatest: what was written before a consumer's first fetch stays unread without any fault.
func (c *checker) warnOfLatest(g guarantee, claim Claim) {
	const key = "auto.offset.reset"
	for _, consumer := range c.scenario.Workload.Consumers {
		if g.scope == PipelineScope && !c.scenario.observes(claim, consumer) || !claim.judges(g, consumer) || consumer.Settings().String(key) != "latest" {
			continue
		}
		pointer := pointerTo(pointerTo(pointerTo("/workload/consumers", consumer.Name), "config"), key)
		c.remark(Warning, c.index.find(pointer), pointer,
			"consumer %s starts at latest (%s) under the claim %s: records from before its first fetch stay unread", consumer.Name, key, claim.Name)
	}
	for _, p := range c.scenario.Workload.Processors {
		judged := g.scope == PipelineScope && (claim.Via == "" || claim.Via == p.Name) || g.scope == GroupScope && (claim.Group == "" || claim.Group == p.Group)
		if !judged || p.ConsumerSettings(0).String(key) != "latest" {
			continue
		}
		pointer := pointerTo(pointerTo(pointerTo("/workload/processors", p.Name), "config"), key)
		c.remark(Warning, c.index.find(pointer), pointer,
			"processor %s starts at latest (%s) under the claim %s: records from before its first fetch have no output", p.Name, key, claim.Name)
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
