package broker

import (
	"slices"
	"time"

	"assay/broker/metadata"
	"assay/broker/replica"
	"assay/broker/storage"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
)

// hosted is one replica on this broker with what waits for it.
type hosted struct {
	replica.Partition
	node     *Node
	log      *storage.Log
	key      metadata.PartitionKey
	lane     uint64
	changed  bool // on Node.changed
	produces []produceWait
	markers  []markerWait
	deletes  []deletionWait
	watchers []*fetchPartition // of fetch sessions and of fetches that are held
	following

	coordinator *coordinator // as leader of a partition of an internal topic
}

// openLogs recovers the log directory. It reports false where that fails; the
// process ends then.
func (n *Node) openLogs() bool {
	logs, recoveries, err := storage.OpenDir(n.host.FS(), logDirectory, storage.DirOptions{
		Identity:  storage.Identity{NodeID: n.config.ID, ClusterID: n.config.ClusterID},
		ConfigFor: func(topic string) *storage.Config { return n.topicSettings(topic).log },
		Now:       n.host.Wall(),
		Observer:  n.host,
	})
	if err != nil {
		n.fail(err)
		return false
	}
	n.logs = logs
	unclean := int64(0)
	for _, r := range recoveries {
		if !r.Clean {
			unclean++
		}
	}
	n.observe(PointStarted, "", int64(len(recoveries)), unclean)
	return true
}

// topicSettings is what a topic's configuration says to its logs and replicas.
type topicSettings struct {
	log     *storage.Config
	replica replica.Settings
}

// topicSettings resolves a topic's configuration, its own keys over the broker's,
// once until it changes.
func (n *Node) topicSettings(topic string) *topicSettings {
	if settings, known := n.settings[topic]; known {
		return settings
	}
	given := n.image.Configs(metadata.ConfigResource{Type: metadata.TopicResource, Name: topic})
	resolved, _ := kafkaconfig.ResolveTopic(n.config.Settings, given)
	settings := &topicSettings{n.logConfig(resolved), n.replicaSettings(resolved)}
	n.settings[topic] = settings
	return settings
}

func (n *Node) logConfig(topic kafkaconfig.Settings) *storage.Config {
	c := storage.DefaultConfig()
	c.SegmentBytes = int32(topic.Int("segment.bytes"))
	if !topic.IsNull("internal.segment.bytes") {
		c.SegmentBytes = int32(topic.Int("internal.segment.bytes"))
	}
	c.SegmentAge = topic.Duration("segment.ms")
	c.IndexBytes = int32(topic.Int("segment.index.bytes"))
	c.IndexIntervalBytes = int32(topic.Int("index.interval.bytes"))
	c.MaxMessageBytes = int32(topic.Int("max.message.bytes"))
	c.FlushMessages = topic.Long("flush.messages")
	c.FlushInterval = topic.Duration("flush.ms")
	c.LogAppendTime = topic.String("message.timestamp.type") == "LogAppendTime"
	c.TimestampBeforeMax = topic.Duration("message.timestamp.before.max.ms")
	c.TimestampAfterMax = topic.Duration("message.timestamp.after.max.ms")
	c.ProducerIDExpiration = n.config.Settings.Duration("producer.id.expiration.ms")
	c.VerifyTransactions = n.tuning.verifyTransactions
	c.Flaws = n.config.Flaws.Storage
	return c
}

func (n *Node) replicaSettings(topic kafkaconfig.Settings) replica.Settings {
	return replica.Settings{
		MinInSyncReplicas: topic.Int("min.insync.replicas"),
		MaxLag:            n.tuning.lagTimeMax,
		FlushMessages:     topic.Long("flush.messages"),
	}
}

// applyDelta brings the hosted replicas to the image: what went first, then
// what came or changed.
func (n *Node) applyDelta(d *metadata.Delta) {
	if len(d.Configs)+len(d.DeletedTopics) > 0 {
		clear(n.settings)
	}
	for _, topic := range d.DeletedTopics {
		for _, h := range n.partitions[topic.ID] {
			if h != nil {
				n.removeReplica(h)
			}
		}
	}
	for _, resource := range d.Configs {
		n.configChanged(resource)
	}
	for _, key := range d.Partitions {
		n.applyPartition(key)
	}
	for _, id := range d.Brokers {
		n.brokerChanged(id)
	}
	for _, topic := range d.DeletedTopics {
		n.forgetTopic(topic.Name)
	}
}

// applyPartition hosts, changes or removes this broker's replica of one
// partition.
func (n *Node) applyPartition(key metadata.PartitionKey) {
	state := n.image.PartitionByID(key.TopicID, key.Partition)
	if state == nil {
		return
	}
	h := n.findHosted(key)
	if !slices.Contains(state.Replicas, n.config.ID) {
		if h != nil {
			n.removeReplica(h)
		}
		return
	}
	if h == nil {
		if h = n.hostReplica(key); h == nil {
			return // the log directory failed
		}
	}
	h.retryAt = 0
	err := h.Apply(n.moment, replica.State{Leader: state.Leader, LeaderEpoch: state.LeaderEpoch,
		PartitionEpoch: state.PartitionEpoch, Replicas: state.Replicas, ISR: state.ISR})
	if err != nil {
		n.fail(err)
	}
}

// searchHosted finds a replica's place in the list by topic name and partition.
func (n *Node) searchHosted(key metadata.PartitionKey) (int, bool) {
	return slices.BinarySearchFunc(n.hosted, key, func(h *hosted, key metadata.PartitionKey) int { return h.key.Compare(key) })
}

