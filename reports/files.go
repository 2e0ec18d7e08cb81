package reports

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"assay/scenarios/format"
)

// Names of the files that make a folder a run folder.
const (
	ResultFile = "result.json"
	MetaFile   = "meta.json"
)

// PageFile is the report that people look at.
const PageFile = "report.html"

// Names of what a report can be rendered from again.
const (
	ScenarioFile = "scenario.resolved.yaml"
	SeedsFile    = "seeds.ndjson.zst"
	StoriesFile  = "stories.json.zst"
	LatencyFile  = "latency.hlog"
)

// File is one file of a run folder. Its name may have folders, with slashes.
type File struct {
	Name    string
	Content []byte
}

// The formats that a scenario's report section may ask for. result.json is
// always written: the folder is told by it.
const (
	FormatHTML     = "html"
	FormatJSON     = "json"
	FormatJUnit    = "junit"
	FormatMarkdown = "markdown"
)

// Files renders a run folder in the formats asked for; nil means all of them.
// Equal runs give equal files: meta, which holds wall-clock time, host facts and
// the folder's place, is the caller's.
//
// The history of base's story is history.ndjson.zst and that of another variant
// history-VARIANT.ndjson.zst, and so with faults.yaml; of several stories the
// variant's first is taken.
func Files(run Run, formats []string, meta []byte) []File {
	wanted := func(name string) bool { return formats == nil || slices.Contains(formats, name) }
	files := []File{{ResultFile, JSON(run.Result)}, {MetaFile, meta}}
	if run.Seeds != nil {
		files = append(files, File{SeedsFile, run.Seeds}, File{LatencyFile, Latency(run.Result)})
	}
	if len(run.Stories) > 0 {
		files = append(files, File{StoriesFile, EncodeStories(run.Stories)})
	}
	if run.Scenario != nil {
		files = append(files, File{ScenarioFile, run.Scenario})
		files = append(files, run.Data...)
	}
	if wanted(FormatJUnit) {
		files = append(files, File{"junit.xml", JUnit(run)})
	}
	if wanted(FormatMarkdown) {
		files = append(files, File{"summary.md", Markdown(run)})
	}
	if wanted(FormatHTML) {
		files = append(files, File{PageFile, HTML(run)})
		files = append(files, run.searches()...)
	}
	if wanted(FormatHTML) || wanted(FormatMarkdown) {
		for _, picture := range run.Pictures() {
			files = append(files, File{picture.file(), picture.SVG})
		}
		files = append(files, run.sceneFiles()...)
	}
	var told []string
	for _, story := range run.Stories {
		if slices.Contains(told, story.Variant) {
			continue
		}
		told = append(told, story.Variant)
		files = append(files, File{FaultsFile(story.Variant), format.RenderTimeline(story.Faults)})
		if story.History != nil {
			files = append(files, File{HistoryFile(story.Variant), story.History})
		}
	}
	return files
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// FaultsFile is the name of a variant's concrete timeline in the run folder.
func FaultsFile(variant string) string {
	if variant == baseVariant || variant == "" {
		return "faults.yaml"
	}
	return "faults-" + variantInName(variant) + ".yaml"
}

// HistoryFile is the name of a variant's history in the run folder.
func HistoryFile(variant string) string {
	if variant == baseVariant || variant == "" {
		return "history.ndjson.zst"
	}
	return "history-" + variantInName(variant) + ".ndjson.zst"
}

// variantInName makes a variant's name safe in a file's; two variants never share one.
func variantInName(variant string) string {
	var out bytes.Buffer
	for _, b := range []byte(variant) {
		if unsafeInName.Match([]byte{b}) {
			fmt.Fprintf(&out, "%%%02x", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}
