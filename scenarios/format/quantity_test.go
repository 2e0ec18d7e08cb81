package format

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func slicesSort[T any](list []T, name func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(name(a), name(b)) })
}

func TestQuantities(t *testing.T) {
	for _, c := range []struct {
		dimension dimension
		text      string
		value     int64
		printed   string
	}{
		{timeDimension, "30s", 30e9, "30s"},
		{timeDimension, "300us", 300e3, "300us"},
		{timeDimension, "300µs", 300e3, "300us"},
		{timeDimension, "1.5s", 1.5e9, "1500ms"},
		{timeDimension, "2min", 120e9, "120s"},
		{timeDimension, "1h", 3600e9, "3600s"},
		{timeDimension, "0s", 0, "0s"},
		{timeDimension, "0.000001s", 1000, "1us"},
		{rateDimension, "500/s", 500_000, "500/s"},
		{rateDimension, "0.5/s", 500, "0.5/s"},
		{rateDimension, "12.345/s", 12_345, "12.345/s"},
		{sizeDimension, "1KiB", 1024, "1KiB"},
		{sizeDimension, "1.5KiB", 1536, "1536B"},
		{sizeDimension, "1kB", 1000, "1kB"},
		{sizeDimension, "3GiB", 3 << 30, "3GiB"},
		{bandwidthDimension, "10Gbit/s", 1_250_000_000, "10Gbit/s"},
		{bandwidthDimension, "500MiB/s", 500 << 20, "500MiB/s"},
		{bandwidthDimension, "7B/s", 7, "7B/s"},
	} {
		value, err := c.dimension.parse(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.value, value, c.text)
		require.Equal(t, c.printed, c.dimension.print(value), c.text)
		again, err := c.dimension.parse(c.printed)
		require.NoError(t, err)
		require.Equal(t, c.value, again)
	}
}

func TestQuantitiesRefuse(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `such as 30s, not ""`,
		"30":                 "with its unit: 30ns, 30us, 30ms or 30s",
		"-1s":                "such as 30s",
		"1e3s":               "not \"1e3s\"",
		".5s":                "such as 30s",
		"1s2ms":              "such as 30s",
		"0.1ns":              "a whole number of the smallest unit",
		"99999999999999999h": "out of range",
		"3seconds":           "did you mean 3s?",
		"10 S":               "did you mean 10s?",
	} {
		_, err := timeDimension.parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestRates(t *testing.T) {
	rate, err := parseRate("max")
	require.NoError(t, err)
	require.Equal(t, RateMax, rate)
	require.Equal(t, "max", rate.String())
	require.Zero(t, rate.Interval())
	rate, err = parseRate("3/s")
	require.NoError(t, err)
	require.Equal(t, time.Duration(333_333_333), rate.Interval())
	for _, wrong := range []string{"0/s", "500", "fast", "99999999999999/s"} {
		_, err := parseRate(wrong)
		require.Error(t, err, wrong)
	}
}

func TestThresholdsCompareInBaseUnits(t *testing.T) {
	metrics := map[string]int64{"e2e_latency.p99": 250e6, "lag.final": 0, "throughput.produced": 499}
	for text, met := range map[string]bool{
		"e2e_latency.p99 < 250ms":      false,
		"e2e_latency.p99<=250ms":       true,
		"lag.final == 0":               true,
		"lag.final != 0":               false,
		"throughput.produced >= 500/s": false,
		"throughput.produced > 498/s":  true,
	} {
		threshold, err := ParseThreshold(text)
		require.NoError(t, err, text)
		result := threshold.Evaluate(metrics)
		require.True(t, result.Known)
		require.Equal(t, met, result.Met, text)
	}
	threshold, err := ParseThreshold("loss.records == 0")
	require.NoError(t, err)
	require.Equal(t, Result{Threshold: threshold}, threshold.Evaluate(metrics))
}

func TestEveryMetricPrintsAndParses(t *testing.T) {
	for _, metric := range Metrics {
		threshold := Threshold{metric.Name, Comparison{AtMost, 12}}
		again, err := ParseThreshold(threshold.String())
		require.NoError(t, err)
		require.Equal(t, threshold, again)
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]uint64{"0xC0FFEE": 0xc0ffee, "12": 12, "0": 0, "18446744073709551615": 1<<64 - 1, "0xffffffffffffffff": 1<<64 - 1, "010": 10} {
		seed, err := ParseSeed(text)
		require.NoError(t, err, text)
		require.Equal(t, want, seed)
		again, err := ParseSeed(PrintSeed(seed))
		require.NoError(t, err)
		require.Equal(t, seed, again)
	}
	for _, wrong := range []string{"", "-1", "0x", "1.5", "18446744073709551616", "abc"} {
		_, err := ParseSeed(wrong)
		require.Error(t, err, wrong)
	}
	require.Equal(t, []uint64{1<<64 - 1, 0}, Seeds{Base: 1<<64 - 1, Count: 2}.All())
}

func TestFieldsOfPayloads(t *testing.T) {
	line := []byte(`{"origin": "SFO", "delay": -5, "nothing": null}`)
	for field, want := range map[string]string{"origin": "SFO", "delay": "-5", "nothing": "null"} {
		key, err := FieldOf(line, field)
		require.NoError(t, err)
		require.Equal(t, want, string(key))
	}
	_, err := FieldOf(line, "destination")
	require.ErrorContains(t, err, "has no field")
	_, err = FieldOf([]byte("[1]"), "x")
	require.ErrorContains(t, err, "not a JSON object")
	require.Equal(t, [][]byte{[]byte("a"), []byte("b")}, SplitLines([]byte("a\r\n\nb")))
}
