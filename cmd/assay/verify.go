package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"assay/checkers"
	"assay/checkers/history"
)

func verifyCommand(s streams) *cobra.Command {
	var names []string
	c := &cobra.Command{
		Use:   "verify HISTORY",
		Short: "Judge a recorded history",
		Long: `Reads a history (history.ndjson.zst of a run folder, or one that you recorded;
docs/history-format.md describes it) and judges it by every guarantee, or by those
named with --guarantee. Exits with 1 if one is violated.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return verify(s, args[0], names) },
	}
	c.Flags().StringSliceVar(&names, "guarantee", nil, "judge by these guarantees only")
	return c
}

func verify(s streams, path string, names []string) error {
	if len(names) == 0 {
		for _, d := range checkers.Guarantees {
			if d.Guarantee != checkers.FreshReads { // Kafka does not promise it
				names = append(names, string(d.Guarantee))
			}
		}
	}
	var claims []checkers.Claim
	for _, name := range names {
		if err := knownGuarantee(name); err != nil {
			return err
		}
		claims = append(claims, checkers.Claim{Name: name, Guarantee: checkers.Guarantee(name)})
	}
	file, err := os.Open(path)
	if err != nil {
		return exit(exitUsage, "cannot read the history: %w", err)
	}
	defer file.Close()
	recorded, err := history.Load(file)
	if err != nil {
		return exit(exitBadScenario, "%s: %w", path, err)
	}
	panel, err := checkers.NewPanel(claims)
	if err != nil {
		return exit(exitInternal, "%w", err)
	}
	recorded.Replay(panel)
	return tellVerdicts(s, recorded.Operations(), panel.Results())
}

func tellVerdicts(s streams, operations int, results []checkers.Result) error {
	fmt.Fprintf(s.out, "%s\n\n", quantity(operations, "operation"))
	code := exitExpected
	for _, r := range results {
		fmt.Fprintf(s.out, "%-19s %-13s %s\n", r.Claim, r.Verdict, r.Reason)
		switch r.Verdict {
		case checkers.Violated:
			code = worse(code, exitUnexpected)
			w := r.Witness()
			fmt.Fprintf(s.out, "\n    %s: %s\n", w.Anomaly, w.Sentence)
			for _, op := range w.Ops {
				fmt.Fprintf(s.out, "      %s %s\n", op.Name, op.What)
			}
			fmt.Fprintln(s.out)
		case checkers.Inconclusive:
			code = worse(code, exitInconclusive)
		}
	}
	if code != exitExpected {
		return &exitError{code: code}
	}
	return nil
}
