package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/sim"
)

// pipeline is one client that keeps a number of produces in flight.
type pipeline struct {
	c        *cluster
	leader   string
	request  *kmsg.ProduceRequest
	inFlight int
	done     int
	failed   int
}

func newPipeline(t testing.TB, batchRecords int) *pipeline {
	c := newClusterIn(t, sim.Config{Seed: 7}, nil)
	c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
	value := make([]byte, 100)
	return &pipeline{c: c, leader: c.leader("orders", 0),
		request: produceRequest("orders", 0, -1, 30*time.Second, records(batchRecords, wallStart, string(value)))}
}

// run sends n requests, five in flight, and waits for all answers.
func (p *pipeline) run(n int) {
	target := p.done + n
	left := n
	var send func()
	send = func() {
		left--
		p.inFlight++
		p.c.client.send(host.Addr(p.leader+":9092"), p.request, func(r kmsg.Response) {
			p.inFlight--
			p.done++
			if r == nil || r.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode != 0 {
				p.failed++
			}
			if left > 0 {
				send()
			}
		})
	}
	p.c.w.Inject("client", func(host.Node) {
		for range min(5, n) {
			send()
		}
	})
	for p.done < target {
		p.c.w.Step()
	}
}

// A produce costs a constant number of allocations over the whole cluster,
// replication, the client and the world included, and none per record.
func TestAllocationsPerProduce(t *testing.T) {
	measure := func(batchRecords int) float64 {
		p := newPipeline(t, batchRecords)
		p.run(500) // buffers grow
		allocations := testing.AllocsPerRun(20, func() { p.run(50) }) / 50
		require.Zero(t, p.failed)
		return allocations
	}
	one, many := measure(1), measure(160)
	t.Log("allocations per produce:", one, "with 1 record,", many, "with 160 records")
	require.Less(t, many, one+5)
	require.Less(t, one, 150.0)
}

// ask sends a request and steps the world until it is answered, no further.
func (c *cluster) ask(to string, r kmsg.Request) (answer kmsg.Response) {
	c.send(to, r, func(r kmsg.Response) { answer = r })
	for answer == nil {
		c.w.Step()
	}
	return answer
}

