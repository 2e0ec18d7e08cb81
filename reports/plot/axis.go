package plot

import (
	"math"
	"strconv"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// axis is one axis with its marks.
type axis struct {
	min, max float64 // min < max; both above 0 on a logarithmic one
	log      bool
	lanes    bool         // marks name lanes: no grid
	ticks    []gonum.Tick // those without a label are lines of the grid alone
	unit     string       // below a horizontal axis, "" is none
	borders  []border     // between the phases of a run
}

// border is where a phase of a run ends.
type border struct {
	at   float64
	name string // of the phase that ends there
}

func (a *axis) scale() gonum.Normalizer {
	if a.log {
		return gonum.LogScale{}
	}
	return gonum.LinearScale{}
}

// height is what a horizontal axis takes below its plot.
func (a *axis) height() vg.Length {
	height := vg.Length(16)
	if len(a.borders) > 0 {
		height += 15
	}
	if a.unit != "" {
		height += 15
	}
	return height
}

// axes draws the grid and the labels of a plot.
type axes struct {
	x, y   *axis
	labelX bool
}

// Plot implements gonum.Plotter.
func (a axes) Plot(c draw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	for _, t := range a.y.ticks {
		y := toY(t.Value)
		if !a.y.lanes {
			c.StrokeLine2(line(grid, 1, nil), c.Min.X, y, c.Max.X, y)
		}
		if t.Label != "" {
			c.FillText(style(muted, normalSize, draw.XRight), vg.Point{X: c.Min.X - 6, Y: y}, t.Label)
		}
	}
	c.StrokeLine2(line(muted, 1, nil), c.Min.X, c.Min.Y, c.Max.X, c.Min.Y)
	for _, b := range a.x.borders {
		if x := toX(b.at); !a.y.lanes && x > c.Min.X && x < c.Max.X-0.5 {
			c.StrokeLine2(line(muted, 1, []vg.Length{1, 3}), x, c.Min.Y, x, c.Max.Y)
		}
	}
	if a.labelX {
		a.drawX(c, toX)
	}
}

func (a axes) drawX(c draw.Canvas, toX func(float64) vg.Length) {
	for _, t := range a.x.ticks {
		x := toX(t.Value)
		c.StrokeLine2(line(muted, 1, nil), x, c.Min.Y, x, c.Min.Y-4)
		if t.Label != "" {
			in := style(muted, normalSize, draw.XCenter)
			half := in.Width(t.Label) / 2
			c.FillText(in, vg.Point{X: min(x, figureWidth-half), Y: c.Min.Y - 11}, t.Label)
		}
	}
	below := c.Min.Y - 26
	if len(a.x.borders) > 0 {
		a.drawPhases(c, toX, below)
		below -= 15
	}
	if a.x.unit != "" {
		c.FillText(style(muted, normalSize, draw.XCenter), vg.Point{X: c.Center().X, Y: below}, a.x.unit)
	}
}

// drawPhases names what lies between the borders, where there is room.
func (a axes) drawPhases(c draw.Canvas, toX func(float64) vg.Length, y vg.Length) {
	in := style(muted, smallSize, draw.XCenter)
	from := c.Min.X
	for _, b := range a.x.borders {
		to := min(toX(b.at), c.Max.X)
		if width := in.Width(b.name); to-from >= width+6 {
			c.FillText(in, vg.Point{X: (from + to) / 2, Y: y}, b.name)
			rule := line(muted, 1, nil)
			for _, side := range [][2]vg.Length{{from + 2, (from+to-width)/2 - 3}, {(from+to+width)/2 + 3, to - 2}} {
				if side[1] > side[0] {
					c.StrokeLine2(rule, side[0], y, side[1], y)
				}
			}
		}
		from = max(from, to)
	}
}

// fromZero is a linear axis from zero to at least most, with marks at round
// values.
func fromZero(most float64, label func(float64) string) axis {
	step := roundStep(finite(most), 4)
	a := axis{max: step * max(1, math.Ceil(finite(most)/step))}
	for i := 0; float64(i)*step <= a.max*1.0001; i++ {
		a.ticks = append(a.ticks, gonum.Tick{Value: float64(i) * step, Label: label(float64(i) * step)})
	}
	return a
}

// roundStep is 1, 2 or 5 times a power of ten such that it takes about so many
// steps to most.
func roundStep(most float64, steps int) float64 {
	if most <= 0 {
		return 1
	}
	rough := most / float64(steps)
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*unit >= rough*0.999 {
			return factor * unit
		}
	}
	return 10 * unit
}

