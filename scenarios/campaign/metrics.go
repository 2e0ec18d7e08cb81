package campaign

import (
	"time"

	"assay/checkers"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// joinMetrics joins the runs' numbers by the names of format.Metrics. Latencies
// of all seeds make one distribution, rates are means, damage is summed, and
// what is a maximum stays one. A metric that nothing measured is left out.
func joinMetrics(runs []*run.Outcome) map[string]int64 {
	metrics := map[string]int64{}
	if len(runs) == 0 {
		return metrics
	}
	var produce, endToEnd, recovery workload.Histogram
	var acknowledged, consumed, window int64
	consumers := false
	for _, o := range runs {
		produce.Add(&o.Metrics.Produce)
		endToEnd.Add(&o.Metrics.EndToEnd)
		recovery.Add(&o.Measures.Recovery)
		acknowledged += int64(o.Measures.Acknowledged)
		consumed += int64(o.Measures.Consumed)
		window += int64(o.Measures.Window)
		consumers = consumers || o.Measures.Consumers
		metrics["lag.final"] = max(metrics["lag.final"], o.Measures.LagFinal)
		metrics["lag.max"] = max(metrics["lag.max"], o.Measures.LagMax)
		metrics["unavailable.max"] = max(metrics["unavailable.max"], int64(o.Measures.Unavailable))
		joinDamage(metrics, o)
	}
	percentiles(metrics, "produce_latency", &produce)
	percentiles(metrics, "e2e_latency", &endToEnd)
	if recovery.Count() > 0 {
		metrics["recovery.p99"] = int64(recovery.Quantile(990))
	}
	if window > 0 {
		metrics["throughput.produced"] = perSecond(acknowledged, window)
		metrics["throughput.consumed"] = perSecond(consumed, window)
	}
	if !consumers {
		for _, name := range []string{"lag.final", "lag.max", "throughput.consumed"} {
			delete(metrics, name)
		}
	}
	return metrics
}

// perSecond rounds to whole records per second.
func perSecond(records, nanoseconds int64) int64 {
	return (records*1000 + nanoseconds/int64(2*time.Millisecond)) / (nanoseconds / int64(time.Millisecond))
}

func percentiles(metrics map[string]int64, name string, h *workload.Histogram) {
	if h.Count() == 0 {
		return
	}
	metrics[name+".p50"] = int64(h.Quantile(500))
	metrics[name+".p90"] = int64(h.Quantile(900))
	metrics[name+".p99"] = int64(h.Quantile(990))
	metrics[name+".p99.9"] = int64(h.Quantile(999))
	metrics[name+".max"] = int64(h.Max())
}

// joinDamage takes what the claims found.
func joinDamage(metrics map[string]int64, o *run.Outcome) {
	for _, judged := range o.Claims {
		switch judged.Guarantee {
		case checkers.NoLoss:
			metrics["loss.records"] += judged.Damage.Records
			for _, w := range judged.Damage.Windows {
				metrics["loss.window"] = max(metrics["loss.window"], int64(w.To-w.From))
			}
		case checkers.NoDuplicates:
			metrics["duplicates.records"] += judged.Damage.Records
		}
	}
}
