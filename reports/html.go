package reports

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"assay/faults"
	"assay/reports/diagram"
	"assay/reports/plot"
	"assay/scenarios/result"
)

//go:embed page.html.tmpl
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"fineInstant":  fineInstant,
	"number":       func(index int) int { return index + 1 },
	"even":         func(index int) bool { return index%2 == 0 },
	"pictureStyle": func() template.CSS { return template.CSS(plot.Style + diagram.Style) },
}).Parse(pageText))

// HTML writes report.html: one file that needs no network and no script, for
// light and dark screens and for paper.
func HTML(run Run) []byte {
	var out bytes.Buffer
	if err := page.Execute(&out, run.page()); err != nil {
		panic(fmt.Sprintf("reports: the page does not render: %v", err))
	}
	return []byte(clean(out.String()))
}

// pageData is what the template shows, every text ready but unescaped.
type pageData struct {
	Scenario, About string
	Verdict, Tone   string   // Tone: expected, unexpected, inconclusive
	Replay, Again   string   // Again: what the command shows
	Variants        []string // that have columns of their own
	Runs            string
	Matrix          matrixData
	Folded          []string // what became of the variants that have none
	Sweep           []sweepRow
	SweepPlot       *pictureData
	Bounds          []bound
	Idle            []string
	Shortfalls      []shortfall
	Stories         []storyData
	Tolerance       []toleranceRow
	Damage          numbersTable
	Delivery        *deliveryTable
	DeliveryAbout   string
	Plots           []plotGroup
	Points          []plotGroup // plots of the variants that have no columns
	Timelines       []timelineData
	Quiet           string // where no fault was applied
	Exercise        []numbersTable
	Invariants      []invariantData
	NotModelled     []string
	Resolved        string
	Version         int
}

type shortfall struct{ What, Variant, Says string }

type storyData struct {
	ID, Tone, Title, Count, Seed, Replay string
	Claim                                result.Claim
	Place, Anomalies, Damage             string
	Operations                           []result.Operation
	Explained, Advice, Told              []string
	Figure                               *figure
	Scene                                *sceneData
	Search                               string // file of the linearizability checker's drawing
}

// sceneData is a scene's diagram for screens and paper, and for phones; without
// them its file is linked to.
type sceneData struct {
	Wide, Narrow template.HTML
	File         string
}

// plotGroup is the plots of one variant, or of the whole campaign.
type plotGroup struct {
	Variant  string // "" for the whole campaign
	About    string
	Pictures []pictureData
	Open     bool
}

type pictureData struct {
	Title string
	SVG   template.HTML // empty where it would make the page too large
	File  string
}

type timelineData struct {
	ID, Variant, Seed string
	Swarm             []string
	Rows              []faultRow
	Figure            *figure
	Applied, Skipped  int
}

type faultRow struct{ ID, Start, End, Kind, Targets, Parameters, Outcome, Reason string }

type numbersTable struct {
	Title, About string
	Rows         []numbersRow
	Zero         string // names of what is zero everywhere
}

type numbersRow struct {
	Name  string
	Cells []string
	zero  bool // in every variant
}

type invariantData struct{ Name, Variant, Count, First, Says string }

func (run Run) page() pageData {
	r, folded := run.Result, run.folded()
	shown := run
	shown.Result = without(r, folded)
	data := pageData{
		Scenario: r.Scenario, About: run.About, Verdict: verdictLine(r), Tone: tone(string(r.Outcome)), Runs: plural(runs(r), "run"),
		Bounds: bounds(r), Idle: idle(r), NotModelled: run.NotModelled, Resolved: string(run.Scenario), Version: r.Version,
		Matrix: matrix(shown.Result), Folded: foldedLines(r, folded), Exercise: shown.numbers(),
		Sweep: run.sweepTable(), Tolerance: tolerance(r), Damage: shown.damage(), Delivery: shown.delivery(), DeliveryAbout: deliveryAbout,
	}
	data.Replay, data.Again = run.firstReplay()
	for _, v := range shown.Result.Variants {
		data.Variants = append(data.Variants, v.Name)
	}
	for _, v := range r.Variants {
		data.Shortfalls = append(data.Shortfalls, shortfalls(v)...)
		for _, i := range v.Invariants {
			data.Invariants = append(data.Invariants, invariantData{i.Name, v.Name, share(i.Seeds, len(v.Seeds)), i.First, i.Says})
		}
	}
	scenes := sceneBudget
	for _, c := range unexpectedFirst(counterexamples(r)) {
		data.Stories = append(data.Stories, run.storyOf(c, &scenes))
	}
	for _, group := range run.plotGroups() {
		switch {
		case group.Variant == "":
			data.SweepPlot = &group.Pictures[0]
		case slices.Contains(folded, group.Variant):
			data.Points = append(data.Points, group)
		default:
			data.Plots = append(data.Plots, group)
		}
	}
	if len(data.Plots) > 0 {
		data.Plots[0].Open = true
	}
	data.Timelines, data.Quiet = run.timelines()
	return data
}

