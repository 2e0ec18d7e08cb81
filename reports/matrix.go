package reports

import (
	"fmt"
	"slices"
	"strings"

	"assay/scenarios/result"
)

// matrixData is the verdicts of all claims in all variants. The longer of the
// two runs down, so that the table stays as narrow as it can.
type matrixData struct {
	Corner  string
	Columns []matrixHead
	Rows    []matrixRow
}

// matrixHead names a claim, with its guarantee where that has another name, or a variant.
type matrixHead struct{ Name, Guarantee string }

type matrixRow struct {
	Head  matrixHead
	Cells []matrixCell
}

type matrixCell struct {
	Present                          bool
	Mark, Verdict, Tone, Word, Count string
	Expect                           string
	Link                             string // the story's id, or ""
	Idle                             bool   // nothing was there to judge
}

var verdictMarks = map[string]string{"holds": "✓", "violated": "✗", "inconclusive": "?"}

// mostColumns is how many columns a page shows side by side.
const mostColumns = 4

func matrix(r result.Result) matrixData {
	m := matrixData{Corner: "Claim"}
	for _, v := range r.Variants {
		m.Columns = append(m.Columns, matrixHead{Name: v.Name})
	}
	for _, name := range claimNames(r) {
		row := matrixRow{Head: matrixHead{Name: name}, Cells: make([]matrixCell, len(r.Variants))}
		for i, v := range r.Variants {
			for _, c := range v.Claims {
				if c.Name != name {
					continue
				}
				row.Cells[i] = cellOf(v, c)
				if c.Guarantee != c.Name {
					row.Head.Guarantee = c.Guarantee
				}
			}
		}
		m.Rows = append(m.Rows, row)
	}
	if len(m.Columns) > max(mostColumns, len(m.Rows)) {
		return m.turned()
	}
	return m
}

// turned has the variants as rows.
func (m matrixData) turned() matrixData {
	turned := matrixData{Corner: "Variant"}
	for _, row := range m.Rows {
		turned.Columns = append(turned.Columns, row.Head)
	}
	for i, head := range m.Columns {
		row := matrixRow{Head: head}
		for _, claim := range m.Rows {
			row.Cells = append(row.Cells, claim.Cells[i])
		}
		turned.Rows = append(turned.Rows, row)
	}
	return turned
}

func cellOf(v result.Variant, c result.Claim) matrixCell {
	cell := matrixCell{
		Present: true, Mark: verdictMarks[c.Verdict], Verdict: c.Verdict, Tone: tone(c.Outcome),
		Word: strings.ToLower(outcomeWord(c.Outcome)), Count: share(c.Violating, len(v.Seeds)), Expect: c.Expect,
		Idle: !c.Exercised && len(v.Seeds) > 0,
	}
	if c.Verdict == "violated" {
		cell.Link = storyID(v.Name, c.Name)
	}
	return cell
}

// folded are the points of a sweep that a page tells in a line: in which all
// came out as expected and nothing is to be told.
func (run Run) folded() []string {
	var names []string
	for _, v := range run.Result.Variants {
		quiet := len(v.Seeds) > 0 && len(v.Unmet)+len(v.Crossed)+len(v.Invariants) == 0
		for _, c := range v.Claims {
			quiet = quiet && c.Outcome == string(result.Expected) && c.Verdict == "holds" && c.Exercised
		}
		if quiet && run.isPoint(v.Name) {
			names = append(names, v.Name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	return names
}

// isPoint says whether a sweep made a variant.
func (run Run) isPoint(variant string) bool {
	return slices.ContainsFunc(run.Sweep, func(p SweepPoint) bool { return p.Variant == variant })
}

// without is the result without some of its variants.
func without(r result.Result, names []string) result.Result {
	r.Variants = slices.DeleteFunc(slices.Clone(r.Variants), func(v result.Variant) bool { return slices.Contains(names, v.Name) })
	return r
}

// foldedLines say of each claim how it came out in variants that are not shown.
func foldedLines(r result.Result, names []string) []string {
	var lines []string
	for _, claim := range claimNames(r) {
		variants, violating, seeds := 0, 0, 0
		for _, v := range r.Variants {
			for _, c := range v.Claims {
				if c.Name == claim && slices.Contains(names, v.Name) {
					variants, violating, seeds = variants+1, violating+c.Violating, seeds+len(v.Seeds)
				}
			}
		}
		if variants > 0 {
			lines = append(lines, fmt.Sprintf("%s holds in %s of the sweep, as expected: %s", claim, plural(variants, "more point"), share(violating, seeds)))
		}
	}
	return lines
}
