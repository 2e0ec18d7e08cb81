package format

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a diagnostic means for the run.
type Severity int

// Severities, the gravest first.
const (
	Error   Severity = iota // the scenario does not run
	Warning                 // dangerous but legal: it runs
	Note                    // worth knowing: a default that gave way
)

func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Diagnostic is one remark on a scenario file, with its position.
type Diagnostic struct {
	Severity   Severity
	File       string // as named by the user, or "--set"
	Line       int    // from 1
	Column     int    // from 1, in characters
	Pointer    string // JSON pointer of what it is about, "" for the file
	Variant    string // "" unless it concerns one variant alone
	Message    string // one sentence without a full stop
	Suggestion string // what was probably meant, "" for none
	SourceLine string // the line at Line, or the part of a long one around Column
	Caret      int    // the place of Column in SourceLine, from 1
}

// String is the diagnostic as compilers write it, with the source line and a caret:
//
//	orders.yaml:12:5: error: unknown field "partition", did you mean "partitions"?
//	   12 |     partition: 3
//	      |     ^
func (d Diagnostic) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s:%d:%d: %s: %s\n", d.File, d.Line, d.Column, d.Severity, d.Sentence())
	number := fmt.Sprint(d.Line)
	fmt.Fprintf(&text, "%5s | %s\n", number, d.SourceLine)
	fmt.Fprintf(&text, "%*s | %s^\n", max(5, len(number)), "", d.indent())
	return text.String()
}

// Sentence is the message with its variant and suggestion, on one line.
func (d Diagnostic) Sentence() string {
	text := d.Message
	if d.Suggestion != "" {
		text += fmt.Sprintf("; did you mean %s?", d.Suggestion)
	}
	if d.Variant != "" {
		text += fmt.Sprintf(" (in variant %s)", d.Variant)
	}
	return text
}

// indent is what stands left of the caret: tabs stay tabs, so that it lines up.
func (d Diagnostic) indent() string {
	var text strings.Builder
	line := []rune(d.SourceLine)
	for i := range d.Caret - 1 {
		if i < len(line) && line[i] == '\t' {
			text.WriteByte('\t')
		} else {
			text.WriteByte(' ')
		}
	}
	return text.String()
}

// Diagnostics are in the order of their positions.
type Diagnostics []Diagnostic

// Failed says whether there is an error among them.
func (ds Diagnostics) Failed() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// String prints them all.
func (ds Diagnostics) String() string {
	var text strings.Builder
	for _, d := range ds {
		text.WriteString(d.String())
	}
	return text.String()
}

// sorted puts them in order of position, each only once.
func (ds Diagnostics) sorted() Diagnostics {
	sorted := slices.Clone(ds)
	slices.SortStableFunc(sorted, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Message, b.Message), cmp.Compare(a.Variant, b.Variant))
	})
	return slices.CompactFunc(sorted, func(a, b Diagnostic) bool { return a.String() == b.String() })
}

// source is a text that values come from.
type source struct {
	name   string
	lines  []string
	origin origin
}

func newSource(name, text string) *source {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	return &source{name: name, lines: lines}
}

// place is a position in a source. The zero place belongs to defaults, which need none.
type place struct {
	source       *source
	line, column int
}

// longestLine bounds what of a source line is shown, in characters.
const longestLine = 200

func (p place) diagnose(severity Severity, pointer, message, suggestion string) Diagnostic {
	d := Diagnostic{
		Severity: severity, Line: p.line, Column: p.column,
		Pointer: pointer, Message: message, Suggestion: suggestion,
	}
	if p.source == nil {
		return d
	}
	d.File = p.source.name
	if p.line >= 1 && p.line <= len(p.source.lines) {
		d.SourceLine, d.Caret = excerpt(p.source.lines[p.line-1], p.column)
	}
	return d
}

// excerpt returns a line as it may be printed, or a window of a long one, and the place of the column in it.
func excerpt(line string, column int) (string, int) {
	line = strings.ToValidUTF8(line, "\uFFFD")
	line = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return '\uFFFD' // control characters could rewrite a terminal
		}
		return r
	}, line)
	runes := []rune(line)
	column = max(1, min(column, len(runes)+1))
	if len(runes) <= longestLine {
		return line, column
	}
	from := max(0, min(column-longestLine/2, len(runes)-longestLine))
	window, before, after := runes[from:from+longestLine], "", ""
	if from > 0 {
		before = "..."
	}
	if from+longestLine < len(runes) {
		after = "..."
	}
	return before + string(window) + after, column - from + len(before)
}
