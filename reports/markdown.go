package reports

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay/faults"
	"assay/reports/diagram"
	"assay/scenarios/result"
)

// mostFaultRows bounds a table of faults in summary.md; report.html has them all.
const mostFaultRows = 50

// Markdown writes summary.md, in the dialect that code hosts show as a job's summary.
func Markdown(run Run) []byte {
	m := &markdown{run: run}
	r := run.Result
	m.line("# " + inline(r.Scenario) + "\n")
	m.line("**" + inline(verdictLine(r)) + "**\n")
	if replay := ReplayFailure(r, insideFolder); replay != "" {
		m.line("```sh\n" + replay + "\n```\n")
	}
	if run.About != "" {
		m.line(paragraph(run.About) + "\n")
	}
	m.claims()
	m.shortfalls()
	m.sweep()
	for _, c := range unexpectedFirst(counterexamples(r)) {
		m.witness(c)
	}
	m.delivery()
	m.faults()
	m.invariants()
	m.exercise()
	return []byte(m.out.String())
}

type markdown struct {
	run    Run
	out    strings.Builder
	scenes int // drawn so far
}

func (m *markdown) line(text string) { m.out.WriteString(text + "\n") }

func (m *markdown) row(cells ...string) { m.line("| " + strings.Join(cells, " | ") + " |") }

// unexpectedFirst orders counterexamples by what a reader wants to see first.
func unexpectedFirst(all []counterexample) []counterexample {
	slices.SortStableFunc(all, func(a, b counterexample) int {
		switch {
		case a.unexpected() == b.unexpected():
			return 0
		case a.unexpected():
			return -1
		}
		return 1
	})
	return all
}

func (m *markdown) claims() {
	r, folded := m.run.Result, m.run.folded()
	m.line("## Claims\n")
	m.row("Claim", "Variant", "Expected", "Verdict", "Violating seeds", "Outcome")
	m.line("|---|---|---|---|---:|---|")
	for _, name := range claimNames(r) {
		for _, v := range without(r, folded).Variants {
			for _, c := range v.Claims {
				if c.Name == name {
					m.row(inline(c.Name), inline(v.Name), c.Expect, c.Verdict,
						fmt.Sprintf("%d of %d", c.Violating, len(v.Seeds)), outcomeMarkdown(c.Outcome))
				}
			}
		}
	}
	m.line("")
	for _, text := range foldedLines(r, folded) {
		m.line(inline(text) + ".\n")
	}
	for _, b := range bounds(r) {
		where := ""
		if len(b.Where) > 0 {
			where = " (" + strings.Join(b.Where, ", ") + ")"
		}
		m.line("Holds" + inline(where) + ": " + inline(b.Says) + ".\n")
	}
	if names := idle(r); len(names) > 0 {
		m.line("Nothing exercised: " + inline(strings.Join(names, ", ")) + ".\n")
	}
}

func outcomeMarkdown(outcome string) string {
	if outcome == string(result.Expected) {
		return outcomeWord(outcome)
	}
	return "**" + strings.ToLower(outcomeWord(outcome)) + "**"
}

func (m *markdown) shortfalls() {
	told := false
	tell := func(what, variant, text string) {
		m.line("- " + what + " in " + inline(variant) + ": " + inline(text))
		told = true
	}
	for _, v := range m.run.Result.Variants {
		for _, text := range v.Unmet {
			tell("Requirement not met", v.Name, text)
		}
		for _, text := range v.Crossed {
			tell("Threshold not held", v.Name, text)
		}
		for _, text := range undecided(v) {
			tell("Inconclusive", v.Name, text)
		}
	}
	if told {
		m.line("")
	}
}

