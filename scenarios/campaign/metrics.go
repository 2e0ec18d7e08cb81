package campaign

import (
	"time"

	"assay/checkers"
	"assay/scenarios/result"
	"assay/scenarios/workload"
)

// metrics joins the runs' numbers by the names of format.Metrics. Latencies of
// all seeds make one distribution, rates are means, damage is summed, and what
// is a maximum stays one. A metric that nothing measured is left out.
type metrics struct {
	named                          map[string]int64 // maxima and sums, final as they are
	produce, endToEnd              workload.Histogram
	pipeline, recovery             workload.Histogram
	acknowledged, consumed, window int64
	consumers                      bool
}

// add joins a run. An error is a histogram that was not written by this version.
func (m *metrics) add(s Summary) error {
	if m.named == nil {
		m.named = map[string]int64{}
	}
	for name, joined := range map[string]*workload.Histogram{latencyProduce: &m.produce, latencyEndToEnd: &m.endToEnd,
		latencyPipeline: &m.pipeline, latencyRecovery: &m.recovery} {
		h, err := s.Latencies[name].Histogram()
		if err != nil {
			return err
		}
		joined.Add(&h)
	}
	m.acknowledged += s.Measures.Acknowledged
	m.consumed += s.Measures.Consumed
	m.window += s.Measures.Window
	m.consumers = m.consumers || s.Measures.Consumers
	m.atLeast("lag.final", s.Measures.LagFinal)
	m.atLeast("lag.max", s.Measures.LagMax)
	m.atLeast("unavailable.max", s.Measures.Unavailable)
	if depth := s.Measures.DeadLetterDepth; depth != nil {
		m.atLeast("dead_letter.depth", *depth)
	}
	if p := s.Measures.Pauses; p != nil {
		m.atLeast("rebalance.pause.max", p.Longest)
		m.atLeast("rebalance.pause.total", p.Total)
	}
	m.addDamage(s)
	return nil
}

func (m *metrics) atLeast(name string, value int64) { m.named[name] = max(m.named[name], value) }

// addDamage takes what the claims found.
func (m *metrics) addDamage(s Summary) {
	for _, judged := range s.Claims {
		switch judged.Guarantee {
		case checkers.NoLoss:
			m.named["loss.records"] += judged.Damaged
			if judged.Windows > 0 {
				m.atLeast("loss.window", judged.Window)
			}
		case checkers.NoDuplicates:
			m.named["duplicates.records"] += judged.Damaged
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
	percentiles(all, "pipeline_latency", &m.pipeline)
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

// distributions are those of the latencies, over all runs.
func (m *metrics) distributions() []result.Distribution {
	var all []result.Distribution
	for _, d := range []struct {
		name string
		h    *workload.Histogram
	}{{latencyProduce, &m.produce}, {latencyEndToEnd, &m.endToEnd}, {latencyPipeline, &m.pipeline}} {
		if d.h.Count() == 0 {
			continue
		}
		distribution := result.Distribution{Name: d.name}
		d.h.Buckets(func(upTo time.Duration, count uint64) {
			distribution.Counts = append(distribution.Counts, result.DistributionBucket{UpTo: int64(min(upTo, d.h.Max())), Count: count})
		})
		all = append(all, distribution)
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