func (n *Node) findHosted(key metadata.PartitionKey) *hosted {
	here := n.partitions[key.TopicID]
	if int(key.Partition) >= len(here) {
		return nil
	}
	return here[key.Partition]
}

// hostReplica takes over the partition's log, or makes one. A log of the same
// name under another id is of a topic that was deleted meanwhile.
func (n *Node) hostReplica(key metadata.PartitionKey) *hosted {
	name := key.TopicPartition()
	if old := n.logs.Log(name); old != nil && !old.TopicID().IsZero() && old.TopicID() != key.TopicID {
		n.deleteLog(old)
	}
	log := n.logs.Log(name)
	settings := n.topicSettings(key.Topic)
	if log == nil {
		var err error
		if log, err = n.logs.CreateLog(name, key.TopicID, n.moment.Wall); err != nil {
			n.fail(err)
			return nil
		}
		n.observe(PointReplicaCreated, key.Topic, int64(key.Partition))
	} else {
		log.SetConfig(settings.log)
	}
	n.lanes++
	h := &hosted{node: n, log: log, key: key, lane: n.lanes}
	h.Partition = replica.New(name, key.TopicID, n.config.ID, log, n.logs.CheckpointedHighWatermark(name),
		settings.replica, n.config.Flaws.Replica, n, h)
	here := n.partitions[key.TopicID]
	for len(here) <= int(key.Partition) {
		here = append(here, nil)
	}
	here[key.Partition] = h
	n.partitions[key.TopicID] = here
	n.byLog[log] = h
	at, _ := n.searchHosted(key)
	n.hosted = slices.Insert(n.hosted, at, h)
	return h
}

// removeReplica ends a replica and deletes its log.
func (n *Node) removeReplica(h *hosted) {
	n.partitions[h.key.TopicID][h.key.Partition] = nil
	if !slices.ContainsFunc(n.partitions[h.key.TopicID], func(h *hosted) bool { return h != nil }) {
		delete(n.partitions, h.key.TopicID)
	}
	delete(n.byLog, h.log)
	at, _ := n.searchHosted(h.key)
	n.hosted = slices.Delete(n.hosted, at, at+1)
	h.Retire()
	n.deleteLog(h.log)
}

func (n *Node) deleteLog(log *storage.Log) {
	n.observe(PointReplicaRemoved, log.Partition().Topic, int64(log.Partition().Partition))
	if err := n.logs.DeleteLog(log.Partition()); err != nil {
		n.fail(err)
		return
	}
	if err := n.logs.PurgeDeleted(); err != nil {
		n.fail(err)
	}
}

// removeStrays deletes logs that the metadata does not place here: topics that
// were deleted while this broker was away.
func (n *Node) removeStrays() {
	for _, log := range n.logs.Logs() {
		if n.byLog[log] == nil && !n.failed {
			n.deleteLog(log)
		}
	}
}

// configChanged puts a changed configuration in force. What is set for brokers
// may change every topic.
func (n *Node) configChanged(resource metadata.ConfigResource) {
	for _, h := range n.hosted {
		if resource.Type == metadata.TopicResource && resource.Name != h.key.Topic {
			continue
		}
		settings := n.topicSettings(h.key.Topic)
		h.log.SetConfig(settings.log)
		h.Configure(settings.replica)
	}
}

// brokerChanged follows another broker's registration: connections to a former
// incarnation are of no use.
func (n *Node) brokerChanged(id kafka.BrokerID) {
	n.readerChanged(id)
	if f := n.fetchers[id]; f != nil {
		f.leaderChanged(n.image.Broker(id))
	}
	n.markers.brokerChanged(id, n.image.Broker(id))
	if v := n.verifiers[id]; v != nil {
		v.coordinatorChanged(n.image.Broker(id))
	}
}

// startPeriodic starts what goes by the clock.
func (n *Node) startPeriodic() {
	n.every(&n.checkpointTimer, n.tuning.checkpointInterval, n.checkpoint)
	n.every(&n.lagTimer, n.tuning.lagTimeMax/2, func() {
		for _, h := range n.hosted {
			h.CheckLag(n.now)
		}
	})
	n.every(&n.producerTimer, producerExpiryCheckInterval, func() {
		for _, log := range n.logs.Logs() {
			log.ExpireProducers(n.moment.Wall)
		}
	})
	n.every(&n.flushTimer, flushCheckInterval, func() {
		for _, log := range n.logs.Logs() {
			if log.FlushDue(n.moment.Wall) {
				log.Flush()
			}
		}
	})
}

// flushCheckInterval is how often flush.ms is looked at. Kafka looks every
// log.flush.scheduler.interval.ms, by default never; who sets flush.ms means it.
const flushCheckInterval = time.Second

// producerExpiryCheckInterval is the default of
// producer.id.expiration.check.interval.ms.
const producerExpiryCheckInterval = 10 * time.Minute

func (n *Node) every(t *timer, interval time.Duration, f func()) {
	n.timers.set(t, n.now.Add(interval), func() {
		f()
		n.every(t, interval, f)
	})
}

// checkpoint writes recovery points and high watermarks.
func (n *Node) checkpoint() {
	err := n.logs.Checkpoint(func(log *storage.Log) kafka.Offset {
		if h := n.byLog[log]; h != nil {
			return h.HighWatermark()
		}
		return n.logs.CheckpointedHighWatermark(log.Partition())
	})
	if err != nil {
		n.fail(err)
	}
}
