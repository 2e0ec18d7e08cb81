package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// inTransaction sends records of these numbers, and commits or aborts.
func inTransaction(t *testing.T, producer *kgo.Client, topic string, partitions, from, to int, end kgo.TransactionEndTry) {
	t.Helper()
	require.NoError(t, producer.BeginTransaction())
	produceAll(t, producer, topic, partitions, from, to)
	require.NoError(t, producer.EndTransaction(testContext(t), end))
}

func transactionalClient(t *testing.T, s *server, id string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	return kafkaClient(t, s, append(options, kgo.TransactionalID(id))...)
}

// values reads a topic from its start to where the isolation lets it read, and
// returns them sorted. It ends at the end offsets that the broker tells for the
// isolation.
func values(t *testing.T, s *server, topic string, isolation kgo.IsolationLevel, committedOnly int8) []string {
	t.Helper()
	client := kafkaClient(t, s, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(isolation), kgo.KeepControlRecords())
	ends := endOffsets(t, client, topic, committedOnly)
	found := []string{}
	for reached := false; !reached; {
		fetches := client.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				found = append(found, string(r.Value))
			}
			if r.Offset+1 >= ends[r.Partition] {
				delete(ends, r.Partition)
			}
		})
		reached = len(ends) == 0
	}
	slices.Sort(found)
	return found
}

// endOffsets are those of partitions that have records.
func endOffsets(t *testing.T, client *kgo.Client, topic string, isolation int8) map[int32]int64 {
	t.Helper()
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID, r.IsolationLevel = -1, isolation
	list := kmsg.NewListOffsetsRequestTopic()
	list.Topic = topic
	for _, p := range topicMetadata(t, client, topic).Partitions {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp, partition.CurrentLeaderEpoch = p.Partition, -1, -1
		list.Partitions = append(list.Partitions, partition)
	}
	r.Topics = append(r.Topics, list)
	ends := map[int32]int64{}
	for _, p := range ask(t, client, r).Topics[0].Partitions {
		require.NoError(t, kerr.ErrorForCode(p.ErrorCode))
		if p.Offset > 0 {
			ends[p.Partition] = p.Offset
		}
	}
	return ends
}

func numbers(ranges ...int) []string {
	found := []string{}
	for i := 0; i < len(ranges); i += 2 {
		for n := ranges[i]; n < ranges[i+1]; n++ {
			found = append(found, fmt.Sprint(n))
		}
	}
	slices.Sort(found)
	return found
}

// serveTransactions: what was aborted is read by read_uncommitted alone, what is
// open by nobody who asks for committed records, and both after a kill.
func serveTransactions(t *testing.T, binary string) {
	for version := range 3 {
		t.Run(fmt.Sprintf("transaction.version %d", version), func(t *testing.T) {
			data := t.TempDir()
			set := []string{"--data", data, "--set", fmt.Sprintf("transaction.version=%d", version)}
			first := groupServer(t, binary, 1, set...)
			producer := transactionalClient(t, first, "teller")
			createTopic(t, producer, "transfers", 3, 1)
			inTransaction(t, producer, "transfers", 3, 0, 30, kgo.TryCommit)
			inTransaction(t, producer, "transfers", 3, 30, 60, kgo.TryAbort)
			inTransaction(t, producer, "transfers", 3, 60, 90, kgo.TryCommit)
			require.Equal(t, numbers(0, 30, 60, 90), values(t, first, "transfers", kgo.ReadCommitted(), 1))
			require.Equal(t, numbers(0, 90), values(t, first, "transfers", kgo.ReadUncommitted(), 0))

			require.NoError(t, producer.BeginTransaction())
			produceAll(t, producer, "transfers", 3, 90, 120)
			require.Equal(t, numbers(0, 30, 60, 90), values(t, first, "transfers", kgo.ReadCommitted(), 1))
			require.Equal(t, numbers(0, 120), values(t, first, "transfers", kgo.ReadUncommitted(), 0))
			first.kill()

			second := groupServer(t, binary, 1, append(set, "--listen", first.addr)...)
			require.NoError(t, producer.EndTransaction(testContext(t), kgo.TryCommit))
			require.Equal(t, numbers(0, 30, 60, 120), values(t, second, "transfers", kgo.ReadCommitted(), 1))
		})
	}
}

