package reports

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// sweepRow is one point of a sweep in numbers.
type sweepRow struct {
	Point, Offered, Achieved string
	Latencies                []string // in the order of sweepLatencies
	Verdicts, Tone           string
}

// sweepLatencies are the percentiles that a sweep's table shows.
var sweepLatencies = []string{"produce_latency.p50", "produce_latency.p99", "e2e_latency.p50", "e2e_latency.p99"}

// sweepTable has a row for each point that was played.
func (run Run) sweepTable() []sweepRow {
	var rows []sweepRow
	for _, swept := range run.Sweep {
		at := slices.IndexFunc(run.Result.Variants, func(v result.Variant) bool { return v.Name == swept.Variant })
		if at < 0 || len(run.Result.Variants[at].Seeds) == 0 {
			continue
		}
		v := run.Result.Variants[at]
		row := sweepRow{Point: pointWords(swept), Offered: "as fast as it goes", Achieved: run.measured(v, "throughput.produced")}
		if swept.Offered > 0 {
			row.Offered = grouped(swept.Offered) + " records/s"
		}
		for _, name := range sweepLatencies {
			row.Latencies = append(row.Latencies, run.measured(v, name))
		}
		row.Verdicts, row.Tone = pointVerdicts(v)
		rows = append(rows, row)
	}
	return rows
}

// pointWords are a point's settings, which a line may be broken between.
func pointWords(p SweepPoint) string {
	words := make([]string, len(p.Settings))
	for i, s := range p.Settings {
		words[i] = settingName(result.Setting{Pointer: s.Pointer}) + "=" + s.Value
	}
	return strings.Join(words, ", ")
}

// measured is a metric of a variant with its unit, or a dash.
func (run Run) measured(v result.Variant, name string) string {
	if value, is := v.Metrics[name]; is {
		return run.metric(name, value)
	}
	return "-"
}

// pointVerdicts says in a few words how a point's claims came out.
func pointVerdicts(v result.Variant) (says, tone string) {
	var words []string
	tone = "expected"
	for _, c := range v.Claims {
		if c.Outcome != string(result.Expected) {
			tone = "unexpected"
		}
		if c.Verdict != "holds" {
			words = append(words, fmt.Sprintf("%s %s (%s)", c.Name, c.Verdict, share(c.Violating, len(v.Seeds))))
		}
	}
	if len(v.Crossed) > 0 {
		words, tone = append(words, "threshold not held"), "unexpected"
	}
	if len(words) == 0 {
		return "hold", tone
	}
	return strings.Join(words, ", "), tone
}
