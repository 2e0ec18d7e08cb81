package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

func runCommand(s streams) *cobra.Command {
	var flags settings
	c := &cobra.Command{
		Use:   "run FILE...",
		Short: "Run scenarios and judge their claims",
		Long: `Runs each scenario, a file or a shipped one by name, over all its seeds and
variants, prints the verdicts and writes a run folder.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return runFiles(c.Context(), s, &flags, files)
		},
	}
	flags.register(c)
	return c
}

// runFiles runs one scenario after the other. All files are read first, so that
// a mistake in the last one shows before the first has run for an hour.
func runFiles(ctx context.Context, s streams, flags *settings, names []string) error {
	files := make([]*format.File, len(names))
	var bad error
	for i, name := range names {
		file, err := load(s, name, flags.set)
		if err != nil {
			bad = errors.Join(bad, err)
		}
		files[i] = file
	}
	if bad != nil {
		return worst(bad)
	}
	code := exitExpected
	for i, file := range files {
		folder := flags.out
		if folder != "" && len(files) > 1 {
			folder = filepath.Join(folder, file.Base.Name)
		}
		job := job{streams: s, flags: flags, name: names[i], file: file, folder: folder}
		one, err := job.run(ctx)
		if err != nil {
			return err
		}
		code = worse(code, one)
		if one == exitInterrupted {
			break
		}
	}
	if code != exitExpected {
		return &exitError{code: code}
	}
	return nil
}

// precedence orders exit codes: 70 > 1 > 4 > 3.
var precedence = []int{exitExpected, exitInconclusive, exitThreshold, exitUnexpected, exitBadScenario, exitInterrupted, exitInternal}

func worse(a, b int) int {
	rank := func(code int) int {
		for i, c := range precedence {
			if c == code {
				return i
			}
		}
		return len(precedence)
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// worst joins the errors of several files into one exit code.
func worst(joined error) error {
	errs := joined.(interface{ Unwrap() []error }).Unwrap()
	for _, err := range errs {
		var coded *exitError
		if errors.As(err, &coded) && coded.err != nil {
			return coded
		}
	}
	return errs[0]
}

// job is one scenario to be run.
type job struct {
	streams
	flags  *settings
	name   string // as the user gave it
	file   *format.File
	folder string       // "" is the next of runs/
	seeds  format.Seeds // instead of the scenario's, if there are any
}

// run runs the scenario, writes its folder and prints the report.
func (j job) run(ctx context.Context) (int, error) {
	if j.folder != "" {
		if err := reports.CheckFolder(j.folder); err != nil {
			return 0, exit(exitUsage, "%w", err)
		}
	}
	started := time.Now()
	played, stories, err := j.play(ctx)
	if err != nil {
		return 0, err
	}
	report := j.report(played, stories)
	folder, err := j.write(report, started)
	if err != nil {
		return 0, err
	}
	if j.flags.json {
		_, err = j.out.Write(reports.JSON(played))
	} else {
		options := j.flags.terminalOptions(j.out)
		options.Target = folder
		err = reports.Terminal(j.out, report, options)
	}
	if err != nil {
		return 0, exit(exitInternal, "writing the report: %w", err)
	}
	return played.ExitCode, nil
}

// play runs the campaign under a progress display.
func (j job) play(ctx context.Context) (result.Result, []result.Story, error) {
	c := campaign.New(j.file)
	var err error
	if c.Variants, err = j.flags.narrow(c.Variants); err != nil {
		return result.Result{}, nil, err
	}
	total := 0
	for i := range c.Variants {
		v := &c.Variants[i]
		if j.seeds.Count > 0 {
			v.Scenario.Seeds = j.seeds
		}
		total += len(v.Scenario.Seeds.All())
	}
	progress := newProgress(j.err, j.flags.progress, total)
	ctx, cancel := j.flags.context(ctx)
	defer cancel()
	played, stories, err := c.Run(ctx, campaign.Options{
		Jobs: j.flags.jobs, FailFast: j.flags.failFast, Stories: true,
		Run: run.Options{Frames: j.flags.frames, Debug: j.flags.debug},
		Finished: func(p campaign.Progress) {
			progress.Step(fmt.Sprintf("%s %s", j.file.Base.Name, p.Variant), p.Unexpected)
		},
	})
	progress.Finish()
	return played, stories, campaignError(err)
}

// campaignError gives a campaign's error its exit code.
func campaignError(err error) error {
	var data *campaign.DataError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &data):
		return exit(exitBadScenario, "%w", err)
	}
	return exit(exitInternal, "%w", err)
}

func newProgress(out io.Writer, mode string, total int) *reports.Progress {
	file, isFile := out.(*os.File)
	style := reports.ProgressPlain
	switch {
	case mode == "none":
		style = reports.ProgressNone
	case mode == "auto" && isFile && term.IsTerminal(int(file.Fd())):
		style = reports.ProgressBar
	}
	return reports.NewProgress(out, style, total, time.Now)
}

func (j job) report(played result.Result, stories []result.Story) reports.Run {
	return reports.Run{Result: played, Stories: stories, About: j.file.Base.About, Scenario: j.file.Resolve(),
		NotModelled: notModelled, Units: metricUnits()}
}

// write makes the run folder and returns its name.
func (j job) write(report reports.Run, started time.Time) (string, error) {
	folder := j.folder
	numbered := folder == ""
	if numbered {
		var err error
		if folder, err = reports.ReserveFolder("runs", j.file.Base.Name); err != nil {
			return "", exit(exitUsage, "%w", err)
		}
	}
	files := reports.Files(report, j.file.Base.Report.Formats, j.meta(folder, started))
	for _, story := range report.Stories {
		name := "faults.yaml"
		if story.Variant != format.Base {
			name = "faults-" + story.Variant + ".yaml"
		}
		files = append(files, reports.File{Name: name, Content: format.RenderTimeline(story.Faults)})
	}
	if err := reports.WriteFolder(folder, files); err != nil {
		var notRun *reports.NotRunFolderError
		if errors.As(err, &notRun) {
			return "", exit(exitUsage, "%w", err)
		}
		return "", exit(exitUsage, "cannot write the run folder: %w", err)
	}
	if numbered {
		if err := reports.LinkLatest(folder); err != nil {
			fmt.Fprintf(j.err, "assay: %v\n", err)
		}
	}
	if j.flags.junit != "" {
		if err := os.WriteFile(j.flags.junit, reports.JUnit(report), 0o644); err != nil {
			return "", exit(exitUsage, "cannot write the JUnit file: %w", err)
		}
	}
	return folder, nil
}

// meta is the one file of the run folder that may differ between runs.
func (j job) meta(folder string, started time.Time) []byte {
	return encodeJSON(map[string]any{
		"assay":         version(),
		"scenario_file": j.name,
		"folder":        folder,
		"started":       started.UTC().Format(time.RFC3339),
		"seconds":       time.Since(started).Seconds(),
		"go":            runtime.Version(),
		"os":            runtime.GOOS + "/" + runtime.GOARCH,
		"cpus":          runtime.NumCPU(),
	})
}
