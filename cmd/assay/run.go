package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/scenarios/format"
)

func runCommand(s streams) *cobra.Command {
	var flags settings
	c := &cobra.Command{
		Use:   "run FILE...",
		Short: "Run scenarios and judge their claims",
		Long: `Runs each scenario, a file or a shipped one by name, over all its seeds and
variants, prints the verdicts and writes a run folder.

Exit codes: 0 every outcome as expected, 1 unexpected verdict, 3 inconclusive,
4 threshold not held, 64 wrong usage, 65 bad scenario, 70 internal error,
130 interrupted. An interrupt or --time-limit keeps what is finished; a time
limit that leaves seeds out is inconclusive (3), unless those that ran show worse.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			files, err := loadAll(s, &flags, names)
			if err != nil {
				return err
			}
			return runFiles(c.Context(), s, &flags, names, files)
		},
	}
	flags.register(c)
	return c
}

// runFiles runs one scenario after the other. Everything that can be wrong is
// looked for first, so that a mistake in the last does not show after an hour.
func runFiles(ctx context.Context, s streams, flags *settings, names []string, files []*format.File) error {
	jobs, err := prepare(s, flags, names, files)
	if err != nil {
		return err
	}
	ctx, cancel := flags.context(ctx)
	defer cancel()
	var told []reports.Run
	code := exitExpected
	for i, j := range jobs {
		if errors.Is(ctx.Err(), context.Canceled) {
			code = worse(code, exitInterrupted)
			break
		}
		if i > 0 && !flags.json {
			fmt.Fprintln(s.out)
		}
		report, one, err := j.run(ctx)
		if report != nil {
			told = append(told, *report)
		}
		if err != nil {
			return errors.Join(err, flags.writeJUnit(told))
		}
		code = worse(code, one)
	}
	if err := flags.writeJUnit(told); err != nil {
		return err
	}
	if len(jobs) > 1 && !flags.json {
		summarize(s, jobs, told)
	}
	if code != exitExpected {
		return &exitError{code: code}
	}
	return nil
}

// prepare makes the jobs and opens their folders: all of them, or none.
func prepare(s streams, flags *settings, names []string, files []*format.File) ([]*job, error) {
	var jobs []*job
	for i, file := range files {
		j, err := newJob(s, flags, names[i], file)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(jobs, func(other *job) bool { return other.file.Base.Name == file.Base.Name }) && flags.out != "" {
			return nil, exit(exitUsage, "two scenarios are named %s: they cannot share %s", file.Base.Name, flags.out)
		}
		jobs = append(jobs, j)
	}
	if len(jobs) > 1 && flags.out != "" && reports.IsRunFolder(flags.out) {
		return nil, exit(exitUsage, "%s is a run folder, and several scenarios need a folder of run folders", flags.out)
	}
	for i, j := range jobs {
		folder := flags.out
		if folder != "" && len(jobs) > 1 {
			folder = filepath.Join(folder, j.file.Base.Name)
		}
		if err := j.openFolder(folder); err != nil {
			for _, opened := range jobs[:i] {
				opened.leaveFolder()
			}
			return nil, err
		}
	}
	return jobs, nil
}

// summarize ends the reports of several scenarios, so that the last line of a
// failure is its replay command whichever scenario failed.
func summarize(s streams, jobs []*job, told []reports.Run) {
	fmt.Fprintln(s.out)
	var replays []string
	for i, report := range told {
		fmt.Fprintf(s.out, "%-14s %s\n", report.Result.Outcome, report.Result.Scenario)
		if replay := reports.ReplayFailure(report.Result, jobs[i].folder); replay != "" {
			replays = append(replays, replay)
		}
	}
	for _, j := range jobs[len(told):] {
		fmt.Fprintf(s.out, "%-14s %s\n", "not run", j.file.Base.Name)
		j.leaveFolder()
	}
	for _, replay := range replays {
		fmt.Fprintln(s.out, replay)
	}
}

// writeJUnit writes the file of --junit, if there is one.
func (s *settings) writeJUnit(told []reports.Run) error {
	if s.junit == "" || len(told) == 0 {
		return nil
	}
	if err := os.WriteFile(s.junit, reports.JUnit(told...), 0o666); err != nil {
		return exit(exitUsage, "cannot write the JUnit file: %w", err)
	}
	return nil
}

// precedence orders exit codes: 70 > 1 > 4 > 3. Whoever interrupts knows.
var precedence = []int{exitExpected, exitInconclusive, exitThreshold, exitUnexpected, exitInterrupted, exitInternal}

func worse(a, b int) int {
	if slices.Index(precedence, b) > slices.Index(precedence, a) {
		return b
	}
	return a
}
