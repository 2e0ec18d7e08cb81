package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

func metadataRequest(version int16, names ...string) *kmsg.MetadataRequest {
	r := kmsg.NewPtrMetadataRequest()
	r.Version, r.AllowAutoTopicCreation = version, true
	r.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range names {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		r.Topics = append(r.Topics, topic)
	}
	return r
}

func TestMetadataCreatesTopicsAsynchronously(t *testing.T) {
	c := newCluster(t, 3, map[string]string{"num.partitions": "2", "default.replication.factor": "3"})
	c.createTopic("orders", 1, nil)
	answer := c.call("broker-2", metadataRequest(12, "orders", "late", "not valid!")).(*kmsg.MetadataResponse)
	require.Len(t, answer.Brokers, 3)
	require.Zero(t, answer.Topics[0].ErrorCode)
	require.Len(t, answer.Topics[0].Partitions[0].Replicas, 3)
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, answer.Topics[1].ErrorCode)
	require.Equal(t, kerr.InvalidTopicException.Code, answer.Topics[2].ErrorCode)
	c.runUntil(10*time.Second, "the topic", func() bool {
		return c.call("broker-2", metadataRequest(12, "late")).(*kmsg.MetadataResponse).Topics[0].ErrorCode == 0
	})
	all := kmsg.NewPtrMetadataRequest()
	all.Version = 12
	all.Topics = nil
	require.Len(t, c.call("broker-1", all).(*kmsg.MetadataResponse).Topics, 2)
}

