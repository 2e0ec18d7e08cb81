package plot

import (
	"fmt"
	"math"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// SweepPoint is one combination of a sweep's values.
type SweepPoint struct {
	Line string // the values of all axes but the one along the line: "acks=all"; "" if there are none
	At   string // the value along the line: "500/s"
	// Records per second. Offered is 0 where the load takes what it gets.
	Offered, Achieved float64
	P99               int64 // of the latency in nanoseconds, -1 if nothing was measured
}

// Sweep shows what throughput costs in latency: a line for each combination of
// the other axes, its points in the given order.
func Sweep(points []SweepPoint) []byte {
	f := &figure{title: "Throughput against latency"}
	least, most, reach := int64(math.MaxInt64), int64(-1), 0.0
	offered := false
	var names []string
	lines := map[string][]SweepPoint{}
	for _, p := range points[:min(len(points), mostPoints)] {
		if p.P99 < 0 {
			continue
		}
		if _, known := lines[p.Line]; !known {
			names = append(names, p.Line)
		}
		lines[p.Line] = append(lines[p.Line], p)
		least, most, reach = min(least, p.P99), max(most, p.P99), max(reach, finite(p.Achieved))
		offered = offered || p.unmet()
	}
	// What was offered beyond is cut off where it would flatten the rest.
	for _, name := range names {
		for _, p := range lines[name] {
			if p.unmet() && p.Offered <= 2*reach {
				reach = max(reach, p.Offered)
			}
		}
	}
	f.says = []string{"99th percentile of the latency by what was achieved. Further right and lower is better."}
	if most < 0 {
		least, most, f.says = 1e6, 1e9, []string{"Nothing was measured."}
	}
	f.x = fromZero(max(reach, 1), count)
	f.x.unit = "achieved, records per second"
	board := &sweepBoard{names: names, lines: lines}
	for i, name := range names {
		if name != "" && i < 2*lineInks {
			f.keys = append(f.keys, key{name: shorten(name, style(text, normalSize, draw.XLeft), figureWidth/2), line: line(lineInk(i), 1.5, lineDashes(i))})
		}
	}
	if offered {
		f.keys = append(f.keys, key{name: "offered but not achieved", line: offeredRule})
	}
	if left := len(points) - mostPoints; left > 0 {
		f.foot = []string{fmt.Sprintf("and %d more points", left)}
	}
	f.add(panel{name: "p99 latency (logarithmic)", height: 260, y: logTime(least, most), marks: []gonum.Plotter{board}})
	return f.render()
}

// mostPoints bounds the size of a sweep's picture.
const mostPoints = 120

var offeredRule = line(muted, 1, []vg.Length{1, 2})

// unmet says whether clearly less was achieved than offered.
func (p SweepPoint) unmet() bool { return p.Offered > 1.02*p.Achieved }

// sweepBoard draws the lines, and labels where there is room.
type sweepBoard struct {
	names []string
	lines map[string][]SweepPoint
	taken []vg.Rectangle // by points and labels
}

// Plot implements gonum.Plotter.
func (b *sweepBoard) Plot(c draw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	inside := func(x float64) vg.Length { return min(max(toX(finite(x)), c.Min.X), c.Max.X) }
	place := func(s SweepPoint) vg.Point {
		return vg.Point{X: inside(s.Achieved), Y: toY(min(max(float64(s.P99), p.Y.Min), p.Y.Max))}
	}
	for i, name := range b.names {
		var way []vg.Point
		for _, s := range b.lines[name] {
			at := place(s)
			way = append(way, at)
			b.taken = append(b.taken, around(at, 4))
			if s.unmet() {
				end := inside(s.Offered)
				c.StrokeLine2(offeredRule, at.X, at.Y, end, at.Y)
				c.StrokeLine2(line(muted, 1, nil), end, at.Y-3, end, at.Y+3)
			}
		}
		c.StrokeLines(line(lineInk(i), 1.5, lineDashes(i)), way)
	}
	for i, name := range b.names {
		for _, s := range b.lines[name] {
			b.point(c, place(s), s, i)
		}
	}
}

func (b *sweepBoard) point(c draw.Canvas, at vg.Point, s SweepPoint, i int) {
	says := fmt.Sprintf("%s %s: %s records/s, p99 %s", s.Line, s.At, count(finite(s.Achieved)), duration(s.P99))
	sheet(&c).hint(says, func() {
		c.FillPolygon(lineInk(i), marker(at, i))
		in := style(text, smallSize, draw.XLeft)
		label := shorten(s.At, in, figureWidth/3)
		if label == "" {
			return
		}
		width := in.Width(label)
		for _, corner := range []vg.Point{{X: 7, Y: 8}, {X: -7 - width, Y: 8}, {X: 7, Y: -8}, {X: -7 - width, Y: -8}, {X: 9}, {X: -9 - width}, {X: -width / 2, Y: 12}, {X: -width / 2, Y: -12}} {
			from := at.Add(corner)
			area := vg.Rectangle{Min: vg.Point{X: from.X - 2, Y: from.Y - 5}, Max: vg.Point{X: from.X + width + 2, Y: from.Y + 5}}
			if area.Min.X < c.Min.X || area.Max.X > c.Max.X || area.Min.Y < c.Min.Y || area.Max.Y > c.Max.Y+10 || b.touches(area) {
				continue
			}
			b.taken = append(b.taken, area)
			c.FillText(in, from, label)
			return
		}
	})
}

func (b *sweepBoard) touches(area vg.Rectangle) bool {
	for _, t := range b.taken {
		if area.Min.X < t.Max.X && t.Min.X < area.Max.X && area.Min.Y < t.Max.Y && t.Min.Y < area.Max.Y {
			return true
		}
	}
	return false
}

func around(at vg.Point, by vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - by, Y: at.Y - by}, Max: vg.Point{X: at.X + by, Y: at.Y + by}}
}

// marker is a shape of a line's points: square, diamond, or triangle.
func marker(at vg.Point, i int) []vg.Point {
	const r = 3.5
	switch i % 3 {
	case 0:
		return box(at.X-3, at.Y-3, at.X+3, at.Y+3)
	case 1:
		return []vg.Point{{X: at.X, Y: at.Y - r - 1}, {X: at.X + r + 1, Y: at.Y}, {X: at.X, Y: at.Y + r + 1}, {X: at.X - r - 1, Y: at.Y}}
	}
	return []vg.Point{{X: at.X - r - 0.5, Y: at.Y - r}, {X: at.X + r + 0.5, Y: at.Y - r}, {X: at.X, Y: at.Y + r + 0.5}}
}
