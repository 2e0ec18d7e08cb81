package reports

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"assay/scenarios/result"
)

// defaultWidth is the widest that the terminal's report gets unless told otherwise.
const defaultWidth = 100

// Options say how much the terminal's report tells, and how.
type Options struct {
	Target  string   // of the replay command: the run folder or the scenario's file
	Set     []string // overrides that the replay command must repeat; a run folder needs none
	Color   bool
	Quiet   bool // the verdict, unexpected witnesses in brief and the replay command
	Verbose bool // expected witnesses in full, all counters, metrics and points
	Width   int  // columns; 0 is 100

	Report string // the page that shows more, "" for none
}

// Terminal writes what `assay run` prints about a scenario. If anything failed,
// the last line is the replay command that shows it.
func Terminal(w io.Writer, run Run, options Options) error {
	if options.Width <= 0 {
		options.Width = defaultWidth
	}
	buffered := bufio.NewWriter(w)
	t := &terminal{out: buffered, run: run, shown: run.Result, Options: options}
	if !options.Verbose {
		t.folded = run.folded()
		t.shown = without(run.Result, t.folded)
	}
	if !t.Quiet {
		t.opening()
		t.claims()
		t.exercise()
	}
	t.shortfalls()
	t.witnesses()
	if !t.Quiet {
		t.invariants()
	}
	t.ending()
	return buffered.Flush()
}

type terminal struct {
	out *bufio.Writer
	run Run
	Options

	shown  result.Result // without the points of a sweep of which there is nothing to tell
	folded []string      // their names
}

// line writes one line as it is. The painted parts come from paint alone.
func (t *terminal) line(text string) { t.out.WriteString(text + "\n") }

// say writes text wrapped behind a first part, following lines indented by hang.
func (t *terminal) say(first, text string, hang int) {
	for _, line := range wrapped(clean(first), clean(text), hang, t.Width) {
		t.line(line)
	}
}

func (t *terminal) heading(text string, p paint) {
	t.line("")
	lines := wrapped("", clean(text), 2, t.Width)
	for _, line := range lines {
		t.line(p.on(line, t.Color))
	}
}

func (t *terminal) opening() {
	t.line(bold.on(clean(t.run.Result.Scenario), t.Color))
	if t.run.About != "" {
		t.say("", t.run.About, 0)
	}
	t.line("")
}

// claims is the table of verdicts: a row for each claim and variant.
func (t *terminal) claims() {
	table := textTable{
		head:     []string{"claim", "variant", "expect", "verdict", "violating seeds", "outcome"},
		right:    []bool{false, false, false, false, true, false},
		flexible: []int{0, 1},
	}
	for _, name := range claimNames(t.shown) {
		label := name
		for _, v := range t.shown.Variants {
			for _, c := range v.Claims {
				if c.Name != name {
					continue
				}
				p := outcomePaint(c.Outcome)
				table.rows = append(table.rows, []textCell{
					{clean(label), bold}, {clean(v.Name), unpainted}, {c.Expect, unpainted}, {c.Verdict, p},
					{fmt.Sprintf("%d of %d", c.Violating, len(v.Seeds)), unpainted}, {outcomeWord(c.Outcome), p},
				})
				label = ""
			}
		}
	}
	for _, line := range table.lines(2, t.Width, t.Color) {
		t.line(line)
	}
	t.line("")
	for _, text := range foldedLines(t.run.Result, t.folded) {
		t.say("  ", text, 4)
	}
	for _, b := range bounds(t.run.Result) {
		where := ""
		if len(b.Where) > 0 {
			where = strings.Join(b.Where, ", ") + ": "
		}
		t.say("  holds: ", where+b.Says, 9)
	}
	if names := idle(t.run.Result); len(names) > 0 {
		t.say("  nothing exercised: ", strings.Join(names, ", ")+" (there was nothing to judge; `require` turns that into inconclusive)", 4)
	}
}

