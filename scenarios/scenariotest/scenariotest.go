// Package scenariotest runs Assay's scenarios in Go tests:
//
//	func TestOrdersSurvive(t *testing.T) {
//		scenariotest.Run(t, "testdata/orders.yaml")
//	}
//
// Each variant is a subtest, and each of its claims one below it. A claim that
// does not come out as the scenario expects fails with the witness told and with
// the command that shows it again. What is inconclusive fails, too: only a real
// pass passes.
//
// With -short three seeds of each variant run (see Short), and a claim that is
// inconclusive for want of the others is skipped. With -artifacts, or with
// -assay.out DIR, each test leaves a run folder with its report.html; a failing
// test names it.
package scenariotest

import (
	"context"
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"assay/reports"
	"assay/reports/runfolder"
	"assay/scenarios"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

var out = flag.String("assay.out", "", "write the run folder of each scenario test below this folder")

// Run runs a scenario, a file or a shipped one by its name, and fails the test
// unless everything comes out as the scenario expects. It returns the result, for
// a test that wants to know more.
func Run(t *testing.T, scenario string, options ...Option) result.Result {
	t.Helper()
	s := settings{short: 3}
	for _, option := range options {
		option(&s)
	}
	file := load(t, scenario, s)
	c := campaign.New(file)
	all := s.narrow(t, &c)
	ctx, cancel := untilDeadline(t)
	defer cancel()
	folder, kept := place(t, file.Base.Name)
	report, err := runfolder.Play(ctx, file, c, campaign.Options{Jobs: s.jobs, Stories: true, Tell: kept && runfolder.Pictured(file.Base.Report.Formats)})
	if report == nil {
		t.Fatalf("%s: %v", scenario, err)
	}
	target, set := scenario, s.set
	if absolute, failed := filepath.Abs(scenario); failed == nil && source(scenario) {
		target = absolute
	}
	if kept {
		if failed := reports.WriteFolder(folder, reports.Files(*report, file.Base.Report.Formats, []byte("{}\n"))); failed != nil {
			t.Errorf("%v", failed)
		} else {
			target, set = folder, nil
		}
	}
	if err != nil {
		t.Errorf("%s: %v", scenario, err)
	}
	tell(t, teller{report: report, target: target, set: set, fewer: testing.Short() && c.Runs() < all})
	return report.Result
}

func load(t *testing.T, scenario string, s settings) *format.File {
	t.Helper()
	found, err := scenarios.Find(scenario)
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for _, p := range run.Points() {
		events = append(events, p.Name)
	}
	file, diagnostics := format.Load(found, format.Options{Set: s.set, Events: events})
	if file == nil {
		t.Fatalf("%s:\n%s", scenario, diagnostics)
	}
	if text := diagnostics.String(); text != "" {
		t.Log(text)
	}
	return file
}

// source says whether a scenario is a file, and no shipped one.
func source(scenario string) bool {
	found, err := filepath.Glob(scenario)
	return err == nil && len(found) == 1
}

// untilDeadline ends a campaign before the test binary's own time-out would end
// everything with a dump of goroutines.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, limited := t.Deadline()
	if !limited {
		return context.WithCancel(t.Context())
	}
	return context.WithDeadline(t.Context(), deadline.Add(-time.Until(deadline)/20))
}

var notInPath = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// place is where the run folder goes, and whether anybody wants it.
func place(t *testing.T, scenario string) (folder string, kept bool) {
	name := notInPath.ReplaceAllString(t.Name(), "-")
	if *out != "" {
		absolute, err := filepath.Abs(filepath.Join(*out, name, scenario))
		if err != nil {
			t.Fatal(err)
		}
		return absolute, true
	}
	if artifacts := flag.Lookup("test.artifacts"); artifacts != nil && artifacts.Value.String() == "true" {
		return filepath.Join(t.ArtifactDir(), scenario), true
	}
	return "", false
}

// teller tells a result as subtests.
type teller struct {
	report *reports.Run
	target string
	set    []string
	fewer  bool // -short left seeds out
}

func tell(t *testing.T, told teller) {
	if told.report.Result.Stopped != "" {
		t.Errorf("stopped by %s", told.report.Result.Stopped)
	}
	for _, v := range told.report.Result.Variants {
		t.Run(v.Name, func(t *testing.T) {
			for _, claim := range v.Claims {
				t.Run(claim.Name, func(t *testing.T) { told.claim(t, v, claim) })
			}
			for _, crossed := range v.Crossed {
				condition, _, _ := strings.Cut(crossed, ":")
				t.Run("threshold "+condition, func(t *testing.T) { t.Error(crossed) })
			}
		})
	}
}

func (told teller) claim(t *testing.T, v result.Variant, c result.Claim) {
	says := told.report.TellClaim(v, c, told.target, told.set...)
	switch {
	case c.Outcome == string(result.Expected):
		if c.Verdict == "violated" {
			t.Log(says)
		}
	case c.Outcome == string(result.Inconclusive) && told.fewer:
		t.Skipf("with the few seeds of -short:\n%s", says)
	default:
		t.Errorf("%s\n%s", c.Outcome, says)
	}
}
