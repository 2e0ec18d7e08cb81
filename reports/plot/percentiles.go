package plot

import (
	"math"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"assay/scenarios/result"
)

// Percentiles shows whole distributions of latencies, as HdrHistogram's plots
// do: each step to the right is ten times rarer.
func Percentiles(distributions ...result.Distribution) []byte {
	f := &figure{title: "Latency by percentile", x: percentileAxis(distributions)}
	least, most := int64(math.MaxInt64), int64(-1)
	p := panel{name: "latency (logarithmic)", height: 200}
	left := 0
	for _, d := range distributions {
		if len(d.Counts) == 0 {
			continue
		}
		if len(p.marks) == mostCurves {
			left++
			continue
		}
		i := len(p.marks)
		mark := distributionCurve{d.Counts, line(lineInk(i), 1.5, lineDashes(i))}
		for _, b := range d.Counts {
			least, most = min(least, b.UpTo), max(most, b.UpTo)
		}
		p.marks = append(p.marks, mark)
		f.keys = append(f.keys, key{name: shorten(d.Name, style(text, normalSize, draw.XLeft), figureWidth/2), line: mark.line})
	}
	f.says = []string{"From when the load wanted a record sent. Each mark to the right is ten times rarer."}
	if most < 0 {
		least, most = 1e6, 1e9
		f.says = []string{"Nothing was measured."}
	}
	if left > 0 {
		f.says = append(f.says, "The first "+count(mostCurves)+" of "+count(float64(left+mostCurves))+".")
	}
	p.y = logTime(least, most)
	f.add(p)
	return f.render()
}

// mostCurves is how many distributions people can still tell apart.
const mostCurves = 8

// percentileAxis counts in nines: 0 is nothing, 1 is 90 %, 2 is 99 %. It goes as
// far as there are records to show it.
func percentileAxis(distributions []result.Distribution) axis {
	most := 1.0
	for _, d := range distributions {
		most = max(most, float64(total(d)))
	}
	a := axis{max: min(max(math.Ceil(math.Log10(most)), 1), 9), unit: "percentile"}
	labels := []string{"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %", "99.99999 %", "99.999999 %", "99.9999999 %"}
	for nines := 0; nines <= int(a.max); nines++ {
		a.ticks = append(a.ticks, gonum.Tick{Value: float64(nines), Label: labels[nines]})
	}
	a.ticks = append(a.ticks, gonum.Tick{Value: math.Log10(2), Label: "50 %"})
	return a
}

func total(d result.Distribution) (n uint64) {
	for _, b := range d.Counts {
		n += b.Count
	}
	return n
}

// distributionCurve rises from bucket to bucket.
type distributionCurve struct {
	counts []result.DistributionBucket
	line   draw.LineStyle
}

// Plot implements gonum.Plotter.
func (d distributionCurve) Plot(c draw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	all := float64(total(result.Distribution{Counts: d.counts}))
	passed := 0.0
	var points []vg.Point
	for _, b := range d.counts {
		nines := p.X.Max
		if passed < all {
			nines = -math.Log10(1 - passed/all)
		}
		y := toY(min(max(float64(b.UpTo), p.Y.Min), p.Y.Max))
		points = append(points, vg.Point{X: toX(min(nines, p.X.Max)), Y: y})
		passed += float64(b.Count)
	}
	if len(points) == 0 {
		return
	}
	// The slowest record is that to which all the rest comes.
	last := points[len(points)-1]
	points = append(points, vg.Point{X: toX(min(math.Log10(max(all, 1)), p.X.Max)), Y: last.Y})
	c.StrokeLines(d.line, thinned(points))
}

// thinned leaves points out that lie within a pixel of the one before.
func thinned(points []vg.Point) []vg.Point {
	kept := points[:1:1]
	for i, p := range points[1:] {
		last := kept[len(kept)-1]
		if i == len(points)-2 || p.X-last.X >= 1 || math.Abs(float64(p.Y-last.Y)) >= 1 {
			kept = append(kept, p)
		}
	}
	return kept
}
