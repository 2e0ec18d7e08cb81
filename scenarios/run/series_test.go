package run

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/scenarios/result"
	"assay/scenarios/workload"
)

// TestSeriesChangesNothing: a run that is told comes out as one that is not.
func TestSeriesChangesNothing(t *testing.T) {
	s := load(t, small)
	silent, err := Simulate(&s, 1, nil, Options{})
	require.NoError(t, err)
	told, err := Simulate(&s, 1, nil, Options{Tell: &Tell{}})
	require.NoError(t, err)
	require.Nil(t, silent.Series)
	require.Equal(t, silent.Digest, told.Digest)
	require.Equal(t, silent.Events, told.Events)
	require.Equal(t, silent.Metrics, told.Metrics)
	require.Equal(t, silent.Exercise, told.Exercise)
}

// TestSeries: the buckets add up to what the run's metrics say.
func TestSeries(t *testing.T) {
	s := load(t, small)
	o, err := Simulate(&s, 1, nil, Options{Tell: &Tell{}})
	require.NoError(t, err)
	series, metrics := o.Series, o.Metrics
	sum := func(counts []int64) (total uint64) {
		for _, n := range counts {
			total += uint64(n)
		}
		return total
	}
	buckets := len(series.Sent)
	require.InDelta(t, 200, buckets, 80)
	require.InDelta(t, int64(o.End), int64(buckets)*series.Bucket, float64(series.Bucket))
	for _, values := range [][]int64{series.Acknowledged, series.Delivered, series.Produce.P50, series.Produce.P99, series.Produce.Max,
		series.EndToEnd.P50, series.EndToEnd.P99, series.EndToEnd.Max, series.Lag[0].Values} {
		require.Len(t, values, buckets)
	}
	require.Equal(t, metrics.Sent, sum(series.Sent))
	require.Equal(t, metrics.Acknowledged, sum(series.Acknowledged))
	require.Equal(t, metrics.Consumed, sum(series.Delivered))
	require.Equal(t, int64(metrics.Produce.Max()), slices.Max(series.Produce.Max))
	require.Equal(t, int64(metrics.EndToEnd.Max()), slices.Max(series.EndToEnd.Max))
	for i, p50 := range series.Produce.P50 {
		require.Equal(t, series.Acknowledged[i] == 0, p50 == -1)
		require.LessOrEqual(t, p50, series.Produce.P99[i])
		require.LessOrEqual(t, series.Produce.P99[i], series.Produce.Max[i])
	}
	require.Equal(t, int64(0), series.WarmupEnd)
	require.Equal(t, int64(10*time.Second), series.LoadEnd)
	require.Equal(t, int64(25*time.Second), series.DrainEnd)
}

// TestSeriesShowsTheKill: the partition whose leader is killed has none until the
// broker's session has run out, then another, and gets its replica back.
func TestSeriesShowsTheKill(t *testing.T) {
	s := load(t, small)
	o, err := Simulate(&s, 1, nil, Options{Tell: &Tell{}})
	require.NoError(t, err)
	require.Equal(t, []string{"reader orders/0", "reader orders/1"}, []string{o.Series.Lag[0].Name, o.Series.Lag[1].Name})
	require.Len(t, o.Series.Partitions, 2)
	killed := o.Faults[0].Names()[0]
	lane := o.Series.Partitions[0]
	require.Equal(t, "orders/0", lane.Name)
	require.Len(t, lane.Replicas, 3)
	require.Equal(t, killed, lane.Leaders[0].Broker)
	require.Equal(t, int64(3*time.Second), lane.Leaders[0].To)
	require.Greater(t, lane.Leaders[1].From, int64(5*time.Second))
	require.NotEqual(t, killed, lane.Leaders[1].Broker)
	require.Greater(t, lane.Leaders[1].Epoch, lane.Leaders[0].Epoch)
	end := int64(o.End)
	for _, lane := range o.Series.Partitions {
		requireInOrder(t, lane, end)
		require.Len(t, lane.ISR[0].Members, 3)
		require.Len(t, lane.ISR[1].Members, 2)
		require.NotContains(t, lane.ISR[1].Members, killed)
		require.Len(t, lane.ISR[len(lane.ISR)-1].Members, 3)
	}
	lag := o.Series.Lag[0].Values
	require.Positive(t, slices.Max(lag), "the consumer falls behind while nobody leads or it has not found the leader")
	require.Zero(t, lag[len(lag)-1])
}

func requireInOrder(t *testing.T, lane result.PartitionLane, end int64) {
	t.Helper()
	at := int64(0)
	for _, span := range lane.Leaders {
		require.GreaterOrEqual(t, span.From, at)
		require.Greater(t, span.To, span.From)
		at = span.To
	}
	require.Equal(t, end, at)
	at = 0
	for _, span := range lane.ISR {
		require.Equal(t, at, span.From, "an ISR follows the other without a gap")
		require.Greater(t, span.To, span.From)
		at = span.To
	}
	require.Equal(t, end, at)
}

func TestBucketFor(t *testing.T) {
	for length, bucket := range map[time.Duration]time.Duration{
		0:                10 * time.Millisecond,
		time.Second:      10 * time.Millisecond,
		25 * time.Second: 100 * time.Millisecond,
		37 * time.Second: 200 * time.Millisecond,
		time.Minute:      250 * time.Millisecond,
		time.Hour:        20 * time.Second,
		1<<63 - 1:        bucketFor(1<<63 - 1), // ends
	} {
		require.Equal(t, bucket, bucketFor(length), length)
	}
}

func TestDistribution(t *testing.T) {
	var h workload.Histogram
	require.Empty(t, Distribution("produce", &h).Counts)
	for _, d := range []time.Duration{time.Millisecond, time.Millisecond, 7 * time.Second} {
		h.Record(d)
	}
	d := Distribution("produce", &h)
	require.Equal(t, "produce", d.Name)
	require.Len(t, d.Counts, 2)
	require.Equal(t, uint64(2), d.Counts[0].Count)
	require.InEpsilon(t, int64(time.Millisecond), d.Counts[0].UpTo, 0.04)
	require.Equal(t, result.DistributionBucket{UpTo: int64(7 * time.Second), Count: 1}, d.Counts[1])
}

// BenchmarkTold is the run of BenchmarkStandardScenario with and without its
// series, one after the other: what gathering costs.
func BenchmarkTold(b *testing.B) {
	text, err := os.ReadFile("../../testdata/bench/standard.yaml")
	require.NoError(b, err)
	s := load(b, string(text))
	var took [2]time.Duration
	for b.Loop() {
		for i, tell := range []*Tell{nil, {}} {
			before := processorTime(b)
			_, err := Simulate(&s, 1, nil, Options{Tell: tell})
			require.NoError(b, err)
			took[i] += processorTime(b) - before
		}
	}
	b.ReportMetric(took[0].Seconds()*1e3/float64(b.N), "cpu-ms/silent")
	b.ReportMetric(took[1].Seconds()*1e3/float64(b.N), "cpu-ms/told")
}
