package workload_test

import (
	"testing"
	"time"

	"assay/scenarios/workload"
	"assay/sim"
)

// BenchmarkRecord is the cost of one acknowledged record in a quiet run, all
// included: producer, three brokers, replication, consumer, history.
func BenchmarkRecord(b *testing.B) {
	t := &testing.T{}
	records := uint64(0)
	for b.Loop() {
		r := newRun(t, 1, 30*time.Second, nil)
		r.pass(31 * time.Second)
		records += r.metrics.Acknowledged
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}

// BenchmarkFullBatches is the same with the producer in a closed loop, so that
// batches of 100-byte records are full.
func BenchmarkFullBatches(b *testing.B) {
	t := &testing.T{}
	records := uint64(0)
	for b.Loop() {
		r := newRunWith(t, sim.Config{Seed: 1}, 5*time.Second, nil, workload.Load{Arrival: workload.ClosedLoop, Window: 4000})
		r.pass(6 * time.Second)
		records += r.metrics.Acknowledged
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
}
