package plot

import (
	"fmt"
	"slices"
	"time"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"assay/faults"
	"assay/scenarios/result"
)

// Groups shows for each partition of each group who owned it in which generation:
// a labelled bar for each ownership, a dashed line while nobody owned it, and below
// it a thin one for who still took it for its own when another had it already. Of
// many partitions it shows the most eventful.
func Groups(s *result.Series, records []faults.Record) []byte {
	f := overTime("Who owned which partition", s, records)
	chosen := busiest(s.Owners, func(l result.OwnerLane) int { return len(l.Spans) })
	members := membersOf(s.Owners)
	f.keys = laneKeys(members)
	f.says = ownersSay(s)
	f.addLanes("partition of a group", "partitions", len(s.Owners), names(chosen, func(l result.OwnerLane) string { return laneName(l, s.Owners) }), ownerLanes{chosen, members, watched(s)})
	return f.render()
}

// laneName is the partition, with the group's name where there are several.
func laneName(lane result.OwnerLane, all []result.OwnerLane) string {
	if slices.ContainsFunc(all, func(o result.OwnerLane) bool { return o.Group != lane.Group }) {
		return lane.Group + " " + lane.Partition
	}
	return lane.Partition
}

// membersOf lists the members by name: invoicing-2 before invoicing-10.
func membersOf(all []result.OwnerLane) (members []string) {
	for _, lane := range all {
		for _, span := range lane.Spans {
			if !slices.Contains(members, span.Member) {
				members = append(members, span.Member)
			}
		}
	}
	slices.SortFunc(members, byNumber)
	return members
}

// watched is until when a partition ought to have an owner: in the end all leave.
func watched(s *result.Series) int64 {
	if s.DrainEnd > 0 {
		return s.DrainEnd
	}
	return span(s)
}

// unowned are the times in which nobody owned a partition that somebody had before.
func unowned(lane result.OwnerLane, until int64) (gaps []gap) {
	if len(lane.Spans) == 0 {
		return nil
	}
	at := lane.Spans[0].To
	for _, s := range lane.Spans[1:] {
		if s.From > at {
			gaps = append(gaps, gap{at, min(s.From, until)})
		}
		at = max(at, s.To)
	}
	if at < until {
		gaps = append(gaps, gap{at, until})
	}
	return slices.DeleteFunc(gaps, func(g gap) bool { return g.to <= g.from })
}

// outdated is the part of an ownership in which another member had the partition
// already: from is its end where there is none.
func outdated(lane result.OwnerLane, index int) (from int64) {
	own := lane.Spans[index]
	for _, later := range lane.Spans[index+1:] {
		if later.Member != own.Member && later.From < own.To {
			return max(later.From, own.From)
		}
	}
	return own.To
}

// ownersSay tells the longest time without owner, and the longest with two.
func ownersSay(s *result.Series) []string {
	var longest, twice gap
	var alone, shared, zombie string
	total, pauses := int64(0), 0
	for _, lane := range s.Owners {
		for _, g := range unowned(lane, watched(s)) {
			total += g.to - g.from
			pauses++
			if g.to-g.from > longest.to-longest.from {
				longest, alone = g, laneName(lane, s.Owners)
			}
		}
		for i, own := range lane.Spans {
			if from := outdated(lane, i); own.To-from > twice.to-twice.from {
				twice, shared, zombie = gap{from, own.To}, laneName(lane, s.Owners), own.Member
			}
		}
	}
	says := []string{"Once it had one, every partition had an owner until the drain ended."}
	if pauses > 0 {
		says[0] = fmt.Sprintf("Longest without an owner: %s, for %s from %s on; all such times together %s.", alone, duration(longest.to-longest.from), duration(longest.from), duration(total))
	}
	if first, late := latestFirst(s.Owners, watched(s)); first > slowFirst {
		says = append(says, fmt.Sprintf("Last to have a first one: %s, at %s.", late, duration(first)))
	}
	if twice.to > twice.from {
		says = append(says, fmt.Sprintf("Below a bar: who does not know yet that another owns it; longest %s, of %s for %s.", zombie, shared, duration(twice.to-twice.from)))
	}
	return says
}

// slowFirst is a time until the first assignment that is worth a word.
const slowFirst = int64(5 * time.Second)