// serveFencing: a newer producer under the same transactional id ends what the
// older one has open, and the older one is told so.
func serveFencing(t *testing.T, binary string) {
	s := groupServer(t, binary, 1)
	older := transactionalClient(t, s, "teller")
	createTopic(t, older, "transfers", 1, 1)
	require.NoError(t, older.BeginTransaction())
	produceAll(t, older, "transfers", 1, 0, 10)
	newer := transactionalClient(t, s, "teller")
	inTransaction(t, newer, "transfers", 1, 10, 20, kgo.TryCommit)
	err := older.EndTransaction(testContext(t), kgo.TryCommit)
	require.ErrorIs(t, err, kerr.ProducerFenced)
	require.Equal(t, numbers(10, 20), values(t, s, "transfers", kgo.ReadCommitted(), 1))
}

// serveTransactionTimeout: a producer that is gone holds nobody up for longer
// than the time-out it has asked for.
func serveTransactionTimeout(t *testing.T, binary string) {
	s := groupServer(t, binary, 1, "--set", "transaction.abort.timed.out.transaction.cleanup.interval.ms=100")
	gone := transactionalClient(t, s, "gone", kgo.TransactionTimeout(time.Second))
	createTopic(t, gone, "transfers", 1, 1)
	require.NoError(t, gone.BeginTransaction())
	produceAll(t, gone, "transfers", 1, 0, 10)
	inTransaction(t, transactionalClient(t, s, "teller"), "transfers", 1, 10, 20, kgo.TryCommit)
	reader := kafkaClient(t, s, kgo.ConsumeTopics("transfers"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	for next := 10; next < 20; {
		fetches := reader.PollFetches(testContext(t))
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			require.Equal(t, fmt.Sprint(next), string(r.Value))
			next++
		})
	}
}

// pipeline copies a topic to another one in transactions, each third of which it
// aborts at first, until it has copied so many records.
func pipeline(t *testing.T, s *server, id string, count int) {
	t.Helper()
	session, err := kgo.NewGroupTransactSession(append(insistent(s), kgo.TransactionalID(id), kgo.ConsumerGroup("copiers"),
		kgo.ConsumeTopics("in"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.HeartbeatInterval(50*time.Millisecond))...)
	require.NoError(t, err)
	defer session.Close()
	ctx := testContext(t)
	for copied, turn := 0, 0; copied < count; turn++ {
		fetches := session.PollRecords(ctx, 50)
		require.NoError(t, fetches.Err())
		require.NoError(t, session.Begin())
		n := 0
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			session.Produce(ctx, &kgo.Record{Topic: "out", Value: r.Value}, nil)
		})
		require.NoError(t, session.Client().Flush(ctx)) // or an abort would throw away what is not sent yet
		committed, err := session.End(ctx, turn%3 != 1)
		require.NoError(t, err)
		require.Equal(t, turn%3 != 1, committed)
		if committed {
			copied += n
		}
	}
}

// serveExactlyOnce: consume, transform, produce, with aborts and a kill of the
// brokers in between: each record is copied once.
func serveExactlyOnce(t *testing.T, binary string) {
	for _, brokers := range []int{1, 3} {
		t.Run(fmt.Sprint(brokers), func(t *testing.T) {
			data := t.TempDir()
			first := groupServer(t, binary, brokers, "--data", data)
			producer := kafkaClient(t, first)
			createTopic(t, producer, "in", 4, int16(brokers))
			createTopic(t, producer, "out", 3, int16(brokers))
			produceAll(t, producer, "in", 4, 0, 400)
			pipeline(t, first, "copier", 300)
			first.kill()

			second := groupServer(t, binary, brokers, "--data", data)
			produceAll(t, kafkaClient(t, second), "in", 4, 400, 600)
			pipeline(t, second, "copier", 600-len(values(t, second, "out", kgo.ReadCommitted(), 1)))
			require.Equal(t, numbers(0, 600), values(t, second, "out", kgo.ReadCommitted(), 1))
			require.Greater(t, len(values(t, second, "out", kgo.ReadUncommitted(), 0)), 600, "some were aborted")
		})
	}
}

