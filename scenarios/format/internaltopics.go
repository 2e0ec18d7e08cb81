package format

// The topics that brokers make for themselves: they are in no scenario's
// topics, and faults may name them.
const (
	offsetsTopic      = "__consumer_offsets"
	transactionsTopic = "__transaction_state"
)

// checkInternalTopics: what the brokers could not create, or not write to, leaves groups and transactions without a
// coordinator.
func (c *checker) checkInternalTopics() {
	config, brokers := c.scenario.Cluster.Config, c.scenario.Cluster.Brokers
	settings := c.scenario.Cluster.Settings()
	for _, key := range []string{offsetsReplication, transactionsReplication} {
		if replicas := settings.Int(key); config[key] != "" && brokers > 0 && replicas > brokers {
			c.atValue(pointerTo("/cluster/config", key), "", "%s %d is above the number of brokers, which is %d", key, replicas, brokers)
		}
	}
	least, replicas := settings.Int(transactionsMinISR), settings.Int(transactionsReplication)
	if config[transactionsMinISR] != "" && brokers > 0 && least > replicas {
		c.atValue(pointerTo("/cluster/config", transactionsMinISR), "", "%s %d is above %s, which is %d: no transaction could be decided",
			transactionsMinISR, least, transactionsReplication, replicas)
	}
}

// hitPartitions returns how many partitions a topic has that a fault names, and reports one that there is not.
func (c *checker) hitPartitions(pointer, name string) (int, bool) {
	topic, known := c.scenario.Topic(name)
	settings := c.scenario.Cluster.Settings()
	switch {
	case known:
		return topic.Partitions, true
	case name == offsetsTopic && len(c.groups()) > 0:
		return settings.Int("offsets.topic.num.partitions"), true
	case name == transactionsTopic && len(c.transactionalIDs()) > 0:
		return settings.Int("transaction.state.log.num.partitions"), true
	case name == offsetsTopic:
		c.atValue(pointer, "", "there is no topic %s: nobody has a \"group\"", name)
	case name == transactionsTopic:
		c.atValue(pointer, "", "there is no topic %s: nobody has a %s", name, transactionalID)
	default:
		c.checkTopic(pointer, name)
	}
	return 0, false
}
