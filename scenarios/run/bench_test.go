package run

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/scenarios/format"
)

// BenchmarkStandardScenario is 60 simulated seconds of 2,000 records a second
// with history, digest and all claims: the CPU time of one acknowledged record,
// everything included.
func BenchmarkStandardScenario(b *testing.B) { benchmarkScenario(b, "standard") }

// BenchmarkFullBatches is the same for a closed loop, whose batches are full:
// the least that a record costs.
func BenchmarkFullBatches(b *testing.B) { benchmarkScenario(b, "full-batches") }

// benchmarkScenario runs a scenario of testdata/bench from its file to its
// verdicts. It reports CPU time, the system's and the garbage collector's
// included: what other programs take from the machine does not count.
func benchmarkScenario(b *testing.B, name string) {
	text, err := os.ReadFile("../../testdata/bench/" + name + ".yaml")
	require.NoError(b, err)
	file, diagnostics := format.Load(format.Source{Name: name, Text: text}, format.Options{})
	require.NotNil(b, file, diagnostics.String())
	var records, events int64
	collectSeldom(b)
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		outcome, err := Simulate(&file.Base, 1, nil, Options{})
		require.NoError(b, err)
		for _, claim := range outcome.Claims {
			require.Equal(b, checkers.Holds, claim.Verdict, "%s: %s", claim.Claim, claim.Reason)
		}
		records += outcome.Exercise[RecordsAcknowledged]
		events += int64(outcome.Events)
	}
	took := processorTime(b) - before
	b.ReportMetric(took.Seconds()*1e6/float64(records), "cpu-us/record")
	b.ReportMetric(float64(events)/took.Seconds()/1e6, "Mevents/cpu-s")
}

// growing is a scenario of one load on clusters of any size.
const growing = `
version: 1
name: growing
cluster: {brokers: %d, controllers: 3}
topics:
  orders: {partitions: %d, replication_factor: %d, config: {min.insync.replicas: 1}}
workload:
  duration: %ds
  drain: 2s
  producers:
    web: {topic: orders, rate: 2000/s, value: {size: 100B}, config: {acks: all, request.timeout.ms: 1000, delivery.timeout.ms: 2000}}
  consumers:
    reader: {topics: [orders], config: {auto.offset.reset: earliest}}
claims:
  no-loss: {expect: holds}
`

// BenchmarkGrowth is what an event costs when the cluster grows, and a world's
// memory: the largest heap seen while it ran, by a look every half of a
// simulated second.
func BenchmarkGrowth(b *testing.B) {
	for _, size := range []struct{ brokers, partitions int }{{1, 6}, {3, 6}, {5, 6}, {15, 6}, {3, 60}, {3, 500}, {15, 500}} {
		b.Run(fmt.Sprintf("brokers=%d/partitions=%d", size.brokers, size.partitions), func(b *testing.B) {
			s := load(b, fmt.Sprintf(growing, size.brokers, size.partitions, min(3, size.brokers), 10))
			var events, peak uint64
			collectSeldom(b)
			runtime.GC()
			heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}} // read without stopping the program
			look := func() bool {
				metrics.Read(heap)
				peak = max(peak, heap[0].Value.Uint64())
				return false
			}
			before := processorTime(b)
			for b.Loop() {
				outcome, err := Simulate(&s, 1, nil, Options{Stop: look})
				require.NoError(b, err)
				require.False(b, outcome.Violating())
				events += outcome.Events
			}
			took := processorTime(b) - before
			b.ReportMetric(float64(took.Nanoseconds())/float64(events), "cpu-ns/event")
			b.ReportMetric(float64(events)/float64(b.N), "events")
			b.ReportMetric(float64(peak)/(1<<20), "MiB")
		})
	}
}

// BenchmarkGrowthByTurns is the CPU time of an event at the large end against
// the small one, both runs one after the other: the median of their ratios holds
// on a machine whose speed changes from second to second. A short run is mostly
// its beginning, the making of all replicas; a long one is its events.
func BenchmarkGrowthByTurns(b *testing.B) {
	for _, seconds := range []int{10, 30} {
		for _, large := range []struct{ brokers, partitions int }{{3, 500}, {15, 6}, {15, 500}} {
			b.Run(fmt.Sprintf("seconds=%d/brokers=%d/partitions=%d", seconds, large.brokers, large.partitions), func(b *testing.B) {
				small := load(b, fmt.Sprintf(growing, 3, 6, 3, seconds))
				grown := load(b, fmt.Sprintf(growing, large.brokers, large.partitions, 3, seconds))
				var ratios []float64
				collectSeldom(b)
				for b.Loop() {
					ratios = append(ratios, timeOfEvent(b, &grown)/timeOfEvent(b, &small))
				}
				slices.Sort(ratios)
				b.ReportMetric(ratios[len(ratios)/2], "times-3/6")
			})
		}
	}
}

// collectSeldom measures under the collector's setting of the command line,
// unless GOGC is set.
func collectSeldom(b *testing.B) {
	if os.Getenv("GOGC") == "" {
		former := debug.SetGCPercent(CollectorPercent)
		b.Cleanup(func() { debug.SetGCPercent(former) })
	}
}

// timeOfEvent runs a scenario and returns the nanoseconds of CPU time of an event.
func timeOfEvent(b *testing.B, s *format.Scenario) float64 {
	before := processorTime(b)
	outcome, err := Simulate(s, 1, nil, Options{})
	require.NoError(b, err)
	return float64(processorTime(b)-before) / float64(outcome.Events)
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
