package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
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
fewer faults, fewer clients, shorter faults, less load. It prints what is left and
writes it as a scenario of its own.`,
		Args: cobra.ExactArgs(1),
	}
	flags.register(c)
	c.Flags().StringVar(&claim, "claim", "", "the claim whose violation is shrunk")
	c.Flags().IntVar(&budget, "budget", budget, "how many runs to spend at most")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		seed, err := pickViolation(&flags, args[0], &claim)
		if err != nil {
			return err
		}
		file, err := load(s, scenarioOf(args[0]), flags.set)
		if err != nil {
			return err
		}
		request := shrink.Request{Seed: seed, Claim: claim, Budget: budget,
			Step: func(what string) { fmt.Fprintf(s.err, "still violated: %s\n", what) },
			Stop: func() bool { return c.Context().Err() != nil }}
		return shrinkOne(s, &flags, args[0], file, request)
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

func shrinkOne(s streams, flags *settings, target string, file *format.File, request shrink.Request) error {
	c := campaign.New(file)
	flags.seed = ""
	variants, err := flags.narrow(c.Variants)
	if err != nil {
		return err
	}
	c.Variants = variants[:1]
	request.Scenario = variants[0].Scenario
	if request.Values, err = c.Values(0); err != nil {
		return campaignError(err)
	}
	minimal, err := shrink.Shrink(request)
	var nothing *shrink.NotViolatedError
	switch {
	case errors.As(err, &nothing):
		return exit(exitUsage, "%w", err)
	case err != nil:
		return exit(exitInternal, "%w", err)
	}
	return tellMinimal(s, flags, target, minimal)
}

// tellMinimal prints the smallest run and writes it as a scenario.
func tellMinimal(s streams, flags *settings, target string, m *shrink.Minimal) error {
	name := m.Scenario.Name + "-minimal.yaml"
	path := flags.out
	if path == "" {
		path = name
		if reports.IsRunFolder(target) {
			path = filepath.Join(target, name)
		}
	}
	if err := os.WriteFile(path, format.Render(m.Scenario, nil), 0o644); err != nil {
		return exit(exitUsage, "cannot write the shrunken scenario: %w", err)
	}
	fmt.Fprintf(s.out, "%s: %s, after %s\n\n", m.Claim, m.Anomaly, quantity(m.Runs, "run"))
	fmt.Fprintf(s.out, "             before   after\n")
	fmt.Fprintf(s.out, "faults     %8d%8d\n", m.Before.Faults, m.After.Faults)
	fmt.Fprintf(s.out, "clients    %8d%8d\n", m.Before.Clients, m.After.Clients)
	fmt.Fprintf(s.out, "records    %8d%8d\n", m.Before.Records, m.After.Records)
	fmt.Fprintf(s.out, "load       %8s%8s\n\n", m.Before.Load, m.After.Load)
	for _, judged := range m.Outcome.Claims {
		if judged.Claim != m.Claim {
			continue
		}
		w := judged.Witness()
		fmt.Fprintf(s.out, "%s\n", w.Sentence)
		for _, op := range w.Ops {
			fmt.Fprintf(s.out, "  %s %s\n", op.Name, op.What)
		}
	}
	fmt.Fprintf(s.out, "\n%s", format.RenderTimeline(m.Outcome.Faults))
	fmt.Fprintf(s.out, "\n%s\n", reports.ReplayCommand(path, format.Base, m.Outcome.Seed))
	return nil
}
