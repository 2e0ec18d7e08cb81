package plot

import (
	"math"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The measures of every picture in pixels. All plots over time have the same
// width and margins, so that one moment is at one place in all of them.
const (
	figureWidth = 760
	leftMargin  = 66
	rightMargin = 18
	lineHeight  = 15
	plotLeft    = leftMargin
	plotRight   = figureWidth - rightMargin
	plotWidth   = plotRight - plotLeft
)

// figure is a picture: a head that says what one sees, panels below each other
// that share their x-axis, and a foot.
type figure struct {
	title string
	says  []string // sentences: what is worth to be seen in it
	keys  []key
	above *strip // of faults; nil is none
	panel []panel
	x     axis
	foot  []string
}

// key is an entry of the legend.
type key struct {
	name string
	line draw.LineStyle
	area bool // of an area rather than a line
	sign bool // its name begins with the sign that it explains: no sample
}

// sample is the room that a key's sample takes.
func (k key) sample() vg.Length {
	if k.sign {
		return 0
	}
	return keySample
}

// panel is one plot.
type panel struct {
	name   string // what its y-axis measures
	height vg.Length
	y      axis
	marks  []gonum.Plotter // from the hindmost to the foremost
}

// render draws the figure.
func (f *figure) render() []byte {
	says := wrap(strings.Join(f.says, " "), style(muted, normalSize, draw.XLeft), figureWidth)
	keys := f.placeKeys()
	height := vg.Length(12 + 20 + lineHeight*(len(says)+keys.rows+len(f.foot)) + 10)
	for _, p := range f.panel {
		height += p.height + panelHead
	}
	height += f.above.height() + f.x.height()
	c := newCanvas(figureWidth, height)
	page := draw.New(c)

	y := height - 14
	page.FillText(bold(style(text, titleSize, draw.XLeft)), vg.Point{Y: y}, f.title)
	y -= 18
	y = writeLines(page, says, y)
	y = keys.draw(page, f.keys, y)
	y = f.above.draw(c, page, y+lineHeight/2)
	for i := range f.panel {
		y = f.drawPanel(page, &f.panel[i], y, i == len(f.panel)-1)
	}
	y -= f.x.height()
	writeLines(page, f.foot, y-lineHeight/2)
	return c.bytes(f.title, strings.Join(append(f.says, f.foot...), " "))
}

func writeLines(page draw.Canvas, lines []string, y vg.Length) vg.Length {
	for _, line := range lines {
		page.FillText(style(muted, normalSize, draw.XLeft), vg.Point{Y: y}, line)
		y -= lineHeight
	}
	return y
}

// panelHead is the room above a panel for its name.
const panelHead = 25

func (f *figure) drawPanel(page draw.Canvas, p *panel, top vg.Length, last bool) vg.Length {
	page.FillText(style(muted, smallSize, draw.XLeft), vg.Point{Y: top - 12}, p.name)
	area := page
	area.Rectangle = vg.Rectangle{
		Min: vg.Point{X: plotLeft, Y: top - panelHead - p.height},
		Max: vg.Point{X: plotRight, Y: top - panelHead},
	}
	g := gonum.New()
	g.BackgroundColor = nil
	g.HideAxes() // drawn by axes, which keep the margins
	g.X.Padding, g.Y.Padding = 0, 0
	g.X.Min, g.X.Max, g.Y.Min, g.Y.Max = f.x.min, f.x.max, p.y.min, p.y.max
	g.X.Scale, g.Y.Scale = f.x.scale(), p.y.scale()
	g.Add(axes{x: &f.x, y: &p.y, labelX: last})
	g.Add(p.marks...)
	// Add widens the ranges to the data of plotters that tell them; ours clip.
	g.Draw(area)
	return area.Min.Y
}

// placed are the places of a legend's keys.
type placed struct {
	rows int
	at   []vg.Point // from the left end of the first row
}

const (
	keySample = 26
	keyGap    = 18
)

func (f *figure) placeKeys() (p placed) {
	x := vg.Length(0)
	if len(f.keys) > 0 {
		p.rows = 1
	}
	for _, k := range f.keys {
		width := k.sample() + style(text, normalSize, draw.XLeft).Width(k.name) + keyGap
		if x > 0 && x+width-keyGap > figureWidth {
			x = 0
			p.rows++
		}
		p.at = append(p.at, vg.Point{X: x, Y: -vg.Length((p.rows - 1) * lineHeight)})
		x += width
	}
	return p
}

func (p placed) draw(page draw.Canvas, keys []key, y vg.Length) vg.Length {
	for i, k := range keys {
		at := p.at[i].Add(vg.Point{Y: y})
		switch {
		case k.sign:
		case k.area:
			page.FillPolygon(k.line.Color, box(at.X, at.Y-4, at.X+20, at.Y+4))
		default:
			page.StrokeLine2(k.line, at.X, at.Y, at.X+20, at.Y)
		}
		page.FillText(style(text, normalSize, draw.XLeft), vg.Point{X: at.X + k.sample(), Y: at.Y}, k.name)
	}
	return y - vg.Length(p.rows*lineHeight)
}

// outline adds a polygon to a path.
func outline(path vg.Path, corners []vg.Point) vg.Path {
	path.Move(corners[0])
	for _, corner := range corners[1:] {
		path.Line(corner)
	}
	path.Close()
	return path
}

func box(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// wrap breaks a text into lines of a width.
func wrap(s string, in draw.TextStyle, width vg.Length) (lines []string) {
	line := ""
	for _, word := range strings.Fields(s) {
		longer := word
		if line != "" {
			longer = line + " " + word
		}
		if line != "" && in.Width(longer) > width {
			lines, longer = append(lines, line), word
		}
		line = shorten(longer, in, width)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// shorten cuts a text that is wider than a width, and shows that it did.
func shorten(s string, in draw.TextStyle, width vg.Length) string {
	if in.Width(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && in.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// line is a stroke of an ink.
func line(of ink, width vg.Length, dashes []vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: of, Width: width, Dashes: dashes}
}

// finite keeps what is drawn within what can be drawn.
func finite(v float64) float64 {
	const most = 1e18
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -most), most)
}
