package clients

import (
	"strings"
	"time"

	"assay/clients/assignor"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
)

// Acks is when a produce request is answered.
type Acks int16

// Kafka's three.
const (
	AcksNone   Acks = 0  // it is not: sent counts as acknowledged
	AcksLeader Acks = 1  // when the leader has appended
	AcksAll    Acks = -1 // when all in-sync replicas have
)

// ProducerConfig is a producer's settings, by the names of Kafka's keys.
type ProducerConfig struct {
	Acks                 Acks
	Idempotent           bool // enable.idempotence
	BatchSize            int  // batch.size, bytes
	Linger               time.Duration
	MaxRequestSize       int           // bytes
	BufferMemory         int64         // bytes
	MaxBlock             time.Duration // max.block.ms: for the owner, who waits
	Retries              int
	DeliveryTimeout      time.Duration
	RequestTimeout       time.Duration
	MaxInFlight          int  // max.in.flight.requests.per.connection
	PartitionIgnoresKeys bool // partitioner.ignore.keys
	RoundRobin           bool // partitioner.class is Kafka's RoundRobinPartitioner
	Compression          batch.Codec
	TransactionalID      string        // transactional.id; "" for none
	TransactionTimeout   time.Duration // transaction.timeout.ms
	Profile              Profile
	// FirstSequence is what the first record of each partition is numbered with: a
	// broker takes any of a producer that it does not know. It is for those who
	// want to see sequences wrap.
	FirstSequence kafka.Sequence
	// SequenceReuse is the museum's seq-reuse: a batch whose fate is unknown is
	// given up as failed, and its sequence goes to the next one.
	SequenceReuse bool
	// SequenceCache is the client's half of the museum's seq-cache: more than five
	// requests may be in flight with idempotence, and an OUT_OF_ORDER_SEQUENCE
	// makes the producer raise its epoch and send again what may be in the log.
	SequenceCache bool
}

// ConsumerConfig is a consumer's settings, by the names of Kafka's keys.
type ConsumerConfig struct {
	FetchMinBytes          int
	FetchMaxBytes          int
	FetchMaxWait           time.Duration
	MaxPartitionFetchBytes int
	MaxPollRecords         int
	CheckCRCs              bool
	ReadCommitted          bool // isolation.level
	OffsetReset            OffsetReset
	GroupID                string // group.id; "" for none: nothing is committed
	AutoCommit             bool   // enable.auto.commit, of a consumer with a group
	AutoCommitInterval     time.Duration
	APITimeout             time.Duration // default.api.timeout.ms: how long Commit tries
	Profile                Profile

	// Of a consumer that subscribes.
	GroupProtocol     GroupProtocol
	GroupInstanceID   string        // group.instance.id; "" for a dynamic member (KIP-345)
	SessionTimeout    time.Duration // session.timeout.ms, of the classic protocol
	HeartbeatInterval time.Duration // heartbeat.interval.ms, of the classic protocol
	MaxPollInterval   time.Duration // max.poll.interval.ms; the rebalance time-out, too
	Assignors         []string      // partition.assignment.strategy by protocol name ("range"), the classic protocol's
	RemoteAssignor    string        // group.remote.assignor; "" leaves it to the coordinator

	// StaleOwnedClaim is the museum's stale-owned-claim: a leader that assigns by
	// cooperative-sticky believes every member's claim of what it owns, however
	// old the generation it stems from (before KAFKA-12984, KAFKA-13419).
	StaleOwnedClaim bool
	// CommitBeforeProcess is the museum's commit-before-process: auto-commit
	// counts a record as consumed when it is handed out.
	CommitBeforeProcess bool
	// NoTruncationCheck is the museum's consumer-no-truncation-check: go on at
	// the old offset after the log was cut (before KIP-320).
	NoTruncationCheck bool
}

// OffsetReset is auto.offset.reset.
type OffsetReset uint8

// What a consumer does without a valid position.
const (
	ResetLatest OffsetReset = iota
	ResetEarliest
	ResetNone // tell the application
)

// ClientConfigOf reads the keys that producers and consumers share.
func ClientConfigOf(s kafkaconfig.Settings, bootstrap []host.Addr) ClientConfig {
	return ClientConfig{
		ID:             s.String("client.id"),
		Bootstrap:      bootstrap,
		RequestTimeout: s.Duration("request.timeout.ms"),
		RetryBackoff: Backoff{
			s.Duration("retry.backoff.ms"), s.Duration("retry.backoff.max.ms"), ProfileOf(s).retryShape(),
		},
		ReconnectBackoff: Backoff{
			s.Duration("reconnect.backoff.ms"), s.Duration("reconnect.backoff.max.ms"), ProfileOf(s).reconnectShape(),
		},
		ConnectionSetup: Backoff{
			Initial: s.Duration("socket.connection.setup.timeout.ms"), Max: s.Duration("socket.connection.setup.timeout.max.ms"),
		},
		MetadataMaxAge:   s.Duration("metadata.max.age.ms"),
		RebootstrapAfter: s.Duration("metadata.recovery.rebootstrap.trigger.ms"),
	}
}

