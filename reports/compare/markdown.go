package compare

import (
	"fmt"
	"strings"

	"assay/reports"
)

// Markdown tells the comparison for a pull request or a job's summary.
func (c *Comparison) Markdown() []byte {
	var out strings.Builder
	line := func(format string, arguments ...any) { fmt.Fprintf(&out, format+"\n", arguments...) }
	text := reports.EscapeMarkdown
	line("# %s: base and new\n", text(c.Scenario))
	line("**%s**\n", text(c.Verdict()))
	if replay := c.Replay(); replay != "" {
		line("```sh\n%s\n```\n", replay)
	}
	for _, v := range c.Variants {
		line("## %s\n", text(v.Name))
		line("%s, %d of them the same, event for event.\n", plural(v.Seeds, "seeds", "seed"), v.EqualDigests)
		for _, change := range v.Verdicts {
			line("- **Verdict changed**: %s", text(change.words(v)))
			for i, s := range change.Seeds {
				if i == mostSeeds {
					line("  - ... and %d more", len(change.Seeds)-i)
					break
				}
				line("  - seed `%s`: %s, then %s: `%s`", s.Seed, s.Base, s.New, c.replay(c.New, v.Name, s.Seed))
			}
		}
		for _, crossed := range v.Crossed {
			line("- **Beyond threshold** %s", text(crossed))
		}
		if len(v.Verdicts)+len(v.Crossed) > 0 {
			line("")
		}
		for i, row := range v.rows() {
			cells := make([]string, len(row))
			for j, cell := range row {
				cells[j] = text(cell)
			}
			line("| %s |", strings.Join(cells, " | "))
			if i == 0 {
				line("|---|---:|---:|---:|---:|---:|---|")
			}
		}
		if len(v.Metrics) > 0 {
			line("")
		}
		if len(v.Equal) > 0 {
			line("Equal: %s.\n", text(strings.Join(v.Equal, ", ")))
		}
	}
	if len(c.Settings) > 0 {
		line("## Settings that differ\n\n| Setting | Base | New |\n|---|---|---|")
		for _, s := range c.Settings {
			line("| %s | %s | %s |", text(s.Pointer), text(s.Base), text(s.New))
		}
	}
	return []byte(out.String())
}
