package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
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
