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
)

// reading is one reader's fetch session with the leader of some partitions.
type reading struct {
	c         *cluster
	leader    string
	id, epoch int32
	isolation int8
}

// request names partitions of orders by their offsets.
func (r *reading) request(wait time.Duration, offsets map[int32]kafka.Offset, forget ...int32) *kmsg.FetchRequest {
	body := fetchRequest("orders", 0, 0, wait)
	body.SessionID, body.SessionEpoch, body.Topics = r.id, r.epoch, nil
	body.IsolationLevel = r.isolation
	for partition := range int32(10) {
		if at, named := offsets[partition]; named {
			body.Topics = append(body.Topics, fetchRequest("orders", partition, at, wait).Topics...)
		}
	}
	for _, partition := range forget {
		body.ForgottenTopics = append(body.ForgottenTopics, kmsg.FetchRequestForgottenTopic{Topic: "orders", Partitions: []int32{partition}})
	}
	return body
}

// fetch goes on with the session and returns the partitions that are answered.
func (r *reading) fetch(wait time.Duration, offsets map[int32]kafka.Offset, forget ...int32) []kmsg.FetchResponseTopicPartition {
	r.c.t.Helper()
	answer := r.c.call(r.leader, r.request(wait, offsets, forget...)).(*kmsg.FetchResponse)
	require.Zero(r.c.t, answer.ErrorCode)
	require.True(r.c.t, r.id == 0 || r.id == answer.SessionID || answer.SessionID == 0)
	r.id = answer.SessionID
	r.epoch++
	var answered []kmsg.FetchResponseTopicPartition
	for _, topic := range answer.Topics {
		answered = append(answered, topic.Partitions...)
	}
	return answered
}

func newReading(t *testing.T, seed uint64, partitions int32) *reading {
	c := newCluster(t, seed, map[string]string{verification: "false"})
	c.createTopic("orders", partitions, map[string]string{"min.insync.replicas": "2"})
	r := &reading{c: c, leader: c.leader("orders", 0)}
	return r
}

func (r *reading) produce(partition int32, value string) {
	r.c.t.Helper()
	answer := r.c.call(r.leader, produceRequest("orders", partition, -1, 5*time.Second, records(1, wallStart, value))).(*kmsg.ProduceResponse)
	require.Zero(r.c.t, answer.Topics[0].Partitions[0].ErrorCode)
}

// led lists the partitions that the reading's broker leads.
func (r *reading) led(of int32) []int32 {
	var led []int32
	for partition := range of {
		if r.c.leader("orders", partition) == r.leader {
			led = append(led, partition)
		}
	}
	return led
}

// An incremental answer holds what has data or moved, and nothing else.
func TestSessionsTellWhatChanged(t *testing.T) {
	r := newReading(t, 31, 9)
	led := r.led(9)
	require.GreaterOrEqual(t, len(led), 3)
	a, b, c := led[0], led[1], led[2]
	require.Len(t, r.fetch(0, map[int32]kafka.Offset{a: 0, b: 0, c: 0}), 3)
	require.Positive(t, r.id)
	require.Empty(t, r.fetch(time.Second, nil))

	r.produce(b, "v")
	answered := r.fetch(time.Second, nil)
	require.Len(t, answered, 1)
	require.Equal(t, b, answered[0].Partition)
	require.Equal(t, int64(1), answered[0].HighWatermark)
	require.NotEmpty(t, answered[0].RecordBatches)

	// The reader has not moved, so it gets the same again, until it says so.
	require.Len(t, r.fetch(time.Second, nil), 1)
	require.Empty(t, r.fetch(time.Second, map[int32]kafka.Offset{b: 1}))

	// A long poll ends when something comes.
	var late kmsg.Response
	r.c.send(r.leader, r.request(20*time.Second, nil), func(answer kmsg.Response) { late = answer })
	r.c.w.Run(r.c.w.Now().Add(time.Second))
	require.Nil(t, late)
	r.c.w.Inject("client", func(host.Node) { delete(r.c.client.conns, host.Addr(r.leader+":9092")) }) // a connection of its own
	r.produce(c, "v")
	r.c.runUntil(time.Second, "the answer", func() bool { return late != nil })
	require.Len(t, late.(*kmsg.FetchResponse).Topics, 1)
	require.Equal(t, c, late.(*kmsg.FetchResponse).Topics[0].Partitions[0].Partition)
	r.epoch++

	// What is forgotten is not told of; an error is, until it is mended.
	require.Empty(t, r.fetch(time.Second, nil, c))
	for range 2 {
		answered = r.fetch(time.Second, map[int32]kafka.Offset{a: 7})
		require.Len(t, answered, 1)
		require.Equal(t, kerr.OffsetOutOfRange.Code, answered[0].ErrorCode)
	}
	answered = r.fetch(time.Second, map[int32]kafka.Offset{a: 0})
	require.Len(t, answered, 1) // after an error the bounds are news
	require.Empty(t, r.fetch(time.Second, nil))
}

