package reports

import (
	"bytes"
	"strings"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"
)

// Standard tools read latency.hlog, and find in it what was counted.
func TestLatencyIsAnHDRLog(t *testing.T) {
	run := expectedRun()
	run.Result.Variants[1].Name = "weak, acks"
	log := Latency(run.Result)
	require.Equal(t, log, Latency(run.Result))
	require.True(t, strings.HasPrefix(string(log), "#[Histogram log format version 1.3]\n"))
	require.Contains(t, string(log), "#[StartTime: 0 ")
	reader := hdr.NewHistogramLogReader(bytes.NewReader(log))
	for _, v := range run.Result.Variants {
		for _, d := range v.Distributions {
			h, err := reader.NextIntervalHistogram()
			require.NoError(t, err)
			require.Equal(t, variantInName(v.Name)+"/"+d.Name, h.Tag())
			require.EqualValues(t, 0, h.StartTimeMs())
			require.EqualValues(t, v.Measured/1e6, h.EndTimeMs())
			var all uint64
			for _, bucket := range d.Counts {
				all += bucket.Count
			}
			require.EqualValues(t, all, h.TotalCount())
			require.InEpsilon(t, d.Counts[1].UpTo, h.Max(), 0.001)
			require.InEpsilon(t, d.Counts[0].UpTo, h.Min(), 0.001)
		}
	}
	last, err := reader.NextIntervalHistogram()
	require.NoError(t, err)
	require.Nil(t, last)
}
