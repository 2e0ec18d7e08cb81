package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve is a line over time, a value a bucket, with a gap where there is none.
// What lies outside the axis is drawn at its edge.
type curve struct {
	bucket float64
	values []float64 // absent where there is none
	line   draw.LineStyle
	area   bool // filled down to the axis instead
	steps  bool // holds its value throughout the bucket, rather than at its middle
}

// absent stands for no value.
const absent = -1.0

// Plot implements gonum.Plotter.
func (v curve) Plot(c draw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	at := func(x, y float64) vg.Point {
		return vg.Point{X: toX(min(max(x, p.X.Min), p.X.Max)), Y: toY(min(max(y, p.Y.Min), p.Y.Max))}
	}
	var path vg.Path
	for i := 0; i < len(v.values); {
		if v.values[i] < 0 {
			i++
			continue
		}
		var points []vg.Point
		from := float64(i) * v.bucket
		for ; i < len(v.values) && v.values[i] >= 0; i++ {
			if v.steps {
				points = append(points, at(float64(i)*v.bucket, v.values[i]), at(float64(i+1)*v.bucket, v.values[i]))
			} else {
				points = append(points, at((float64(i)+0.5)*v.bucket, v.values[i]))
			}
		}
		if len(points) == 1 { // one bucket alone is a dash as long as it
			points = []vg.Point{{X: at(from, 0).X, Y: points[0].Y}, {X: at(from+v.bucket, 0).X, Y: points[0].Y}}
		}
		path = v.add(path, points, c.Min.Y)
	}
	c.SetLineStyle(v.line)
	if v.area {
		c.Fill(path)
		return
	}
	c.Stroke(path)
}

func (v curve) add(path vg.Path, points []vg.Point, floor vg.Length) vg.Path {
	if v.area {
		path.Move(vg.Point{X: points[0].X, Y: floor})
		path.Line(points[0])
	} else {
		path.Move(points[0])
	}
	for _, p := range straightened(points)[1:] {
		path.Line(p)
	}
	if v.area {
		path.Line(vg.Point{X: points[len(points)-1].X, Y: floor})
		path.Close()
	}
	return path
}

// straightened leaves the points within a straight stretch out.
func straightened(points []vg.Point) []vg.Point {
	kept := points[:1:1]
	for i := 1; i < len(points); i++ {
		if i+1 < len(points) && points[i].Y == points[i-1].Y && points[i].Y == points[i+1].Y {
			continue
		}
		kept = append(kept, points[i])
	}
	return kept
}

// mostBuckets is how many values a curve has at most: more are joined.
const mostBuckets = 300

// joining is how many buckets become one, for at most so many of them.
func joining(buckets, most int) int { return max(1, (buckets+most-1)/most) }

// sums joins counts and tells them per second.
func sums(counts []int64, by int, bucket int64) []float64 {
	var rates []float64
	for from := 0; from < len(counts); from += by {
		to := min(from+by, len(counts))
		sum := 0.0
		for _, n := range counts[from:to] {
			sum += max(0, float64(n))
		}
		rates = append(rates, finite(sum/(float64(max(bucket, 1))*float64(to-from)/1e9)))
	}
	return rates
}

// largest joins values by the largest of each.
func largest(values []int64, by int) []float64 {
	var joined []float64
	for from := 0; from < len(values); from += by {
		most := absent
		for _, v := range values[from:min(from+by, len(values))] {
			if v >= 0 {
				most = max(most, finite(float64(v)))
			}
		}
		joined = append(joined, most)
	}
	return joined
}
