package compare

import (
	"testing"

	"github.com/stretchr/testify/require"

	"assay/scenarios/format"
)

func metricNamed(t *testing.T, name string) format.Metric {
	t.Helper()
	for _, m := range format.Metrics {
		if m.Name == name {
			return m
		}
	}
	require.Fail(t, "no such metric", name)
	return format.Metric{}
}

func TestThresholds(t *testing.T) {
	const missing = -1
	for _, c := range []struct {
		threshold, metric string
		base, new         int64
		holds             bool
	}{
		{"e2e_latency.p99 +5%", "e2e_latency.p99", 100, 105, true}, // just so
		{"e2e_latency.p99 +5%", "e2e_latency.p99", 100, 106, false},
		{"e2e_latency.p99 +5%", "e2e_latency.p99", 100, 1, true}, // better is fine
		{"e2e_latency.p99 +0.1%", "e2e_latency.p99", 3_000_000_000, 3_003_000_000, true},
		{"e2e_latency.p99 +0.1%", "e2e_latency.p99", 3_000_000_000, 3_003_000_001, false}, // a nanosecond counts
		{"e2e_latency.p99 +10ms", "e2e_latency.p99", 5, 10_000_005, true},
		{"e2e_latency.p99 +10ms", "e2e_latency.p99", 5, 10_000_006, false},
		{"throughput.produced -2%", "throughput.produced", 1000, 980, true},
		{"throughput.produced -2%", "throughput.produced", 1000, 979, false},
		{"throughput.produced -2%", "throughput.produced", 1000, 2000, true},
		{"throughput.produced -50/s", "throughput.produced", 1000, 949, false},
		{"lag.max 10", "lag.max", 20, 30, true},
		{"lag.max 10", "lag.max", 20, 31, false},
		{"lag.max 10", "lag.max", 20, 9, false}, // either way
		{"lag.max +5%", "lag.max", 0, 1, false}, // five percent of nothing
		{"lag.max +5%", "lag.max", 0, 0, true},
		{"lag.max < 10", "lag.max", 0, 9, true},
		{"lag.max < 10", "lag.max", 0, 10, false},
		{"lag.max +5%", "lag.max", 1, missing, false}, // only a real pass passes
		{"lag.max +5%", "lag.max", missing, 1, false},
		{"lag.* +5%", "lag.max", missing, missing, true},
		{"lag.* +5%", "lag.max", 1, missing, false},
		{"lag.max +5%", "lag.max", missing, missing, false},
	} {
		threshold, err := ParseThreshold(c.threshold)
		require.NoError(t, err, c.threshold)
		require.True(t, threshold.matches(c.metric), c.threshold)
		value := func(n int64) *int64 {
			if n == missing {
				return nil
			}
			return &n
		}
		crossed := threshold.crossed(metricNamed(t, c.metric), value(c.base), value(c.new))
		require.Equal(t, c.holds, crossed == "", "%s with %d and %d: %q", c.threshold, c.base, c.new, crossed)
	}
}

func TestThresholdsThatMeanNothing(t *testing.T) {
	for text, complaint := range map[string]string{
		"":                        "a metric and how far",
		"e2e_latency.p99":         "a metric and how far",
		"e2e_latency.p98 +5%":     "did you mean e2e_latency.p9", // or p99: both are near
		"speed.* +5%":             "a known metric",
		"e2e_latency.p99 +5":      "in its unit such as",
		"lag.max +5ms":            "in its unit such as",
		"lag.max +-5":             "in its unit such as",
		"e2e_latency.* +5/s":      "e2e_latency.p50",
		"e2e_latency.p99 < 5":     "a comparison with",
		"e2e_latency.p99 +5% now": "a metric and how far",
	} {
		_, err := ParseThreshold(text)
		require.ErrorContains(t, err, complaint, text)
	}
}

func TestChangeIsToldToATenth(t *testing.T) {
	number := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		base, new *int64
		says      string
	}{
		{number(1000), number(1050), "+5.0 %"}, {number(1000), number(999), "-0.1 %"}, {number(100_000), number(100_001), "+<0.1 %"},
		{number(3), number(2), "-33.3 %"}, {number(1 << 40), number(3 << 60), "+314572700.0 %"},
		{number(0), number(7), "+7 records"}, {nil, number(1), "-"}, {number(1), nil, "-"}, {number(5), number(5), "="},
	} {
		require.Equal(t, c.says, MetricChange{Unit: "records", Base: c.base, New: c.new}.change())
	}
}
