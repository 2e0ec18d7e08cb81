package plot

import (
	"slices"
	"strconv"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"assay/faults"
)

// strip shows the faults above a plot over time, as a calendar shows
// appointments: a bar each, in rows such that nothing overlaps, with its name
// beside it. Where the names take too much room they are numbers, told below the
// plot.
type strip struct {
	bars []bar
	rows int
	keys []string // what the numbers mean
}

// bar is one fault.
type bar struct {
	from, to vg.Length // on the page
	row      int
	label    string
	labelAt  vg.Length
	says     string
}

const (
	stripRow     = 15
	mostRows     = 4
	mostNumbered = 6 // rows of bars with numbers
	mostKeyLines = 4
	// mostHintedBars is how many bars have a text for whoever points at them: it
	// takes most of their bytes.
	mostHintedBars = 40
)

// newStrip places the faults that were applied in a run of a length.
func newStrip(records []faults.Record, length int64) *strip {
	s := &strip{}
	for _, r := range records {
		if r.Outcome == faults.Skipped {
			continue
		}
		at := func(t int64) vg.Length {
			return plotLeft + plotWidth*vg.Length(min(max(finite(float64(t))/float64(max(length, 1)), 0), 1))
		}
		s.bars = append(s.bars, bar{from: at(int64(r.Start)), to: max(at(int64(r.End)), at(int64(r.Start))), label: faultName(r), says: faultSays(r)})
	}
	if len(s.bars) == 0 {
		return nil
	}
	if s.rows = s.place(mostRows); s.rows <= mostRows {
		return s
	}
	var keys []string
	for i := range s.bars {
		b := &s.bars[i]
		b.label = strconv.Itoa(i + 1)
		keys = append(keys, b.label+" "+b.says)
	}
	s.rows = min(s.place(mostNumbered), mostNumbered)
	s.keys = foldKeys(keys)
	return s
}

// place gives every bar its row and returns how many that takes. What has no room
// in so many rows goes without label into the last.
func (s *strip) place(most int) (rows int) {
	var ends []vg.Length // of the rows
	in := style(text, smallSize, draw.XLeft)
	for i := range s.bars {
		b := &s.bars[i]
		width := in.Width(b.label)
		// The label begins with the bar, or ends at the margin.
		b.labelAt = min(b.from, figureWidth-width)
		begin, end := min(b.from, b.labelAt), max(b.to, b.labelAt+width)
		b.row = slices.IndexFunc(ends, func(taken vg.Length) bool { return taken+5 <= begin })
		if b.row < 0 {
			b.row = len(ends)
			ends = append(ends, end)
		}
		ends[b.row] = max(ends[b.row], end)
		if b.row >= most {
			b.row, b.label = most-1, ""
			rows = most + 1
		}
		rows = max(rows, b.row+1)
	}
	return rows
}

// foldKeys writes the keys in a few lines.
func foldKeys(keys []string) []string {
	in := style(muted, normalSize, draw.XLeft)
	var lines []string
	line, told := "", 0
	for i, k := range keys {
		longer := k
		if line != "" {
			longer = line + " · " + k
		}
		if line != "" && in.Width(longer) > figureWidth {
			if len(lines) == mostKeyLines-1 {
				break
			}
			lines, longer = append(lines, line), k
		}
		line, told = shorten(longer, in, figureWidth), i+1
	}
	lines = append(lines, line)
	if left := len(keys) - told; left > 0 {
		lines = append(lines, "and "+strconv.Itoa(left)+" more faults")
	}
	return lines
}

func (s *strip) height() vg.Length {
	if s == nil {
		return 0
	}
	return vg.Length(s.rows*stripRow) + 8
}

// draw draws the strip below a place and returns the place below it.
func (s *strip) draw(c *canvas, page draw.Canvas, top vg.Length) vg.Length {
	if s == nil {
		return top
	}
	var together vg.Path
	in := style(text, smallSize, draw.XLeft)
	for i := range s.bars {
		b := &s.bars[i]
		y := top - vg.Length(b.row*stripRow) - 9
		corners := box(b.from, y-8, max(b.to, b.from+2.5), y-5.5)
		if len(s.bars) > mostHintedBars {
			together = outline(together, corners)
			page.FillText(in, vg.Point{X: b.labelAt, Y: y}, b.label)
			continue
		}
		c.hint(b.says, func() {
			page.FillPolygon(text, corners)
			page.FillText(in, vg.Point{X: b.labelAt, Y: y}, b.label)
		})
	}
	if len(together) > 0 {
		page.SetColor(text)
		page.Fill(together)
	}
	return top - s.height()
}

// bands are the faults behind the lines: grey where some fault lasts.
type bands struct{ *strip }

// Plot implements gonum.Plotter.
func (b bands) Plot(c draw.Canvas, _ *gonum.Plot) {
	if b.strip == nil {
		return
	}
	sorted := slices.Clone(b.bars)
	slices.SortStableFunc(sorted, func(a, b bar) int { return int(a.from*100) - int(b.from*100) })
	for i := 0; i < len(sorted); {
		from, to := sorted[i].from, sorted[i].to
		for i++; i < len(sorted) && sorted[i].from <= to; i++ {
			to = max(to, sorted[i].to)
		}
		c.FillPolygon(band, box(from, c.Min.Y, max(to, from+1.5), c.Max.Y))
	}
}

// faultName is the label of a fault: what, and whom it hit.
func faultName(r faults.Record) string {
	kind := strings.ReplaceAll(string(r.Spec.Kind), "_", " ")
	names := r.Names()
	switch len(names) {
	case 0:
		return kind
	case 1, 2:
		return kind + " " + strings.Join(names, ", ")
	}
	return kind + " " + names[0] + " and " + strconv.Itoa(len(names)-1) + " more"
}

// faultSays is a fault in words.
func faultSays(r faults.Record) string {
	says := faultName(r) + " at " + duration(int64(r.Start))
	if r.End > r.Start {
		says += " for " + duration(int64(r.End-r.Start))
	}
	return says
}
