package plot

import (
	"cmp"
	"fmt"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Lanes stand one above the other, each the course of one thing in time: bars for
// what it had, dashes while it had nothing.

const (
	mostLanes  = 12
	laneHeight = 32
	laneBar    = 14 // of a lane: below it is room for what is less
)

// addLanes adds a panel of these lanes, and says so where there are more of them.
func (f *figure) addLanes(one, several string, all int, lanes []string, drawn gonum.Plotter) {
	n := max(len(lanes), 1)
	p := panel{name: one, height: vg.Length(n * laneHeight), y: axis{max: float64(n), lanes: true}, marks: []gonum.Plotter{drawn}}
	for i, name := range lanes {
		p.y.ticks = append(p.y.ticks, gonum.Tick{Value: float64(n-i) - 0.5, Label: laneLabel(name)})
	}
	if all > len(lanes) {
		f.says = append(f.says, fmt.Sprintf("Shown are the %d most eventful of %s %s.", len(lanes), count(float64(all)), several))
	}
	f.add(p)
}

func names[T any](lanes []T, name func(T) string) (all []string) {
	for _, lane := range lanes {
		all = append(all, name(lane))
	}
	return all
}

// laneKeys tell whose the inks of bars are.
func laneKeys(owners []string) (keys []key) {
	for i, name := range owners[:min(len(owners), 2*lineInks)] {
		keys = append(keys, key{name: name, line: line(lineInk(i), 4, nil)})
	}
	return keys
}

// laneLabel is a lane's name as it fits beside it.
func laneLabel(name string) string {
	return shortenStart(name, style(muted, normalSize, draw.XRight), leftMargin-8)
}

// busiest keeps at most mostLanes, in order: those with the most events.
func busiest[T any](all []T, events func(T) int) []T {
	if len(all) <= mostLanes {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(events(all[b]), events(all[a])) })
	slices.Sort(order[:mostLanes])
	var chosen []T
	for _, i := range order[:mostLanes] {
		chosen = append(chosen, all[i])
	}
	return chosen
}

// byNumber sorts broker-2 before broker-10.
func byNumber(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// gap is a time in which a lane had nothing.
type gap struct{ from, to int64 }

// mostHints is how many bars have a text for whoever points at them: it
// takes most of their bytes.
const mostHints = 90

// mostSpans bounds what is drawn of all bars, and of all rows below them: about
// ten bytes each.
const mostSpans = 1000

// timeToX is where on the canvas a time is.
func timeToX(c draw.Canvas, p *gonum.Plot) func(int64) vg.Length {
	toX, _ := p.Transforms(&c)
	return func(t int64) vg.Length { return min(max(toX(finite(float64(t))), c.Min.X), c.Max.X) }
}

// spanBar draws one span, with the first of the labels that fits into it.
func spanBar(c draw.Canvas, owner int, from, to, top vg.Length, labels ...string) {
	c.FillPolygon(tint(owner), box(from, top-laneBar, max(to, from+1.5), top))
	c.FillPolygon(lineInk(owner), box(from, top-laneBar, from+1.5, top))
	in := style(text, smallSize, draw.XLeft)
	for _, label := range labels {
		if in.Width(label)+8 <= to-from {
			c.FillText(in, vg.Point{X: from + 5, Y: top - laneBar/2}, label)
			return
		}
	}
}

// absence draws a time in which something had nobody, with its name where it fits.
func absence(c draw.Canvas, of ink, name string, from, to, y vg.Length) {
	in := style(of, smallSize, draw.XCenter)
	rule := line(of, 1.5, []vg.Length{3, 2})
	if width := in.Width(name); width+16 <= to-from {
		middle := (from + to) / 2
		c.FillText(in, vg.Point{X: middle, Y: y}, name)
		c.StrokeLine2(rule, from, y, middle-width/2-3, y)
		from = middle + width/2 + 3
	}
	c.StrokeLine2(rule, from, y, max(to, from+1), y)
}

// ribbon is a row of stretches, none of which touch.
type ribbon []stretch

type stretch struct{ from, to vg.Length }

func (r ribbon) add(from, to vg.Length) ribbon {
	if n := len(r); n > 0 && from <= r[n-1].to+0.1 {
		r[n-1].to = max(r[n-1].to, to)
		return r
	}
	return append(r, stretch{from, to})
}

// sampled looks at so many moments alone: what they say holds for as long as there
// are between two.
func (r ribbon) sampled(moments int) ribbon {
	var at ribbon
	step := vg.Length(plotWidth) / vg.Length(moments)
	next := 0
	for i := range moments {
		from := plotLeft + vg.Length(i)*step
		for next < len(r) && r[next].to <= from+step/2 {
			next++
		}
		if next < len(r) && r[next].from <= from+step/2 {
			at = at.add(from, from+step)
		}
	}
	return at
}

// path strings the stretches on a line at a height.
func (r ribbon) path(path vg.Path, y vg.Length) vg.Path {
	for _, s := range r {
		path.Move(vg.Point{X: s.from, Y: y})
		path.Line(vg.Point{X: max(s.to, s.from+0.5), Y: y})
	}
	return path
}

// shortenStart is shorten for names whose end tells them apart.
func shortenStart(s string, in draw.TextStyle, width vg.Length) string {
	if in.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && in.Width("…"+string(runes)) > width {
		runes = runes[1:]
	}
	return "…" + string(runes)
}
