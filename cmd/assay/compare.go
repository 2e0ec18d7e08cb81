package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/reports/compare"
	"assay/reports/runfolder"
)

func compareCommand(s streams) *cobra.Command {
	var flags settings
	var bounds []string
	form := "text"
	c := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Compare two run folders, seed by seed",
		Long: `Compares two run folders with the same claims, variants and seeds. Settings may
differ, and are listed. Verdicts are compared seed by seed, and any change fails.
Metrics are of simulated time and have no noise: they are compared exactly, and
differ without failing unless a threshold is given (several times if need be):

  --threshold "e2e_latency.p99 +5%"       may rise by at most 5 % of the base's
  --threshold "throughput.* -50/s"        may fall by at most so much
  --threshold "lag.max 10"                may change by at most so much, up or down
  --threshold "e2e_latency.p99 < 250ms"   a bound on NEW alone

The scenario's own thresholds count for NEW, too.

Exit codes: 0 the same verdicts, 1 a verdict changed, 4 a metric is beyond its
threshold, 64 the runs cannot be compared.`,
		Args: cobra.ExactArgs(2),
	}
	f := c.Flags()
	f.StringArrayVar(&bounds, "threshold", nil, "how far a metric may get from BASE (see above)")
	f.StringVar(&form, "format", form, "text, github (with annotations and a job summary) or markdown")
	f.BoolVar(&flags.json, "json", false, "print the comparison as JSON")
	c.RunE = func(_ *cobra.Command, folders []string) error {
		if form != "text" && form != "github" && form != "markdown" {
			return exit(exitUsage, "--format takes text, github or markdown, not %q", form)
		}
		var thresholds []compare.Threshold
		for _, text := range bounds {
			t, err := compare.ParseThreshold(text)
			if err != nil {
				return exit(exitUsage, "--threshold takes %w", err)
			}
			thresholds = append(thresholds, t)
		}
		stored, err := readFolders(folders)
		if err != nil {
			return err
		}
		compared, err := compare.Runs(stored[0], stored[1], thresholds)
		var incomparable *compare.IncomparableError
		switch {
		case errors.As(err, &incomparable):
			return exit(exitUsage, "%w", err)
		case err != nil:
			return exit(exitBadScenario, "%w", err)
		}
		if form == "github" {
			if err := announceComparison(s, stored[1], compared); err != nil {
				return exit(exitInternal, "%w", err)
			}
		}
		if err := printComparison(s, compared, form, flags.json); err != nil {
			return exit(exitInternal, "writing the comparison: %w", err)
		}
		if compared.ExitCode != exitExpected {
			return &exitError{code: compared.ExitCode}
		}
		return nil
	}
	return c
}

func printComparison(s streams, c *compare.Comparison, form string, asJSON bool) error {
	var err error
	switch {
	case asJSON:
		_, err = s.out.Write(c.JSON())
	case form == "markdown":
		_, err = s.out.Write(c.Markdown())
	default:
		err = c.Text(s.out)
	}
	return err
}

// announceComparison tells GitHub of what changed, at the lines of the new run's scenario.
func announceComparison(s streams, stored *runfolder.Stored, c *compare.Comparison) error {
	file := originalScenario(stored)
	for _, v := range c.Variants {
		for _, change := range v.Verdicts {
			says := fmt.Sprintf("%s changed in %s: %s, then %s", change.Claim, v.Name, change.Base, change.New)
			for _, seed := range change.Seeds[:min(len(change.Seeds), 1)] {
				says += fmt.Sprintf("\nseed %s: %s, then %s", seed.Seed, seed.Base, seed.New)
			}
			annotateAt(s.err, file, pointerOf(file, reports.Failure{Variant: v.Name, Claim: change.Claim}), "error", says, "assay compare "+c.Scenario)
		}
		for _, crossed := range v.Crossed {
			annotateAt(s.err, file, "/thresholds", "error", v.Name+" is beyond a threshold: "+crossed, "assay compare "+c.Scenario)
		}
	}
	return appendStepSummary(c.Markdown())
}
