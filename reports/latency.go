package reports

import (
	"bytes"
	"fmt"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"assay/scenarios/result"
)

// latencyDigits is the precision of latency.hlog: finer than that of the
// histograms it is written from, so that it adds no error that shows.
const latencyDigits = 3

// longestLatency bounds what an HDR histogram must be able to hold.
const longestLatency = 1 << 43 // nanoseconds, two and a half hours

// Latency writes latency.hlog in the log format of HdrHistogram, version 1.3: one
// interval for each variant and latency, tagged VARIANT/produce or VARIANT/e2e,
// in nanoseconds. An interval starts at 0 and lasts as long as the measured load
// of all seeds together, so that its rate is that of a run.
func Latency(r result.Result) []byte {
	var out bytes.Buffer
	log := hdr.NewHistogramLogWriter(&out)
	must := func(err error) {
		if err != nil {
			panic(fmt.Sprintf("reports: a histogram of numbers does not encode: %v", err))
		}
	}
	must(log.OutputLogFormatVersion())
	must(log.OutputComment(" Latencies in nanoseconds of simulated time, from the intended time of a send; Tag=VARIANT/produce or VARIANT/e2e."))
	must(log.OutputStartTime(0))
	must(log.OutputLegend())
	for _, v := range r.Variants {
		for _, d := range v.Distributions {
			h := hdr.New(1, longestLatency, latencyDigits)
			h.SetTag(variantInName(v.Name) + "/" + d.Name)
			h.SetEndTimeMs(v.Measured / 1e6)
			for _, bucket := range d.Counts {
				must(h.RecordValues(min(bucket.UpTo, longestLatency), int64(bucket.Count)))
			}
			must(log.OutputIntervalHistogram(h))
		}
	}
	return out.Bytes()
}
