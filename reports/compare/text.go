package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"assay/reports"
	"assay/scenarios/format"
)

// mostSeeds bounds the seeds that are told of one claim; the JSON form has them all.
const mostSeeds = 5

// JSON is the machine's form.
func (c *Comparison) JSON() []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(c); err != nil {
		panic(fmt.Sprintf("compare: a comparison of numbers and texts does not encode: %v", err))
	}
	return out.Bytes()
}

// Verdict is the comparison in a sentence.
func (c *Comparison) Verdict() string {
	changed, crossed, equal, runs := 0, 0, 0, 0
	for _, v := range c.Variants {
		changed += len(v.Verdicts)
		crossed += len(v.Crossed)
		equal += v.EqualDigests
		runs += v.Seeds
	}
	digests := fmt.Sprintf("%d of %s the same, event for event", equal, plural(runs, "runs are", "run is"))
	switch c.Outcome {
	case Changed:
		return fmt.Sprintf("Verdicts changed: %s; %s.", plural(changed, "claims", "claim"), digests)
	case Regressed:
		return fmt.Sprintf("Beyond a threshold: %s; %s.", plural(crossed, "metrics", "metric"), digests)
	}
	return fmt.Sprintf("Same verdicts; %s.", digests)
}

func plural(n int, many, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Replay is the command that shows what weighs most, "" if nothing changed.
func (c *Comparison) Replay() string {
	for _, v := range c.Variants {
		for _, change := range v.Verdicts {
			for _, s := range change.Seeds {
				return c.replay(c.New, v.Name, s.Seed)
			}
		}
	}
	return ""
}

func (c *Comparison) replay(folder, variant, seed string) string {
	number, _ := format.ParseSeed(seed) // it was read from a result of ours
	return reports.ReplayCommand(folder, variant, number)
}

// Text tells the comparison on a terminal. The last line of a changed verdict is
// the command that shows it.
func (c *Comparison) Text(w io.Writer) error {
	var out strings.Builder
	line := func(format string, arguments ...any) { fmt.Fprintf(&out, format+"\n", arguments...) }
	line("%s: %s (base) and %s (new)", c.Scenario, c.Base, c.New)
	if len(c.Settings) > 0 {
		line("\nsettings that differ")
		for _, s := range c.Settings {
			line("  %s", s)
		}
	}
	for _, v := range c.Variants {
		line("\n%s: %s, %d of them the same, event for event", v.Name, plural(v.Seeds, "seeds", "seed"), v.EqualDigests)
		for _, change := range v.Verdicts {
			line("  VERDICT CHANGED: %s", change.words(v))
			for i, s := range change.Seeds {
				if i == mostSeeds {
					line("    ... and %d more (--json has them all)", len(change.Seeds)-i)
					break
				}
				line("    seed %s: %s, then %s", s.Seed, s.Base, s.New)
				line("      %s", c.replay(c.Base, v.Name, s.Seed))
				line("      %s", c.replay(c.New, v.Name, s.Seed))
			}
		}
		for _, row := range aligned(v.rows()) {
			line("  %s", row)
		}
		if len(v.Equal) > 0 {
			line("  equal: %s", strings.Join(v.Equal, ", "))
		}
		for _, text := range v.Crossed {
			line("  BEYOND THRESHOLD %s", text)
		}
	}
	line("\n%s", c.Verdict())
	if replay := c.Replay(); replay != "" {
		line("%s", replay)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (change VerdictChange) words(v Variant) string {
	text := fmt.Sprintf("%s: %s, then %s", change.Claim, change.Base, change.New)
	if len(change.Seeds) > 0 {
		text += fmt.Sprintf(" (%d of %s)", len(change.Seeds), plural(v.Seeds, "seeds", "seed"))
	}
	return text
}

// rows is the table of metrics, its head first; nothing if all are equal.
func (v Variant) rows() [][]string {
	if len(v.Metrics) == 0 {
		return nil
	}
	rows := [][]string{{"metric", "base", "new", "change", "seeds higher", "lower", ""}}
	for _, m := range v.Metrics {
		mark := ""
		if m.Beyond {
			mark = "beyond"
		}
		rows = append(rows, []string{m.Name, m.print(m.Base), m.print(m.New), m.change(), strconv.Itoa(m.Higher), strconv.Itoa(m.Lower), mark})
	}
	return rows
}

func (m MetricChange) print(value *int64) string {
	if value == nil {
		return "-"
	}
	return reports.Quantity(m.Unit, *value)
}

// change is the difference in percent of the base, to a tenth, or by itself where
// the base is 0.
func (m MetricChange) change() string {
	switch {
	case m.Base == nil || m.New == nil:
		return "-"
	case *m.Base == *m.New:
		return "="
	case *m.Base == 0:
		moved := *m.New
		return "+" + m.print(&moved)
	}
	moved := *m.New - *m.Base
	sign := "+"
	if moved < 0 {
		sign, moved = "-", -moved
	}
	percent := new(big.Rat).Mul(big.NewRat(100, 1), big.NewRat(moved, *m.Base)).FloatString(1)
	if percent == "0.0" {
		percent = "<0.1"
	}
	return sign + percent + " %"
}

// aligned sets rows in columns, all but the first and the last to the right.
func aligned(rows [][]string) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var lines []string
	for _, row := range rows {
		var cells []string
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 || i == len(row)-1 {
				cells = append(cells, cell+pad)
			} else {
				cells = append(cells, pad+cell)
			}
		}
		lines = append(lines, strings.TrimRight(strings.Join(cells, "  "), " "))
	}
	return lines
}
