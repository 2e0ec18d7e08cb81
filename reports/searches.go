package reports

import (
	"fmt"
	"html"

	"assay/checkers"
	"assay/checkers/crosscheck"
	"assay/checkers/history"
	"assay/scenarios/result"
)

// searched says whether porcupine can draw the neighbourhood of a counterexample
// as it sees it: where linearizability is the claim, the history is at hand and
// the witness names offsets.
func (run Run) searched(c counterexample) (file string, drawn bool) {
	switch checkers.Guarantee(c.Claim.Guarantee) {
	case checkers.LinearizableLog, checkers.FreshReads:
	default:
		return "", false
	}
	story := run.story(c.Variant.Name, c.Claim.FirstViolating)
	if story == nil || story.History == nil || c.Claim.Witness == nil || len(c.Claim.Witness.Offsets) == 0 {
		return "", false
	}
	return "plots/search-" + variantInName(c.Claim.Name) + "-" + variantInName(c.Variant.Name) + ".html", true
}

// searches are the drawings of all counterexamples that have one. A history that
// cannot be drawn says so in its place.
func (run Run) searches() []File {
	var files []File
	for _, c := range counterexamples(run.Result) {
		name, drawn := run.searched(c)
		if !drawn {
			continue
		}
		page, err := crosscheck.DrawSaved(run.story(c.Variant.Name, c.Claim.FirstViolating).History, drawable(c.Claim.Witness))
		if err != nil {
			page = fmt.Appendf(nil, "<!DOCTYPE html><title>No drawing</title><p>The history cannot be drawn: %s</p>\n", html.EscapeString(err.Error()))
		}
		files = append(files, File{name, page})
	}
	return files
}

// drawable is a result's witness as the checkers have it.
func drawable(w *result.Witness) checkers.Witness {
	drawn := checkers.Witness{Anomaly: checkers.Anomaly(w.Anomaly), Name: w.Partition, Offsets: w.Offsets}
	for _, op := range w.Operations {
		drawn.Ops = append(drawn.Ops, checkers.Operation{Name: op.Client, What: op.What, Call: history.Time(op.Call), Return: history.Time(op.Return)})
	}
	return drawn
}