// ProducerConfigOf reads a producer's keys. Settings that contradict each
// other (idempotence with acks=1) are kafkaconfig.Reconcile's business.
func ProducerConfigOf(s kafkaconfig.Settings) ProducerConfig {
	config := ProducerConfig{
		Acks:                 AcksAll,
		Idempotent:           s.Bool("enable.idempotence"),
		BatchSize:            s.Int("batch.size"),
		Linger:               s.Duration("linger.ms"),
		MaxRequestSize:       s.Int("max.request.size"),
		BufferMemory:         s.Long("buffer.memory"),
		MaxBlock:             s.Duration("max.block.ms"),
		Retries:              s.Int("retries"),
		DeliveryTimeout:      s.Duration("delivery.timeout.ms"),
		RequestTimeout:       s.Duration("request.timeout.ms"),
		MaxInFlight:          s.Int("max.in.flight.requests.per.connection"),
		PartitionIgnoresKeys: s.Bool("partitioner.ignore.keys"),
		Profile:              ProfileOf(s),
	}
	config.RoundRobin = !s.IsNull("partitioner.class") && strings.HasSuffix(s.String("partitioner.class"), ".RoundRobinPartitioner")
	config.Compression, _ = batch.CodecNamed(s.String("compression.type"))
	if !s.IsNull("transactional.id") {
		config.TransactionalID, config.TransactionTimeout = s.String("transactional.id"), s.Duration("transaction.timeout.ms")
	}
	switch s.String("acks") {
	case "0":
		config.Acks = AcksNone
	case "1":
		config.Acks = AcksLeader
	}
	return config
}

// ConsumerConfigOf reads a consumer's keys.
func ConsumerConfigOf(s kafkaconfig.Settings) ConsumerConfig {
	config := ConsumerConfig{
		FetchMinBytes:          s.Int("fetch.min.bytes"),
		FetchMaxBytes:          s.Int("fetch.max.bytes"),
		FetchMaxWait:           s.Duration("fetch.max.wait.ms"),
		MaxPartitionFetchBytes: s.Int("max.partition.fetch.bytes"),
		MaxPollRecords:         ProfileOf(s).pollLimit(s),
		CheckCRCs:              s.Bool("check.crcs"),
		ReadCommitted:          s.String("isolation.level") == "read_committed",
		AutoCommit:             s.Bool("enable.auto.commit"),
		AutoCommitInterval:     s.Duration("auto.commit.interval.ms"),
		APITimeout:             s.Duration("default.api.timeout.ms"),
		Profile:                ProfileOf(s),
	}
	if !s.IsNull("group.id") {
		config.GroupID = s.String("group.id")
	}
	config.readMembership(s)
	switch s.String("auto.offset.reset") {
	case "earliest":
		config.OffsetReset = ResetEarliest
	case "none":
		config.OffsetReset = ResetNone
	}
	return config
}

// readMembership reads the keys of a consumer that subscribes.
func (c *ConsumerConfig) readMembership(s kafkaconfig.Settings) {
	c.SessionTimeout = s.Duration("session.timeout.ms")
	c.HeartbeatInterval = s.Duration("heartbeat.interval.ms")
	c.MaxPollInterval = s.Duration("max.poll.interval.ms")
	c.GroupInstanceID = s.String("group.instance.id")
	c.RemoteAssignor = s.String("group.remote.assignor")
	if strings.EqualFold(s.String("group.protocol"), "consumer") {
		c.GroupProtocol = ConsumerProtocol
	}
	for _, class := range s.List("partition.assignment.strategy") {
		c.Assignors = append(c.Assignors, assignorOfClass[class])
	}
}

// assignorOfClass are the protocol names of Kafka's assignors.
var assignorOfClass = map[string]string{
	"org.apache.kafka.clients.consumer.RangeAssignor":             assignor.Range.Name,
	"org.apache.kafka.clients.consumer.RoundRobinAssignor":        assignor.RoundRobin.Name,
	"org.apache.kafka.clients.consumer.StickyAssignor":            assignor.Sticky.Name,
	"org.apache.kafka.clients.consumer.CooperativeStickyAssignor": assignor.CooperativeSticky.Name,
}
