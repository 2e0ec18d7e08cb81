package kafkaconfig

import (
	"fmt"
	"slices"
)

// Profile is a real client, told in Kafka's own keys: what the same properties mean to it where they are not set.
type Profile struct {
	Name    string // as scenarios write it: "librdkafka-2"
	Library string // the library and the version that the table was read from
	About   string // one sentence
	// Defaults are those that differ from the Java client's, by kind and key.
	Defaults []ProfileDefault
	// Apart says what no key of Kafka expresses, one sentence each, with its source.
	Apart []string

	// rules tie producer keys together as the library does.
	rules func(*reconciliation)
}

// ProfileDefault is one default of a client that differs from the Java client's.
type ProfileDefault struct {
	Kind   Kind
	Key    string
	Value  string
	Own    string // what the library itself calls it
	Source string // where the library says so
}

// JavaProfile is the name of the client whose defaults Kafka documents. It is meant where no profile is named.
const JavaProfile = "java-4.3"

const (
	rdKafkaManual = "confluentinc/librdkafka, CONFIGURATION.md"
	rdKafkaConf   = "confluentinc/librdkafka, src/rdkafka_conf.c"
	kgoConfig     = "twmb/franz-go, pkg/kgo/config.go, defaultCfg"
	kgoSink       = "twmb/franz-go, pkg/kgo/sink.go, newSink"
)

