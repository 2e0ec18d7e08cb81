package kafkaconfig

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The defaults on which Assay's scenarios and documents rely, as Kafka 4.3.1 prints them.
func TestDefaultsAreKafka43(t *testing.T) {
	const null = "null"
	for kind, defaults := range map[Kind]map[string]string{
		Producer: {
			"acks":                                     "all",
			"enable.idempotence":                       "true",
			"retries":                                  "2147483647",
			"linger.ms":                                "5",
			"batch.size":                               "16384",
			"buffer.memory":                            "33554432",
			"max.in.flight.requests.per.connection":    "5",
			"delivery.timeout.ms":                      "120000",
			"request.timeout.ms":                       "30000",
			"retry.backoff.ms":                         "100",
			"retry.backoff.max.ms":                     "1000",
			"max.block.ms":                             "60000",
			"max.request.size":                         "1048576",
			"compression.type":                         "none",
			"metadata.max.age.ms":                      "300000",
			"socket.connection.setup.timeout.ms":       "10000",
			"socket.connection.setup.timeout.max.ms":   "30000",
			"connections.max.idle.ms":                  "540000",
			"transaction.timeout.ms":                   "60000",
			"transactional.id":                         null,
			"partitioner.class":                        null,
			"partitioner.adaptive.partitioning.enable": "true",
		},
		Consumer: {
			"auto.offset.reset":             "latest",
			"isolation.level":               "read_uncommitted",
			"enable.auto.commit":            "true",
			"auto.commit.interval.ms":       "5000",
			"group.id":                      null,
			"group.protocol":                "classic",
			"session.timeout.ms":            "45000",
			"heartbeat.interval.ms":         "3000",
			"max.poll.interval.ms":          "300000",
			"max.poll.records":              "500",
			"fetch.min.bytes":               "1",
			"fetch.max.wait.ms":             "500",
			"fetch.max.bytes":               "52428800",
			"max.partition.fetch.bytes":     "1048576",
			"default.api.timeout.ms":        "60000",
			"check.crcs":                    "true",
			"partition.assignment.strategy": "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
		},
		Broker: {
			"min.insync.replicas":                     "1",
			"unclean.leader.election.enable":          "false",
			"replica.lag.time.max.ms":                 "30000",
			"replica.fetch.wait.max.ms":               "500",
			"replica.fetch.max.bytes":                 "1048576",
			"broker.heartbeat.interval.ms":            "2000",
			"broker.session.timeout.ms":               "9000",
			"controller.quorum.election.timeout.ms":   "1000",
			"controller.quorum.fetch.timeout.ms":      "2000",
			"default.replication.factor":              "1",
			"num.partitions":                          "1",
			"log.flush.interval.ms":                   null,
			"log.flush.interval.messages":             "9223372036854775807",
			"log.roll.ms":                             null,
			"log.roll.hours":                          "168",
			"message.max.bytes":                       "1048588",
			"fetch.max.bytes":                         "57671680",
			"socket.request.max.bytes":                "104857600",
			"producer.id.expiration.ms":               "86400000",
			"transaction.max.timeout.ms":              "900000",
			"offsets.topic.num.partitions":            "50",
			"leader.imbalance.check.interval.seconds": "300",
			"connections.max.idle.ms":                 "600000",
		},
		Topic: {
			"segment.bytes":          "1073741824",
			"segment.ms":             "604800000",
			"flush.messages":         "9223372036854775807",
			"flush.ms":               "9223372036854775807",
			"max.message.bytes":      "1048588",
			"retention.ms":           "604800000",
			"message.timestamp.type": "CreateTime",
			"compression.type":       "producer",
			"cleanup.policy":         "delete",
			"internal.segment.bytes": null,
		},
	} {
		for name, want := range defaults {
			key, known := Lookup(kind, name)
			require.True(t, known, "%s %s", kind, name)
			require.True(t, key.HasDefault, "%s %s", kind, name)
			require.Equal(t, want == null, key.DefaultNull, "%s %s", kind, name)
			if want != null {
				require.Equal(t, want, key.Default, "%s %s", kind, name)
			}
		}
	}
}

