package kafkaconfig

// note says that Assay models a key, in one sentence of our own; values, when given, are the only ones modelled.
type note struct {
	name   string
	about  string
	values []string
}

// modelled lists, for each kind, the keys on which Assay's components act. A key may stand here only once the
// component that reads it does what the sentence says: a scenario that sets any other key is refused.
var modelled = [...][]note{
	Broker:   modelledBroker,
	Topic:    modelledTopic,
	Producer: modelledProducer,
	Consumer: modelledConsumer,
}

var modelledBroker = []note{
	{name: "auto.create.topics.enable", about: "Whether asking for the metadata of an unknown topic creates it."},
	{name: "auto.leader.rebalance.enable", about: "Whether the controller hands leadership back to preferred replicas by itself."},
	{name: "broker.heartbeat.interval.ms", about: "How often a broker tells the controller that it is alive."},
	{name: "broker.rack", about: "The rack a broker stands in, over which the replicas of a new topic are spread."},
	{name: "broker.session.timeout.ms", about: "How long the controller waits for a broker's heartbeat before it fences the broker."},
	{name: "connections.max.idle.ms", about: "How long a connection may carry nothing before the broker closes it."},
	{name: "controller.quorum.election.timeout.ms", about: "How long a controller waits for votes before it stands for election again."},
	{name: "controller.quorum.fetch.timeout.ms", about: "How long a controller goes without a successful fetch from the leader before it stands for election."},
	{name: "controlled.shutdown.enable", about: "Whether a broker that is asked to end first hands its leadership over."},
	{name: "default.replication.factor", about: "The number of replicas of a topic created without saying how many."},
	{name: "fetch.max.bytes", about: "The most record bytes that a broker puts in one fetch response, whatever the client asks for."},
	{name: "leader.imbalance.check.interval.seconds", about: "How often the controller looks for partitions led by another than their preferred replica."},
	{name: "log.flush.interval.messages", about: "After how many records of a partition the broker syncs its log to disk; the default leaves it to the page cache."},
	{name: "log.flush.interval.ms", about: "After how long the broker syncs unsynced records of a partition to disk; not set leaves it to the page cache."},
	{name: "log.index.interval.bytes", about: "How many bytes of log lie between two entries of a segment's offset index."},
	{name: "log.index.size.max.bytes", about: "The size at which a segment's index is full, so that a new segment starts."},
	{name: "log.message.timestamp.type", about: "Whether records carry the time the producer gave them or the time the leader appended them."},
	{name: "log.roll.hours", about: "After how many hours a new segment starts although the old one is not full; log.roll.ms goes first."},
	{name: "log.roll.ms", about: "After how long a new segment starts although the old one is not full."},
	{name: "log.segment.bytes", about: "The size at which a log starts a new segment."},
	{name: "message.max.bytes", about: "The largest record batch that the broker accepts."},
	{name: "metadata.log.max.record.bytes.between.snapshots", about: "After how many bytes of metadata records a controller writes a snapshot."},
	{name: "metadata.log.max.snapshot.interval.ms", about: "After how long a controller writes a snapshot if there is anything new; 0 switches this off."},
	{name: "min.insync.replicas", about: "How many in-sync replicas a write with acks=all needs, for topics that do not say."},
	{name: "node.id", about: "The broker's number, unique in the cluster."},
	{name: "num.partitions", about: "The number of partitions of a topic created without saying how many."},
	{name: "offset.metadata.max.bytes", about: "The longest text that a commit may attach to an offset."},
	{name: "offsets.commit.timeout.ms", about: "How long a coordinator waits for a commit to be replicated before it refuses it."},
	{name: "offsets.load.buffer.size", about: "How many bytes a new coordinator reads at a time from its partition of the offsets topic."},
	{name: "offsets.topic.num.partitions", about: "The number of partitions of the topic that holds committed offsets."},
	{name: "offsets.topic.replication.factor", about: "The number of replicas of the topic that holds committed offsets; one on each broker if they are fewer."},
	{name: "offsets.topic.segment.bytes", about: "The size at which the offsets topic starts a new segment."},
	{name: "producer.id.expiration.ms", about: "How long a partition remembers the sequence numbers of a producer that has gone quiet."},
	{name: "replica.fetch.backoff.ms", about: "How long a follower waits after a failed fetch before the next."},
	{name: "replica.fetch.max.bytes", about: "The bytes that a follower asks for from one partition in one fetch."},
	{name: "replica.fetch.min.bytes", about: "How many bytes the leader gathers before it answers a follower's fetch."},
	{name: "replica.fetch.response.max.bytes", about: "The bytes that a follower asks for in one fetch over all partitions."},
	{name: "replica.fetch.wait.max.ms", about: "How long the leader may hold a follower's fetch that finds too little."},
	{name: "replica.lag.time.max.ms", about: "How long a follower may stay behind the leader's log end before it leaves the in-sync replicas."},
	{name: "request.timeout.ms", about: "How long a broker waits for an answer to its own requests to the controller."},
	{name: "socket.request.max.bytes", about: "The largest request that the broker reads; a larger one costs the connection."},
	{name: "unclean.leader.election.enable", about: "Whether a replica outside the in-sync set may lead when no other is left, at the price of acknowledged records."},
}