// Profiles lists the clients that Assay can stand in for, the Java client first.
var Profiles = []Profile{
	{
		Name: JavaProfile, Library: "Apache Kafka's Java client 4.3",
		About: "The client that Kafka ships; its defaults are the documented ones.",
		rules: func(r *reconciliation) {
			r.idempotence()
			r.deliveryTimeout()
			r.reconnectBackoff()
		},
	},
	{
		Name: "librdkafka-2", Library: "librdkafka 2.15",
		About: "The C library under the clients for Python, .NET, Go (confluent-kafka-go) and more: not idempotent unless asked to be, and many requests in flight.",
		Defaults: []ProfileDefault{
			{Producer, "enable.idempotence", "false", "enable.idempotence", rdKafkaManual},
			{Producer, "max.in.flight.requests.per.connection", "1000000", "max.in.flight.requests.per.connection", rdKafkaManual},
			{Producer, "batch.size", "1000000", "batch.size", rdKafkaManual},
			{Producer, "max.request.size", "1000000", "message.max.bytes", rdKafkaManual},
			{Producer, "buffer.memory", "1073741824", "queue.buffering.max.kbytes=1048576", rdKafkaManual},
			{Producer, "delivery.timeout.ms", "300000", "message.timeout.ms", rdKafkaManual},
			{Producer, "request.timeout.ms", "60000", "socket.timeout.ms", rdKafkaManual},
			{Producer, "reconnect.backoff.ms", "100", "reconnect.backoff.ms", rdKafkaManual},
			{Producer, "reconnect.backoff.max.ms", "10000", "reconnect.backoff.max.ms", rdKafkaManual},
			{Producer, "socket.connection.setup.timeout.ms", "30000", "socket.connection.setup.timeout.ms", rdKafkaManual},
			{Consumer, "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.RoundRobinAssignor", "partition.assignment.strategy=range,roundrobin", rdKafkaManual},
			{Consumer, "check.crcs", "false", "check.crcs", rdKafkaManual},
			{Consumer, "isolation.level", "read_committed", "isolation.level", rdKafkaManual},
			{Consumer, "request.timeout.ms", "60000", "socket.timeout.ms", rdKafkaManual},
			{Consumer, "reconnect.backoff.ms", "100", "reconnect.backoff.ms", rdKafkaManual},
			{Consumer, "reconnect.backoff.max.ms", "10000", "reconnect.backoff.max.ms", rdKafkaManual},
			{Consumer, "socket.connection.setup.timeout.ms", "30000", "socket.connection.setup.timeout.ms", rdKafkaManual},
		},
		Apart: []string{
			"Keys are hashed by CRC32 and records without one go to a partition drawn at random for a while (partitioner=consistent_random, sticky.partitioning.linger.ms=10; " + rdKafkaManual + ").",
			"Idempotence, where it is asked for, lowers a max.in.flight that was left open to 5 (" + rdKafkaConf + ", rd_kafka_conf_finalize).",
			"A full queue refuses a record at once instead of blocking, and holds at most 100000 of them (queue.buffering.max.messages; " + rdKafkaManual + "): not modelled, send blocks for max.block.ms.",
			"The broker is given 30 s of its own for an acknowledgement (request.timeout.ms), less than the client waits (" + rdKafkaManual + "): not modelled.",
			"Transactions are made as before KIP-890's second part: partitions and offsets are added by requests of their own, and the epoch stays (EndTxn and TxnOffsetCommit in older versions only; confluentinc/librdkafka, src/rdkafka_request.c).",
		},
		rules: func(r *reconciliation) {
			r.librdkafkaTransactions()
			r.librdkafkaIdempotence()
		},
	},
	{
		Name: "franz-go-1", Library: "franz-go 1.22",
		About: "The pure Go client: idempotent, snappy, one large batch a partition, and it never gives a record up by itself.",
		Defaults: []ProfileDefault{
			{Producer, "linger.ms", "10", "ProducerLinger", kgoConfig},
			{Producer, "batch.size", "1000012", "ProducerBatchMaxBytes", kgoConfig},
			{Producer, "max.request.size", "104857600", "BrokerMaxWriteBytes", kgoConfig},
			{Producer, "compression.type", "snappy", "ProducerBatchCompression", kgoConfig},
			{Producer, "delivery.timeout.ms", "2147483647", "RecordDeliveryTimeout, none", kgoConfig},
			{Producer, "request.timeout.ms", "20000", "ProduceRequestTimeout + RequestTimeoutOverhead", kgoConfig},
			{Producer, "retry.backoff.ms", "250", "RetryBackoffFn", kgoConfig},
			{Producer, "retry.backoff.max.ms", "5000", "RetryBackoffFn", kgoConfig},
			{Producer, "reconnect.backoff.ms", "250", "RetryBackoffFn", kgoConfig},
			{Producer, "reconnect.backoff.max.ms", "5000", "RetryBackoffFn", kgoConfig},
			{Producer, "connections.max.idle.ms", "30000", "ConnIdleTimeout", kgoConfig},
			{Producer, "transaction.timeout.ms", "40000", "TransactionTimeout", kgoConfig},
			{Consumer, "auto.offset.reset", "earliest", "ConsumeStartOffset", kgoConfig},
			{Consumer, "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "Balancers(CooperativeStickyBalancer())", kgoConfig},
			{Consumer, "max.poll.interval.ms", "60000", "RebalanceTimeout", kgoConfig},
			{Consumer, "fetch.max.wait.ms", "5000", "FetchMaxWait", "twmb/franz-go, pkg/kgo/config.go, validate"},
			{Consumer, "request.timeout.ms", "10000", "RequestTimeoutOverhead", kgoConfig},
			{Consumer, "retry.backoff.ms", "250", "RetryBackoffFn", kgoConfig},
			{Consumer, "retry.backoff.max.ms", "5000", "RetryBackoffFn", kgoConfig},
			{Consumer, "reconnect.backoff.ms", "250", "RetryBackoffFn", kgoConfig},
			{Consumer, "reconnect.backoff.max.ms", "5000", "RetryBackoffFn", kgoConfig},
			{Consumer, "connections.max.idle.ms", "30000", "ConnIdleTimeout", kgoConfig},
		},
		Apart: []string{
			"Keys are hashed as the Java client does; records without one stay with a partition until 64 KiB went there (UniformBytesPartitioner; " + kgoConfig + ").",
			"Five requests may be in flight to one broker while idempotent (" + kgoSink + "), and one once idempotence is off, unless max.in.flight says otherwise (" + kgoConfig + ").",
			"Acknowledgements by fewer than all replicas are refused unless idempotence is switched off (twmb/franz-go, pkg/kgo/config.go, validate).",
			"A record is dropped only after four answers that its partition is not known (UnknownTopicRetries; " + kgoConfig + "), else it is tried for ever.",
			"50000 records may wait, however large (MaxBufferedRecords; " + kgoConfig + "): not modelled, buffer.memory bounds them.",
			"There is no bound on the time between two polls: max.poll.interval.ms is the rebalance time-out alone (RebalanceTimeout; " + kgoConfig + ").",
			"A fetch is waited for by its own FetchMaxWait and the overhead on top (twmb/franz-go, pkg/kgo/client.go): request.timeout.ms is the overhead alone.",
		},
		rules: func(r *reconciliation) { r.franzGoIdempotence() },
	},
}

// FindProfile returns a client by its name; "" is the Java client.
func FindProfile(name string) (Profile, bool) {
	if name == "" {
		name = JavaProfile
	}
	at := slices.IndexFunc(Profiles, func(p Profile) bool { return p.Name == name })
	if at < 0 {
		return Profile{}, false
	}
	return Profiles[at], true
}

func mustFindProfile(name string) Profile {
	profile, known := FindProfile(name)
	if !known {
		panic(fmt.Sprintf("kafkaconfig: no client profile %q", name))
	}
	return profile
}

// ResolveAs is Resolve on top of the defaults of a client profile ("" for the Java client). An unknown profile is a
// bug of the caller and panics. Reconcile then applies that client's own rules.
func ResolveAs(profile string, kind Kind, given map[string]string) (Settings, []Problem) {
	settings, problems := Resolve(kind, given)
	settings.profile = profile
	for _, each := range mustFindProfile(profile).Defaults {
		if each.Kind == kind && !settings.given[each.Key] {
			settings.values[each.Key] = each.value()
		}
	}
	return settings, problems
}

func (d ProfileDefault) value() Value {
	value, err := mustLookup(d.Kind, d.Key).Parse(d.Value)
	if err != nil {
		panic(fmt.Sprintf("kafkaconfig: default of %s %v", d.Key, err))
	}
	return value
}

// librdkafkaTransactions: transactions switch idempotence on, one request fits into a transaction, and no record
// outlives it (rd_kafka_conf_finalize and rd_kafka_topic_conf_finalize).
func (r *reconciliation) librdkafkaTransactions() {
	s := r.settings
	if s.IsNull("transactional.id") {
		return
	}
	const leastRequestTimeout = 900
	timeout := s.Long("transaction.timeout.ms")
	switch {
	case s.Bool("enable.idempotence"):
	case s.IsSet("enable.idempotence"):
		r.conflict("enable.idempotence", "enable.idempotence=false contradicts transactional.id: transactions need idempotence")
	default:
		r.adjust("enable.idempotence", "true", "transactional.id needs it")
	}
	if !s.IsSet("request.timeout.ms") {
		r.adjust("request.timeout.ms", fmt.Sprint(max(timeout-100, leastRequestTimeout)), "a request must end before transaction.timeout.ms")
	} else if s.Long("request.timeout.ms") > timeout+100 {
		r.conflict("request.timeout.ms", "request.timeout.ms=%d is above transaction.timeout.ms + 100", s.Long("request.timeout.ms"))
	}
	if !s.IsSet("delivery.timeout.ms") {
		r.adjust("delivery.timeout.ms", fmt.Sprint(timeout), "records must not outlive transaction.timeout.ms")
	} else if s.Long("delivery.timeout.ms") > timeout {
		r.conflict("delivery.timeout.ms", "delivery.timeout.ms=%d is above transaction.timeout.ms=%d", s.Long("delivery.timeout.ms"), timeout)
	}
}

// librdkafkaIdempotence: it is asked for or it is off; where it is on, what was left open follows and what was set
// must fit.
func (r *reconciliation) librdkafkaIdempotence() {
	const inFlight = "max.in.flight.requests.per.connection"
	s := r.settings
	if !s.Bool("enable.idempotence") {
		return
	}
	r.refuseBrokenIdempotence()
	switch {
	case s.Int(inFlight) <= MaxInFlightForIdempotence:
	case s.IsSet(inFlight):
		r.conflict(inFlight, "%s=%d contradicts enable.idempotence, which allows at most %d", inFlight, s.Int(inFlight), MaxInFlightForIdempotence)
	default:
		r.adjust(inFlight, fmt.Sprint(MaxInFlightForIdempotence), "enable.idempotence allows no more")
	}
}

// franzGoIdempotence: it is on until it is switched off in so many words; then one request is in flight.
func (r *reconciliation) franzGoIdempotence() {
	const inFlight = "max.in.flight.requests.per.connection"
	s := r.settings
	switch {
	case !s.Bool("enable.idempotence") && !s.IsNull("transactional.id"):
		r.conflict("enable.idempotence", "enable.idempotence=false contradicts transactional.id: transactions need idempotence")
	case s.Bool("enable.idempotence"):
		r.refuseBrokenIdempotence()
		if s.IsSet(inFlight) && s.Int(inFlight) > MaxInFlightForIdempotence {
			r.conflict(inFlight, "%s=%d contradicts enable.idempotence, which allows at most %d; enable.idempotence=false lifts the limit",
				inFlight, s.Int(inFlight), MaxInFlightForIdempotence)
		}
	case !s.IsSet(inFlight):
		r.adjust(inFlight, "1", "franz-go has one request in flight without idempotence")
	}
}

// refuseBrokenIdempotence is for clients in which idempotence, once on, does not give way.
func (r *reconciliation) refuseBrokenIdempotence() {
	s := r.settings
	const hint = "idempotence needs acks=all and retries above 0; enable.idempotence=false switches it off"
	if acks := s.String("acks"); acks != "all" && acks != "-1" {
		r.conflict("acks", "acks=%s contradicts enable.idempotence: %s", acks, hint)
	}
	if s.Int("retries") == 0 {
		r.conflict("retries", "retries=0 contradicts enable.idempotence: %s", hint)
	}
}
