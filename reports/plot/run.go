package plot

import (
	"fmt"
	"math"
	"slices"
	"time"

	gonum "gonum.org/v1/plot"

	"assay/faults"
	"assay/scenarios/result"
)

// overTime begins a figure whose x-axis is the time of a run.
func overTime(title string, s *result.Series, records []faults.Record) *figure {
	length := span(s)
	f := &figure{title: title, x: timeAxis(length), above: newStrip(records, length)}
	for _, b := range []border{{float64(s.WarmupEnd), "warm-up"}, {float64(s.LoadEnd), "load"}, {float64(s.DrainEnd), "drain"}, {float64(length), "final read"}} {
		if b.at > 0 && b.at <= float64(length) && (len(f.x.borders) == 0 || b.at > f.x.borders[len(f.x.borders)-1].at) {
			f.x.borders = append(f.x.borders, b)
		}
	}
	if f.above != nil {
		f.foot = f.above.keys
	}
	return f
}

// span is the length of a run: of its buckets, or what lies beyond them.
func span(s *result.Series) int64 {
	end := max(s.WarmupEnd, s.LoadEnd, s.DrainEnd, 1)
	if buckets := int64(len(s.Sent)); buckets > 0 && s.Bucket > 0 && s.Bucket < math.MaxInt64/buckets {
		end = max(end, buckets*s.Bucket)
	}
	for _, lane := range s.Partitions {
		for _, l := range lane.Leaders {
			end = max(end, l.To)
		}
	}
	return end
}

// add puts a panel on the figure, with the faults behind it.
func (f *figure) add(p panel) {
	p.marks = append([]gonum.Plotter{bands{f.above}}, p.marks...)
	f.panel = append(f.panel, p)
}

// Throughput shows the records that were sent, acknowledged and delivered each
// second.
func Throughput(s *result.Series, records []faults.Record) []byte {
	f := overTime("Throughput: records sent, acknowledged and delivered", s, records)
	by := joining(len(s.Sent), mostBuckets/2)
	bucket := float64(s.Bucket) * float64(by)
	sent, acknowledged, delivered := sums(s.Sent, by, s.Bucket), sums(s.Acknowledged, by, s.Bucket), sums(s.Delivered, by, s.Bucket)
	limit, highest := rateLimit(sent, acknowledged, delivered)
	offered := curve{bucket: bucket, values: sent, area: true, steps: true, line: line(shade, 1, nil)}
	f.keys = []key{{name: "sent", line: offered.line, area: true}}
	marks := []gonum.Plotter{offered}
	if len(delivered) > 0 && slices.Max(delivered) > 0 {
		// Broad and behind: where both are the same, both are seen.
		handed := curve{bucket: bucket, values: delivered, line: line(lineInk(1), 3.5, nil)}
		marks = append(marks, handed)
		f.keys = append(f.keys, key{name: "delivered to consumers", line: handed.line})
	}
	taken := curve{bucket: bucket, values: acknowledged, line: line(lineInk(0), 1.5, nil)}
	marks = append(marks, taken)
	f.keys = append(f.keys, key{name: "acknowledged", line: taken.line})
	name, y := "records per second", fromZero(limit, count)
	if highest.value > y.max {
		name += fmt.Sprintf("; cut off above %s, up to %s at %s", count(y.max), count(highest.value), duration(int64((float64(highest.at)+0.5)*bucket)))
	}
	f.says = throughputSays(s)
	f.add(panel{name: name, height: 170, y: y, marks: marks})
	return f.render()
}

// peak is the highest value, and when it was.
type peak struct {
	at    int
	value float64
}

// rateLimit is the largest rate that is shown. Catching up after an outage is
// many times the load: shown in full it would flatten everything else. The
// highest peak is told in words then.
func rateLimit(sent []float64, others ...[]float64) (limit float64, most peak) {
	load := 0.0
	for _, v := range sent {
		load = max(load, v)
	}
	most.value = load
	for _, values := range others {
		for i, v := range values {
			if v > most.value {
				most = peak{i, v}
			}
		}
	}
	if load > 0 && most.value > 3*load {
		return 2.5 * load, most
	}
	return most.value, most
}