var modelledTopic = []note{
	{name: "internal.segment.bytes", about: "Like segment.bytes, without its lower bound: for tests that need many small segments."},
	{name: "cleanup.policy", about: "What happens to old segments.", values: []string{"delete"}},
	{name: "flush.messages", about: "After how many records the log is synced to disk; the default leaves it to the page cache."},
	{name: "flush.ms", about: "After how long unsynced records are synced to disk; the default leaves it to the page cache."},
	{name: "index.interval.bytes", about: "How many bytes of log lie between two entries of a segment's offset index."},
	{name: "max.message.bytes", about: "The largest record batch that the topic accepts."},
	{name: "message.timestamp.type", about: "Whether records carry the time the producer gave them or the time the leader appended them."},
	{name: "min.insync.replicas", about: "How many in-sync replicas a write with acks=all needs."},
	{name: "segment.bytes", about: "The size at which a log starts a new segment."},
	{name: "segment.index.bytes", about: "The size at which a segment's index is full, so that a new segment starts."},
	{name: "segment.ms", about: "After how long a new segment starts although the old one is not full."},
	{name: "unclean.leader.election.enable", about: "Whether a replica outside the in-sync set may lead when no other is left, at the price of acknowledged records."},
}

var modelledProducer = []note{
	{name: "acks", about: "Which replicas must have a write before it counts as acknowledged: none (0), the leader (1), all that are in sync (all, -1)."},
	{name: "batch.size", about: "The size in bytes at which a batch is sent without waiting longer."},
	{name: "buffer.memory", about: "The bytes of records that may wait to be sent; a full buffer makes send block."},
	{name: "client.id", about: "The name by which brokers know the client in their logs."},
	{name: "compression.type", about: "How batches are compressed; each codec at its own default level."},
	{name: "connections.max.idle.ms", about: "How long a connection may carry nothing before the client closes it."},
	{name: "delivery.timeout.ms", about: "How long after send a record is either acknowledged or reported as failed."},
	{name: "enable.idempotence", about: "Whether batches are numbered, so that the broker recognises a retry and keeps the order."},
	{name: "linger.ms", about: "How long a batch that is not full waits for more records."},
	{name: "max.block.ms", about: "How long send may block for metadata or for room in the buffer."},
	{name: "max.in.flight.requests.per.connection", about: "How many requests may be on their way to one broker; without idempotence more than 1 may reorder on retry."},
	{name: "max.request.size", about: "The largest request, and with it the largest record, that the producer sends."},
	{name: "metadata.max.age.ms", about: "How old metadata may grow before the client asks for it anew."},
	{name: "partitioner.adaptive.partitioning.enable", about: "Whether records without a key go to the faster brokers more often."},
	{name: "partitioner.class", about: "Who chooses the partition: the built-in way, or round robin.", values: []string{"org.apache.kafka.clients.producer.RoundRobinPartitioner"}},
	{name: "partitioner.ignore.keys", about: "Whether records with a key are spread like those without."},
	{name: "reconnect.backoff.max.ms", about: "The longest wait between two attempts to connect to one broker."},
	{name: "reconnect.backoff.ms", about: "The first wait between two attempts to connect to one broker; it doubles on each failure."},
	{name: "request.timeout.ms", about: "How long the client waits for the answer to one request before it tries again."},
	{name: "retries", about: "How often a batch is sent again after an error that may pass; delivery.timeout.ms ends it sooner."},
	{name: "retry.backoff.max.ms", about: "The longest wait before a failed request is sent again."},
	{name: "retry.backoff.ms", about: "The first wait before a failed request is sent again; it doubles on each failure."},
	{name: "socket.connection.setup.timeout.max.ms", about: "The longest time allowed to set up a connection, after failures."},
	{name: "socket.connection.setup.timeout.ms", about: "The time allowed to set up a connection; it doubles on each failure."},
}

var modelledConsumer = []note{
	{name: "auto.commit.interval.ms", about: "How often positions are committed where the consumer commits by itself."},
	{name: "auto.offset.reset", about: "Where to begin without a valid committed offset: earliest, latest, or an error (none).", values: []string{"earliest", "latest", "none"}},
	{name: "check.crcs", about: "Whether the checksum of each fetched batch is verified."},
	{name: "client.id", about: "The name by which brokers know the client in their logs."},
	{name: "connections.max.idle.ms", about: "How long a connection may carry nothing before the client closes it."},
	{name: "default.api.timeout.ms", about: "How long a call such as commit may take when it is given no time of its own."},
	{name: "enable.auto.commit", about: "Whether poll commits the positions of the last poll by itself from time to time."},
	{name: "fetch.max.bytes", about: "The bytes that the consumer asks for in one fetch over all partitions."},
	{name: "fetch.max.wait.ms", about: "How long the broker may hold a fetch that finds too little."},
	{name: "fetch.min.bytes", about: "How many bytes the broker gathers before it answers a fetch."},
	{name: "group.id", about: "The consumer group to which the member belongs."},
	{name: "isolation.level", about: "Whether records of open and aborted transactions are delivered.", values: []string{"read_uncommitted"}},
	{name: "max.partition.fetch.bytes", about: "The bytes that the consumer asks for from one partition in one fetch."},
	{name: "max.poll.records", about: "The most records that one poll returns."},
	{name: "metadata.max.age.ms", about: "How old metadata may grow before the client asks for it anew."},
	{name: "reconnect.backoff.max.ms", about: "The longest wait between two attempts to connect to one broker."},
	{name: "reconnect.backoff.ms", about: "The first wait between two attempts to connect to one broker; it doubles on each failure."},
	{name: "request.timeout.ms", about: "How long the client waits for the answer to one request before it tries again."},
	{name: "retry.backoff.max.ms", about: "The longest wait before a failed request is sent again."},
	{name: "retry.backoff.ms", about: "The first wait before a failed request is sent again; it doubles on each failure."},
	{name: "socket.connection.setup.timeout.max.ms", about: "The longest time allowed to set up a connection, after failures."},
	{name: "socket.connection.setup.timeout.ms", about: "The time allowed to set up a connection; it doubles on each failure."},
}
