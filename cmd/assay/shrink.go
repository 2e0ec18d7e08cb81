package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/checkers"
	"assay/reports"
	"assay/reports/runfolder"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/scenarios/shrink"
)

func shrinkCommand(s streams) *cobra.Command {
	var flags settings
	var claim string
	budget := 400
	c := &cobra.Command{
		Use:   "shrink RUN|FILE",
		Short: "Make a violation small enough to understand",
		Long: `Takes a violation of a run folder (the first unexpected one, else the first), or
of a scenario file with --seed, and looks for the smallest run that still shows it:
fewer faults, fewer clients, plainer settings, shorter faults, less load. It writes
what is left as a scenario of its own, NAME-minimal.yaml in the run folder (or in the
present one, or where -o says), and tells it. --time-limit and an interrupt end the
search with what it has.`,
		Args: cobra.ExactArgs(1),
	}
	flags.register(c)
	c.Flags().StringVar(&claim, "claim", "", "the claim whose violation is shrunk")
	c.Flags().IntVar(&budget, "budget", budget, "how many runs to spend at most")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		if budget < 1 {
			return exit(exitUsage, "--budget takes 1 or more, not %d", budget)
		}
		seed, err := pickViolation(&flags, args[0], &claim)
		if err != nil {
			return err
		}
		file, err := load(s, &flags, scenarioOf(args[0]))
		if err != nil {
			return err
		}
		return shrinkOne(c.Context(), s, &flags, args[0], file, shrink.Request{Seed: seed, Claim: claim, Budget: budget})
	}
	return c
}

// pickViolation finds the seed, variant and claim to shrink: those of the
// flags, else of the run folder's result.
func pickViolation(flags *settings, target string, claim *string) (uint64, error) {
	if flags.seed != "" {
		if flags.variant == "" {
			flags.variant = format.Base
		}
		seed, err := format.ParseSeed(flags.seed)
		if err != nil {
			return 0, exit(exitUsage, "--seed: %w", err)
		}
		return seed, nil
	}
	if !reports.IsRunFolder(target) {
		return 0, exit(exitUsage, "shrink needs a run folder, or a scenario file with --seed N")
	}
	data, err := os.ReadFile(filepath.Join(target, "result.json"))
	if err != nil {
		return 0, exit(exitUsage, "%w", err)
	}
	played, err := reports.ParseJSON(data)
	if err != nil {
		return 0, exit(exitBadScenario, "%s: %w", target, err)
	}
	for _, unexpected := range []bool{true, false} {
		for _, v := range played.Variants {
			for _, c := range v.Claims {
				if c.Verdict != "violated" || unexpected != (c.Outcome == "unexpected") ||
					flags.variant != "" && v.Name != flags.variant || *claim != "" && c.Name != *claim {
					continue
				}
				flags.variant, *claim = v.Name, c.Name
				return format.ParseSeed(c.FirstViolating)
			}
		}
	}
	return 0, exit(exitUsage, "%s holds no violation to shrink", target)
}

func shrinkOne(ctx context.Context, s streams, flags *settings, target string, file *format.File, request shrink.Request) error {
	flags.seed = ""
	j, err := newJob(s, flags, target, file)
	if err != nil {
		return err
	}
	request.Scenario = j.campaign.Variants[0].Scenario
	if err := knownClaim(request.Scenario, request.Claim); err != nil {
		return err
	}
	if request.Values, err = j.campaign.Values(0); err != nil {
		return campaignError(err)
	}
	path := minimalPath(flags, target, request.Scenario.Name)
	if err := writable(path); err != nil {
		return err
	}
	limited, cancel := flags.context(ctx)
	defer cancel()
	request.Jobs, request.Simulate = flags.jobs, campaign.Guarded(simulate)
	request.Stop = func() bool { return limited.Err() != nil }
	if !flags.quiet && flags.progress != "none" {
		request.Step = func(what string) { fmt.Fprintf(s.err, "still violated: %s\n", what) }
	}
	minimal, err := shrink.Shrink(request)
	if err != nil {
		return shrinkError(s, file, path, err)
	}
	if err := writeScenario(path, minimal.Scenario, file.ReadData); err != nil {
		return err
	}
	if err := tellMinimal(context.WithoutCancel(ctx), s, flags, path, minimal); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted}
	}
	return nil
}

// minimalPath is where the shrunken scenario goes.
func minimalPath(flags *settings, target, name string) string {
	switch {
	case flags.out != "":
		return flags.out
	case reports.IsRunFolder(target):
		return filepath.Join(target, name+"-minimal.yaml")
	}
	return name + "-minimal.yaml"
}