// throughputSays tells how much was acknowledged, and the longest time under load
// in which nothing was.
func throughputSays(s *result.Series) []string {
	sent, acknowledged := 0.0, 0.0
	for _, n := range s.Sent {
		sent += float64(n)
	}
	for _, n := range s.Acknowledged {
		acknowledged += float64(n)
	}
	says := fmt.Sprintf("%s of %s records were acknowledged", exact(acknowledged), exact(sent))
	from, longest, open := 0, 0, 0
	for i, n := range s.Acknowledged {
		if n > 0 || int64(i)*s.Bucket >= s.LoadEnd {
			open = i + 1
		} else if i+1-open > longest {
			from, longest = open, i+1-open
		}
	}
	if at := int64(from) * s.Bucket; int64(longest)*s.Bucket >= tellingSilence {
		says += fmt.Sprintf(", none from %s to %s", duration(at), duration(at+int64(longest)*s.Bucket))
	}
	return []string{says + "."}
}

// tellingSilence is a time without acknowledgements that is worth a word.
const tellingSilence = int64(time.Second)

// Latency shows the latencies of sends and of deliveries over time, from the
// times at which the load wanted the records sent: what waits in a stalled client
// counts.
func Latency(s *result.Series, records []faults.Record) []byte {
	f := overTime("Latency: median, 99th percentile and slowest record", s, records)
	f.says = []string{"Counted from when the load wanted a record sent, so that a stalled client's waiting shows."}
	by := joining(max(len(s.Produce.Max), len(s.EndToEnd.Max)), mostBuckets*2/3)
	shown := []latencySide{{"produce: until acknowledged (logarithmic)", s.Produce}, {"end to end: until a consumer has it (logarithmic)", s.EndToEnd}}
	if s.Pipeline != nil {
		// All that consumers get may be outputs; then it is the same twice.
		if slices.Equal(s.Pipeline.Max, s.EndToEnd.Max) {
			shown = shown[:1]
		}
		shown = append(shown, latencySide{"pipeline: from a source's send until a consumer has what was made of it (logarithmic)", *s.Pipeline})
	}
	var all []result.Latencies
	for _, side := range shown {
		all = append(all, side.of)
	}
	y := latencyAxis(all...)
	p50, p99, slowest := line(lineInk(0), 1.5, nil), line(lineInk(1), 1.5, dashes[1]), line(muted, 1, dashes[2])
	f.keys = []key{{name: "median (p50)", line: p50}, {name: "99th percentile (p99)", line: p99}, {name: "slowest", line: slowest}}
	for _, side := range shown {
		if len(side.of.Max) == 0 || slices.Max(side.of.Max) < 0 {
			continue
		}
		bucket := float64(s.Bucket) * float64(by)
		f.add(panel{name: side.name, height: 130, y: y, marks: []gonum.Plotter{
			curve{bucket: bucket, values: largest(side.of.Max, by), line: slowest},
			curve{bucket: bucket, values: largest(side.of.P99, by), line: p99},
			curve{bucket: bucket, values: largest(side.of.P50, by), line: p50},
		}})
	}
	if len(f.panel) == 0 {
		f.says, f.keys = []string{"Nothing was acknowledged or delivered."}, nil
		f.add(panel{name: "latency", height: 130, y: y})
	}
	return f.render()
}

// latencySide is one panel of latencies.
type latencySide struct {
	name string
	of   result.Latencies
}

// latencyAxis holds all latencies. All panels have the same, to be compared.
func latencyAxis(all ...result.Latencies) axis {
	least, most := int64(math.MaxInt64), int64(-1)
	for _, l := range all {
		for _, v := range slices.Concat(l.P50, l.P99, l.Max) {
			if v >= 0 {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if most < 0 {
		least, most = 1e6, 1e9
	}
	return logTime(least, most)
}