func TestRangesAreKafka43(t *testing.T) {
	for _, want := range []struct {
		kind     Kind
		name     string
		typ      Type
		min, max string
		allowed  []string
	}{
		{Topic, "segment.bytes", TypeInt, "1048576", "", nil},
		{Broker, "log.segment.bytes", TypeInt, "1048576", "", nil},
		{Topic, "min.insync.replicas", TypeInt, "1", "", nil},
		{Topic, "segment.index.bytes", TypeInt, "4", "", nil},
		{Topic, "segment.ms", TypeLong, "1", "", nil},
		{Topic, "retention.ms", TypeLong, "-1", "", nil},
		{Topic, "flush.messages", TypeLong, "1", "", nil},
		{Topic, "min.cleanable.dirty.ratio", TypeDouble, "0", "1", nil},
		{Topic, "compression.gzip.level", TypeInt, "1", "9", []string{"-1"}},
		{Topic, "compression.zstd.level", TypeInt, "-131072", "22", nil},
		{Topic, "cleanup.policy", TypeList, "", "", []string{"compact", "delete"}},
		{Topic, "message.timestamp.type", TypeString, "", "", []string{"CreateTime", "LogAppendTime"}},
		{Broker, "fetch.max.bytes", TypeInt, "1024", "", nil},
		{Broker, "node.id", TypeInt, "0", "", nil},
		{Broker, "offsets.topic.replication.factor", TypeShort, "1", "", nil},
		{Broker, "process.roles", TypeList, "", "", []string{"broker", "controller"}},
		{Producer, "acks", TypeString, "", "", []string{"all", "-1", "0", "1"}},
		{Producer, "max.in.flight.requests.per.connection", TypeInt, "1", "", nil},
		{Producer, "retries", TypeInt, "0", "2147483647", nil},
		{Producer, "compression.type", TypeString, "", "", []string{"none", "gzip", "snappy", "lz4", "zstd"}},
		{Producer, "partitioner.class", TypeClass, "", "", nil},
		{Consumer, "isolation.level", TypeString, "", "", []string{"read_committed", "read_uncommitted"}},
		{Consumer, "max.poll.records", TypeInt, "1", "", nil},
		{Consumer, "group.protocol", TypeString, "", "", []string{"CLASSIC", "CONSUMER"}},
		{Consumer, "sasl.jaas.config", TypePassword, "", "", nil},
	} {
		key, known := Lookup(want.kind, want.name)
		require.True(t, known, "%s %s", want.kind, want.name)
		require.Equal(t, want.typ, key.Type, want.name)
		require.Equal(t, want.min, key.Min, want.name)
		require.Equal(t, want.max, key.Max, want.name)
		require.Equal(t, want.allowed, key.Allowed, want.name)
	}
	nodeID, _ := Lookup(Broker, "node.id")
	require.False(t, nodeID.HasDefault)
}

func TestTopicDefaultsComeFromBrokerKeys(t *testing.T) {
	for name, want := range map[string][]Supplier{
		"segment.ms":              {{"log.roll.ms", 1}, {"log.roll.hours", 3600000}},
		"retention.ms":            {{"log.retention.ms", 1}, {"log.retention.minutes", 60000}, {"log.retention.hours", 3600000}},
		"min.insync.replicas":     {{"min.insync.replicas", 1}},
		"max.message.bytes":       {{"message.max.bytes", 1}},
		"flush.ms":                {{"log.flush.interval.ms", 1}, {"log.flush.scheduler.interval.ms", 1}},
		"internal.segment.bytes":  nil,
		"remote.log.copy.disable": nil,
	} {
		key, known := Lookup(Topic, name)
		require.True(t, known, name)
		require.Equal(t, want, key.SuppliedBy, name)
	}
}

// Every line of the table must be usable: the default parses, bounds are numbers, suppliers exist and their defaults
// agree with the topic's own.
func TestTableIsSound(t *testing.T) {
	require.Equal(t, []int{360 + len(features), 34, 113, 116}, []int{len(Keys(Broker)), len(Keys(Topic)), len(Keys(Producer)), len(Keys(Consumer))})
	fromBroker, problems := ResolveTopic(Defaults(Broker), nil)
	require.Empty(t, problems)
	for _, kind := range Kinds {
		for _, key := range Keys(kind) {
			require.NotPanics(t, func() { key.defaultValue() }, key.Name)
			if key.Type.bits() > 0 || key.Type == TypeDouble {
				_, err := key.Parse("-99999999999999999999")
				require.Equal(t, key.Type == TypeDouble && key.Min == "", err == nil, key.Name)
			}
			for _, text := range key.ModelledValues {
				_, err := key.Parse(text)
				require.NoError(t, err, key.Name)
			}
			require.Equal(t, key.Modelled, key.About != "", key.Name)
			for _, supplier := range key.SuppliedBy {
				_, known := Lookup(Broker, supplier.Name)
				require.True(t, known, supplier.Name)
			}
			if kind == Topic {
				require.True(t, Defaults(Topic).values[key.Name].equal(fromBroker.values[key.Name], key), key.Name)
			}
		}
	}
}
