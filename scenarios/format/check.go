package format

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/faults"
	"assay/internal/kafkaconfig"
)

// checker checks the meaning of a scenario whose form was read.
type checker struct {
	*reader
	scenario *Scenario
	index    treeIndex
	loader   *loader
	instance map[string]string // the name of each single client -> its set
}

func (c *checker) check() {
	formErrors := slices.Clone(c.diagnostics)
	if err := validScenarioName(c.scenario.Name); err != nil {
		c.atValue("/name", "", "%v", err)
	}
	c.checkCluster()
	c.checkTopics()
	c.checkClientNames()
	c.checkProducers()
	c.checkConsumers()
	c.checkProcessors()
	c.checkSharedInstanceIDs()
	c.checkZones()
	c.checkFaults(formErrors)
	c.checkClaims(formErrors)
}

// clean says whether a part of the file was read without errors, so that what was read of it is what it says.
func clean(diagnostics Diagnostics, pointer string) bool {
	return !slices.ContainsFunc(diagnostics, func(d Diagnostic) bool {
		return d.Pointer == pointer || strings.HasPrefix(d.Pointer, pointer+"/")
	})
}

// atValue reports an error about the value at a pointer, atKey one about its key.
func (c *checker) atValue(pointer, suggestion, format string, arguments ...any) {
	c.report(c.index.find(pointer), pointer, suggestion, format, arguments...)
}

func (c *checker) atKey(pointer, suggestion, format string, arguments ...any) {
	c.report(c.index.findKey(pointer), pointer, suggestion, format, arguments...)
}

// unknown reports a name that nothing has, with the nearest that something has, or a few of them.
func (c *checker) unknown(pointer, name string, known []string, message string) {
	suggestion, near := kafkaconfig.Suggest(name, known)
	if !near && len(known) > 0 {
		shown := known[:min(len(known), mostShown)]
		if message += "; known here: " + strings.Join(shown, ", "); len(shown) < len(known) {
			message += " and others"
		}
	}
	c.atValue(pointer, suggestion, "%s", message)
}

// mostShown keeps an error on a line or two.
const mostShown = 12

func (c *checker) remark(severity Severity, where place, pointer, format string, arguments ...any) {
	c.diagnostics = append(c.diagnostics, where.diagnose(severity, pointer, fmt.Sprintf(format, arguments...), ""))
}

