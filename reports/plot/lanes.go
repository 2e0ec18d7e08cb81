package plot

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"assay/faults"
	"assay/scenarios/result"
)

const (
	mostLanes  = 12
	laneHeight = 32
	leaderBar  = 14 // of a lane: the rest is its in-sync replicas
)

// ISR shows for each partition who led it and who was in sync: a labelled bar for
// each leadership, and below it a thin row for each replica, drawn while it is in
// sync. Of many partitions it shows the most eventful.
func ISR(s *result.Series, records []faults.Record) []byte {
	f := overTime("Leaders and in-sync replicas", s, records)
	chosen := mostEventful(s.Partitions)
	brokers := brokersOf(s.Partitions)
	n := max(len(chosen), 1)
	p := panel{name: "partition", height: vg.Length(n * laneHeight), y: axis{max: float64(n), lanes: true}}
	for i, lane := range chosen {
		p.y.ticks = append(p.y.ticks, gonum.Tick{Value: float64(n-i) - 0.5, Label: laneLabel(lane.Name)})
	}
	p.marks = []gonum.Plotter{lanes{chosen, brokers}}
	for i, name := range brokers[:min(len(brokers), 2*lineInks)] {
		f.keys = append(f.keys, key{name: name, line: line(lineInk(i), 4, nil)})
	}
	f.says = lanesSay(s.Partitions)
	if len(chosen) > 0 {
		f.says = append(f.says, "The rows below a leader are its replicas, drawn while in sync.")
	}
	if len(s.Partitions) > len(chosen) {
		f.says = append(f.says, fmt.Sprintf("Shown are the %d most eventful of %s partitions.", len(chosen), count(float64(len(s.Partitions)))))
	}
	f.add(p)
	return f.render()
}

// mostEventful keeps the lanes in order.
func mostEventful(all []result.PartitionLane) []result.PartitionLane {
	return busiest(all, func(l result.PartitionLane) int { return len(l.Leaders) + len(l.ISR) })
}

