package main

import (
	"fmt"
	"io"
	"strings"

	"assay/reports"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// GitHub's workflow commands: a line that the log turns into an annotation.
// Their escapes are those of the actions toolkit.
var (
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// annotation tells a diagnostic at its place in the file.
func annotation(d format.Diagnostic) string {
	command := map[format.Severity]string{format.Error: "error", format.Warning: "warning", format.Note: "notice"}[d.Severity]
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d::%s", command, escapeProperty.Replace(d.File), d.Line, d.Column,
		escapeMessage.Replace(d.Sentence()))
}

// annotateFailures tells each failure of a result with its replay command.
func annotateFailures(out io.Writer, r result.Result, target string) {
	for _, f := range reports.Failures(r) {
		command := "error"
		if f.Outcome == result.Inconclusive {
			command = "warning"
		}
		says := f.Says
		if f.HasSeed {
			says += "\n" + reports.ReplayCommand(target, f.Variant, f.Seed)
		}
		fmt.Fprintf(out, "::%s title=%s::%s\n", command, escapeProperty.Replace("assay "+r.Scenario), escapeMessage.Replace(says))
	}
}
