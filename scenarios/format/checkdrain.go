package format

import (
	"strings"
	"time"

	"assay/internal/kafkaconfig"
)

// warnOfShortDrain: what is stalled, open or dead at the end is given up only after a time-out, and a run that ends
// before it has not shown what the claims ask.
func (c *checker) warnOfShortDrain() {
	for _, w := range []wait{c.longestSend(), c.longestFetch(), c.longestSession(), c.longestTransaction()} {
		c.warnOfDrainBelow(w)
	}
}

// wait is a time that claims of some scopes rest on.
type wait struct {
	time        time.Duration
	key, owner  string
	consequence string
	scopes      []Scope
}

const requestTimeout = "request.timeout.ms"

func (c *checker) longestSend() wait {
	longest := wait{key: requestTimeout, consequence: "sends that are stalled at the end stay undecided", scopes: []Scope{LogScope}}
	for _, producer := range c.scenario.Workload.Producers {
		longest.atLeast(producer.Settings().Duration(requestTimeout), "producer "+producer.Name)
	}
	return longest
}

func (c *checker) longestFetch() wait {
	longest := wait{key: requestTimeout, consequence: "fetches and commits that are stalled at the end stay undone", scopes: []Scope{GroupScope}}
	for _, consumer := range c.scenario.Workload.Consumers {
		if consumer.Group != "" {
			longest.atLeast(consumer.Settings().Duration(requestTimeout), "consumer "+consumer.Name)
		}
	}
	return longest
}

// longestSession: a member that has died keeps its partitions for a session.
func (c *checker) longestSession() wait {
	longest := wait{consequence: "partitions of a member that is gone stay unread", scopes: []Scope{GroupScope, PipelineScope}}
	member := func(settings kafkaconfig.Settings, owner string) {
		key, session := c.session(settings)
		if session > longest.time {
			longest.key, longest.time, longest.owner = key, session, owner
		}
	}
	for _, consumer := range c.scenario.Workload.Consumers {
		if consumer.Group != "" && consumer.Subscribes() {
			member(consumer.Settings(), "consumer "+consumer.Name)
		}
	}
	for _, p := range c.scenario.Workload.Processors {
		member(p.ConsumerSettings(0), "processor "+p.Name)
	}
	return longest
}

// session is how long a group's coordinator waits for a member: the member says so in the classic protocol, the brokers
// in the newer one (KIP-848).
func (c *checker) session(member kafkaconfig.Settings) (key string, timeout time.Duration) {
	if classic(member) {
		return sessionTimeout, member.Duration(sessionTimeout)
	}
	const key848 = "group.consumer.session.timeout.ms"
	return key848, c.scenario.Cluster.Settings().Duration(key848)
}

// longestTransaction: a transaction that nobody ends holds the last stable offset until its coordinator aborts it. The
// coordinator looks only now and then; whether one hangs shows after two such looks more.
func (c *checker) longestTransaction() wait {
	const key, interval = "transaction.timeout.ms", "transaction.abort.timed.out.transaction.cleanup.interval.ms"
	longest := wait{key: key + " with twice " + interval, consequence: "a transaction that hangs is not told from one that is open",
		scopes: []Scope{PipelineScope, ReaderScope, ClusterScope}}
	looks := 2 * c.scenario.Cluster.Settings().Duration(interval)
	for _, p := range c.scenario.Workload.Processors {
		if p.Transaction != nil {
			longest.atLeast(p.ProducerSettings(0).Duration(key)+looks, "processor "+p.Name)
		}
	}
	return longest
}

func (w *wait) atLeast(time time.Duration, owner string) {
	if time > w.time {
		w.time, w.owner = time, owner
	}
}

func (c *checker) warnOfDrainBelow(w wait) {
	drain := c.scenario.Workload.Drain
	var dependent []string
	for _, claim := range c.scenario.Claims {
		g, _ := findGuarantee(claim.Guarantee)
		for _, scope := range w.scopes {
			if g.scope == scope {
				dependent = append(dependent, claim.Name)
			}
		}
	}
	if drain >= w.time || len(dependent) == 0 {
		return
	}
	c.remark(Warning, c.index.find("/workload/drain"), "/workload/drain", "drain %s is shorter than %s of %s, which is %s: %s for %s",
		printDuration(drain), w.key, w.owner, printDuration(w.time), w.consequence, strings.Join(dependent, ", "))
}