// brokersOf lists the brokers in the order of their numbers: broker-2 before
// broker-10.
func brokersOf(all []result.PartitionLane) []string {
	known := map[string]bool{}
	var brokers []string
	add := func(name string) {
		if !known[name] {
			known[name] = true
			brokers = append(brokers, name)
		}
	}
	for _, lane := range all {
		for _, name := range lane.Replicas {
			add(name)
		}
		for _, l := range lane.Leaders {
			add(l.Broker)
		}
	}
	slices.SortFunc(brokers, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return brokers
}

// gap is a time without leader.
type gap struct{ from, to int64 }

// gapsOf are the times in which nobody led, as long as the partition was watched:
// there are in-sync replicas, if no leader, up to the end.
func gapsOf(lane result.PartitionLane) (gaps []gap) {
	at, end := int64(0), int64(0)
	if n := len(lane.ISR); n > 0 {
		end = lane.ISR[n-1].To
	}
	for _, l := range lane.Leaders {
		if l.From > at {
			gaps = append(gaps, gap{at, l.From})
		}
		at = max(at, l.To)
	}
	if at < end {
		gaps = append(gaps, gap{at, end})
	}
	return gaps
}

// lanesSay tells the longest time without leader, and the fewest in sync.
func lanesSay(all []result.PartitionLane) []string {
	if len(all) == 0 {
		return []string{"There are no partitions."}
	}
	var longest gap
	var leaderless, thinnest string
	fewest, replicas := math.MaxInt, 0 // replicas of the partition with the most
	for _, lane := range all {
		replicas = max(replicas, len(lane.Replicas))
		for _, g := range gapsOf(lane) {
			if g.to-g.from > longest.to-longest.from {
				longest, leaderless = g, lane.Name
			}
		}
		for _, isr := range lane.ISR {
			if len(isr.Members) < fewest {
				fewest, thinnest = len(isr.Members), lane.Name
			}
		}
	}
	says := []string{"Every partition had a leader at all times."}
	if longest.to > longest.from {
		says[0] = fmt.Sprintf("Longest without a leader: %s, for %s from %s on.", leaderless, duration(longest.to-longest.from), duration(longest.from))
	}
	switch {
	case thinnest == "":
	case fewest == replicas:
		says = append(says, "All replicas were in sync throughout.")
	default:
		says = append(says, fmt.Sprintf("Fewest in sync: %d (%s).", fewest, thinnest))
	}
	return says
}

// lanes draws the partitions.
type lanes struct {
	all     []result.PartitionLane
	brokers []string
}

// mostHints is how many leaderships have a text for whoever points at them: it
// takes most of their bytes.
const mostHints = 90

// Plot implements gonum.Plotter.
func (l lanes) Plot(c draw.Canvas, p *gonum.Plot) {
	toX, _ := p.Transforms(&c)
	at := func(t int64) vg.Length { return min(max(toX(finite(float64(t))), c.Min.X), c.Max.X) }
	spans := 0
	for _, lane := range l.all {
		spans += len(lane.Leaders)
	}
	for i, lane := range l.all {
		top := c.Max.Y - vg.Length(i*laneHeight) - 3
		if spans > mostHints {
			l.manyLeaders(c, lane, top, at)
			continue
		}
		l.leaders(c, lane, top, at)
		for _, g := range gapsOf(lane) {
			absence(c, alarm, "no leader", at(g.from), at(g.to), top-leaderBar/2)
		}
	}
	l.inSync(c, at)
}

func (l lanes) broker(name string) int { return slices.Index(l.brokers, name) }

func (l lanes) leaders(c draw.Canvas, lane result.PartitionLane, top vg.Length, at func(int64) vg.Length) {
	for _, span := range lane.Leaders {
		from, to := at(span.From), at(span.To)
		says := fmt.Sprintf("%s leads %s in epoch %d, %s to %s", span.Broker, lane.Name, span.Epoch, duration(span.From), duration(span.To))
		sheet(&c).hint(says, func() {
			c.FillPolygon(tint(l.broker(span.Broker)), box(from, top-leaderBar, max(to, from+1.5), top))
			c.FillPolygon(lineInk(l.broker(span.Broker)), box(from, top-leaderBar, from+1.5, top))
			in := style(text, smallSize, draw.XLeft)
			for _, label := range []string{fmt.Sprintf("%s, epoch %d", span.Broker, span.Epoch), span.Broker} {
				if in.Width(label)+8 <= to-from {
					c.FillText(in, vg.Point{X: from + 5, Y: top - leaderBar/2}, label)
					break
				}
			}
		})
	}
}

// manyLeaders draws leaderships that are too many to be told singly.
func (l lanes) manyLeaders(c draw.Canvas, lane result.PartitionLane, top vg.Length, at func(int64) vg.Length) {
	y := top - leaderBar/2
	ribbons, total := make([]ribbon, len(l.brokers)+1), 0
	add := func(i int, from, to int64) {
		before := len(ribbons[i])
		ribbons[i] = ribbons[i].add(at(from), at(to))
		total += len(ribbons[i]) - before
	}
	for _, span := range lane.Leaders {
		add(l.broker(span.Broker), span.From, span.To)
	}
	nobody := len(l.brokers)
	for _, g := range gapsOf(lane) {
		add(nobody, g.from, g.to)
	}
	for i, r := range ribbons {
		if most := mostSpans / len(l.all); total > most {
			r = r.sampled(most)
		}
		if c.SetLineStyle(line(tint(i), leaderBar, nil)); i == nobody {
			c.SetLineStyle(line(alarm, 1.5, []vg.Length{3, 2}))
		}
		c.Stroke(r.path(nil, y))
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

// mostSpans bounds what is drawn of all leaders, and of all in-sync replicas:
// about ten bytes each.
const mostSpans = 1000

// inSync draws all rows of one broker as one path.
func (l lanes) inSync(c draw.Canvas, at func(int64) vg.Length) {
	rows := 0
	for _, lane := range l.all {
		rows += len(lane.Replicas)
	}
	for i, name := range l.brokers {
		var path vg.Path
		thickness := vg.Length(laneHeight)
		for j, lane := range l.all {
			members := slices.Clone(lane.Replicas)
			slices.SortFunc(members, func(a, b string) int { return cmp.Compare(l.broker(a), l.broker(b)) })
			row := slices.Index(members, name)
			if row < 0 {
				continue
			}
			pitch := min(4, vg.Length(laneHeight-leaderBar-6)/vg.Length(len(members)))
			top := c.Max.Y - vg.Length(j*laneHeight) - 3 - leaderBar - 1.5 - vg.Length(row)*pitch
			var r ribbon
			for _, isr := range lane.ISR {
				if slices.Contains(isr.Members, name) {
					r = r.add(at(isr.From), at(isr.To))
				}
			}
			if most := mostSpans / rows; len(r) > most {
				r = r.sampled(2 * most)
			}
			path = r.path(path, top-pitch*0.35)
			thickness = min(thickness, pitch*0.7)
		}
		c.SetLineStyle(line(lineInk(i), thickness, nil))
		c.Stroke(path)
	}
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
