package run

import (
	"time"

	"assay/scenarios/result"
	"assay/scenarios/workload"
)

// Distribution is a histogram as a report shows it. The last bound is the
// largest latency itself; without any there are no buckets.
func Distribution(name string, h *workload.Histogram) result.Distribution {
	d := result.Distribution{Name: name}
	h.Buckets(func(upTo time.Duration, count uint64) {
		d.Counts = append(d.Counts, result.DistributionBucket{UpTo: int64(min(upTo, h.Max())), Count: count})
	})
	if n := len(d.Counts); n > 0 {
		d.Counts[n-1].UpTo = int64(h.Max())
	}
	return d
}
