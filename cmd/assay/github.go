package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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

// command writes one annotation. Properties are pairs of names and values.
func command(kind, message string, properties ...string) string {
	var words []string
	for i := 0; i < len(properties); i += 2 {
		words = append(words, properties[i]+"="+escapeProperty.Replace(properties[i+1]))
	}
	return strings.TrimSuffix(fmt.Sprintf("::%s %s", kind, strings.Join(words, ",")), " ") + "::" + escapeMessage.Replace(message)
}

// annotation tells a diagnostic at its place in the file.
func annotation(d format.Diagnostic) string {
	kind := map[format.Severity]string{format.Error: "error", format.Warning: "warning", format.Note: "notice"}[d.Severity]
	return command(kind, d.Sentence(), placed(d)...)
}

// placed are the properties of an annotation's place: none if it is in no file of
// the repository, such as an override of the command line or a shipped scenario.
func placed(d format.Diagnostic) []string {
	if info, err := os.Stat(d.File); d.File == "" || err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return []string{"file", inWorkspace(d.File), "line", fmt.Sprint(d.Line), "col", fmt.Sprint(d.Column)}
}

// inWorkspace names a file as GitHub knows it: by its path in the repository.
func inWorkspace(file string) string {
	workspace := os.Getenv("GITHUB_WORKSPACE")
	absolute, err := filepath.Abs(file)
	if workspace == "" || err != nil {
		return file
	}
	inside, err := filepath.Rel(workspace, absolute)
	if err != nil || !filepath.IsLocal(inside) {
		return file
	}
	return filepath.ToSlash(inside)
}

// annotateFailures tells each failure of a result, at the line of the scenario
// that it is about, with its replay command.
func annotateFailures(out io.Writer, file *format.File, r result.Result, target string) {
	for _, f := range reports.Failures(r) {
		kind := "error"
		if f.Outcome == result.Inconclusive {
			kind = "warning"
		}
		says := f.Says
		if f.HasSeed {
			says += "\n" + reports.ReplayCommand(target, f.Variant, f.Seed)
		}
		annotateAt(out, file, pointerOf(file, f), kind, says, "assay "+r.Scenario)
	}
}

// annotateAt writes an annotation about a value of a scenario.
func annotateAt(out io.Writer, file *format.File, pointer, kind, says, title string) {
	at := file.Diagnose(format.Error, pointer, "")
	fmt.Fprintln(out, command(kind, says, append(placed(at), "title", title)...))
}

// pointerOf is where a scenario says what a failure is about.
func pointerOf(file *format.File, f reports.Failure) string {
	variants := file.Expand()
	at := slices.IndexFunc(variants, func(v format.Variant) bool { return v.Name == f.Variant })
	switch {
	case f.Claim != "" && at > 0 && expectation(variants[at].Scenario, f.Claim) != expectation(variants[0].Scenario, f.Claim):
		return "/variants/" + f.Variant + "/expect/" + f.Claim
	case f.Claim != "":
		return "/claims/" + f.Claim
	case f.Metric != "":
		for i, t := range file.Base.Thresholds {
			if t.Metric == f.Metric {
				return fmt.Sprintf("/thresholds/%d", i)
			}
		}
		return "/thresholds"
	}
	return ""
}

func expectation(s format.Scenario, claim string) format.Verdict {
	for _, c := range s.Claims {
		if c.Name == claim {
			return c.Expect
		}
	}
	return ""
}

// mostOfSummary is what GitHub takes of one step's summary.
const mostOfSummary = 1 << 20

// appendStepSummary adds to the summary of a GitHub job, where there is one.
func appendStepSummary(markdown []byte) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("the job's summary: %w", err)
	}
	defer file.Close()
	const cut = "\n\n... cut here: the run folder's `summary.md` has the rest.\n"
	room := mostOfSummary - 1 // an empty line goes behind it
	if info, err := file.Stat(); err == nil {
		room -= int(info.Size())
	}
	switch {
	case len(markdown) <= room:
	case room < len(cut):
		return nil
	default:
		markdown = markdown[:room-len(cut)]
		markdown = append(slices.Clone(markdown[:bytes.LastIndexByte(markdown, '\n')+1]), cut...)
	}
	_, err = file.Write(append(slices.Clone(markdown), '\n'))
	return err
}
