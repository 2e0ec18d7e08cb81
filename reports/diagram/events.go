package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/scenarios/result"
)

// maxEvents is how many events are told at most. Scenes have fewer; this keeps a
// picture within MaxBytes whatever it is given.
const maxEvents = 80

// happening is what kind of event it is. At one moment they come in this order:
// who comes back may act, and what happens to a node precedes what it sends.
type happening uint8

const (
	gapEnds happening = iota
	gapBegins
	markMade
	messageSent
)

// event is one numbered event of a scene.
type event struct {
	number    int
	at        int64
	kind      happening
	lane      string // where it happens; a message's sender
	says      string // what, after the lane's name: "leads in epoch 3"
	offending bool
	message   *result.Message
	mark      *result.Mark
	gap       *result.Gap
}

// events are what a scene tells, in order of time, and how many things were left
// out.
func events(s result.Scene) ([]event, int) {
	var list []event
	for i := range s.Gaps {
		g := &s.Gaps[i]
		list = append(list, event{at: g.From, kind: gapBegins, lane: g.Lane, says: gapSays(g, s.To), gap: g})
		if g.To <= s.To && g.To > g.From && !stillDown(s.Gaps, g) {
			list = append(list, event{at: g.To, kind: gapEnds, lane: g.Lane, says: backSays(g), gap: g})
		}
	}
	for i := range s.Marks {
		m := &s.Marks[i]
		list = append(list, event{at: m.At, kind: markMade, lane: m.Lane, says: m.What, offending: m.Offending, mark: m})
	}
	for i := range s.Messages {
		m := &s.Messages[i]
		list = append(list, event{at: m.Sent, kind: messageSent, lane: m.From, says: m.What, offending: m.Offending, message: m})
	}
	left := s.Left
	for len(list) > maxEvents {
		i := lessImportant(list)
		left += 1
		list = slices.Delete(list, i, i+1)
	}
	slices.SortStableFunc(list, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
	})
	for i := range list {
		list[i].number = i + 1
	}
	return list, left
}

// lessImportant finds an event to do without: the last message that does not
// carry the record, else the last mark that is not about it, else the last event.
func lessImportant(list []event) int {
	for _, kind := range []happening{messageSent, markMade} {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].kind == kind && !list[i].offending {
				return i
			}
		}
	}
	return len(list) - 1
}

// stillDown says whether another fault keeps a node down when one ends.
func stillDown(gaps []result.Gap, ends *result.Gap) bool {
	down := func(g *result.Gap) bool { return g.Kind == "kill" || g.Kind == "power_loss" }
	return down(ends) && slices.ContainsFunc(gaps, func(g result.Gap) bool {
		return g.Lane == ends.Lane && down(&g) && g.From <= ends.To && g.To > ends.To
	})
}

func gapSays(g *result.Gap, end int64) string {
	what := g.What
	if what == "" {
		what = strings.ReplaceAll(g.Kind, "_", " ")
	}
	if g.To > end {
		return what + ", until after the end of this picture"
	}
	return what + ", until " + clock(g.To)
}

func backSays(g *result.Gap) string {
	switch g.Kind {
	case "kill", "power_loss":
		return "starts again"
	case "pause":
		return "goes on"
	case "partition":
		return "is connected again"
	}
	return "is as before"
}

// sentence is an event without its time.
func (e *event) sentence() string {
	m := e.message
	if m == nil {
		return e.lane + " " + e.says
	}
	text := fmt.Sprintf("%s → %s: %s", m.From, m.To, m.What)
	if m.Count > 1 {
		text += fmt.Sprintf(" (%d alike)", m.Count)
	}
	switch {
	case m.Arrived >= 0 && m.Arrived-m.Sent >= int64(100*time.Millisecond):
		text += ", arrives only at " + clock(m.Arrived)
	case m.Arrived < 0 && m.Lost != "":
		text += ". LOST: " + m.Lost
	case m.Arrived < 0:
		text += ". LOST"
	}
	return text
}

// Tell says a scene's events in sentences, in their order: the first is number 1
// of the picture.
func Tell(s result.Scene) []string {
	list, _ := events(s)
	told := make([]string, len(list))
	for i := range list {
		told[i] = list[i].told()
	}
	return told
}

func (e *event) told() string {
	m := e.message
	if m == nil {
		return fmt.Sprintf("At %s %s %s.", clock(e.at), e.lane, e.says)
	}
	text := fmt.Sprintf("At %s %s sends to %s: %s", clock(e.at), m.From, m.To, m.What)
	if m.Count > 1 {
		text += fmt.Sprintf(", and %d more like it", m.Count-1)
	}
	switch {
	case m.Arrived >= 0:
		text += "; it arrives " + later(m.Arrived-m.Sent) + "."
	case m.Lost != "":
		text += "; it never arrives: " + m.Lost + "."
	default:
		text += "; it never arrives."
	}
	return text
}

// clock writes a time of the run: "3.6322 s".
func clock(t int64) string { return fmt.Sprintf("%.4f s", float64(t)/1e9) }

// span writes a length of time.
func span(d int64) string {
	switch t := time.Duration(d); {
	case t >= 10*time.Second:
		return fmt.Sprintf("%.0f s", t.Seconds())
	case t >= time.Second:
		return fmt.Sprintf("%.1f s", t.Seconds())
	case t >= 10*time.Millisecond:
		return fmt.Sprintf("%d ms", t.Milliseconds())
	case t >= 100*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(t)/1e6)
	}
	return fmt.Sprintf("%d µs", d/1000)
}

// later is span after something.
func later(d int64) string {
	if d <= 0 {
		return "at once"
	}
	return span(d) + " later"
}
