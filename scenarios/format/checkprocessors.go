package format

import (
	"slices"
	"strings"

	"assay/internal/kafkaconfig"
)

func (c *checker) checkProcessors() {
	for _, p := range c.scenario.Workload.Processors {
		pointer := pointerTo("/workload/processors", p.Name)
		c.checkTopicList(pointer+"/input", p.Input)
		c.checkTopic(pointer+"/output", p.Output)
		if slices.Contains(p.Input, p.Output) {
			c.remark(Warning, c.index.find(pointer+"/output"), pointer+"/output", "processor %s reads what it writes to %s: it never runs dry", p.Name, p.Output)
		}
		c.checkFailures(pointer, "processor "+p.Name, p.Handling, p.Input)
		if p.Handling.Failures != nil && p.Handling.DeadLetter == p.Output && p.Output != "" {
			c.remark(Warning, c.index.find(pointer+"/dead_letter"), pointer+"/dead_letter", "processor %s sets records aside to its own output, %s: its readers take them for outputs", p.Name, p.Output)
		}
		c.checkProcessorConfiguration(pointer+"/config", p)
		c.checkInstanceIDs(pointer+"/config", p.Name, p.Count, p.Config)
		c.checkTransaction(pointer, p)
	}
	c.checkTransactionalIDs()
}

// ofProcessor are keys that other fields of a processor decide.
var ofProcessor = map[string]string{
	"group.id":           "the processor's \"group\"",
	"enable.auto.commit": "what a processor is: it commits what it has written the outputs of",
}

// checkProcessorConfiguration checks the keys as those of a consumer and as those of a producer.
func (c *checker) checkProcessorConfiguration(pointer string, p Processor) {
	kinds := []kafkaconfig.Kind{kafkaconfig.Consumer, kafkaconfig.Producer}
	for _, key := range sortedKeys(p.Config) {
		known := slices.ContainsFunc(kinds, func(k kafkaconfig.Kind) bool { _, known := kafkaconfig.Lookup(k, key); return known })
		switch by := ofProcessor[key]; {
		case by != "":
			c.atKey(pointerTo(pointer, key), "", "%s is decided by %s", key, by)
		case !known:
			suggestion, _ := kafkaconfig.Suggest(key, append(kafkaconfig.Nearest(kinds[0], key), kafkaconfig.Nearest(kinds[1], key)...))
			c.atKey(pointerTo(pointer, key), suggestion, "%s is neither a consumer nor a producer key of Kafka 4.3", key)
		}
	}
	c.resolve("", kafkaconfig.Consumer, pointer, p.consumerKeys(0))
	c.checkMembership(pointer, "processor "+p.Name, p.ConsumerSettings(0))
	c.resolve("", kafkaconfig.Producer, pointer, p.producerKeys(0))
}

// checkTransaction: who writes in transactions has an id, and who has one writes in transactions.
func (c *checker) checkTransaction(pointer string, p Processor) {
	id := pointerTo(pointer+"/config", transactionalID)
	configured := p.Config[transactionalID]
	switch {
	case !clean(c.diagnostics, pointer+"/transaction"): // what it says is not known
	case p.Transaction == nil && configured != "":
		c.remark(Warning, c.index.findKey(id), id, "%s is ignored: processor %s has no \"transaction\"", transactionalID, p.Name)
	case p.Transaction == nil:
	case configured == "":
		c.atValue(pointer+"/transaction", "", "transactions need a %s in the processor's config, such as \"%s-%s\"", transactionalID, p.Name, indexPlace)
	}
	const timeout, longest = "transaction.timeout.ms", "transaction.max.timeout.ms"
	if p.Transaction == nil {
		return
	}
	asked, most := p.ProducerSettings(0).Duration(timeout), c.scenario.Cluster.Settings().Duration(longest)
	where := pointerTo(pointer+"/config", timeout)
	if asked > most {
		c.atValue(where, "", "%s is %s, above the brokers' %s, which is %s", timeout, printDuration(asked), longest, printDuration(most))
	}
	if asked <= p.Transaction.Interval {
		c.remark(Warning, c.index.find(where), where, "a transaction stays open for %s, and after %s of %s its coordinator aborts it",
			printDuration(p.Transaction.Interval), timeout, printDuration(asked))
	}
}

// checkTransactionalIDs: two clients with one id fence each other. That is what a zombie is, but seldom what a file means.
func (c *checker) checkTransactionalIDs() {
	owner := map[string]string{}
	for _, p := range c.scenario.Workload.Processors {
		for i, name := range p.Instances() {
			id := p.TransactionalID(i)
			if before, twice := owner[id]; twice && id != "" {
				pointer := pointerTo(pointerTo("/workload/processors", p.Name)+"/config", transactionalID)
				hint := ""
				if !strings.Contains(p.Config[transactionalID], indexPlace) {
					hint = "; " + indexPlace + " stands for an instance's number"
				}
				c.remark(Warning, c.index.find(pointer), pointer, "%s and %s share the %s %q, and each fences the other%s", before, name, transactionalID, id, hint)
				break
			}
			owner[id] = name
		}
	}
}

// transactionalIDs are those of all processors, in their order. Those that are ignored for want of a transaction are
// among them: what names one in a fault still means it, and finds no coordinator.
func (c *checker) transactionalIDs() []string {
	var ids []string
	for _, p := range c.scenario.Workload.Processors {
		for i := range p.Count {
			if id := numberedValue(p.Config[transactionalID], i); id != "" && !contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (c *checker) processorNames() []string {
	var names []string
	for _, p := range c.scenario.Workload.Processors {
		names = append(names, p.Name)
	}
	return names
}
