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

// ISR shows for each partition who led it and who was in sync: a labelled bar for
// each leadership, and below it a thin row for each replica, drawn while it is in
// sync. Of many partitions it shows the most eventful.
func ISR(s *result.Series, records []faults.Record) []byte {
	f := overTime("Leaders and in-sync replicas", s, records)
	chosen := busiest(s.Partitions, func(l result.PartitionLane) int { return len(l.Leaders) + len(l.ISR) })
	brokers := brokersOf(s.Partitions)
	f.keys = laneKeys(brokers)
	f.says = lanesSay(s.Partitions)
	if len(chosen) > 0 {
		f.says = append(f.says, "The rows below a leader are its replicas, drawn while in sync.")
	}
	f.addLanes("partition", "partitions", len(s.Partitions), names(chosen, func(l result.PartitionLane) string { return l.Name }), isrLanes{chosen, brokers})
	return f.render()
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
	slices.SortFunc(brokers, byNumber)
	return brokers
}

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

// isrLanes draws the partitions.
type isrLanes struct {
	all     []result.PartitionLane
	brokers []string
}

// Plot implements gonum.Plotter.
func (l isrLanes) Plot(c draw.Canvas, p *gonum.Plot) {
	at := timeToX(c, p)
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
			absence(c, alarm, "no leader", at(g.from), at(g.to), top-laneBar/2)
		}
	}
	l.inSync(c, at)
}

func (l isrLanes) broker(name string) int { return slices.Index(l.brokers, name) }

func (l isrLanes) leaders(c draw.Canvas, lane result.PartitionLane, top vg.Length, at func(int64) vg.Length) {
	for _, span := range lane.Leaders {
		from, to := at(span.From), at(span.To)
		says := fmt.Sprintf("%s leads %s in epoch %d, %s to %s", span.Broker, lane.Name, span.Epoch, duration(span.From), duration(span.To))
		sheet(&c).hint(says, func() {
			spanBar(c, l.broker(span.Broker), from, to, top, fmt.Sprintf("%s, epoch %d", span.Broker, span.Epoch), span.Broker)
		})
	}
}

// manyLeaders draws leaderships that are too many to be told singly.
func (l isrLanes) manyLeaders(c draw.Canvas, lane result.PartitionLane, top vg.Length, at func(int64) vg.Length) {
	y := top - laneBar/2
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
		if c.SetLineStyle(line(tint(i), laneBar, nil)); i == nobody {
			c.SetLineStyle(line(alarm, 1.5, []vg.Length{3, 2}))
		}
		c.Stroke(r.path(nil, y))
	}
}

// inSync draws all rows of one broker as one path.
func (l isrLanes) inSync(c draw.Canvas, at func(int64) vg.Length) {
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
			pitch := min(4, vg.Length(laneHeight-laneBar-6)/vg.Length(len(members)))
			top := c.Max.Y - vg.Length(j*laneHeight) - 3 - laneBar - 1.5 - vg.Length(row)*pitch
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