func (m *markdown) witness(c counterexample) {
	word := "Expected"
	if c.unexpected() {
		word = "Unexpected"
	}
	m.line(fmt.Sprintf("## %s: %s is violated in %s\n", word, inline(c.Claim.Name), inline(c.Variant.Name)))
	m.line(fmt.Sprintf("%s, first by seed %s.\n", share(c.Claim.Violating, len(c.Variant.Seeds)), code(c.Claim.FirstViolating)))
	w := c.Claim.Witness
	if w == nil {
		return
	}
	m.line("**" + inline(place(w)) + "**: " + inline(w.Sentence) + "\n")
	if w.Damage != nil {
		m.line("Damage in this seed: " + inline(tellDamage(w.Damage)) + ".\n")
	}
	if len(w.Operations) > 0 {
		m.row("", "Called", "Returned", "Client", "What")
		m.line("|---:|---:|---:|---|---|")
		for i, o := range w.Operations {
			m.row(fmt.Sprint(i+1), fineInstant(o.Call), fineInstant(o.Return), inline(o.Client), inline(o.What))
		}
		m.line("")
	}
	if explained := m.run.explained(c.Variant, c.Claim); len(explained) > 0 {
		m.line("Faults that explain it:\n")
		for _, text := range explained {
			m.line("- " + inline(text))
		}
		m.line("")
	}
	if advice := m.run.advice(c); len(advice) > 0 {
		m.line("What let it happen, and what would have prevented it:\n")
		for _, text := range advice {
			m.line("- " + inline(text))
		}
		m.line("")
	}
	m.scene(c)
	m.line("```sh\n" + ReplayCommand(insideFolder, c.Variant.Name, c.seed()) + "\n```\n")
}

// sweep is the table of a sweep's points.
func (m *markdown) sweep() {
	rows := m.run.sweepTable()
	if len(rows) == 0 {
		return
	}
	m.line("## The sweep\n")
	m.row("Point", "Offered", "Achieved", "Produce p50", "p99", "To consumer p50", "p99", "Claims")
	m.line("|---|---:|---:|---:|---:|---:|---:|---|")
	for _, row := range rows {
		m.row(slices.Concat([]string{inline(row.Point), row.Offered, row.Achieved}, row.Latencies, []string{inline(row.Verdicts)})...)
	}
	m.line("")
}

// mostScenes bounds the diagrams in summary.md; report.html shows them all.
const mostScenes = 4

// scene draws what happened, for renderers that know Mermaid.
func (m *markdown) scene(c counterexample) {
	s := m.run.scene(c.Variant, c.Claim)
	if s == nil || m.scenes == mostScenes {
		return
	}
	m.scenes++
	m.line("```mermaid\n" + strings.TrimRight(diagram.Mermaid(*s), "\n") + "\n```\n")
}

// mostDeliveryVariants bounds the delivery matrix in summary.md; report.html has it all.
const mostDeliveryVariants = 12

func (m *markdown) delivery() {
	shown := m.run
	shown.Result = without(shown.Result, m.run.folded())
	table := shown.delivery()
	if table == nil {
		return
	}
	m.line("## What was lost, duplicated, reordered or torn\n\n" + inline(deliveryAbout) + "\n")
	m.row(append([]string{"Variant", "Explained by", "Faults applied"}, table.Classes...)...)
	m.line("|---|---|---|" + strings.Repeat("---:|", len(table.Classes)))
	for _, group := range table.Groups[:min(len(table.Groups), mostDeliveryVariants)] {
		name := "**" + inline(group.Variant) + "**"
		for _, row := range group.Rows {
			cells := []string{name, inline(row.Fault), row.Applied}
			for _, cell := range row.Cells {
				if cell.Some {
					cells = append(cells, "**"+cell.Text+"**")
				} else {
					cells = append(cells, cell.Text)
				}
			}
			m.row(cells...)
			name = ""
		}
	}
	if more := len(table.Groups) - mostDeliveryVariants; more > 0 {
		m.line("\n... and " + plural(more, "more variant") + ", in report.html.")
	}
	m.line("")
}

