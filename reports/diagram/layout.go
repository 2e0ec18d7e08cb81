package diagram

import (
	"regexp"
	"slices"

	"assay/scenarios/result"
)

// form is one of the two arrangements of a picture. All lengths are in pixels.
type form struct {
	width  int
	beside bool // the sentences stand beside the lanes, not above them
	text   int  // where sentences begin
	lane0  int  // middle of the first lane
	pitch  int  // from lane to lane
	lines  int  // of a sentence at most
}

const (
	fontSize   = 12.5 // of sentences; fontSize/100 pixels to a unit of width
	lineHeight = 16
	timeEnd    = 92 // right end of the time
)

// wide is the form for pages: as many lanes as there are get half of it at most.
func wide(lanes int) form {
	const full, most, margin = 1000, 430, 14
	pitch := max(min(74, most/max(lanes, 1)), 30)
	f := form{width: full, beside: true, lane0: timeEnd + 16 + pitch/2, pitch: pitch, lines: 3}
	f.text = f.lane0 + pitch*(max(lanes, 1)-1) + pitch/2 + margin
	f.width = max(f.width, f.text+420)
	return f
}

// narrow is the form for phones.
func narrow(lanes int) form {
	const full = 380
	pitch := max(full/max(lanes, 1), 30)
	return form{width: max(full, pitch*lanes), text: 6, lane0: pitch / 2, pitch: pitch, lines: 5}
}

// row is one event, or a break of the axis, at its place.
type row struct {
	event  *event // nil: a break
	quiet  int64  // how much time passes in a break
	top, y int    // y is where its symbols are
	height int
	text   []string
}

// layout is a scene in one form.
type layout struct {
	form
	scene  result.Scene
	lanes  []result.Lane
	rows   []row
	left   int
	ranks  int // in how many lines the lanes' names stand
	head   int // height of the headings
	bottom int // of the last row
}

func arrange(s result.Scene, choose func(lanes int) form) *layout {
	list, left := events(s)
	l := &layout{scene: s, lanes: lanesOf(s, list), left: left}
	l.form = choose(len(l.lanes))
	l.ranks = 1
	for _, lane := range l.lanes {
		if headingWidth(lane.Name) > l.pitch-2 {
			l.ranks = 2
		}
	}
	l.head = 10 + 18*l.ranks
	threshold := breakAfter(list)
	y := l.head
	for i := range list {
		if i > 0 {
			if quiet := list[i].at - list[i-1].at; quiet >= threshold {
				l.rows = append(l.rows, row{quiet: quiet, top: y, y: y + 11, height: 22})
				y += 22
			}
		}
		r := l.place(&list[i], y)
		l.rows = append(l.rows, r)
		y += r.height
	}
	l.bottom = y
	return l
}

// place gives an event its row.
func (l *layout) place(e *event, top int) row {
	r := row{event: e, top: top}
	room := int(float64(l.width-l.text-8) * 100 / fontSize)
	if e.offending {
		room = room * 100 / bolder
	}
	r.text = wrap(unbroken(cleaned(e.sentence())), room, l.lines)
	if l.beside {
		r.height = max(lineHeight*len(r.text)+8, 25)
		r.y = top + r.height/2
		return r
	}
	const times, lanes = 17, 20
	r.height = times + lineHeight*len(r.text) + lanes
	r.y = top + r.height - lanes/2
	return r
}

// unbroken keeps a number and its unit in one line.
func unbroken(text string) string {
	return numberAndUnit.ReplaceAllString(text, "$1\u00a0$2")
}

var numberAndUnit = regexp.MustCompile(`([0-9]) (s|ms)\b`)

// x is the middle of a lane.
func (l *layout) x(name string) int {
	i := slices.IndexFunc(l.lanes, func(lane result.Lane) bool { return lane.Name == name })
	return l.lane0 + max(i, 0)*l.pitch
}

// yAt is where a moment is: at the row of an event of that moment, on that lane
// if there is one, else between the rows before and after it in the proportion
// of time.
func (l *layout) yAt(t int64, lane string) int {
	before, after := -1, -1
	for i := range l.rows {
		e := l.rows[i].event
		switch {
		case e == nil:
		case e.at == t && e.lane == lane:
			return l.rows[i].y
		case e.at <= t:
			before = i
		case after < 0:
			after = i
		}
	}
	switch {
	case before < 0:
		return l.head
	case after < 0:
		return l.bottom
	}
	a, b := &l.rows[before], &l.rows[after]
	part := float64(t-a.event.at) / float64(b.event.at-a.event.at)
	return a.y + int(part*float64(b.y-a.y))
}
