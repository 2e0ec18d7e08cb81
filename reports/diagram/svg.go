package diagram

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// SVG draws a scene for a page, 1000 pixels wide where it has up to five or six
// lanes. On less it gets smaller; see Narrow.
func SVG(s result.Scene) []byte { return draw(s, wide) }

// Narrow draws a scene 380 pixels wide, for phones.
func Narrow(s result.Scene) []byte { return draw(s, narrow) }

// drawing is a picture on its way.
type drawing struct {
	bytes.Buffer
	*layout
}

func draw(s result.Scene, choose func(lanes int) form) []byte {
	d := &drawing{layout: arrange(s, choose)}
	legend := d.legend()
	height := d.bottom + d.head + 8 + lineHeight*len(legend) + 8
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="assay-scene" role="img" viewBox="0 0 %d %d" width="%d" height="%d">`, d.width, height, d.width, height)
	d.printf("<style>%s%s</style><title>%s</title><desc>%s</desc>", Style, ground, escaped(d.title()), escaped(d.description()))
	d.grounds()
	d.lifelines()
	d.leaders()
	d.gaps()
	for i := range d.rows {
		if e := d.rows[i].event; e != nil && e.message != nil {
			d.arrow(&d.rows[i])
		}
	}
	for i := range d.rows {
		if e := d.rows[i].event; e != nil && e.mark != nil {
			d.symbol(d.x(e.lane), d.rows[i].y, e.mark.Kind, e.offending)
		}
	}
	d.epochs()
	d.headings(0)
	d.sentences()
	d.headings(d.bottom + 4)
	for i, line := range legend {
		d.printf(`<text class="s" x="4" y="%d">%s</text>`, d.bottom+d.head+18+i*lineHeight, line)
	}
	d.WriteString("</svg>\n")
	return d.Bytes()
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

func escaped(text string) string { return html.EscapeString(cleaned(text)) }

func (d *drawing) title() string {
	text := d.scene.Claim + ", seed " + fmt.Sprintf("0x%x", d.scene.Seed)
	if d.scene.Partition != "" {
		text += ": " + d.scene.Partition
	}
	return text
}

// description says the events that are about the record, for who cannot see the
// picture.
func (d *drawing) description() string {
	const most = 1500
	var told strings.Builder
	for i := range d.rows {
		if e := d.rows[i].event; e != nil && e.offending && told.Len() < most {
			fmt.Fprintf(&told, "%d: %s ", e.number, e.told())
		}
	}
	return strings.TrimSpace(told.String())
}

// grounds are the rows: every other one shaded, those of the record tinted.
func (d *drawing) grounds() {
	for i := range d.rows {
		r := &d.rows[i]
		switch {
		case r.event == nil:
		case r.event.offending:
			d.printf(`<path class="w" d="M0 %dh%dv%dH0z"/><path class="wb" d="M0 %dh3v%dH0z"/>`, r.top, d.width, r.height, r.top, r.height)
		case i%2 == 1:
			d.printf(`<path class="z" d="M0 %dh%dv%dH0z"/>`, r.top, d.width, r.height)
		}
	}
}

// lifelines run through the picture; where the axis is broken they are dotted.
func (d *drawing) lifelines() {
	var whole, broken strings.Builder
	for i := range d.lanes {
		x := d.lane0 + i*d.pitch
		from := d.head - 8
		for j := range d.rows {
			if r := &d.rows[j]; r.event == nil {
				fmt.Fprintf(&whole, "M%d %dV%d", x, from, r.top+3)
				fmt.Fprintf(&broken, "M%d %dv%d", x, r.top+4, r.height-7)
				from = r.top + r.height - 3
			}
		}
		fmt.Fprintf(&whole, "M%d %dV%d", x, from, d.bottom+8)
	}
	d.printf(`<path class="l" d="%s"/><path class="b" d="%s"/>`, whole.String(), broken.String())
}

// extent is where something that lasts begins and ends in the picture.
func (d *drawing) extent(from, to int64, lane string) (top, bottom int) {
	top, bottom = d.yAt(from, lane), d.yAt(to, lane)
	if bottom < top+10 {
		bottom = top + 10
	}
	return top, min(bottom, d.bottom)
}

// leaders are thick stretches of their lanes.
func (d *drawing) leaders() {
	for _, leader := range d.scene.Leaders {
		if d.hasLane(leader.Broker) {
			top, bottom := d.extent(leader.From, leader.To, leader.Broker)
			d.printf(`<path class="ld e%d" d="M%d %dV%d"/>`, epochInk(leader.Epoch), d.x(leader.Broker), top, bottom)
		}
	}
}

func epochInk(epoch int32) int32 { return (epoch%epochInks + epochInks) % epochInks }

// epochs name the leaders' stretches, above what crosses them, where they are
// long enough for a name.
func (d *drawing) epochs() {
	for _, leader := range d.scene.Leaders {
		if d.hasLane(leader.Broker) {
			top, bottom := d.extent(leader.From, leader.To, leader.Broker)
			if bottom-top < 13 {
				continue
			}
			d.printf(`<text class="e" x="%d" y="%d">e%d</text>`, d.x(leader.Broker)+8, top+12, leader.Epoch)
		}
	}
}

func (d *drawing) hasLane(name string) bool {
	return slices.ContainsFunc(d.lanes, func(l result.Lane) bool { return l.Name == name })
}

// gaps are where a node did not run (a hatched box), stood still (a barred one),
// was cut off or slowed down (a line of its own beside the lane).
func (d *drawing) gaps() {
	beside := map[string]int{} // how many lines there are beside a lane
	for i := range d.scene.Gaps {
		g := &d.scene.Gaps[i]
		if !d.hasLane(g.Lane) || !d.tells(g) {
			continue
		}
		x := d.x(g.Lane)
		top, bottom := d.extent(g.From, g.To, g.Lane)
		switch g.Kind {
		case "kill", "power_loss":
			d.printf(`<path class="gd" d="M%d %dh14V%dh-14z"/><path class="gh" d="%s"/>`, x-7, top, bottom, hatching(x-7, top, bottom))
		case "pause":
			d.printf(`<path class="gd" d="M%d %dh12V%dh-12z"/><path class="gp" d="%s"/>`, x-6, top, bottom, rungs(x-5, top, bottom))
		case "partition":
			d.printf(`<path class="gn" d="M%d %dV%d"/>`, x-9-5*beside[g.Lane], top, bottom)
			beside[g.Lane]++
		default:
			d.printf(`<path class="gs" d="M%d %dV%d"/>`, x-9-5*beside[g.Lane], top, bottom)
			beside[g.Lane]++
		}
	}
}

// tells says whether a gap is among the events.
func (d *drawing) tells(g *result.Gap) bool {
	return slices.ContainsFunc(d.rows, func(r row) bool { return r.event != nil && r.event.gap == g })
}

func hatching(x, top, bottom int) string {
	var b strings.Builder
	for y := top + 8; y < bottom; y += 8 {
		fmt.Fprintf(&b, "M%d %dl14 -8", x, y)
	}
	return b.String()
}

func rungs(x, top, bottom int) string {
	var b strings.Builder
	for y := top + 5; y < bottom-2; y += 7 {
		fmt.Fprintf(&b, "M%d %dh10", x, y)
	}
	return b.String()
}

// arrow draws a message: to where its receiver took it, or as far as it came.
func (d *drawing) arrow(r *row) {
	m := r.event.message
	x1, x2, y1 := d.x(m.From), d.x(m.To), r.y
	side := 1
	if x2 < x1 {
		side = -1
	}
	line, head := "a", "ah"
	if m.Offending {
		line, head = "r", "rh"
	}
	if m.Arrived < 0 {
		xm, y2 := x1+(x2-x1)*3/5, y1+5
		d.printf(`<path class="%s d" d="M%d %dL%d %d"/><path class="x" d="M%d %dl9 9m-9 0l9-9"/>`, line, x1, y1, xm, y2, xm-4, y2-4)
		return
	}
	y2 := y1 + 6
	if d.beside { // above the lanes there would be words in the way
		y2 = max(d.yAt(m.Arrived, m.To), y1+5)
	}
	if x1 == x2 { // to itself
		d.printf(`<path class="%s" d="M%d %dh14v%dh-14"/>`, line, x1, y1, y2-y1)
		return
	}
	d.arrowhead(line, head, x1, y1, x2-side*2, y2)
}

// arrowhead draws a line with a head at its end, in the line's direction.
func (d *drawing) arrowhead(line, head string, x1, y1, x2, y2 int) {
	dx, dy := float64(x2-x1), float64(y2-y1)
	length := max(math.Sqrt(dx*dx+dy*dy), 1)
	ux, uy := dx/length, dy/length
	d.printf(`<path class="%s" d="M%d %dL%.0f %.0f"/>`, line, x1, y1, float64(x2)-7*ux, float64(y2)-7*uy)
	d.printf(`<path class="%s" d="M%d %dL%.0f %.0fL%.0f %.0fz"/>`, head, x2, y2,
		float64(x2)-9*ux+4.2*uy, float64(y2)-9*uy-4.2*ux, float64(x2)-9*ux-4.2*uy, float64(y2)-9*uy+4.2*ux)
}

// symbol draws a mark by its kind.
func (d *drawing) symbol(x, y int, kind string, offending bool) {
	class := "k"
	if offending {
		class = "kr"
	}
	d.printf(`<path class="%s" d="M%d %d%s"/>`, class, x, y, cmp.Or(symbols[kind], symbols["append"]))
}

// symbols are outlines around a point.
var symbols = map[string]string{
	"append":      "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", // a circle
	"client":      "m-5-5h10v10h-10z",                     // a square
	"epoch":       "m0-7l7 12h-14z",                       // a triangle upwards
	"watermark":   "m-10-2.5h20v5h-20z",                   // a level
	"truncation":  "m0 7l7-12h-14z",                       // a triangle downwards
	"recovery":    "m-7-3l7-5 7 5-3 8h-8z",                // a pentagon
	"isr":         "m0-7l7 7-7 7-7-7z",                    // a diamond
	"group":       "m-6-3l6-4 6 4v6l-6 4-6-4z",            // a hexagon
	"transaction": "m-7-6h14l-7 6 7 6h-14l7-6z",           // an hourglass
	"fault":       "m-6-6l3 6-3 6 6-3 6 3-3-6 3-6-6 3z",   // a star
}

// headings name the lanes, in two ranks where they would touch.
func (d *drawing) headings(top int) {
	for i, lane := range d.lanes {
		x, y := d.lane0+i*d.pitch, top+14
		if d.ranks == 2 && i%2 == 1 {
			y += 18
		}
		name := shorten(cleaned(lane.Name), (d.ranks*d.pitch-10)*1000/130)
		half := headingWidth(name) / 2
		x = max(half+1, min(x, d.width-half-1))
		radius := 2
		if lane.Kind == "client" {
			radius = 9
		}
		d.printf(`<rect class="hb" x="%d" y="%d" width="%d" height="17" rx="%d"/><text class="h" x="%d" y="%d">%s</text>`,
			x-half, y-13, 2*half, radius, x, y, escaped(name))
	}
}

// headingWidth is how much room a lane's name takes.
func headingWidth(name string) int { return width(name)*130/1000 + 8 }

// sentences are the words of the rows.
func (d *drawing) sentences() {
	for i := range d.rows {
		r := &d.rows[i]
		if r.event == nil {
			x := d.text
			if !d.beside {
				x = 30
			}
			d.printf(`<text class="s" x="%d" y="%d">%s later</text>`, x, r.y+4, span(r.quiet))
			continue
		}
		class := ` class="q"`
		if r.event.offending {
			class = ` class="o"`
		}
		if d.beside {
			d.printf(`<text class="n" x="26" y="%d">%d</text><text class="t" x="%d" y="%d">%s</text>`, r.y+4, r.event.number, timeEnd, r.y+4, clock(r.event.at))
			d.lineByLine(r.text, class, d.text, r.y+4-(len(r.text)-1)*lineHeight/2)
			continue
		}
		d.printf(`<text class="n" x="24" y="%d">%d</text><text class="s" x="32" y="%d">%s</text>`, r.top+13, r.event.number, r.top+13, clock(r.event.at))
		d.lineByLine(r.text, class, 6, r.top+13+lineHeight)
	}
}

func (d *drawing) lineByLine(lines []string, class string, x, y int) {
	d.printf(`<text%s x="%d" y="%d">`, class, x, y)
	for i, line := range lines {
		if i == 0 {
			d.WriteString(html.EscapeString(line))
			continue
		}
		d.printf(`<tspan x="%d" dy="%d">%s</tspan>`, x, lineHeight, html.EscapeString(line))
	}
	d.WriteString("</text>")
}

// legend says in words what the signs mean that the picture has: few fonts have
// all of them.
func (d *drawing) legend() []string {
	used := map[string]bool{}
	for i := range d.rows {
		e := d.rows[i].event
		switch {
		case e == nil:
		case e.mark != nil:
			used[e.mark.Kind] = true
		case e.gap != nil:
			used[e.gap.Kind] = true
		case e.message != nil && e.message.Arrived < 0:
			used["lost"] = true
		}
	}
	signs := []string{"Tinted rows, thick lines: the record that it is about", "thick lane: leads, e3 is leader epoch 3"}
	for _, s := range []struct{ kind, says string }{
		{"kill", "hatched: down"}, {"power_loss", "hatched: down"}, {"pause", "barred: stands still"},
		{"partition", "dashed beside a lane: cut off"}, {"delay", "dotted beside a lane: slowed down"}, {"lost", "dashed arrow with ×: lost"},
		{"client", "square: client"}, {"append", "circle: append"}, {"watermark", "bar: high watermark"}, {"epoch", "triangle: election, leader epoch"},
		{"isr", "diamond: in-sync replicas"}, {"truncation", "triangle downwards: truncation"}, {"recovery", "pentagon: recovery"}, {"group", "hexagon: group"}, {"transaction", "hourglass: transaction"}, {"fault", "star: fault"},
	} {
		if used[s.kind] && !slices.Contains(signs, s.says) {
			signs = append(signs, s.says)
		}
	}
	lines := wrap(strings.Join(signs, " · "), (d.width-12)*1000/110, 8)
	if d.left > 0 {
		lines = append(lines, leftOut(d.left))
	}
	return lines
}
