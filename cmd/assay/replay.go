package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
)

func replayCommand(s streams) *cobra.Command {
	var flags settings
	var until, dump, trace string
	c := &cobra.Command{
		Use:   "replay RUN|FILE --seed N",
		Short: "Play one seed again",
		Long: `Plays one seed of a run folder's or file's scenario again and tells what it
comes to. With --until it stops at a time of the run (12.5s) or at a named point
(high_watermark, or its 300th passing: high_watermark:300), and --dump prints the
state of a node there.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			if flags.seed == "" {
				return exit(exitUsage, "replay needs --seed N")
			}
			if dump != "" && until == "" {
				return exit(exitUsage, "--dump needs --until")
			}
			if trace != "" && until != "" {
				return exit(exitUsage, "--trace and --until exclude each other")
			}
			file, err := load(s, &flags, scenarioOf(args[0]))
			if err != nil {
				return err
			}
			if flags.variant == "" {
				flags.variant = variantPlayed(args[0])
			}
			if until != "" {
				return inspect(s, &flags, args[0], file, until, dump)
			}
			return replay(c.Context(), s, &flags, args[0], file, trace)
		},
	}
	flags.register(c)
	c.Flags().StringVar(&until, "until", "", "stop at a `TIME|EVENT` (12.5s, or a named point: see assay list events)")
	c.Flags().StringVar(&dump, "dump", "", "with --until: print this node's state (default: of all nodes)")
	c.Flags().StringVar(&trace, "trace", "", "write every event of the simulation to this file, one line of JSON each")
	return c
}

// variantPlayed is the variant that a replay means without --variant: base, unless a
// run folder has only others.
func variantPlayed(argument string) string {
	data, err := os.ReadFile(filepath.Join(argument, "result.json"))
	if err != nil {
		return format.Base // a file
	}
	recorded, err := reports.ParseJSON(data)
	isBase := func(v result.Variant) bool { return v.Name == format.Base }
	if err != nil || len(recorded.Variants) == 0 || slices.ContainsFunc(recorded.Variants, isBase) {
		return format.Base
	}
	return recorded.Variants[0].Name
}

// scenarioOf is the scenario file of a run folder, or the argument itself.
func scenarioOf(argument string) string {
	if reports.IsRunFolder(argument) {
		return filepath.Join(argument, "scenario.resolved.yaml")
	}
	return argument
}

func replay(ctx context.Context, s streams, flags *settings, target string, file *format.File, trace string) error {
	j, err := newJob(s, flags, target, file)
	if err != nil {
		return err
	}
	for i := range j.campaign.Variants { // they are about all seeds together
		scenario := &j.campaign.Variants[i].Scenario
		scenario.Require, scenario.Thresholds = nil, nil
	}
	if flags.out != "" {
		if err := j.openFolder(flags.out); err != nil {
			return err
		}
	}
	closeTrace, err := j.openTrace(trace)
	if err != nil {
		return err
	}
	flags.verbose = !flags.quiet
	ctx, cancel := flags.context(ctx)
	defer cancel()
	report, code, err := j.run(ctx)
	if err = cmp.Or(err, closeTrace()); err != nil {
		return err
	}
	compareDigest(s, flags, target, report.Result)
	if err := flags.writeJUnit([]reports.Run{*report}); err != nil {
		return err
	}
	if code != exitExpected {
		return &exitError{code: code}
	}
	return nil
}

// openTrace lets the run write its events to a file, if there is a name.
func (j *job) openTrace(path string) (closeFile func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, exit(exitUsage, "--trace: %w", err)
	}
	buffered := bufio.NewWriterSize(file, 1<<20)
	j.trace = buffered
	return func() error {
		if err := errors.Join(buffered.Flush(), file.Close()); err != nil {
			return exit(exitInternal, "--trace: %w", err)
		}
		return nil
	}, nil
}

// compareDigest warns if a replay is not the run that the folder recorded.
func compareDigest(s streams, flags *settings, target string, played result.Result) {
	data, err := os.ReadFile(filepath.Join(target, "result.json"))
	if err != nil || len(flags.set) > 0 {
		return // no run folder, or a changed scenario
	}
	recorded, err := reports.ParseJSON(data)
	if err != nil {
		return
	}
	for _, v := range played.Variants {
		at := slices.IndexFunc(recorded.Variants, func(r result.Variant) bool { return r.Name == v.Name })
		if at < 0 {
			continue
		}
		for _, seed := range v.Seeds {
			if before, ran := recorded.Variants[at].Digests[seed]; ran && before != v.Digests[seed] {
				fmt.Fprintf(s.err, "assay: seed %s of %s does not run as it was recorded (digest %s then, %s now): another version of Assay wrote %s\n",
					seed, v.Name, before, v.Digests[seed], target)
			}
		}
	}
}

var eventUntil = regexp.MustCompile(`^([a-z_]+)(?::([0-9]+))?$`)

func parseUntil(text string) (run.Until, error) {
	if at, err := time.ParseDuration(text); err == nil && at >= 0 {
		return run.Until{At: at}, nil
	}
	parts := eventUntil.FindStringSubmatch(text)
	if parts == nil {
		return run.Until{}, exit(exitUsage, "--until %s: neither a time (12.5s) nor a named point (high_watermark:300)", text)
	}
	if err := knownEvent(parts[1]); err != nil {
		return run.Until{}, err
	}
	until := run.Until{Event: parts[1], Nth: 1}
	if parts[2] != "" {
		nth, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || nth < 1 {
			return run.Until{}, exit(exitUsage, "--until %s: passings are counted from 1", text)
		}
		until.Nth = nth
	}
	return until, nil
}

func inspect(s streams, flags *settings, target string, file *format.File, text, node string) error {
	until, err := parseUntil(text)
	if err != nil {
		return err
	}
	j, err := newJob(s, flags, target, file)
	if err != nil {
		return err
	}
	state, err := j.campaign.Inspect(until, node, flags.runOptions())
	var bug *campaign.BugError
	var data *campaign.DataError
	switch {
	case errors.As(err, &bug):
		v := j.campaign.Variants[0]
		j.tellBug(&campaign.RunError{Variant: v.Name, Seed: v.Scenario.Seeds.All()[0], Err: err}, target, flags.set)
		return &exitError{code: exitInternal}
	case errors.As(err, &data):
		return exit(exitBadScenario, "%w", err)
	case err != nil:
		return exit(exitUsage, "%w", err)
	}
	_, err = fmt.Fprint(s.out, state)
	return err
}
