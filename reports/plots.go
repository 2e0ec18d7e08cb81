package reports

import (
	"slices"
	"strings"

	"assay/reports/plot"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// Names of plots, as a scenario's report section asks for them; the percentiles
// go with the latency, and a sweep is always drawn where there is one.
const (
	PlotThroughput   = "throughput"
	PlotLatency      = "latency"
	PlotLag          = "lag"
	PlotISR          = "isr"
	PlotGroups       = "groups"
	PlotTransactions = "transactions"
	PlotPercentiles  = "percentiles"
	PlotSweep        = "sweep"
)

// SweepPoint is where in a sweep a variant stands.
type SweepPoint struct {
	Variant  string
	Settings []format.Setting // in the order of the sweep's axes
	Offered  int64            // records per second of all producers; 0 for a closed loop
}

// Picture is one plot of a run.
type Picture struct {
	Plot    string // one of the names above
	Variant string // "" for those of the whole run
	SVG     []byte
}

// file is the picture's name in the run folder.
func (p Picture) file() string {
	name := "plots/" + p.Plot
	if p.Variant != baseVariant && p.Variant != "" {
		name += "-" + variantInName(p.Variant)
	}
	return name + ".svg"
}

// Pictures draws the plots that the scenario asks for: for each story that was
// told over time, for each variant's latencies, and for its sweep.
func (run Run) Pictures() []Picture {
	wanted := func(name string) bool { return run.Plots == nil || slices.Contains(run.Plots, name) }
	var all []Picture
	if points := run.sweep(); len(points) > 0 {
		all = append(all, Picture{PlotSweep, "", plot.Sweep(points)})
	}
	for _, v := range run.Result.Variants {
		if s := run.toldStory(v.Name); s != nil && s.Series != nil {
			if wanted(PlotThroughput) {
				all = append(all, Picture{PlotThroughput, v.Name, plot.Throughput(s.Series, s.Faults)})
			}
			if wanted(PlotLatency) {
				all = append(all, Picture{PlotLatency, v.Name, plot.Latency(s.Series, s.Faults)})
			}
			if wanted(PlotLag) && len(s.Series.Lag) > 0 {
				all = append(all, Picture{PlotLag, v.Name, plot.Lag(s.Series, s.Faults)})
			}
			if wanted(PlotGroups) && len(s.Series.Owners) > 0 {
				all = append(all, Picture{PlotGroups, v.Name, plot.Groups(s.Series, s.Faults)})
			}
			if wanted(PlotTransactions) && len(s.Series.Transactions) > 0 {
				all = append(all, Picture{PlotTransactions, v.Name, plot.Transactions(s.Series, s.Faults)})
			}
			if wanted(PlotISR) && len(s.Series.Partitions) > 0 {
				all = append(all, Picture{PlotISR, v.Name, plot.ISR(s.Series, s.Faults)})
			}
		}
		if wanted(PlotLatency) && len(v.Distributions) > 0 {
			all = append(all, Picture{PlotPercentiles, v.Name, plot.Percentiles(v.Distributions...)})
		}
	}
	return all
}

// toldStory is the first story of a variant, or nil.
func (run Run) toldStory(variant string) *result.Story {
	for i := range run.Stories {
		if run.Stories[i].Variant == variant {
			return &run.Stories[i]
		}
	}
	return nil
}

// sweep places the variants of a sweep: a line along the axis of a rate, or else
// along the last axis, for each combination of the others.
func (run Run) sweep() []plot.SweepPoint {
	var points []plot.SweepPoint
	latency := run.sweptLatency()
	for _, swept := range run.Sweep {
		at := slices.IndexFunc(run.Result.Variants, func(v result.Variant) bool { return v.Name == swept.Variant })
		if at < 0 || len(run.Result.Variants[at].Seeds) == 0 {
			continue
		}
		metrics := run.Result.Variants[at].Metrics
		along := slices.IndexFunc(swept.Settings, func(s format.Setting) bool { return strings.HasSuffix(s.Pointer, "/rate") })
		if along < 0 {
			along = len(swept.Settings) - 1
		}
		p := plot.SweepPoint{At: swept.Settings[along].Value, Offered: float64(swept.Offered), Achieved: float64(metrics["throughput.produced"]), P99: -1}
		if value, measured := metrics[latency]; measured {
			p.P99 = value
		}
		var line []string
		for i, s := range swept.Settings {
			if i != along {
				line = append(line, s.Pointer[strings.LastIndexByte(s.Pointer, '/')+1:]+"="+s.Value)
			}
		}
		p.Line = strings.Join(line, ", ")
		points = append(points, p)
	}
	return points
}

// sweptLatency is the latency that all points of a sweep can be told by: to a
// consumer's hands where every one measured it, else to the acknowledgement.
func (run Run) sweptLatency() string {
	const endToEnd = "e2e_latency.p99"
	for _, swept := range run.Sweep {
		for _, v := range run.Result.Variants {
			if _, measured := v.Metrics[endToEnd]; v.Name == swept.Variant && !measured {
				return "produce_latency.p99"
			}
		}
	}
	return endToEnd
}
