package broker

import (
	"errors"
	"time"

	"assay/broker/group"
	"assay/broker/txn"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
)

// Controller is one voter of the controller quorum.
type Controller struct {
	ID   int32
	Addr host.Addr
}

// Config is what a broker is started with.
type Config struct {
	ID          kafka.BrokerID
	ClusterID   string
	Host        string // advertised to clients and other brokers
	Port        int32
	Rack        string // "" is none
	Controllers []Controller
	// Settings are Kafka's own broker keys; kafkaconfig.Defaults(Broker) has
	// Kafka's defaults.
	Settings kafkaconfig.Settings
	Flaws    Flaws
}

// tuning is Config.Settings as the node uses them, read once.
type tuning struct {
	autoCreateTopics   bool
	controlledShutdown bool

	heartbeatInterval, sessionTimeout  time.Duration
	requestTimeout                     time.Duration
	replicaSocketTimeout, fetchBackoff time.Duration
	lagTimeMax                         time.Duration
	checkpointInterval                 time.Duration
	flushCheckpointInterval            time.Duration

	transactions            txn.Settings
	transactionTimeOutCheck time.Duration // transaction.abort.timed.out.transaction.cleanup.interval.ms
	transactionExpiryCheck  time.Duration // transaction.remove.expired.transaction.cleanup.interval.ms

	groups        group.Settings
	commitTimeout time.Duration // offsets.commit.timeout.ms
	loadBuffer    int           // offsets.load.buffer.size

	verifyTransactions   bool          // transaction.partition.verification.enable
	verificationBackoff  time.Duration // add.partitions.to.txn.retry.backoff.ms
	verificationPatience time.Duration // add.partitions.to.txn.retry.backoff.max.ms, at most request.timeout.ms

	fetchMaxBytes           int32 // fetch.max.bytes
	sessionSlots            int   // max.incremental.fetch.session.cache.slots
	maxRequestBytes         int32 // socket.request.max.bytes
	replicaFetchWaitMillis  int32
	replicaFetchMinBytes    int32
	replicaFetchMaxBytes    int32 // of one partition
	replicaResponseMaxBytes int32
}

func readTuning(s kafkaconfig.Settings, flaws Flaws) tuning {
	return tuning{
		autoCreateTopics:        s.Bool("auto.create.topics.enable"),
		controlledShutdown:      s.Bool("controlled.shutdown.enable"),
		heartbeatInterval:       s.Duration("broker.heartbeat.interval.ms"),
		sessionTimeout:          s.Duration("broker.session.timeout.ms"),
		requestTimeout:          s.Duration("request.timeout.ms"),
		replicaSocketTimeout:    s.Duration("replica.socket.timeout.ms"),
		fetchBackoff:            s.Duration("replica.fetch.backoff.ms"),
		lagTimeMax:              s.Duration("replica.lag.time.max.ms"),
		checkpointInterval:      s.Duration("replica.high.watermark.checkpoint.interval.ms"),
		flushCheckpointInterval: s.Duration("log.flush.offset.checkpoint.interval.ms"),
		transactions: txn.Settings{Version: txn.Version(s.Int("transaction.version")), MaxTimeout: s.Duration("transaction.max.timeout.ms"),
			Expiration: s.Duration("transactional.id.expiration.ms"), Flaws: flaws.Transactions},
		transactionTimeOutCheck: s.Duration("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
		transactionExpiryCheck:  s.Duration("transaction.remove.expired.transaction.cleanup.interval.ms"),
		groups:                  readGroupSettings(s),
		commitTimeout:           s.Duration("offsets.commit.timeout.ms"),
		loadBuffer:              s.Int("offsets.load.buffer.size"),
		verifyTransactions:      s.Bool("transaction.partition.verification.enable"),
		verificationBackoff:     s.Duration("add.partitions.to.txn.retry.backoff.ms"),
		verificationPatience:    min(s.Duration("add.partitions.to.txn.retry.backoff.max.ms"), s.Duration("request.timeout.ms")),
		fetchMaxBytes:           int32(s.Int("fetch.max.bytes")),
		sessionSlots:            s.Int("max.incremental.fetch.session.cache.slots"),
		maxRequestBytes:         int32(s.Int("socket.request.max.bytes")),
		replicaFetchWaitMillis:  int32(s.Int("replica.fetch.wait.max.ms")),
		replicaFetchMinBytes:    int32(s.Int("replica.fetch.min.bytes")),
		replicaFetchMaxBytes:    int32(s.Int("replica.fetch.max.bytes")),
		replicaResponseMaxBytes: int32(s.Int("replica.fetch.response.max.bytes")),
	}
}

func readGroupSettings(s kafkaconfig.Settings) group.Settings {
	return group.Settings{
		MaxMetadataLength:     s.Int("offset.metadata.max.bytes"),
		InitialRebalanceDelay: s.Duration("group.initial.rebalance.delay.ms"),
		MaxSize:               s.Int("group.max.size"),
		MinSessionTimeout:     s.Duration("group.min.session.timeout.ms"),
		MaxSessionTimeout:     s.Duration("group.max.session.timeout.ms"),
		OffsetsRetention:      s.Duration("offsets.retention.minutes"),
		CleaningInterval:      s.Duration("offsets.retention.check.interval.ms"),
		Consumer: group.ConsumerSettings{
			SessionTimeout:     s.Duration("group.consumer.session.timeout.ms"),
			HeartbeatInterval:  s.Duration("group.consumer.heartbeat.interval.ms"),
			MaxSize:            s.Int("group.consumer.max.size"),
			Assignors:          s.List("group.consumer.assignors"),
			AssignmentInterval: s.Duration("group.consumer.assignment.interval.ms"),
			ResolutionInterval: s.Duration("group.consumer.regex.refresh.interval.ms"),
		},
	}
}

// ValidateTopicConfig returns what refuses a topic's configuration on a cluster
// with the given broker settings. Its error is INVALID_CONFIG's message.
func ValidateTopicConfig(s kafkaconfig.Settings) func(config map[string]string) error {
	return func(config map[string]string) error {
		if _, problems := kafkaconfig.ResolveTopic(s, config); len(problems) > 0 {
			return errors.New(problems[0].Message)
		}
		return nil
	}
}
