package broker

import (
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
)

// ensureInternalTopic asks for an internal topic that somebody needs and that
// does not exist yet. Whoever needs it asks again.
func (n *Node) ensureInternalTopic(name string) {
	if n.image.Topic(name) == nil {
		n.autoCreate([]string{name})
	}
}

// creatable is a topic to be created automatically: with the broker's defaults,
// or as the internal topic that it is.
func (n *Node) creatable(name string) kmsg.CreateTopicsRequestTopic {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, -1, -1
	set := func(key, value string) {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = key, &value
		topic.Configs = append(topic.Configs, config)
	}
	settings := n.config.Settings
	switch name {
	case metadata.OffsetsTopic:
		factor := n.internalReplication("offsets.topic.replication.factor")
		topic.NumPartitions, topic.ReplicationFactor = int32(settings.Int("offsets.topic.num.partitions")), int16(factor)
		set("cleanup.policy", "compact")
		if factor >= safeInSync && !settings.IsSet("min.insync.replicas") {
			set("min.insync.replicas", strconv.Itoa(safeInSync))
		}
		set("segment.bytes", strconv.Itoa(settings.Int("offsets.topic.segment.bytes")))
	case metadata.TransactionsTopic:
		factor := n.internalReplication("transaction.state.log.replication.factor")
		topic.NumPartitions, topic.ReplicationFactor = int32(settings.Int("transaction.state.log.num.partitions")), int16(factor)
		set("cleanup.policy", "compact")
		set("compression.type", "uncompressed")
		set("min.insync.replicas", strconv.Itoa(n.transactionsMinISR(factor)))
		set("segment.bytes", strconv.Itoa(settings.Int("transaction.state.log.segment.bytes")))
		set("unclean.leader.election.enable", "false")
	}
	return topic
}

// safeInSync is how many replicas make what a coordinator has answered outlive
// one of them. A topic with fewer replicas does with what it has.
const safeInSync = 2

// internalReplication is an internal topic's replication factor. Kafka's default
// of 3 would keep a smaller cluster from ever having the topic, so that gives
// way; what somebody has set does not.
func (n *Node) internalReplication(key string) int {
	factor := n.config.Settings.Int(key)
	if n.config.Settings.IsSet(key) {
		return factor
	}
	return max(1, min(factor, len(n.image.Brokers())))
}

// transactionsMinISR gives way where it is Kafka's default and the topic has
// fewer replicas.
func (n *Node) transactionsMinISR(factor int) int {
	const key = "transaction.state.log.min.isr"
	least := n.config.Settings.Int(key)
	if n.config.Settings.IsSet(key) {
		return least
	}
	return min(least, factor)
}
