package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// serveTopicAdmin: a topic grows while a producer writes, and loses records, on
// three brokers; what is gone is gone on every replica.
func serveTopicAdmin(t *testing.T, binary string) {
	data := t.TempDir()
	start := func() *server {
		return startServer(t, binary, 3, "--listen", "127.0.0.1:0", "--data", data)
	}
	s := start()
	client := kafkaClient(t, s, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMaxAge(100*time.Millisecond))
	createTopic(t, client, "growing", 2, 3)
	produceAll(t, client, "growing", 2, 0, 20)

	grow := kmsg.NewPtrCreatePartitionsRequest()
	grow.TimeoutMillis = 10_000
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = "growing", 4
	grow.Topics = append(grow.Topics, topic)
	grown := ask(t, client, grow)
	require.NoError(t, kerr.ErrorForCode(grown.Topics[0].ErrorCode))
	produceAll(t, kafkaClient(t, s, kgo.RecordPartitioner(kgo.ManualPartitioner())), "growing", 4, 20, 60)

	// Partition 0 has 10 and then 10 records.
	require.Equal(t, int64(15), deleteRecords(t, client, "growing", 0, 15))
	require.Equal(t, int64(15), deleteRecords(t, client, "growing", 0, 3), "there is no way back")
	s.kill()
	s = start()
	again := kafkaClient(t, s, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"growing": {0: kgo.NewOffset().AtStart()}}))
	fetches := again.PollFetches(testContext(t))
	require.NoError(t, fetches.Err())
	require.Equal(t, int64(15), fetches.Records()[0].Offset)
	require.Equal(t, int64(20), deleteRecords(t, again, "growing", 0, -1), "all")
}

// deleteRecords returns the low watermark: the answer comes once no replica has
// the records any more.
func deleteRecords(t *testing.T, client *kgo.Client, name string, partition int32, before int64) int64 {
	t.Helper()
	r := kmsg.NewPtrDeleteRecordsRequest()
	r.TimeoutMillis = 30_000
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic = name
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, before
	topic.Partitions = append(topic.Partitions, p)
	r.Topics = append(r.Topics, topic)
	answer := ask(t, client, r)
	require.NoError(t, kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode))
	return answer.Topics[0].Partitions[0].LowWatermark
}

// serveAuthorizedOperations: who asks is told what it may do (KIP-430), and who
// does not is told nothing.
func serveAuthorizedOperations(t *testing.T, binary string) {
	const notAsked, everything = -1 << 31, 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<10 | 1<<11
	s := startServer(t, binary, 1, "--listen", "127.0.0.1:0", "--set", "group.initial.rebalance.delay.ms=0")
	client := kafkaClient(t, s)
	createTopic(t, client, "orders", 1, 1)
	for asked, want := range map[bool]int32{true: everything, false: notAsked} {
		r := kmsg.NewPtrMetadataRequest()
		r.IncludeTopicAuthorizedOperations = asked
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr("orders")
		r.Topics = append(r.Topics, topic)
		answer := ask(t, client, r)
		require.Equal(t, want, answer.Topics[0].AuthorizedOperations)
	}
	produceAll(t, client, "orders", 1, 0, 1)
	reader := kafkaClient(t, s, kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("orders"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, reader.PollFetches(testContext(t)).Err())
	groups := kmsg.NewPtrDescribeGroupsRequest()
	groups.Groups, groups.IncludeAuthorizedOperations = []string{"readers"}, true
	described := ask(t, client, groups)
	require.Equal(t, int32(1<<3|1<<6|1<<8|1<<10|1<<11), described.Groups[0].AuthorizedOperations)
}
