package broker

import (
	"errors"
	"time"

	"assay/broker/group"
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

	groups        group.Settings
	commitTimeout time.Duration // offsets.commit.timeout.ms
	loadBuffer    int           // offsets.load.buffer.size

	fetchMaxBytes           int32 // fetch.max.bytes
	maxRequestBytes         int32 // socket.request.max.bytes
	replicaFetchWaitMillis  int32
	replicaFetchMinBytes    int32
	replicaFetchMaxBytes    int32 // of one partition
	replicaResponseMaxBytes int32
}

func readTuning(s kafkaconfig.Settings) tuning {
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
		groups:                  group.Settings{MaxMetadataLength: s.Int("offset.metadata.max.bytes")},
		commitTimeout:           s.Duration("offsets.commit.timeout.ms"),
		loadBuffer:              s.Int("offsets.load.buffer.size"),
		fetchMaxBytes:           int32(s.Int("fetch.max.bytes")),
		maxRequestBytes:         int32(s.Int("socket.request.max.bytes")),
		replicaFetchWaitMillis:  int32(s.Int("replica.fetch.wait.max.ms")),
		replicaFetchMinBytes:    int32(s.Int("replica.fetch.min.bytes")),
		replicaFetchMaxBytes:    int32(s.Int("replica.fetch.max.bytes")),
		replicaResponseMaxBytes: int32(s.Int("replica.fetch.response.max.bytes")),
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
