package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/term"

	"assay/reports"
	"assay/reports/runfolder"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

// simulate does one run. Tests put a faulty one in its place.
var simulate campaign.Simulate = run.Simulate

// job is one scenario to be run.
type job struct {
	streams
	flags    *settings
	name     string // as the user gave it
	file     *format.File
	campaign campaign.Campaign
	folder   string // of the run; "" writes none
	numbered bool   // the folder is the next one of runs/
	started  time.Time
	trace    io.Writer // of every event; nil is none
}

// newJob takes the part of a scenario that the flags choose.
func newJob(s streams, flags *settings, name string, file *format.File) (*job, error) {
	j := &job{streams: s, flags: flags, name: name, file: file, campaign: campaign.New(file)}
	return j, flags.narrow(&j.campaign)
}

// openFolder makes sure that the run's folder can be written before hours are
// spent on what goes into it. "" is the next one of runs/.
func (j *job) openFolder(folder string) (err error) {
	j.folder, j.numbered = folder, folder == ""
	if j.numbered {
		j.folder, err = reports.ReserveFolder("runs", j.file.Base.Name)
	} else {
		err = reports.CheckFolder(folder)
	}
	if err != nil {
		return exit(exitUsage, "%w", err)
	}
	return nil
}

// leaveFolder gives back a folder that nothing was written to.
func (j *job) leaveFolder() {
	if j.numbered {
		_ = os.Remove(j.folder) // it stays if it is not empty, and an empty one does no harm
	}
}

// run runs the scenario, writes its folder and prints the report. The report is
// nil if there was nothing to tell.
func (j *job) run(ctx context.Context) (*reports.Run, int, error) {
	j.started = time.Now()
	report, failure := j.play(ctx)
	var failed *campaign.RunError
	if failure != nil && (report == nil || !errors.As(failure, &failed)) {
		j.leaveFolder()
		return nil, 0, campaignError(failure)
	}
	var err error
	if j.folder != "" {
		err = j.write(report)
	}
	target, set := j.name, j.flags.set
	if err == nil && j.folder != "" {
		target, set = j.folder, nil
	}
	if printing := j.print(report, target, set); printing != nil && err == nil {
		err = exit(exitInternal, "writing the report: %w", printing)
	}
	if failed != nil {
		j.tellBug(failed, target, set)
	}
	return report, report.Result.ExitCode, err
}

// play runs the campaign under a progress display.
func (j *job) play(ctx context.Context) (*reports.Run, error) {
	options := j.flags.runOptions()
	options.Trace = j.trace
	progress := j.newProgress(j.campaign.Runs())
	defer progress.Finish()
	defer tick(progress)()
	return runfolder.Play(ctx, j.file, j.campaign, campaign.Options{
		Jobs: j.flags.jobs, FailFast: j.flags.failFast, Stories: true, Simulate: simulate,
		Tell: j.folder != "" && !j.flags.noPictures && runfolder.Pictured(j.file.Base.Report.Formats),
		Run:  options,
		Finished: func(p campaign.Progress) {
			progress.Step(fmt.Sprintf("%s %s", j.file.Base.Name, p.Variant), p.Unexpected)
		},
	})
}

// tick lets progress tell of slow runs, too, until the returned function is called.
func tick(progress *reports.Progress) (stop func()) {
	ticker, done := time.NewTicker(time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				progress.Tick()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}

func (j *job) newProgress(total int) *reports.Progress {
	file, isFile := j.err.(*os.File)
	style := reports.ProgressPlain
	switch {
	case j.flags.progress == "none" || j.flags.progress == "auto" && j.flags.quiet:
		style = reports.ProgressNone
	case j.flags.progress == "auto" && isFile && term.IsTerminal(int(file.Fd())):
		style = reports.ProgressBar
	}
	return reports.NewProgress(j.err, style, total, time.Now)
}

// write makes the run folder.
func (j *job) write(report *reports.Run) error {
	if err := reports.WriteFolder(j.folder, reports.Files(*report, j.file.Base.Report.Formats, j.meta())); err != nil {
		j.leaveFolder()
		return exit(exitInternal, "%w", err)
	}
	j.linkLatest()
	return nil
}

func (j *job) linkLatest() {
	if j.numbered {
		if err := reports.LinkLatest(j.folder); err != nil {
			fmt.Fprintf(j.err, "assay: %v\n", err)
		}
	}
}

// print writes what the flags ask for to stdout.
func (j *job) print(report *reports.Run, target string, set []string) error {
	if err := j.announce(report, target); err != nil {
		return err
	}
	if !j.flags.json {
		options := j.flags.terminalOptions(j.out)
		options.Target, options.Set = target, set
		if formats := j.file.Base.Report.Formats; j.folder != "" && (formats == nil || slices.Contains(formats, reports.FormatHTML)) {
			options.Report = filepath.Join(j.folder, reports.PageFile)
		}
		return reports.Terminal(j.out, *report, options)
	}
	if _, err := j.out.Write(reports.JSON(report.Result)); err != nil {
		return err
	}
	if replay := reports.ReplayFailure(report.Result, target, set...); replay != "" && report.Result.Outcome != result.Failed {
		fmt.Fprintln(j.err, replay)
	}
	return nil
}

// announce tells GitHub, if it is asked to: annotations, and the job's summary.
func (j *job) announce(report *reports.Run, target string) error {
	if j.flags.format != "github" {
		return nil
	}
	annotateFailures(j.err, j.file, report.Result, target)
	return appendStepSummary(reports.Markdown(*report))
}

// tellBug ends with the command that shows an internal error again.
func (j *job) tellBug(failed *campaign.RunError, target string, set []string) {
	var bug *campaign.BugError
	if errors.As(failed, &bug) {
		fmt.Fprintln(j.err, bug.Stack)
	}
	fmt.Fprintf(j.err, "assay: %v: this is a mistake of Assay's own, please report it\n%s\n", failed,
		reports.ReplayCommand(target, failed.Variant, failed.Seed, set...))
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

// meta is the one file of the run folder that may differ between runs.
func (j *job) meta() []byte {
	return encodeJSON(map[string]any{
		"assay":         version(),
		"scenario_file": j.name,
		"folder":        j.folder,
		"started":       j.started.UTC().Format(time.RFC3339),
		"seconds":       time.Since(j.started).Seconds(),
		"go":            runtime.Version(),
		"os":            runtime.GOOS + "/" + runtime.GOARCH,
		"cpus":          runtime.NumCPU(),
	})
}