// A session at the last stable offset is at rest, whatever is appended behind it,
// and wakes when the marker that moves it is committed, not for one that moves
// nothing.
func TestSessionsWakeForMarkers(t *testing.T) {
	r := newReading(t, 36, 1)
	r.isolation = 1
	r.c.mustProduce(r.leader, transactionalProduce(11, 0, -1, transactionalRecords(7, 0, 0, "first")))
	r.c.mustProduce(r.leader, transactionalProduce(11, 0, -1, transactionalRecords(8, 0, 0, "second")))
	require.Len(t, r.fetch(0, map[int32]kafka.Offset{0: 0}), 1)

	var late *kmsg.FetchResponse
	r.c.send(r.leader, r.request(20*time.Second, nil), func(answer kmsg.Response) { late = answer.(*kmsg.FetchResponse) })
	r.c.w.Run(r.c.w.Now().Add(time.Second))
	r.c.newConnection(r.leader)
	require.NoError(t, r.c.mark(r.leader, markersRequest(8, 0, 5, true)))
	r.produce(0, "plain")
	r.c.w.Run(r.c.w.Now().Add(time.Second))
	require.Nil(t, late)
	require.NoError(t, r.c.mark(r.leader, markersRequest(7, 0, 5, false)))
	r.c.runUntil(time.Second, "the answer to the held fetch", func() bool { return late != nil })
	p := late.Topics[0].Partitions[0]
	require.Equal(t, []int64{5, 5}, []int64{p.HighWatermark, p.LastStableOffset})
	require.Equal(t, kafka.Offset(5), batch.EndOffset(p.RecordBatches))
	require.Equal(t, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7, FirstOffset: 0}}, p.AbortedTransactions)
	r.epoch++
	require.Empty(t, r.fetch(time.Second, map[int32]kafka.Offset{0: 5}))
}

// What was read goes behind the others, so that a small budget serves all.
func TestSessionsTakeTurns(t *testing.T) {
	r := newReading(t, 32, 9)
	led := r.led(9)[:3]
	offsets := map[int32]kafka.Offset{}
	for _, partition := range led {
		offsets[partition] = 0
		for range 3 {
			r.produce(partition, "v")
		}
	}
	var order []int32
	for range 9 {
		request := r.request(time.Second, offsets)
		request.MaxBytes = 1
		answer := r.c.call(r.leader, request).(*kmsg.FetchResponse)
		require.Zero(t, answer.ErrorCode)
		r.id, r.epoch = answer.SessionID, r.epoch+1
		clear(offsets)
		for _, topic := range answer.Topics {
			for _, p := range topic.Partitions {
				if len(p.RecordBatches) > 0 {
					order = append(order, p.Partition)
					offsets[p.Partition] = kafka.Offset(len(order)-1)/3 + 1
				}
			}
		}
	}
	require.Equal(t, append(append(append([]int32{}, led...), led...), led...), order)
}