func TestDeletedAndRecreatedTopicIsAnother(t *testing.T) {
	c := newCluster(t, 4, nil)
	first := c.createTopic("orders", 1, nil)
	answer := c.call(c.leader("orders", 0), produceRequest("orders", 0, -1, 10*time.Second, records(3, wallStart, "old"))).(*kmsg.ProduceResponse)
	require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)

	// broker-3 is away while the topic goes and comes back.
	c.w.Kill("broker-3")
	deletion := kmsg.NewPtrDeleteTopicsRequest()
	deletion.Version, deletion.TimeoutMillis = 6, 30000
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.TopicID = first
	deletion.Topics = append(deletion.Topics, topic)
	require.Zero(t, c.call("broker-1", deletion).(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
	c.runUntil(10*time.Second, "deletion", func() bool { return c.leader("orders", 0) == "" })
	stale := produceRequest("orders", 0, -1, 10*time.Second, records(1, wallStart, "x"))
	stale.Version, stale.Topics[0].TopicID = 13, first
	require.Equal(t, kerr.UnknownTopicID.Code, c.call("broker-1", stale).(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)

	c.w.Start("broker-3")
	second := c.createTopic("orders", 1, nil)
	require.NotEqual(t, first, second)
	for _, name := range c.brokers {
		v, ok := c.view(name, "orders", 0)
		require.True(t, ok)
		require.Zero(t, v.LogEndOffset, name)
		require.Equal(t, second, v.TopicID)
	}
}

func TestListOffsetsAndEpochs(t *testing.T) {
	c := newCluster(t, 5, nil)
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	for i := range int64(3) {
		c.call(leader, produceRequest("orders", 0, -1, 10*time.Second, records(2, wallStart+i*1000, "v")))
	}
	list := func(timestamp int64) (int64, int64, int16) {
		r := kmsg.NewPtrListOffsetsRequest()
		r.Version, r.ReplicaID = 7, -1
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = "orders"
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Timestamp = timestamp
		topic.Partitions = append(topic.Partitions, p)
		r.Topics = append(r.Topics, topic)
		out := c.call(leader, r).(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0]
		return out.Offset, out.Timestamp, out.ErrorCode
	}
	for _, tt := range []struct{ ask, offset, timestamp int64 }{
		{-1, 6, -1}, {-2, 0, -1}, {-3, 4, wallStart + 2000}, {wallStart + 500, 2, wallStart + 1000}, {wallStart + 9000, -1, -1},
	} {
		offset, timestamp, code := list(tt.ask)
		require.Zero(t, code)
		require.Equal(t, tt.offset, offset, "timestamp %d", tt.ask)
		require.Equal(t, tt.timestamp, timestamp, "timestamp %d", tt.ask)
	}

	epochs := kmsg.NewPtrOffsetForLeaderEpochRequest()
	epochs.Version, epochs.ReplicaID = 3, -2
	topic := kmsg.NewOffsetForLeaderEpochRequestTopic()
	topic.Topic = "orders"
	p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
	p.LeaderEpoch, p.CurrentLeaderEpoch = 0, 0
	topic.Partitions = append(topic.Partitions, p)
	p.CurrentLeaderEpoch = 7
	topic.Partitions = append(topic.Partitions, p)
	epochs.Topics = append(epochs.Topics, topic)
	ends := c.call(leader, epochs).(*kmsg.OffsetForLeaderEpochResponse).Topics[0].Partitions
	require.Equal(t, int64(6), ends[0].EndOffset)
	require.Equal(t, kerr.UnknownLeaderEpoch.Code, ends[1].ErrorCode)
}

func TestProduceErrors(t *testing.T) {
	c := newCluster(t, 6, map[string]string{"auto.create.topics.enable": "false"})
	c.createTopic("orders", 1, map[string]string{"max.message.bytes": "1000"})
	leader := c.leader("orders", 0)
	follower := c.brokers[0]
	if follower == leader {
		follower = c.brokers[1]
	}
	code := func(name string, r *kmsg.ProduceRequest) int16 {
		return c.call(name, r).(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode
	}
	good := records(1, wallStart, "v")
	torn := append([]byte(nil), good...)
	torn[len(torn)-1] ^= 1
	require.Equal(t, kerr.CorruptMessage.Code, code(leader, produceRequest("orders", 0, 1, time.Second, torn)))
	require.Equal(t, kerr.InvalidRecord.Code, code(leader, produceRequest("orders", 0, 1, time.Second, nil)))
	require.Equal(t, kerr.InvalidRequiredAcks.Code, code(leader, produceRequest("orders", 0, 2, time.Second, good)))
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, code(leader, produceRequest("orders", 1, 1, time.Second, good)))
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, code(leader, produceRequest("other", 0, 1, time.Second, good)))
	require.Equal(t, kerr.NotLeaderForPartition.Code, code(follower, produceRequest("orders", 0, 1, time.Second, good)))
	require.Equal(t, kerr.MessageTooLarge.Code, code(leader, produceRequest("orders", 0, 1, time.Second, records(20, wallStart, string(make([]byte, 100))))))
	require.Zero(t, code(leader, produceRequest("orders", 0, 1, time.Second, good)))

	// acks=0 has no answer, and an error closes the connection.
	closed := false
	c.send(leader, produceRequest("orders", 0, 0, time.Second, good), nil)
	c.send(leader, metadataRequest(12), func(r kmsg.Response) { closed = r == nil })
	c.runUntil(time.Second, "append", func() bool { v, _ := c.view(leader, "orders", 0); return v.LogEndOffset == 2 })
	require.False(t, closed)
	c.send(follower, produceRequest("orders", 0, 0, time.Second, good), nil)
	c.send(follower, metadataRequest(12), func(r kmsg.Response) { closed = r == nil })
	c.runUntil(time.Second, "close", func() bool { return closed })
}

func TestIdempotentProducer(t *testing.T) {
	c := newCluster(t, 7, nil)
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	ids := map[int64]bool{}
	for _, name := range c.brokers {
		r := kmsg.NewPtrInitProducerIDRequest()
		r.Version = 4
		answer := c.call(name, r).(*kmsg.InitProducerIDResponse)
		require.Zero(t, answer.ErrorCode)
		require.Zero(t, answer.ProducerEpoch)
		require.False(t, ids[answer.ProducerID])
		ids[answer.ProducerID] = true
	}
	var b batch.Builder
	b.Reset(nil)
	b.SetProducer(0, 0, 0)
	b.Append(wallStart, nil, []byte("once"), nil)
	once := b.Finish()
	for range 2 {
		out := c.call(leader, produceRequest("orders", 0, -1, 10*time.Second, once)).(*kmsg.ProduceResponse).Topics[0].Partitions[0]
		require.Zero(t, out.ErrorCode)
		require.Zero(t, out.BaseOffset)
	}
	require.Equal(t, 1, c.counts["deduplicated"])
	v, _ := c.view(leader, "orders", 0)
	require.Equal(t, kafka.Offset(1), v.LogEndOffset)
}

// A long poll waits, and ends as soon as its record is committed; a second
// request on the connection waits behind it.
func TestLongPoll(t *testing.T) {
	c := newCluster(t, 8, nil)
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	var order []string
	var bytes int
	c.send(leader, fetchRequest("orders", 0, 0, 20*time.Second), func(r kmsg.Response) {
		order = append(order, "fetch")
		bytes = len(r.(*kmsg.FetchResponse).Topics[0].Partitions[0].RecordBatches)
	})
	c.send(leader, metadataRequest(12), func(kmsg.Response) { order = append(order, "metadata") })
	c.w.Run(c.w.Now().Add(5 * time.Second))
	require.Empty(t, order)
	// The produce goes by another connection: clients keep one for each purpose.
	c.w.Inject("client", func(host.Node) { delete(c.client.conns, host.Addr(leader+":9092")) })
	before := c.w.Now()
	c.call(leader, produceRequest("orders", 0, -1, 10*time.Second, records(1, wallStart, "v")))
	c.runUntil(time.Second, "both answers", func() bool { return len(order) == 2 })
	require.Equal(t, []string{"fetch", "metadata"}, order)
	require.Positive(t, bytes)
	require.Less(t, c.w.Now().Sub(before), 200*time.Millisecond)
}

func TestFetchTimesOutAndSessionsAreGiven(t *testing.T) {
	c := newCluster(t, 9, nil)
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	before := c.w.Now()
	r := fetchRequest("orders", 0, 0, time.Second)
	r.SessionEpoch = 0 // wants a session
	answer := c.call(leader, r).(*kmsg.FetchResponse)
	require.GreaterOrEqual(t, c.w.Now().Sub(before), time.Second)
	require.Zero(t, answer.ErrorCode)
	require.Positive(t, answer.SessionID)
	require.Empty(t, answer.Topics[0].Partitions[0].RecordBatches)
	r = fetchRequest("orders", 0, 0, time.Second)
	r.SessionID, r.SessionEpoch = answer.SessionID+1, 1
	require.Equal(t, kerr.FetchSessionIDNotFound.Code, c.call(leader, r).(*kmsg.FetchResponse).ErrorCode)
	out := c.call(leader, fetchRequest("orders", 0, 99, time.Second)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, kerr.OffsetOutOfRange.Code, out.ErrorCode)
}

// With flush.messages=1 an acknowledgement survives the loss of power of every
// broker at once.
func TestAcknowledgedAfterSyncSurvivesPowerLossOfAll(t *testing.T) {
	c := newCluster(t, 10, nil)
	c.createTopic("orders", 1, map[string]string{"flush.messages": "1", "min.insync.replicas": "2"})
	leader := c.leader("orders", 0)
	for range 20 {
		answer := c.call(leader, produceRequest("orders", 0, -1, 10*time.Second, records(1, wallStart, "v"))).(*kmsg.ProduceResponse)
		require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
	}
	for _, name := range c.brokers {
		c.w.PowerLoss(name, 0, nil)
	}
	for _, name := range c.brokers {
		c.w.Start(name)
	}
	c.runUntil(60*time.Second, "health", func() bool { return c.healthy("orders", 1) })
	v, _ := c.view(c.leader("orders", 0), "orders", 0)
	require.Equal(t, kafka.Offset(20), v.LogEndOffset)
	require.Equal(t, kafka.Offset(20), v.HighWatermark)
}

func TestFailedDiskEndsTheProcess(t *testing.T) {
	c := newCluster(t, 11, nil)
	c.createTopic("orders", 1, map[string]string{"flush.messages": "1"})
	leader := c.leader("orders", 0)
	c.w.SetDiskFailing(leader, true)
	require.Nil(t, c.call(leader, produceRequest("orders", 0, 1, 10*time.Second, records(1, wallStart, "v"))))
	require.False(t, c.w.Up(leader))
	require.Equal(t, 1, c.counts["log_dir_failed"])
}

// A version beyond what is spoken: ApiVersions is answered in version 0 with
// error 35, anything else costs the connection.
func TestVersionsThatAreNotSpoken(t *testing.T) {
	c := newCluster(t, 12, nil)
	c.createTopic("orders", 1, nil)
	var answer kmsg.Response
	c.w.Inject("client", func(host.Node) {
		c.client.sendMessage("broker-1:9092", func(id int32) host.Message {
			return &protocol.UnsupportedRequest{Key: int16(kmsg.ApiVersions), CorrelationID: id}
		}, func(r kmsg.Response) { answer = r })
	})
	c.runUntil(time.Second, "answer", func() bool { return answer != nil })
	versions := answer.(*kmsg.ApiVersionsResponse)
	require.Equal(t, kerr.UnsupportedVersion.Code, versions.ErrorCode)
	require.Zero(t, versions.Version)
	require.NotEmpty(t, versions.ApiKeys)

	old := produceRequest("orders", 0, 1, time.Second, records(1, wallStart, "v"))
	old.Version = 2
	require.Nil(t, c.call("broker-1", old))
}