// timeAxis is the axis of a run of a length in nanoseconds.
func timeAxis(length int64) axis {
	a := axis{max: finite(float64(max(length, 1)))}
	step := timeStep(a.max, 12)
	for at := 0.0; at <= a.max; at += step {
		a.ticks = append(a.ticks, gonum.Tick{Value: at, Label: duration(int64(at))})
	}
	return a
}

// timeStep is a round time such that at most so many steps come to a length.
func timeStep(length float64, steps int) float64 {
	const second, minute, hour = 1e9, 60e9, 3600e9
	for unit := 1.0; unit < second; unit *= 10 {
		for _, factor := range []float64{1, 2, 5} {
			if length/(factor*unit) <= float64(steps) {
				return factor * unit
			}
		}
	}
	for _, step := range []float64{second, 2 * second, 5 * second, 10 * second, 20 * second, 30 * second, minute, 2 * minute,
		5 * minute, 10 * minute, 20 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour, 24 * hour} {
		if length/step <= float64(steps) {
			return step
		}
	}
	return hour * roundStep(length/hour, steps)
}

// logTime is a logarithmic axis of nanoseconds. Zeros are shown at its lower end:
// there is no logarithm of nothing.
func logTime(least, most int64) axis {
	const lowest = 100 // a tenth of a microsecond
	low, high := max(float64(least), lowest), max(float64(most), lowest*10)
	a := axis{log: true, min: math.Pow(10, math.Floor(math.Log10(low))), max: math.Pow(10, math.Ceil(math.Log10(high)*0.99999))}
	if a.max <= a.min {
		a.max = a.min * 10
	}
	// Half a decade less where half of it would be empty.
	if high <= a.max/2 && a.max/2 > a.min {
		a.max /= 2
	}
	if low >= a.min*5 && a.min*5 < a.max {
		a.min *= 5
	} else if low >= a.min*2 && a.min*2 < a.max {
		a.min *= 2
	}
	decades := math.Log10(a.max / a.min)
	for unit := math.Pow(10, math.Floor(math.Log10(a.min))); unit <= a.max; unit *= 10 {
		for _, factor := range []float64{1, 2, 5} {
			at := math.Round(unit * factor)
			if at < a.min*0.999 || at > a.max*1.001 || factor != 1 && decades > 2.1 {
				continue
			}
			tick := gonum.Tick{Value: at}
			if factor == 1 || decades <= 2.1 {
				tick.Label = duration(int64(at))
			}
			a.ticks = append(a.ticks, tick)
		}
	}
	return a
}

// duration is a time in the unit that people would say it in, with at most three
// digits that count: "0", "20 us", "1.5 s", "2 min".
func duration(ns int64) string {
	switch v := float64(ns); {
	case ns == 0:
		return "0"
	case ns < 0:
		return "-" + duration(-max(ns, -math.MaxInt64))
	case ns < 1e3:
		return strconv.FormatInt(ns, 10) + " ns"
	case v < 999.5e3:
		return threeDigits(v/1e3) + " us"
	case v < 999.5e6:
		return threeDigits(v/1e6) + " ms"
	case v < 120e9:
		return threeDigits(v/1e9) + " s"
	case v < 120*60e9:
		return threeDigits(v/60e9) + " min"
	default:
		return threeDigits(v/3600e9) + " h"
	}
}

func threeDigits(v float64) string {
	digits := 2
	switch {
	case v >= 99.95:
		digits = 0
	case v >= 9.995:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
		if s[len(s)-1] == '.' {
			s = s[:len(s)-1]
		}
	}
	return s
}

// count is a number of things: "950", "12,500", "1.5 M".
func count(v float64) string {
	switch {
	case v < 0:
		return "-" + count(-v)
	case v >= 1e9:
		return threeDigits(v/1e9) + " G"
	case v >= 1e6:
		return threeDigits(v/1e6) + " M"
	case v >= 1e5:
		return threeDigits(v/1e3) + " k"
	case v >= 1e3:
		return exact(v)
	}
	return threeDigits(v)
}

// exact is a whole number in full: "119,998".
func exact(v float64) string {
	digits := strconv.FormatFloat(finite(v), 'f', 0, 64)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
