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
		if g.scope == ReaderScope && len(consumers) == 0 {
			c.remark(Warning, c.index.findKey(pointer), pointer, "%s judges consumers, and there is none: it will hold with nothing exercised", claim.Name)
		}
		if g.loss {
			c.warnOfLatest(claim)
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

// warnOfLatest: what was written before a consumer's first fetch stays unread without any fault.
func (c *checker) warnOfLatest(claim Claim) {
	const key = "auto.offset.reset"
	for _, consumer := range c.scenario.Workload.Consumers {
		if claim.Consumer != "" && claim.Consumer != consumer.Name || consumer.Settings().String(key) != "latest" {
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
	if len(c.scenario.Claims) == 0 {
		return
	}
	longest, owner := time.Duration(0), ""
	const key = "request.timeout.ms"
	for _, producer := range c.scenario.Workload.Producers {
		if timeout := producer.Settings().Duration(key); timeout > longest {
			longest, owner = timeout, producer.Name
		}
	}
	drain := c.scenario.Workload.Drain
	if drain >= longest {
		return
	}
	var dependent []string
	for _, claim := range c.scenario.Claims {
		if g, _ := findGuarantee(claim.Guarantee); g.scope == LogScope {
			dependent = append(dependent, claim.Name)
		}
	}
	if len(dependent) > 0 {
		c.remark(Warning, c.index.find("/workload/drain"), "/workload/drain",
			"drain %s is shorter than %s of producer %s, which is %s: sends that are stalled at the end stay undecided for %s",
			printDuration(drain), key, owner, printDuration(longest), strings.Join(dependent, ", "))
	}
}
