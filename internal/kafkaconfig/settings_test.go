package kafkaconfig

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSettingsReadGivenValuesAndDefaults(t *testing.T) {
	settings, problems := Resolve(Producer, map[string]string{"acks": "1", "linger.ms": " 20 ", "enable.idempotence": "FALSE", "retries": "2147483647"})
	require.Empty(t, problems)
	require.Equal(t, "1", settings.String("acks"))
	require.Equal(t, 20*time.Millisecond, settings.Duration("linger.ms"))
	require.False(t, settings.Bool("enable.idempotence"))
	require.Equal(t, 5, settings.Int("max.in.flight.requests.per.connection"))
	require.Equal(t, int64(33554432), settings.Long("buffer.memory"))
	require.True(t, settings.IsSet("retries"), "given with its default is still given")
	require.False(t, settings.IsSet("batch.size"))
	require.Equal(t, []string{"acks", "enable.idempotence", "linger.ms", "retries"}, settings.Given())
	require.True(t, settings.IsNull("transactional.id"))
	require.Empty(t, settings.String("transactional.id"))

	require.True(t, Defaults(Producer).Bool("enable.idempotence"), "Resolve must not write to the defaults")
}

func TestGettersPanicOnOurOwnMistakes(t *testing.T) {
	settings := Defaults(Broker)
	require.Panics(t, func() { settings.Int("no.such.key") })
	require.Panics(t, func() { settings.Bool("num.partitions") }, "wrong type")
	require.Panics(t, func() { settings.Int("replica.lag.time.max.ms") }, "a LONG may not fit")
	require.Panics(t, func() { settings.Long("log.roll.ms") }, "no value")
	require.Panics(t, func() { settings.Int("node.id") }, "no default")
	require.Panics(t, func() { settings.Duration("num.partitions") }, "not a time")
}

func TestDurationsKeepTheirUnit(t *testing.T) {
	settings := Defaults(Broker)
	require.Equal(t, 5*time.Minute, settings.Duration("leader.imbalance.check.interval.seconds"))
	require.Equal(t, 7*24*time.Hour, settings.Duration("log.roll.hours"))
	require.Equal(t, 7*24*time.Hour, settings.Duration("offsets.retention.minutes"))
	require.Equal(t, time.Duration(math.MaxInt64), settings.Duration("log.flush.scheduler.interval.ms"), "never")
}

func TestParseSaysWhatIsAllowed(t *testing.T) {
	for _, wrong := range []struct {
		kind            Kind
		name, raw, want string
	}{
		{Producer, "acks", "2", `must be one of all, -1, 0, 1, not "2"`},
		{Producer, "acks", "al", `must be one of all, -1, 0, 1, not "al"; did you mean all?`},
		{Producer, "linger.ms", "5ms", `must be a whole number of milliseconds from 0 to 9223372036854775807, not "5ms" (Kafka's own keys take a plain number, without a unit)`},
		{Producer, "batch.size", "16_384", `must be a whole number from 0 to 2147483647, not "16_384"`},
		{Producer, "batch.size", "2147483648", `must be a whole number from 0 to 2147483647, not "2147483648"`},
		{Producer, "max.in.flight.requests.per.connection", "0", `must be a whole number from 1 to 2147483647, not "0"`},
		{Producer, "enable.idempotence", "yes", `must be true or false, not "yes"`},
		{Producer, "transactional.id", "", `must be a text that is not empty, not ""`},
		{Producer, "partitioner.class", "", `must be the full name of a Java class, not ""`},
		{Topic, "segment.bytes", "1024", `must be a whole number of bytes from 1048576 to 2147483647, not "1024"`},
		{Topic, "min.cleanable.dirty.ratio", "1.5", `must be a number from 0 to 1, not "1.5"`},
		{Topic, "compression.gzip.level", "0", `must be a whole number from 1 to 9, or -1, not "0"`},
		{Topic, "cleanup.policy", "delete,delete", `must be a comma-separated list, each element one of compact, delete, not "delete,delete"`},
		{Broker, "listeners", "", `must be a comma-separated list with at least one element, not ""`},
		{Broker, "offsets.topic.replication.factor", "40000", `must be a whole number from 1 to 32767, not "40000"`},
		{Consumer, "isolation.level", "READ_COMMITTED", `must be one of read_committed, read_uncommitted, not "READ_COMMITTED"; did you mean read_committed?`},
		{Consumer, "auto.offset.reset", "by_duration:P", `must be one of latest, earliest, none, by_duration:PnDTnHnMn.nS, not "by_duration:P"`},
		{Consumer, "no.such.key", "1", `is not a consumer key of Kafka 4.3`},
	} {
		_, err := Parse(wrong.kind, wrong.name, wrong.raw)
		require.EqualError(t, err, wrong.want, wrong.name)
	}
}