// claimNames lists the claims of all variants in the order of their first appearance.
func claimNames(r result.Result) []string {
	var names []string
	for _, v := range r.Variants {
		for _, c := range v.Claims {
			if !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

func outcomePaint(outcome string) paint {
	switch outcome {
	case string(result.Expected):
		return good
	case string(result.Unexpected):
		return bad
	}
	return unsure
}

func (t *terminal) exercise() {
	for _, v := range t.shown.Variants {
		some, none := exercised(v.Exercise)
		told := tellCounts(some)
		if told == "" {
			told = "no counter moved"
		}
		if t.Verbose && len(none) > 0 {
			told += "; zero: " + strings.Join(none, ", ")
		}
		t.say("  exercised in "+v.Name+": ", told, 4)
		if !t.Verbose {
			continue
		}
		if len(v.Points) > 0 {
			t.say("  points reached in "+v.Name+" (seeds): ", tellCounts(v.Points), 4)
		}
		for _, name := range slices.Sorted(maps.Keys(v.Metrics)) {
			t.say("  "+v.Name+": ", name+" = "+t.run.metric(name, v.Metrics[name]), 4)
		}
	}
}

// shortfalls tells what was not met, not held, or not decided.
func (t *terminal) shortfalls() {
	for _, v := range t.run.Result.Variants {
		for _, text := range v.Unmet {
			t.say("  not met in "+v.Name+": ", text, 4)
		}
		for _, text := range v.Crossed {
			t.say("  threshold not held in "+v.Name+": ", text, 4)
		}
		for _, text := range undecided(v) {
			t.say("  inconclusive in "+v.Name+": ", text, 4)
		}
	}
}

// witnesses tells expected violations first, so that the unexpected stand at the end, in sight.
func (t *terminal) witnesses() {
	all := counterexamples(t.run.Result)
	for _, c := range all {
		if !c.unexpected() && !t.Quiet {
			t.witness(c, t.Verbose)
		}
	}
	for _, c := range all {
		if c.unexpected() {
			t.witness(c, !t.Quiet)
		}
	}
}

func (t *terminal) witness(c counterexample, full bool) {
	word, p := "Expected", bold
	if c.unexpected() {
		word, p = "UNEXPECTED", bad
	}
	t.heading(fmt.Sprintf("%s: %s is violated in %s (%s), first by seed %s", word, c.Claim.Name, c.Variant.Name,
		share(c.Claim.Violating, len(c.Variant.Seeds)), c.Claim.FirstViolating), p)
	w := c.Claim.Witness
	if w == nil {
		return
	}
	t.say("  "+place(w)+": ", w.Sentence, 2)
	advice := t.run.advice(c)
	if !full {
		if len(advice) > 0 && !t.Quiet {
			t.say("  what would have prevented it: ", advice[0], 4)
		}
		return
	}
	if len(c.Claim.Anomalies) > 0 {
		t.say("  found over all seeds: ", tellCounts(c.Claim.Anomalies), 4)
	}
	if w.Damage != nil {
		t.say("  damage in this seed: ", tellDamage(w.Damage), 4)
	}
	t.operations(w.Operations)
	t.faults(c)
	t.advice(advice)
	if c.Claim.FirstViolating != "" {
		t.line("  to see it again: " + ReplayCommand(t.Target, c.Variant.Name, c.seed(), t.Set...))
	}
}

func (t *terminal) operations(list []result.Operation) {
	if len(list) == 0 {
		return
	}
	t.line("  operations:")
	for _, o := range list {
		until := "to " + fineInstant(o.Return)
		if o.Return < 0 {
			until = "never returned"
		}
		t.say(fmt.Sprintf("    %14s %-17s  ", fineInstant(o.Call), until), o.Client+" "+o.What, 6)
	}
}

func (t *terminal) faults(c counterexample) {
	explained := t.run.explained(c.Variant, c.Claim)
	if len(explained) == 0 {
		return
	}
	t.line("  faults that explain it:")
	for _, text := range explained {
		t.say("    ", text, 8)
	}
}

func (t *terminal) advice(list []string) {
	if len(list) == 0 {
		return
	}
	t.line("  what let it happen, and what would have prevented it:")
	for _, text := range list {
		t.say("    ", text, 8)
	}
}

func (t *terminal) invariants() {
	told := false
	for _, v := range t.run.Result.Variants {
		for _, i := range v.Invariants {
			if !told {
				t.heading("Inside the brokers (seen by the simulator, no part of the verdicts):", bold)
				told = true
			}
			t.say("  "+i.Name+" in "+v.Name+": ", fmt.Sprintf("%s, first by seed %s: %s", share(i.Seeds, len(v.Seeds)), i.First, i.Says), 4)
		}
	}
}

func (t *terminal) ending() {
	if !t.Quiet {
		t.line("")
	}
	p := good
	switch t.run.Result.Outcome {
	case result.Unexpected, result.Threshold, result.Failed:
		p = bad
	case result.Inconclusive, result.Interrupted:
		p = unsure
	}
	verdict := verdictLine(t.run.Result)
	if t.Quiet {
		verdict = t.run.Result.Scenario + ": " + verdict
	}
	for _, line := range wrapped("", clean(verdict), 2, t.Width) {
		t.line(p.on(line, t.Color))
	}
	if t.Report != "" && !t.Quiet {
		t.line("To read and look at: " + clean(t.Report))
	}
	// After an internal error the command that shows that one comes last, by the caller.
	if replay := ReplayFailure(t.run.Result, t.Target, t.Set...); replay != "" && t.run.Result.Outcome != result.Failed {
		t.line(replay)
	}
}

// clean takes control characters out of text that a scenario's author wrote, so
// that no file can command the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, text)
}