// latestFirst is when the last of the partitions had its first owner, end if never.
func latestFirst(all []result.OwnerLane, end int64) (at int64, name string) {
	for _, lane := range all {
		if first := firstOwned(lane, end); first > at {
			at, name = first, laneName(lane, all)
		}
	}
	return at, name
}

func firstOwned(lane result.OwnerLane, end int64) int64 {
	if len(lane.Spans) == 0 {
		return end
	}
	return lane.Spans[0].From
}

// ownerLanes draws the partitions.
type ownerLanes struct {
	all     []result.OwnerLane
	members []string
	until   int64 // when the drain ended
}

// Plot implements gonum.Plotter.
func (l ownerLanes) Plot(c draw.Canvas, p *gonum.Plot) {
	at := timeToX(c, p)
	spans := 0
	for _, lane := range l.all {
		spans += len(lane.Spans)
	}
	for i, lane := range l.all {
		top := c.Max.Y - vg.Length(i*laneHeight) - 4
		if spans > mostHints {
			l.manySpans(c, lane, top, at)
			continue
		}
		for j, s := range lane.Spans {
			l.span(c, lane, j, s, top, at)
		}
		for _, g := range unowned(lane, l.until) {
			absence(c, alarm, "no owner", at(g.from), at(g.to), top-laneBar/2)
		}
		absence(c, muted, "no owner yet", at(0), at(firstOwned(lane, l.until)), top-laneBar/2)
	}
}

func (l ownerLanes) ink(member string) int { return slices.Index(l.members, member) }

// span draws one ownership: what was true of it, and below what was not any more.
func (l ownerLanes) span(c draw.Canvas, lane result.OwnerLane, index int, s result.OwnerSpan, top vg.Length, at func(int64) vg.Length) {
	valid := outdated(lane, index)
	from, to := at(s.From), at(valid)
	ends := map[string]string{"": "", "owned": ", then assigned anew"}
	how, special := ends[s.Ended]
	if !special {
		how = ", then " + s.Ended
	}
	says := fmt.Sprintf("%s owns %s in generation %d, %s to %s%s", s.Member, lane.Partition, s.Generation, duration(s.From), duration(s.To), how)
	sheet(&c).hint(says, func() {
		spanBar(c, l.ink(s.Member), from, to, top, fmt.Sprintf("%s, generation %d", s.Member, s.Generation), fmt.Sprintf("%s, %d", s.Member, s.Generation), fmt.Sprint(s.Generation))
		if valid < s.To {
			c.StrokeLine2(line(lineInk(l.ink(s.Member)), 4, nil), at(valid), top-laneBar-5, max(at(s.To), at(valid)+1.5), top-laneBar-5)
		}
	})
}

// manySpans draws ownerships that are too many to be told singly.
func (l ownerLanes) manySpans(c draw.Canvas, lane result.OwnerLane, top vg.Length, at func(int64) vg.Length) {
	most := mostSpans / len(l.all) / max(len(l.members), 1)
	owned, late := make([]ribbon, len(l.members)), make([]ribbon, len(l.members))
	var nobody ribbon
	pieces := 0
	for i, s := range lane.Spans {
		of := l.ink(s.Member)
		owned[of] = owned[of].add(at(s.From), at(outdated(lane, i)))
		if from := outdated(lane, i); from < s.To {
			late[of] = late[of].add(at(from), at(s.To))
		}
		pieces += 2
	}
	for _, g := range unowned(lane, l.until) {
		nobody = nobody.add(at(g.from), at(g.to))
		pieces++
	}
	draw := func(r ribbon, of draw.LineStyle, y vg.Length) {
		if len(r) > max(most, 1) && pieces > mostSpans/len(l.all) {
			r = r.sampled(2 * max(most, 1))
		}
		c.SetLineStyle(of)
		c.Stroke(r.path(nil, y))
	}
	for i := range l.members {
		draw(owned[i], line(tint(i), laneBar, nil), top-laneBar/2)
		draw(late[i], line(lineInk(i), 4, nil), top-laneBar-5)
	}
	draw(nobody, line(alarm, 1.5, []vg.Length{3, 2}), top-laneBar/2)
}