// What Kafka's own parser takes.
func TestParseAcceptsWhatKafkaAccepts(t *testing.T) {
	for _, right := range []struct {
		kind      Kind
		name, raw string
	}{
		{Producer, "acks", " all "},
		{Producer, "linger.ms", "+5"},
		{Producer, "enable.idempotence", "True"},
		{Topic, "compression.gzip.level", "-1"},
		{Topic, "cleanup.policy", "compact , delete"},
		{Topic, "cleanup.policy", ""},
		{Topic, "min.cleanable.dirty.ratio", "0.25"},
		{Consumer, "group.protocol", "consumer"},
		{Consumer, "auto.offset.reset", "by_duration:PT1H"},
		{Consumer, "auto.offset.reset", "by_duration:pt0s"},
		{Consumer, "group.id", ""},
	} {
		_, err := Parse(right.kind, right.name, right.raw)
		require.NoError(t, err, "%s=%s", right.name, right.raw)
	}
	value, err := Parse(Topic, "cleanup.policy", "compact , delete")
	require.NoError(t, err)
	require.Equal(t, []string{"compact", "delete"}, value.List)
}

func TestResolveReportsEveryProblem(t *testing.T) {
	settings, problems := Resolve(Producer, map[string]string{
		"acks":                       "two",
		"linger":                     "5",
		"enable.idempotense":         "true",
		"max.poll.records":           "5",
		"receive.buffer.bytes":       "1",
		"metadata.recovery.strategy": "REBOOTSTRAP",
		"send.buffer.bytes":          "131072",
		"partitioner.class":          "com.example.Mine",
		"batch.size":                 "100",
	})
	require.Equal(t, []Problem{
		{"acks", InvalidValue, `acks must be one of all, -1, 0, 1, not "two"`, ""},
		{"enable.idempotense", UnknownKey, "enable.idempotense is not a producer key of Kafka 4.3; did you mean enable.idempotence?", "enable.idempotence"},
		{"linger", UnknownKey, "linger is not a producer key of Kafka 4.3; did you mean linger.ms?", "linger.ms"},
		{"max.poll.records", UnknownKey, "max.poll.records is not a producer key of Kafka 4.3 (it is a consumer key)", ""},
		{"partitioner.class", ValueNotModelled, "partitioner.class: Assay does not model the value com.example.Mine; modelled: not set, org.apache.kafka.clients.producer.RoundRobinPartitioner", ""},
		{"receive.buffer.bytes", NotModelled, "receive.buffer.bytes is a Kafka 4.3 key that Assay does not model; it is accepted with its default only (32768)", ""},
	}, problems)
	require.Equal(t, "all", settings.String("acks"), "a refused value leaves the default")
	require.False(t, settings.IsSet("acks"))
	require.Equal(t, 100, settings.Int("batch.size"))
	require.True(t, settings.IsSet("send.buffer.bytes"), "an unmodelled key is fine with its default")
}

func TestSuggest(t *testing.T) {
	for _, each := range []struct {
		kind       Kind
		name, want string
	}{
		{Topic, "min.insync.replica", "min.insync.replicas"},
		{Topic, "min_insync_replicas", "min.insync.replicas"},
		{Topic, "log.retention.ms", "retention.ms"},
		{Topic, "log.roll.hours", "segment.ms"},
		{Producer, "max.in.flight", "max.in.flight.requests.per.connection"},
		{Producer, "ack", "acks"},
		{Producer, "lniger.ms", "linger.ms"},
		{Consumer, "auto.offset.rest", "auto.offset.reset"},
		{Broker, "unclean.leader.election.enabled", "unclean.leader.election.enable"},
	} {
		near := Nearest(each.kind, each.name)
		require.NotEmpty(t, near, each.name)
		require.Equal(t, each.want, near[0], each.name)
	}
	require.Empty(t, Nearest(Producer, "completely.different"))

	_, found := Suggest("acks", []string{"acks"})
	require.False(t, found, "a word that is there needs no suggestion")
	_, found = Suggest("", []string{"a"})
	require.False(t, found)
	word, found := Suggest("ab", []string{"ac", "aa"})
	require.True(t, found)
	require.Equal(t, "aa", word, "ties go by the alphabet")
}

func TestTopicTakesBrokerSettings(t *testing.T) {
	broker, problems := Resolve(Broker, map[string]string{"min.insync.replicas": "2", "log.roll.hours": "1", "log.segment.bytes": "2097152", "log.flush.interval.ms": "5"})
	require.Empty(t, problems)
	topic, problems := ResolveTopic(broker, map[string]string{"segment.bytes": "1048576"})
	require.Empty(t, problems)
	require.Equal(t, 2, topic.Int("min.insync.replicas"))
	require.Equal(t, time.Hour, topic.Duration("segment.ms"))
	require.Equal(t, "3600000", topic.Text("segment.ms"))
	require.Equal(t, 5*time.Millisecond, topic.Duration("flush.ms"))
	require.Equal(t, 1048576, topic.Int("segment.bytes"), "the topic's own goes first")
	require.False(t, topic.IsSet("min.insync.replicas"))

	broker, _ = Resolve(Broker, map[string]string{"log.roll.hours": "1", "log.roll.ms": "7"})
	topic, _ = ResolveTopic(broker, nil)
	require.Equal(t, 7*time.Millisecond, topic.Duration("segment.ms"), "milliseconds go before hours")
}
