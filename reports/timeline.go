package reports

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"assay/faults"
	"assay/scenarios/result"
)

// Measures of a timeline's drawing, in SVG user units (pixels at full size).
const (
	figureWidth = 960
	laneGutter  = 128 // names of lanes
	rowHeight   = 20
	lanePadding = 4
	axisHeight  = 24
	glyphWidth  = 7 // of the widest usual letters at the label's size
)

// figure is a timeline ready to be drawn: lanes of bars over an axis of time.
type figure struct {
	ID            string
	Title, Says   string // for those who do not see it
	Width, Height int
	Left, Right   int // of the plot
	AxisY, TickY  int
	Lanes         []lane
	Ticks         []tick
	LoadEnd       int // x, or 0 if outside
}

type lane struct {
	Name                   string
	Top, Height, TextY, To int
	Bars                   []bar
}

// bar is a fault or an operation. Its label stands in it, or beside it.
type bar struct {
	Class               string // by what it does: down, pause, network, other, operation
	X, Y, Width, Height int
	Label, Tooltip      string
	LabelX, LabelY      int
	Anchor              string
	Open                bool // an operation that never returned

	lane     string
	from, to int // pixels taken, label included
}

type tick struct {
	X     int
	Label string
}

// drawTimeline places what happened from one moment to another (nanoseconds).
// Operations are numbered as they are listed. ok is false if there is nothing to draw.
func drawTimeline(id, title string, from, to, loadEnd int64, records []faults.Record, operations []result.Operation) (f figure, ok bool) {
	if to <= from {
		return figure{}, false
	}
	f = figure{ID: id, Title: title, Width: figureWidth, Left: laneGutter, Right: figureWidth - 28}
	scale := scale{from: from, to: to, left: f.Left, right: f.Right}
	var bars []bar
	for i, o := range operations {
		bars = append(bars, scale.operation(i+1, o))
	}
	for _, r := range records {
		if r.Outcome == faults.Skipped || int64(r.Start) > to || int64(r.End) < from {
			continue
		}
		for _, name := range r.Names() {
			bars = append(bars, scale.fault(name, r))
		}
	}
	if len(bars) == 0 {
		return figure{}, false
	}
	f.Lanes = stack(bars, f.Right)
	last := f.Lanes[len(f.Lanes)-1]
	f.AxisY = last.Top + last.Height
	f.Height, f.TickY = f.AxisY+axisHeight, f.AxisY+16
	f.Ticks = scale.ticks()
	if loadEnd > from && loadEnd < to {
		f.LoadEnd = scale.x(loadEnd)
	}
	f.Says = fmt.Sprintf("%s, from %s to %s: %s and %s.", title, instant(from), instant(to),
		plural(len(operations), "operation"), plural(len(bars)-len(operations), "fault interval"))
	return f, true
}

// scale maps moments to pixels.
type scale struct {
	from, to    int64
	left, right int
}

func (s scale) x(at int64) int {
	at = min(max(at, s.from), s.to)
	return s.left + int((at-s.from)*int64(s.right-s.left)/(s.to-s.from))
}

func (s scale) bar(class, lane, label, tooltip string, from, to int64) bar {
	const least = 4 // a moment must be seen too
	b := bar{Class: class, lane: lane, Label: label, Tooltip: tooltip, X: s.x(from), Height: rowHeight - 4}
	b.Width = max(s.x(to)-b.X, least)
	b.X = min(b.X, s.right-b.Width)
	b.from, b.to = b.X, b.X+b.Width
	text := utf8.RuneCountInString(label)*glyphWidth + 6
	switch {
	case text <= b.Width:
		b.LabelX, b.Anchor = b.X+4, "start"
	case b.to+text <= s.right:
		b.LabelX, b.Anchor, b.to = b.to+4, "start", b.to+text
	default:
		b.LabelX, b.Anchor, b.from = b.X-4, "end", b.X-text
	}
	return b
}

func (s scale) fault(name string, r faults.Record) bar {
	label := r.Spec.ID + " " + string(r.Spec.Kind)
	return s.bar(faultClass(r.Spec.Kind), name, label, tellFault(r), int64(r.Start), int64(r.End))
}