// serveTransactionAdmin: what an administrator sees of an open transaction, and
// how to end one that hangs.
func serveTransactionAdmin(t *testing.T, binary string) {
	s := groupServer(t, binary, 1)
	producer := transactionalClient(t, s, "teller", kgo.TransactionTimeout(42*time.Second))
	admin := kafkaClient(t, s)
	createTopic(t, admin, "transfers", 2, 1)
	require.NoError(t, producer.BeginTransaction())
	produceAll(t, producer, "transfers", 2, 0, 10)

	describe := func(id string) kmsg.DescribeTransactionsResponseTransactionState {
		r := kmsg.NewPtrDescribeTransactionsRequest()
		r.TransactionalIDs = []string{id}
		answer := ask(t, admin, r)
		require.Len(t, answer.TransactionStates, 1)
		return answer.TransactionStates[0]
	}
	list := func(states ...string) (found []string) {
		r := kmsg.NewPtrListTransactionsRequest()
		r.StateFilters = states
		answer := ask(t, admin, r)
		require.Zero(t, answer.ErrorCode)
		for _, listed := range answer.TransactionStates {
			found = append(found, listed.TransactionalID+" "+listed.TransactionState)
		}
		return found
	}
	producers := func(partition int32) []kmsg.DescribeProducersResponseTopicPartitionActiveProducer {
		r := kmsg.NewPtrDescribeProducersRequest()
		topic := kmsg.NewDescribeProducersRequestTopic()
		topic.Topic, topic.Partitions = "transfers", []int32{partition}
		r.Topics = append(r.Topics, topic)
		answer := ask(t, admin, r)
		require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
		return answer.Topics[0].Partitions[0].ActiveProducers
	}
	id, epoch, err := producer.ProducerID(testContext(t))
	require.NoError(t, err)
	d := describe("teller")
	require.Zero(t, d.ErrorCode)
	require.Equal(t, "Ongoing", d.State)
	require.Equal(t, []int64{id, int64(epoch)}, []int64{d.ProducerID, int64(d.ProducerEpoch)})
	require.Equal(t, int32(42_000), d.TimeoutMillis)
	require.Equal(t, "transfers", d.Topics[0].Topic)
	require.ElementsMatch(t, []int32{0, 1}, d.Topics[0].Partitions)
	require.Equal(t, kerr.TransactionalIDNotFound.Code, describe("nobody").ErrorCode)
	require.Equal(t, []string{"teller Ongoing"}, list())
	require.Empty(t, list("CompleteCommit"))
	open := producers(0)
	require.Len(t, open, 1)
	require.Equal(t, []int64{id, int64(epoch), 4, 0}, []int64{open[0].ProducerID, int64(open[0].ProducerEpoch), int64(open[0].LastSequence), open[0].CurrentTxnStartOffset})

	require.NoError(t, producer.EndTransaction(testContext(t), kgo.TryCommit))
	require.Equal(t, []string{"teller CompleteCommit"}, list("CompleteCommit"))
	require.Equal(t, int64(-1), producers(0)[0].CurrentTxnStartOffset)

	// A transaction of which no coordinator knows any more: its marker by hand.
	require.NoError(t, producer.BeginTransaction())
	produceAll(t, producer, "transfers", 2, 10, 20)
	hung := producers(1)[0]
	markers := kmsg.NewPtrWriteTxnMarkersRequest()
	marker := kmsg.NewWriteTxnMarkersRequestMarker()
	marker.ProducerID, marker.ProducerEpoch, marker.CoordinatorEpoch = hung.ProducerID, int16(hung.ProducerEpoch), hung.CoordinatorEpoch
	topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
	topic.Topic, topic.Partitions = "transfers", []int32{1}
	marker.Topics = append(marker.Topics, topic)
	markers.Markers = append(markers.Markers, marker)
	answer, err := admin.Request(context.Background(), markers)
	require.NoError(t, err)
	require.Zero(t, answer.(*kmsg.WriteTxnMarkersResponse).Markers[0].Topics[0].Partitions[0].ErrorCode)
	require.Equal(t, int64(-1), producers(1)[0].CurrentTxnStartOffset)
}