// A produce in a transaction, and a fetch of committed records, cost as much
// for a batch of 160 records as for one record.
func TestAllocationsInTransactions(t *testing.T) {
	const batches = 400
	measure := func(batchRecords int) (produce, fetch float64) {
		c := newClusterIn(t, sim.Config{Seed: 7}, nil)
		c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
		leader := c.leader("orders", 0)
		p := c.transactional("transfers")
		p.init()
		var requests []*kmsg.ProduceRequest
		for i := range batches {
			var b batch.Builder
			b.Reset(nil)
			for range batchRecords {
				b.Append(wallStart, nil, make([]byte, 100), nil)
			}
			b.SetProducer(p.producer.ID, p.producer.Epoch, kafka.Sequence(i*batchRecords))
			b.SetTransactional()
			requests = append(requests, transactionalProduce(12, 0, -1, b.Finish()))
		}
		send := func(n int) {
			for range n {
				answer := c.ask(leader, requests[0]).(*kmsg.ProduceResponse)
				require.Zero(t, answer.Topics[0].Partitions[0].ErrorCode)
				requests = requests[1:]
			}
		}
		send(batches / 2) // the transaction begins, buffers grow
		produce = testing.AllocsPerRun(1, func() { send(batches / 4) }) / (batches / 4)
		require.Zero(t, p.end(true))
		c.runUntil(time.Second, "the marker", func() bool { return c.latest(leader, 1) == int64(batches*batchRecords+1) })
		fetch = testing.AllocsPerRun(100, func() {
			partition := c.ask(leader, readCommittedFrom(0, 0)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
			require.NotEmpty(t, partition.RecordBatches)
		})
		return produce, fetch
	}
	produceOne, fetchOne := measure(1)
	produceMany, fetchMany := measure(160)
	t.Log("allocations per produce in a transaction:", produceOne, "with 1 record,", produceMany, "with 160; per fetch of committed records:", fetchOne, fetchMany)
	require.Less(t, produceMany, produceOne+5)
	require.Less(t, produceOne, 150.0)
	require.Less(t, fetchMany, fetchOne+5)
	require.Less(t, fetchOne, 60.0)
}

// What groups and transactions ask costs the same number of allocations however
// often it was asked before.
func TestAllocationsOfCoordinators(t *testing.T) {
	c := newClusterIn(t, sim.Config{Seed: 7}, nil)
	topic := c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)

	groups := c.findCoordinator("billing")
	m := c.member("classic")
	classic := c.findCoordinator("classic")
	require.Zero(t, m.joins(classic).ErrorCode)
	require.Zero(t, m.syncs(classic, map[*member]int32{m: 0}).ErrorCode)
	beat := kmsg.NewPtrHeartbeatRequest()
	beat.Version, beat.Group, beat.MemberID, beat.Generation = 4, m.group, m.id, m.generation

	consumer := c.consumerMember("a", topic)
	consumer.group = "consumers"
	consumers := c.findCoordinator("consumers")
	require.Zero(t, consumer.beats(consumers))
	require.Zero(t, consumer.beats(consumers))

	p := c.transactional("transfers")
	p.init()
	transactions := p.coordinator()
	add := kmsg.NewPtrAddPartitionsToTxnRequest()
	add.Version, add.TransactionalID, add.ProducerID, add.ProducerEpoch = 3, p.id, int64(p.producer.ID), int16(p.producer.Epoch)
	added := kmsg.NewAddPartitionsToTxnRequestTopic()
	added.Topic, added.Partitions = "orders", []int32{0}
	add.Topics = append(add.Topics, added)
	p.v1 = true // keeps its epoch
	end := p.endRequest(true)

	offsets := kmsg.NewPtrTxnOffsetCommitRequest()
	q := c.transactional("offsets")
	q.init()
	offsets.Version, offsets.TransactionalID, offsets.Group, offsets.ProducerID, offsets.ProducerEpoch = 5, q.id, "billing", int64(q.producer.ID), int16(q.producer.Epoch)
	committed := kmsg.NewTxnOffsetCommitRequestTopic()
	committed.Topic = "orders"
	committed.Partitions = append(committed.Partitions, kmsg.NewTxnOffsetCommitRequestTopicPartition())
	offsets.Topics = append(offsets.Topics, committed)

	for _, test := range []struct {
		name string
		most float64
		ask  func() int16
	}{
		{"OffsetCommit", 100, func() int16 { return commitCode(c.ask(groups, commitRequest("billing", "orders", 0, 1))) }},
		{"Heartbeat", 25, func() int16 { return c.ask(classic, beat).(*kmsg.HeartbeatResponse).ErrorCode }},
		{"ConsumerGroupHeartbeat", 60, func() int16 {
			return c.ask(consumers, consumer.request()).(*kmsg.ConsumerGroupHeartbeatResponse).ErrorCode
		}},
		{"TxnOffsetCommit", 100, func() int16 {
			return c.ask(groups, offsets).(*kmsg.TxnOffsetCommitResponse).Topics[0].Partitions[0].ErrorCode
		}},
		{"WriteTxnMarkers", 100, func() int16 {
			return c.ask(leader, markersRequest(77, 0, 5, true)).(*kmsg.WriteTxnMarkersResponse).Markers[0].Topics[0].Partitions[0].ErrorCode
		}},
		{"AddPartitionsToTxn and EndTxn", 600, func() int16 {
			code := c.ask(transactions, add).(*kmsg.AddPartitionsToTxnResponse).Topics[0].Partitions[0].ErrorCode
			if code == 0 {
				code = c.ask(transactions, end).(*kmsg.EndTxnResponse).ErrorCode
			}
			c.w.Run(c.w.Now().Add(50 * time.Millisecond)) // the marker and the end of the transaction
			return code
		}},
	} {
		ask := func(n int) {
			for range n {
				require.Zero(t, test.ask(), test.name)
			}
		}
		ask(300)
		soon := testing.AllocsPerRun(1, func() { ask(200) }) / 200
		ask(1000)
		late := testing.AllocsPerRun(1, func() { ask(200) }) / 200
		t.Log(test.name+":", soon, "allocations, a thousand later", late)
		require.InDelta(t, soon, late, 5+soon/10, test.name)
		require.Less(t, soon, test.most, test.name)
	}
}

// The whole cluster: three brokers, replication to acks=all, the world.
func BenchmarkProduceFullBatches(b *testing.B) { benchmarkProduce(b, 160) }
func BenchmarkProduceOneRecord(b *testing.B)   { benchmarkProduce(b, 1) }

func benchmarkProduce(b *testing.B, batchRecords int) {
	p := newPipeline(b, batchRecords)
	p.run(200)
	b.ReportAllocs()
	b.SetBytes(int64(batchRecords) * 100)
	b.ResetTimer()
	p.run(b.N)
	b.StopTimer()
	require.Zero(b, p.failed)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batchRecords), "ns/record")
}
