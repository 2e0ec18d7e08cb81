package diagram

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// Mermaid writes a scene as a sequenceDiagram, which GitHub and others draw
// from Markdown. What the record passes through stands on a tinted ground.
func Mermaid(s result.Scene) string {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	list, left := events(s)
	lanes := lanesOf(s, list)
	for i, lane := range lanes {
		fmt.Fprintf(&b, "  participant p%d as %s\n", i, escapeMermaid(lane.Name))
	}
	if len(lanes) == 0 {
		b.WriteString("  participant p0 as nothing to show\n")
		return b.String()
	}
	id := func(name string) string {
		return fmt.Sprintf("p%d", slices.IndexFunc(lanes, func(l result.Lane) bool { return l.Name == name }))
	}
	everybody := "p0"
	if len(lanes) > 1 {
		everybody = fmt.Sprintf("p0,p%d", len(lanes)-1)
	}
	threshold := breakAfter(list)
	tinted := false
	for i := range list {
		e := &list[i]
		quiet := i > 0 && e.at-list[i-1].at >= threshold
		if tinted && (quiet || !e.offending) {
			b.WriteString("  end\n")
			tinted = false
		}
		if quiet {
			fmt.Fprintf(&b, "  Note over %s: %s\n", everybody, escapeMermaid(span(e.at-list[i-1].at)+" later"))
		}
		if e.offending && !tinted {
			b.WriteString("  rect rgba(213, 94, 0, 0.15)\n")
			tinted = true
		}
		writeMermaidEvent(&b, e, id)
	}
	if tinted {
		b.WriteString("  end\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "  Note over %s: %s\n", everybody, escapeMermaid(leftOut(left)))
	}
	return b.String()
}

func writeMermaidEvent(b *strings.Builder, e *event, id func(string) string) {
	number := fmt.Sprintf("%d · ", e.number)
	if e.number == 1 || e.kind != messageSent {
		number = fmt.Sprintf("%d · %s ", e.number, clock(e.at))
	}
	if m := e.message; m != nil {
		arrow, text := "->>", m.What
		if m.Count > 1 {
			text += fmt.Sprintf(" (%d alike)", m.Count)
		}
		if m.Arrived < 0 {
			arrow = "--x"
			text += " (lost: " + m.Lost + ")"
		}
		fmt.Fprintf(b, "  %s%s%s: %s\n", id(m.From), arrow, id(m.To), escapeMermaid(number+text))
		return
	}
	fmt.Fprintf(b, "  Note over %s: %s\n", id(e.lane), escapeMermaid(number+e.says))
}

// escapeMermaid writes a text so that Mermaid takes none of it as its own: it
// ends statements at semicolons and lines, has entities with #, comments with %%
// and a keyword "end".
func escapeMermaid(text string) string {
	var b strings.Builder
	for _, r := range cleaned(text) {
		switch r {
		case ';', '#', '%', '<', '>', '"', '`', '{', '}', '&', '\\':
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	words := strings.Split(b.String(), " ")
	for i, word := range words {
		if strings.EqualFold(word, "end") {
			words[i] = word[:2] + "#" + fmt.Sprint(word[2]) + ";"
		}
	}
	return strings.Join(words, " ")
}

// cleaned makes one line of a text.
func cleaned(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '\uFFFD' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
}

// lanesOf are the scene's lanes, and those that some event names though the
// scene does not.
func lanesOf(s result.Scene, list []event) []result.Lane {
	lanes := slices.Clone(s.Lanes)
	add := func(name string) {
		if !slices.ContainsFunc(lanes, func(l result.Lane) bool { return l.Name == name }) {
			lanes = append(lanes, result.Lane{Name: name})
		}
	}
	for i := range list {
		add(list[i].lane)
		if m := list[i].message; m != nil {
			add(m.To)
		}
	}
	return lanes
}

// breakAfter is how much time must pass between two events for the axis to be
// broken: much more than passes between most.
func breakAfter(list []event) int64 {
	if len(list) == 0 {
		return 0
	}
	const least = int64(400e6)
	return max(least, (list[len(list)-1].at-list[0].at)/60)
}

func leftOut(n int) string {
	if n == 1 {
		return "1 event that explains less is left out"
	}
	return fmt.Sprintf("%d events that explain less are left out", n)
}
