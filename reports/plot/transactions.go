package plot

import (
	"fmt"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"assay/faults"
	"assay/scenarios/result"
)

// Transactions shows for each transactional id what became of its transactions: a
// pale bar while one that commits is open, and lower, darker ones for those that
// did not commit; below them crosses where a producer was fenced. Of many ids it
// shows the most eventful.
func Transactions(s *result.Series, records []faults.Record) []byte {
	f := overTime("Transactions and what became of them", s, records)
	chosen := busiest(s.Transactions, func(l result.TransactionLane) int { return len(l.Spans) + len(l.Marks) })
	for _, o := range transactionOutcomes {
		f.keys = append(f.keys, key{name: o.name, line: line(o.ink, 1, nil), area: true})
	}
	for _, sign := range []string{"✕ producer fenced", "▸ resumed by a new coordinator", "? producer not told"} {
		f.keys = append(f.keys, key{name: sign, sign: true})
	}
	f.says = transactionsSay(s.Transactions)
	f.addLanes("transactional id", "transactional ids", len(s.Transactions), names(chosen, func(l result.TransactionLane) string { return l.ID }), transactionLanes(chosen))
	return f.render()
}

// transactionOutcomes are drawn in this order. What does not commit is lower, so
// that colour is not alone in telling it.
var transactionOutcomes = []struct {
	outcome, name string
	ink           ink
	top           vg.Length // below the lane's own
}{
	{result.TransactionCommitted, "committed", tint(2), 0},
	{result.TransactionAborted, "aborted", lineInk(1), 7},
	{result.TransactionTimedOut, "timed out", alarm, 3.5},
	{result.TransactionUnknown, "undecided at the end", muted, 10},
}

// transactionsSay counts what became of them, and tells the longest.
func transactionsSay(all []result.TransactionLane) []string {
	counts, fenced, longest := map[string]int{}, 0, result.TransactionSpan{}
	whose := ""
	for _, lane := range all {
		for _, s := range lane.Spans {
			counts[s.Outcome]++
			if s.To-s.From > longest.To-longest.From {
				longest, whose = s, lane.ID
			}
		}
		for _, m := range lane.Marks {
			if m.Kind == result.MarkFenced {
				fenced++
			}
		}
	}
	says := []string{fmt.Sprintf("%s committed, %s aborted, %s timed out, %s undecided at the end; %s fenced.", exact(float64(counts[result.TransactionCommitted])),
		exact(float64(counts[result.TransactionAborted])), exact(float64(counts[result.TransactionTimedOut])), exact(float64(counts[result.TransactionUnknown])), times(fenced))}
	if whose != "" {
		says = append(says, fmt.Sprintf("Longest open: one of %s, for %s from %s on.", whose, duration(longest.To-longest.From), duration(longest.From)))
	}
	return says
}

func times(n int) string {
	switch n {
	case 0:
		return "nobody was"
	case 1:
		return "once a producer was"
	}
	return fmt.Sprintf("%s times a producer was", exact(float64(n)))
}

// transactionLanes draws the transactional ids.
type transactionLanes []result.TransactionLane

// Plot implements gonum.Plotter.
func (l transactionLanes) Plot(c draw.Canvas, p *gonum.Plot) {
	at := timeToX(c, p)
	special := 0
	for _, lane := range l {
		for _, s := range lane.Spans {
			if s.Outcome != result.TransactionCommitted {
				special++
			}
		}
	}
	for i, lane := range l {
		top := c.Max.Y - vg.Length(i*laneHeight) - 4
		for _, o := range transactionOutcomes {
			l.outcome(c, lane, o.outcome, o.ink, top-o.top, laneBar-o.top, at)
		}
		if special <= mostHints {
			l.hints(c, lane, top, at)
		}
		for _, kind := range []string{result.MarkFenced, result.MarkResumed, result.MarkUntold} {
			l.marks(c, lane, kind, top-laneBar-6, at)
		}
	}
}

// outcome draws all transactions of one outcome as one path.
func (l transactionLanes) outcome(c draw.Canvas, lane result.TransactionLane, outcome string, of ink, top, height vg.Length, at func(int64) vg.Length) {
	var r ribbon
	for _, s := range lane.Spans {
		if s.Outcome == outcome {
			r = r.add(at(s.From), max(at(s.To), at(s.From)+1))
		}
	}
	if most := mostSpans / len(l) / len(transactionOutcomes); len(r) > most {
		r = r.sampled(2 * most)
	}
	if len(r) > 0 {
		c.SetLineStyle(line(of, height, nil))
		c.Stroke(r.path(nil, top-height/2))
	}
}

// hints tell of the transactions that did not commit, to whoever points at them.
func (l transactionLanes) hints(c draw.Canvas, lane result.TransactionLane, top vg.Length, at func(int64) vg.Length) {
	for _, s := range lane.Spans {
		for _, o := range transactionOutcomes[1:] {
			if s.Outcome != o.outcome {
				continue
			}
			says := fmt.Sprintf("%s, producer epoch %d: %s, %s to %s", lane.ID, s.Epoch, o.name, duration(s.From), duration(s.To))
			sheet(&c).hint(says, func() {
				c.FillPolygon(o.ink, box(at(s.From), top-laneBar, max(at(s.To), at(s.From)+1.5), top-o.top))
			})
		}
	}
}

// nearMarks is how near two marks of one kind may be on one of a few lanes, and
// farther apart on more; of nearer ones the first is drawn.
const nearMarks = 5

// marks draws the moments of one kind below the bars.
func (l transactionLanes) marks(c draw.Canvas, lane result.TransactionLane, kind string, y vg.Length, at func(int64) vg.Length) {
	last := vg.Length(-1)
	for _, m := range lane.Marks {
		x := at(m.At)
		if m.Kind != kind || last >= 0 && x-last < nearMarks*vg.Length(max(2, len(l))/2) {
			continue
		}
		last = x
		switch kind {
		case result.MarkFenced:
			c.SetLineStyle(line(alarm, 1.5, nil))
			c.Stroke(cross(x, y))
		case result.MarkResumed:
			c.FillPolygon(lineInk(0), []vg.Point{{X: x - 3, Y: y + 3.5}, {X: x + 3, Y: y}, {X: x - 3, Y: y - 3.5}})
		default:
			c.FillText(style(text, smallSize, draw.XCenter), vg.Point{X: x, Y: y}, "?")
		}
	}
}

func cross(x, y vg.Length) (path vg.Path) {
	path.Move(vg.Point{X: x - 3, Y: y - 3})
	path.Line(vg.Point{X: x + 3, Y: y + 3})
	path.Move(vg.Point{X: x - 3, Y: y + 3})
	path.Line(vg.Point{X: x + 3, Y: y - 3})
	return path
}