func TestSessionErrors(t *testing.T) {
	r := newReading(t, 33, 3)
	mine := r.led(3)[0]
	code := func(change func(*kmsg.FetchRequest)) int16 {
		request := r.request(0, nil)
		change(request)
		answer := r.c.call(r.leader, request).(*kmsg.FetchResponse)
		require.Empty(t, answer.Topics)
		return answer.ErrorCode
	}
	r.fetch(0, map[int32]kafka.Offset{mine: 0})
	require.Equal(t, kerr.FetchSessionIDNotFound.Code, code(func(q *kmsg.FetchRequest) { q.SessionID++ }))
	require.Equal(t, kerr.InvalidFetchSessionEpoch.Code, code(func(q *kmsg.FetchRequest) { q.SessionEpoch++ }))
	require.Equal(t, kerr.FetchSessionTopicIDError.Code, code(func(q *kmsg.FetchRequest) { q.Version = 13 }))
	require.Empty(t, r.fetch(0, nil)) // none of them has harmed it

	// Its last partition forgotten, it is gone.
	require.Empty(t, r.fetch(0, nil, mine))
	require.Zero(t, r.id)

	// A full fetch closes the session that it names.
	r.epoch = 0
	r.fetch(0, map[int32]kafka.Offset{mine: 0})
	closed := r.id
	r.epoch = -1
	require.Len(t, r.fetch(0, map[int32]kafka.Offset{mine: 0}), 1)
	require.Zero(t, r.id)
	require.Equal(t, kerr.FetchSessionIDNotFound.Code, code(func(q *kmsg.FetchRequest) { q.SessionID, q.SessionEpoch = closed, 1 }))
}

// A reader that goes on over another connection, while its fetch is held, gets
// the session; what waits is told.
func TestSessionsGoOnElsewhere(t *testing.T) {
	r := newReading(t, 34, 1)
	r.fetch(0, map[int32]kafka.Offset{0: 0})
	var former kmsg.Response
	r.c.send(r.leader, r.request(20*time.Second, nil), func(answer kmsg.Response) { former = answer })
	r.c.w.Run(r.c.w.Now().Add(time.Second))
	require.Nil(t, former)
	r.c.w.Inject("client", func(host.Node) { delete(r.c.client.conns, host.Addr(r.leader+":9092")) })
	r.epoch++
	require.Empty(t, r.fetch(time.Second, nil))
	require.NotNil(t, former)
	require.Equal(t, kerr.InvalidFetchSessionEpoch.Code, former.(*kmsg.FetchResponse).ErrorCode)
}

// Followers that have nothing to fetch for longer than the lag time stay in sync:
// their sessions speak for them. One that is cut off leaves.
func TestRestingFollowersStayInSync(t *testing.T) {
	c := newCluster(t, 35, map[string]string{"replica.lag.time.max.ms": "3000"})
	c.createTopic("orders", 3, map[string]string{"min.insync.replicas": "2"})
	leader := c.leader("orders", 0)
	produce := func() {
		answer := c.call(leader, produceRequest("orders", 0, -1, 5*time.Second, records(1, wallStart, "v"))).(*kmsg.ProduceResponse)
		require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
	}
	for range 5 {
		produce()
		c.w.Run(c.w.Now().Add(10 * time.Second))
	}
	require.Zero(t, c.counts["isr_shrink_proposed"])
	b := c.broker(leader)
	v, _ := b.Partition(kafka.TopicPartition{Topic: "orders"})
	require.Len(t, v.ISR, 3)

	var follower string
	for _, name := range c.brokers {
		if name != leader {
			follower = name
		}
	}
	defer c.w.Cut([]string{follower}, []string{leader}).Heal()
	before := c.w.Now()
	produce()
	require.Less(t, c.w.Now().Sub(before), 5*time.Second)
	v, _ = b.Partition(kafka.TopicPartition{Topic: "orders"})
	require.Len(t, v.ISR, 2)
}