// writable finds out before the search whether its result can be written.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return exit(exitUsage, "-o names the scenario file to write, and %s is a folder", path)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".assay-")
	if err != nil {
		return exit(exitUsage, "cannot write %s: %w", path, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func knownClaim(s format.Scenario, name string) error {
	var names []string
	for _, c := range s.Claims {
		names = append(names, c.Name)
	}
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return exit(exitUsage, "the scenario has no claim %q%s", name, didYouMean(name, names))
}

// shrinkError gives an error of the search its exit code. A candidate that
// failed by our own mistake is kept as a scenario that shows it.
func shrinkError(s streams, file *format.File, path string, err error) error {
	var nothing *shrink.NotViolatedError
	var failed *shrink.CandidateError
	switch {
	case errors.As(err, &nothing):
		return exit(exitUsage, "%w", err)
	case errors.Is(err, run.ErrStopped):
		return exit(exitInterrupted, "stopped before the violation was seen once")
	case !errors.As(err, &failed):
		return exit(exitInternal, "%w", err)
	}
	crash := strings.TrimSuffix(path, ".yaml") + "-crash.yaml"
	if err := writeScenario(crash, failed.Scenario, file.ReadData); err != nil {
		return err
	}
	var bug *campaign.BugError
	if errors.As(err, &bug) {
		fmt.Fprintln(s.err, bug.Stack)
	}
	fmt.Fprintf(s.err, "assay: %v: this is a mistake of Assay's own, please report it\n%s\n", err,
		reports.ReplayCommand(crash, format.Base, failed.Scenario.Seeds.All()[0]))
	return &exitError{code: exitInternal}
}

// writeScenario writes a scenario with the files that it reads beside it. A file
// that is there already with the same content is left alone.
func writeScenario(path string, scenario format.Scenario, read func(string) ([]byte, error)) error {
	c := runfolder.NewCollector(read)
	scenario.Workload.Producers = slices.Clone(scenario.Workload.Producers)
	for i := range scenario.Workload.Producers {
		if err := c.Take(&scenario.Workload.Producers[i].Value); err != nil {
			return exit(exitBadScenario, "%w", err)
		}
	}
	for _, data := range c.Files {
		place := filepath.Join(filepath.Dir(path), filepath.FromSlash(data.Name))
		if there, err := os.ReadFile(place); err == nil && bytes.Equal(there, data.Content) {
			continue
		} else if err == nil {
			return exit(exitUsage, "the scenario's data goes to %s, and something else is there", place)
		}
		if err := cmp.Or(os.MkdirAll(filepath.Dir(place), 0o777), os.WriteFile(place, data.Content, 0o666)); err != nil {
			return exit(exitUsage, "cannot write the scenario's data: %w", err)
		}
	}
	if err := os.WriteFile(path, format.Render(scenario, nil), 0o666); err != nil {
		return exit(exitUsage, "cannot write the shrunken scenario: %w", err)
	}
	return nil
}

// tellMinimal runs the smallest scenario from its file, as anybody else would,
// and prints what is left and its story.
func tellMinimal(ctx context.Context, s streams, flags *settings, path string, m *shrink.Minimal) error {
	if !flags.json {
		fmt.Fprintf(s.out, "%s: %s, after %s\n\n", m.Claim, m.Anomaly, quantity(m.Runs, "run"))
		fmt.Fprintf(s.out, "           %9s %9s\n", "before", "after")
		fmt.Fprintf(s.out, "faults     %9d %9d\n", m.Before.Faults, m.After.Faults)
		fmt.Fprintf(s.out, "clients    %9d %9d\n", m.Before.Clients, m.After.Clients)
		fmt.Fprintf(s.out, "records    %9d %9d\n", m.Before.Records, m.After.Records)
		fmt.Fprintf(s.out, "load       %9s %9s\n\n", m.Before.Load, m.After.Load)
	}
	told := *flags
	told.set, told.variant, told.seeds, told.shard, told.out, told.verbose = nil, "", "", "", "", !flags.quiet
	file, err := load(s, &told, path)
	if err != nil {
		return exit(exitInternal, "the shrunken scenario %s does not load", path)
	}
	j, err := newJob(s, &told, path, file)
	if err != nil {
		return err
	}
	told.progress = "none"
	report, _, err := j.run(ctx)
	if err != nil {
		return err
	}
	if report.Result.Variants[0].Claims[0].Verdict != checkers.Violated.String() {
		return exit(exitInternal, "%s does not show the violation by itself", path)
	}
	if !flags.json {
		fmt.Fprintf(s.out, "\n%s", format.RenderTimeline(m.Outcome.Faults))
		fmt.Fprintf(s.out, "\nassay run %s\n%s\n", path, reports.ReplayCommand(path, format.Base, m.Outcome.Seed))
	}
	return nil
}