// firstReplay is the command that a page begins with, and what it shows: a
// failure, or else a counterexample, or else any run.
func (run Run) firstReplay() (command, shows string) {
	r := run.Result
	if replay := ReplayFailure(r, insideFolder); replay != "" {
		return replay, "To see it again, in this folder:"
	}
	if all := counterexamples(r); len(all) > 0 {
		return ReplayCommand(insideFolder, all[0].Variant.Name, all[0].seed()), "To see its first counterexample again, in this folder:"
	}
	for _, v := range r.Variants {
		if len(v.Seeds) > 0 {
			return ReplayCommand(insideFolder, v.Name, parseSeed(v.Seeds[0])), "To play its first run again, in this folder:"
		}
	}
	return "", ""
}

// tone is the class that colours an outcome.
func tone(outcome string) string {
	switch outcome {
	case string(result.Expected):
		return "expected"
	case string(result.Unexpected), string(result.Threshold):
		return "unexpected"
	}
	return "inconclusive"
}

// storyID names a story's section. Names of claims and variants are words of
// the scenario; the separator keeps two of them apart.
func storyID(variant, claim string) string {
	return "story-" + strings.Join(strings.Fields(variant+"."+claim), "_")
}

func shortfalls(v result.Variant) []shortfall {
	var found []shortfall
	for _, text := range v.Unmet {
		found = append(found, shortfall{"Requirement not met", v.Name, text})
	}
	for _, text := range v.Crossed {
		found = append(found, shortfall{"Threshold not held", v.Name, text})
	}
	for _, text := range undecided(v) {
		found = append(found, shortfall{"Inconclusive", v.Name, text})
	}
	return found
}

// sceneBudget is how many bytes of diagrams a page shows; the others are linked
// to. With the plots' own budget the page stays below 2 MiB.
const sceneBudget plot.Budget = 600 << 10

func (run Run) storyOf(c counterexample, budget *plot.Budget) storyData {
	s := storyData{
		ID: storyID(c.Variant.Name, c.Claim.Name), Tone: tone(c.Claim.Outcome),
		Title: fmt.Sprintf("%s is violated in %s", c.Claim.Name, c.Variant.Name),
		Count: share(c.Claim.Violating, len(c.Variant.Seeds)), Seed: c.Claim.FirstViolating, Claim: c.Claim,
		Replay: ReplayCommand(insideFolder, c.Variant.Name, c.seed()), Anomalies: tellCounts(c.Claim.Anomalies),
	}
	w := c.Claim.Witness
	if w == nil {
		return s
	}
	s.Place, s.Operations = place(w), w.Operations
	if w.Damage != nil {
		s.Damage = tellDamage(w.Damage)
	}
	s.Explained, s.Advice = run.explained(c.Variant, c.Claim), run.advice(c)
	if file, drawn := run.searched(c); drawn {
		s.Search = file
	}
	if scene := run.scene(c.Variant, c.Claim); scene != nil {
		s.Told = diagram.Tell(*scene)
		s.Scene = &sceneData{File: sceneFile(c.Variant.Name, c.Claim.Name)}
		wide, narrow := diagram.Inline(diagram.SVG(*scene)), diagram.Inline(diagram.Narrow(*scene))
		if budget.Admit(append(wide[:len(wide):len(wide)], narrow...)) {
			s.Scene.Wide, s.Scene.Narrow = template.HTML(wide), template.HTML(narrow)
		}
	}
	if s.Scene != nil {
		return s // it tells the same, and more
	}
	var all []faults.Record
	var loadEnd, runEnd int64
	if story := run.story(c.Variant.Name, c.Claim.FirstViolating); story != nil {
		all, loadEnd, runEnd = story.Faults, story.LoadEnd, story.RunEnd
	}
	from, to := around(w, run.explaining(c.Variant, c.Claim), runEnd)
	if f, ok := drawTimeline(s.ID+"-figure", "The witness's operations and the faults around them", from, to, loadEnd, all, w.Operations); ok {
		s.Figure = &f
	}
	return s
}

// plotTitles are the plots' names on the page.
var plotTitles = map[string]string{
	PlotThroughput: "Records sent, acknowledged and delivered", PlotLatency: "Latency over time", PlotLag: "Lag",
	PlotGroups: "Who owned which partition", PlotTransactions: "Transactions",
	PlotISR: "Leaders and in-sync replicas", PlotPercentiles: "Percentiles of the latency, all seeds", PlotSweep: "Throughput against latency",
}