func (m *markdown) faults() {
	for _, s := range m.run.Stories {
		if len(s.Faults) == 0 {
			continue
		}
		m.line(fmt.Sprintf("## Faults applied in %s, seed %s\n", inline(s.Variant), code(seedText(s.Seed))))
		if len(s.Swarm) > 0 {
			m.line("The swarm drew: " + inline(strings.Join(s.Swarm, "; ")) + ".\n")
		}
		m.row("Fault", "Start", "End", "Kind", "Targets", "Parameters", "Outcome")
		m.line("|---|---:|---:|---|---|---|---|")
		for _, f := range s.Faults[:min(len(s.Faults), mostFaultRows)] {
			m.row(inline(f.Spec.ID), instant(int64(f.Start)), endOf(f), code(string(f.Spec.Kind)), inline(hit(f)),
				inline(parameters(f.Spec)), inline(outcomeAndReason(f)))
		}
		if more := len(s.Faults) - mostFaultRows; more > 0 {
			m.line(fmt.Sprintf("\n... and %d more, listed in report.html.", more))
		}
		m.line("")
	}
}

// endOf is when a fault ended, or a dash for one that does not last.
func endOf(r faults.Record) string {
	if r.End <= r.Start {
		return "-"
	}
	return instant(int64(r.End))
}

func outcomeAndReason(r faults.Record) string {
	if r.Reason == "" {
		return r.Outcome.String()
	}
	return r.Outcome.String() + ": " + r.Reason
}

func (m *markdown) invariants() {
	told := false
	for _, v := range m.run.Result.Variants {
		for _, i := range v.Invariants {
			if !told {
				m.line("## Inside the brokers\n\nSeen by the simulator, no part of the verdicts.\n")
				told = true
			}
			m.line(fmt.Sprintf("- **%s** in %s, %s, first by seed %s: %s", inline(i.Name), inline(v.Name),
				share(i.Seeds, len(v.Seeds)), code(i.First), inline(i.Says)))
		}
	}
	if told {
		m.line("")
	}
}

func (m *markdown) exercise() {
	r := without(m.run.Result, m.run.folded())
	if len(r.Variants) == 0 {
		return
	}
	m.line("## Exercise\n\nSummed over the seeds of each variant.\n")
	head, rule := []string{"Counter"}, "|---|"
	for _, v := range r.Variants {
		head, rule = append(head, inline(v.Name)), rule+"---:|"
	}
	m.row(head...)
	m.line(rule)
	for _, name := range counterNames(r, func(v result.Variant) map[string]int64 { return v.Exercise }) {
		cells := []string{code(name)}
		for _, v := range r.Variants {
			cells = append(cells, grouped(v.Exercise[name]))
		}
		m.row(cells...)
	}
}

// counterNames lists the names that appear in any variant, sorted.
func counterNames(r result.Result, of func(result.Variant) map[string]int64) []string {
	all := map[string]bool{}
	for _, v := range r.Variants {
		for name := range of(v) {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// inline escapes text for use in a paragraph or a table's cell.
func inline(text string) string {
	var out strings.Builder
	for _, r := range clean(strings.Join(strings.Fields(text), " ")) {
		switch r {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '\\', '`', '*', '_', '[', ']', '|', '~', '$':
			out.WriteByte('\\')
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

var blockMark = regexp.MustCompile(`^(#+|[-+]|=+|\d+[.)])(\s|$)`)

// paragraph escapes text that stands at the start of a line, where a mark would
// make it a heading or a list.
func paragraph(text string) string {
	escaped := inline(text)
	if mark := blockMark.FindStringSubmatchIndex(escaped); mark != nil {
		last := mark[3] - 1
		return escaped[:last] + `\` + escaped[last:]
	}
	return escaped
}

// code sets a word as code. Names and seeds have no backticks; one in doubt is
// set as plain text.
func code(text string) string {
	if text == "" || strings.ContainsAny(text, "`|\n") {
		return inline(text)
	}
	return "`" + text + "`"
}

// EscapeMarkdown makes text safe inside a paragraph or a table's cell.
func EscapeMarkdown(text string) string { return inline(text) }
