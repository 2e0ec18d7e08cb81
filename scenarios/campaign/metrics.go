package campaign

import (
	"time"

	"assay/checkers"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// metrics joins the runs' numbers by the names of format.Metrics. Latencies of
// all seeds make one distribution, rates are means, damage is summed, and what
// is a maximum stays one. A metric that nothing measured is left out.
type metrics struct {
	named                          map[string]int64 // maxima and sums, final as they are
	produce, endToEnd, recovery    workload.Histogram
	acknowledged, consumed, window int64
	consumers                      bool
}

func (m *metrics) add(o *run.Outcome) {
	if m.named == nil {
		m.named = map[string]int64{}
	}
	m.produce.Add(&o.Metrics.Produce)
	m.endToEnd.Add(&o.Metrics.EndToEnd)
	m.recovery.Add(&o.Measures.Recovery)
	m.acknowledged += int64(o.Measures.Acknowledged)
	m.consumed += int64(o.Measures.Consumed)
	m.window += int64(o.Measures.Window)
	m.consumers = m.consumers || o.Measures.Consumers
	m.atLeast("lag.final", o.Measures.LagFinal)
	m.atLeast("lag.max", o.Measures.LagMax)
	m.atLeast("unavailable.max", int64(o.Measures.Unavailable))
	m.addDamage(o)
}

func (m *metrics) atLeast(name string, value int64) { m.named[name] = max(m.named[name], value) }

// addDamage takes what the claims found.
func (m *metrics) addDamage(o *run.Outcome) {
	for _, judged := range o.Claims {
		switch judged.Guarantee {
		case checkers.NoLoss:
			m.named["loss.records"] += judged.Damage.Records
			for _, w := range judged.Damage.Windows {
				m.atLeast("loss.window", int64(w.To-w.From))
			}
		case checkers.NoDuplicates:
			m.named["duplicates.records"] += judged.Damage.Records
		}
	}
}

// result are the metrics by name.
func (m *metrics) result() map[string]int64 {
	all := map[string]int64{}
	for name, value := range m.named { // order-free: a copy
		all[name] = value
	}
	percentiles(all, "produce_latency", &m.produce)
	percentiles(all, "e2e_latency", &m.endToEnd)
	if m.recovery.Count() > 0 {
		all["recovery.p99"] = int64(m.recovery.Quantile(990))
	}
	if m.window > 0 {
		all["throughput.produced"] = perSecond(m.acknowledged, m.window)
		all["throughput.consumed"] = perSecond(m.consumed, m.window)
	}
	if !m.consumers {
		for _, name := range []string{"lag.final", "lag.max", "throughput.consumed"} {
			delete(all, name)
		}
	}
	return all
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