// plotGroups are the run's plots, variant by variant; those of the whole
// campaign first.
func (run Run) plotGroups() []plotGroup {
	var groups []plotGroup
	budget := plot.PageBudget
	for _, picture := range run.Pictures() {
		if len(groups) == 0 || groups[len(groups)-1].Variant != picture.Variant {
			group := plotGroup{Variant: picture.Variant}
			if s := run.toldStory(picture.Variant); s != nil && s.Series != nil {
				group.About = "Over time: seed " + seedText(s.Seed) + "."
			}
			groups = append(groups, group)
		}
		shown := pictureData{Title: plotTitles[picture.Plot], File: picture.file()}
		if inline := plot.Inline(picture.SVG); budget.Admit(inline) {
			shown.SVG = template.HTML(inline)
		}
		group := &groups[len(groups)-1]
		group.Pictures = append(group.Pictures, shown)
	}
	return groups
}

// damage is what was lost, duplicated or could not be written, by variant.
func (run Run) damage() numbersTable {
	all := run.numbersOf("Damage", "Records over all seeds; times are the longest of any seed, recovery the 99th percentile.",
		func(v result.Variant) map[string]int64 { return v.Metrics }, run.metric)
	all.Rows = slices.DeleteFunc(all.Rows, func(row numbersRow) bool { return !slices.Contains(damageMetrics, row.Name) })
	return all
}

var damageMetrics = []string{"loss.records", "loss.window", "duplicates.records", "unavailable.max", "rebalance.pause.max", "recovery.p99", "lag.final"}

// timelines are the faults of each variant's story. Variants whose faults were
// the same share one; quiet names those that had none.
func (run Run) timelines() (told []timelineData, quiet string) {
	var without []string
	points := 0
	same := map[string]int{} // index in told, by what was applied
	for i := range run.Stories {
		s := &run.Stories[i]
		switch {
		case len(s.Faults) > 0:
		case run.isPoint(s.Variant):
			points++
			continue
		default:
			without = append(without, s.Variant)
			continue
		}
		data := timelineOf(i, s)
		key := fmt.Sprint(data.Seed, data.Swarm, data.Rows, s.LoadEnd)
		if at, known := same[key]; known {
			told[at].Variant += ", " + s.Variant
			continue
		}
		same[key] = len(told)
		told = append(told, data)
	}
	if points > 0 {
		without = append(without, plural(points, "point")+" of the sweep")
	}
	return told, strings.Join(without, ", ")
}

func timelineOf(index int, s *result.Story) timelineData {
	data := timelineData{ID: fmt.Sprintf("faults-%d", index+1), Variant: s.Variant, Seed: seedText(s.Seed), Swarm: s.Swarm}
	end := s.RunEnd
	for _, f := range s.Faults {
		if f.Outcome == faults.Skipped {
			data.Skipped++
		} else {
			data.Applied++
		}
		end = max(end, int64(f.End))
		row := faultRow{f.Spec.ID, instant(int64(f.Start)), endOf(f), string(f.Spec.Kind), hit(f), parameters(f.Spec), f.Outcome.String(), f.Reason}
		data.Rows = append(data.Rows, row)
	}
	if f, ok := drawTimeline(data.ID+"-figure", "Faults over the whole run", 0, end, s.LoadEnd, s.Faults, nil); ok {
		data.Figure = &f
	}
	return data
}

// numbers are the tables of what was exercised, reached and measured.
func (run Run) numbers() []numbersTable {
	tables := []numbersTable{
		run.numbersOf("Exercise", "Counters, summed over the seeds of each variant.",
			func(v result.Variant) map[string]int64 { return v.Exercise }, func(_ string, n int64) string { return grouped(n) }),
		run.numbersOf("Rare places reached", "Seeds of each variant that passed the point.",
			func(v result.Variant) map[string]int64 { return v.Points }, func(_ string, n int64) string { return grouped(n) }),
		run.numbersOf("Measures", "In simulated time.",
			func(v result.Variant) map[string]int64 { return v.Metrics }, run.metric),
	}
	var filled []numbersTable
	for _, t := range tables {
		if len(t.Rows) > 0 {
			filled = append(filled, t.zerosFolded())
		}
	}
	return filled
}

func (run Run) numbersOf(title, about string, of func(result.Variant) map[string]int64, write func(string, int64) string) numbersTable {
	t := numbersTable{Title: title, About: about}
	for _, name := range counterNames(run.Result, of) {
		row := numbersRow{Name: name, zero: true}
		for _, v := range run.Result.Variants {
			value, measured := of(v)[name]
			row.zero = row.zero && measured && value == 0
			if !measured {
				row.Cells = append(row.Cells, "-")
				continue
			}
			row.Cells = append(row.Cells, write(name, value))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// zerosFolded has the rows that are zero everywhere in one line.
func (t numbersTable) zerosFolded() numbersTable {
	var some []numbersRow
	var zero []string
	for _, row := range t.Rows {
		if row.zero {
			zero = append(zero, row.Name)
		} else {
			some = append(some, row)
		}
	}
	t.Rows, t.Zero = some, strings.Join(zero, ", ")
	return t
}