var scenarioName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$`)

func validScenarioName(name string) error {
	if !scenarioName.MatchString(name) {
		return fmt.Errorf("%q is no name for a scenario: up to 100 letters, digits, dots, underscores and hyphens", name)
	}
	return nil
}

// decided are Kafka keys that another field of the format decides.
var decided = map[kafkaconfig.Kind]map[string]string{
	kafkaconfig.Broker:   {"node.id": "the broker's place in the cluster", "broker.id": "the broker's place in the cluster"},
	kafkaconfig.Consumer: {"group.id": "the consumer's \"group\"", "enable.auto.commit": "the consumer's \"commit\""},
}

// checkConfiguration checks native keys and how they go together. configured
// is what the user wrote at pointer, given the same with what the format adds.
func (c *checker) checkConfiguration(kind kafkaconfig.Kind, pointer string, configured, given map[string]string) kafkaconfig.Settings {
	return c.checkClientConfiguration("", kind, pointer, configured, given)
}

func (c *checker) checkClientConfiguration(client ClientProfile, kind kafkaconfig.Kind, pointer string, configured, given map[string]string) kafkaconfig.Settings {
	for _, key := range sortedKeys(configured) {
		if by := decided[kind][key]; by != "" {
			c.atKey(pointerTo(pointer, key), "", "%s is decided by %s", key, by)
		}
	}
	return c.resolve(client, kind, pointer, given)
}

// resolve checks what a client or a broker is given under a pointer.
func (c *checker) resolve(client ClientProfile, kind kafkaconfig.Kind, pointer string, given map[string]string) kafkaconfig.Settings {
	settings, problems := kafkaconfig.ResolveAs(string(client), kind, given)
	for _, p := range problems {
		below := pointerTo(pointer, p.Key)
		if decided[kind][p.Key] != "" {
			continue
		}
		if p.Reason == kafkaconfig.UnknownKey || p.Reason == kafkaconfig.NotModelled {
			c.atKey(below, "", "%s", p.Message)
		} else {
			c.atValue(below, "", "%s", p.Message)
		}
	}
	settings, adjustments, problems := kafkaconfig.Reconcile(settings)
	for _, p := range problems {
		if !c.lifted(p) {
			c.atValue(pointerTo(pointer, p.Key), "", "%s", p.Message)
		}
	}
	for _, a := range adjustments {
		if decided[kind][a.Key] == "" {
			c.remark(Note, c.index.findKey(pointer), pointer, "%s", a.Message)
		}
	}
	return settings
}

// lifted says whether a flaw of the museum allows what Kafka would refuse.
func (c *checker) lifted(p kafkaconfig.Problem) bool {
	return p.Key == "max.in.flight.requests.per.connection" && p.Reason == kafkaconfig.Conflict &&
		c.scenario.Cluster.HasFlaw(flawSequenceCache)
}

func (c *checker) checkCluster() {
	config := c.scenario.Cluster.Config
	c.checkConfiguration(kafkaconfig.Broker, "/cluster/config", config, config)
	c.checkInternalTopics()
	seen := map[string]bool{}
	for i, flaw := range c.scenario.Cluster.Flaws {
		if seen[flaw] {
			c.atValue(pointerToItem("/cluster/flaws", i), "", "flaw %s stands in the list twice", flaw)
		}
		seen[flaw] = true
	}
}

func (c *checker) checkTopics() {
	broker := c.scenario.Cluster.Settings()
	for _, topic := range c.scenario.Topics {
		pointer := pointerTo("/topics", topic.Name)
		config := pointer + "/config"
		c.checkConfiguration(kafkaconfig.Topic, config, topic.Config, topic.Config)
		if topic.ReplicationFactor > c.scenario.Cluster.Brokers && c.scenario.Cluster.Brokers > 0 {
			c.atValue(pointer+"/replication_factor", "", "replication_factor %d is above the number of brokers, which is %d",
				topic.ReplicationFactor, c.scenario.Cluster.Brokers)
		}
		const key = "min.insync.replicas"
		least := topic.Settings(broker).Int(key)
		if least <= topic.ReplicationFactor {
			continue
		}
		where := pointerTo(config, key)
		if _, own := topic.Config[key]; !own {
			where = pointerTo("/cluster/config", key)
		}
		c.atValue(where, "", "%s %d is above the replication factor of topic %s, which is %d: no write with acks=all could succeed",
			key, least, topic.Name, topic.ReplicationFactor)
	}
}

func (c *checker) topicNames() []string {
	var names []string
	for _, topic := range c.scenario.Topics {
		names = append(names, topic.Name)
	}
	return names
}

// checkTopic reports an unknown topic. "" was reported as missing before.
func (c *checker) checkTopic(pointer, name string) {
	if c.topicKnown(name) {
		return
	}
	c.unknown(pointer, name, c.topicNames(), fmt.Sprintf("there is no topic %q", name))
}

// topicKnown says whether there is a topic of that name, or no name.
func (c *checker) topicKnown(name string) bool {
	_, known := c.scenario.Topic(name)
	return known || name == ""
}

// checkTopicList checks the topics that a client reads.
func (c *checker) checkTopicList(pointer string, topics []string) {
	for i, topic := range topics {
		item := pointerToItem(pointer, i)
		c.checkTopic(item, topic)
		if slices.Contains(topics[:i], topic) {
			c.atValue(item, "", "topic %s stands in the list twice", topic)
		}
	}
}

var nodeName = regexp.MustCompile(`^(broker|controller)-[0-9]+$`)

// checkClientNames keeps names apart: targets must say whom they mean.
func (c *checker) checkClientNames() {
	c.instance = map[string]string{}
	taken := map[string]string{}
	claim := func(pointer, set string, instances []string) {
		if target, err := faults.ParseTarget(set); err == nil && target.Kind != faults.Named || nodeName.MatchString(set) {
			c.atKey(pointer, "", "%q means something else in the target of a fault; choose another name", set)
		}
		for _, name := range append([]string{set}, instances...) {
			if before, twice := taken[name]; twice && before != pointer {
				c.atKey(pointer, "", "the name %q is taken by %s", name, before)
				return
			}
			taken[name] = pointer
		}
		for _, name := range instances {
			c.instance[name] = set
		}
	}
	for _, set := range c.scenario.Workload.clientSets() {
		claim(set.pointer, set.name, set.instances)
	}
}

func (c *checker) checkProducers() {
	for _, p := range c.scenario.Workload.Producers {
		pointer := pointerTo("/workload/producers", p.Name)
		c.checkTopic(pointer+"/topic", p.Topic)
		settings := c.checkClientConfiguration(p.Client, kafkaconfig.Producer, pointer+"/config", p.Config, p.Config)
		if p.Config[transactionalID] != "" {
			id := pointerTo(pointer+"/config", transactionalID)
			c.atKey(id, "", "producers write outside of transactions; those that write in them are \"processors\"")
		}
		if p.FirstSequence > 0 && !settings.Bool("enable.idempotence") {
			c.atValue(pointer+"/first_sequence", "", "only an idempotent producer has sequences, and enable.idempotence of %s is false", p.Name)
		}
		if p.Keys.Distribution == KeysField && p.Value.File == "" {
			c.atKey(pointer+"/keys", "", "keys from a field need a payload from a file of JSON objects: value: {file: ...}")
		}
		if p.Value.File != "" {
			c.checkDataFile(pointer, p)
		}
		if p.Outbox && settings.String("acks") != "all" && settings.String("acks") != "-1" {
			c.remark(Warning, c.index.find(pointer+"/outbox"), pointer+"/outbox", "the relay of %s takes acks=%s for sent: what is lost then is not sent again", p.Name, settings.String("acks"))
		}
		if largest := settings.Long("max.request.size"); int64(p.Value.Size) > largest {
			c.remark(Warning, c.index.find(pointer+"/value/size"), pointer+"/value/size",
				"values of %s are larger than max.request.size=%d: every send will fail", p.Value.Size, largest)
		}
	}
}

// checkFixedGroup: consumers of one group with fixed assignments do not know of one another, nor of its members.
func (c *checker) checkFixedGroup(consumer Consumer) {
	if consumer.Group == "" || consumer.Assignment != AssignmentFixed || consumer.Commit == CommitNone {
		return
	}
	pointer := pointerTo("/workload/consumers", consumer.Name) + "/group"
	if members := c.membersOf(consumer.Group); len(members) > 0 {
		c.remark(Warning, c.index.find(pointer), pointer, "%s has a fixed assignment in the group %s, of which %s is a member: its commits are refused while the group has members",
			consumer.Name, consumer.Group, members[0])
	}
	for _, other := range c.scenario.Workload.Consumers {
		if other.Name >= consumer.Name || other.Group != consumer.Group || other.Commit == CommitNone || other.Subscribes() {
			continue
		}
		for _, topic := range consumer.Topics {
			if contains(other.Topics, topic) {
				c.remark(Warning, c.index.find(pointer), pointer, "%s and %s both read all of %s in the group %s: with fixed assignments each overwrites what the other commits",
					other.Name, consumer.Name, topic, consumer.Group)
				return
			}
		}
	}
}

func (c *checker) checkConsumers() {
	for _, consumer := range c.scenario.Workload.Consumers {
		pointer := pointerTo("/workload/consumers", consumer.Name)
		c.checkTopicList(pointer+"/topics", consumer.Topics)
		c.checkFixedGroup(consumer)
		c.checkFailures(pointer, "consumer "+consumer.Name, consumer.Handling, consumer.Topics)
		c.checkMemory(pointer, consumer)
		c.checkSeekTimes(pointer+"/seek", consumer.Seeks)
		if consumer.Subscribes() && consumer.Group != "" {
			c.checkMembership(pointer+"/config", "consumer "+consumer.Name, consumer.Settings())
			c.checkInstanceIDs(pointer+"/config", consumer.Name, consumer.Count, consumer.Config)
		}
		c.checkClientConfiguration(consumer.Client, kafkaconfig.Consumer, pointer+"/config", consumer.Config, consumer.given())
	}
}