func (s scale) operation(number int, o result.Operation) bar {
	end := o.Return
	if end < 0 {
		end = s.to
	}
	b := s.bar("operation", o.Client, fmt.Sprint(number), fmt.Sprintf("%d. %s %s, called at %s, returned: %s", number, o.Client, o.What,
		fineInstant(o.Call), fineInstant(o.Return)), o.Call, end)
	b.Open = o.Return < 0
	return b
}

// faultClass groups kinds by what they take away; it picks a bar's colour.
func faultClass(kind faults.Kind) string {
	switch kind {
	case faults.Kill, faults.PowerLoss, faults.Roll:
		return "down"
	case faults.Pause:
		return "pause"
	case faults.Partition, faults.Delay, faults.Reset:
		return "network"
	}
	return "other"
}

// stack puts bars into their lanes, in rows so that none covers another. Lanes
// appear in the order of the first bar on each, operations' clients first.
func stack(bars []bar, right int) []lane {
	var names []string
	for _, b := range bars {
		if !slices.Contains(names, b.lane) {
			names = append(names, b.lane)
		}
	}
	slices.SortFunc(names[countOperationLanes(bars):], cmp.Compare)
	var lanes []lane
	top := 0
	for _, name := range names {
		l := lane{Name: shortened(name, 18), Top: top, To: right}
		var ends []int // where each row is free again
		for _, b := range byStart(bars, name) {
			row := slices.IndexFunc(ends, func(end int) bool { return end <= b.from })
			if row < 0 {
				row, ends = len(ends), append(ends, 0)
			}
			ends[row] = b.to
			b.Y = top + lanePadding + row*rowHeight + 2
			b.LabelY = b.Y + b.Height - 4
			l.Bars = append(l.Bars, b)
		}
		l.Height = len(ends)*rowHeight + 2*lanePadding
		l.TextY = top + l.Height/2 + 4
		lanes = append(lanes, l)
		top += l.Height
	}
	return lanes
}

func countOperationLanes(bars []bar) int {
	var names []string
	for _, b := range bars {
		if b.Class == "operation" && !slices.Contains(names, b.lane) {
			names = append(names, b.lane)
		}
	}
	return len(names)
}

func byStart(bars []bar, lane string) []bar {
	var found []bar
	for _, b := range bars {
		if b.lane == lane {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b bar) int { return cmp.Compare(a.from, b.from) })
	return found
}

// ticks are at round moments, at most eleven of them.
func (s scale) ticks() []tick {
	step := int64(1000)
	for i := 0; (s.to-s.from)/step > 10; i++ {
		if i%3 == 1 {
			step = step / 2 * 5 // 2 to 5
		} else {
			step *= 2 // 1 to 2, 5 to 10
		}
	}
	return s.ticksEvery(step)
}

func (s scale) ticksEvery(step int64) []tick {
	var found []tick
	for at := (s.from + step - 1) / step * step; at <= s.to; at += step {
		decimals := 6
		for _, finer := range []struct {
			unit     int64
			decimals int
		}{{1e9, 0}, {1e6, 3}} {
			if step%finer.unit == 0 {
				decimals = finer.decimals
				break
			}
		}
		found = append(found, tick{s.x(at), tickLabel(at, decimals)})
	}
	return found
}

func tickLabel(at int64, decimals int) string {
	if decimals == 0 {
		return fmt.Sprintf("%d s", at/1e9)
	}
	return seconds(at, decimals)
}

// around is the stretch of time to show a witness in: its operations and the
// faults that explain it, with some room on both sides.
func around(w *result.Witness, records []faults.Record, runEnd int64) (from, to int64) {
	from, to = int64(-1), int64(-1)
	include := func(a, b int64) {
		if from < 0 || a < from {
			from = a
		}
		to = max(to, a, b)
	}
	for _, o := range w.Operations {
		include(o.Call, o.Return)
	}
	for _, r := range records {
		include(int64(r.Start), int64(r.End))
	}
	if from < 0 {
		return 0, 0
	}
	room := max((to-from)/12, 1e6)
	from, to = max(0, from-room), to+room
	if runEnd > 0 {
		to = min(to, max(runEnd, from+1))
	}
	return from, to
}
