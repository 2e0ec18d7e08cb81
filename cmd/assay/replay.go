package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
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
			file, err := load(s, scenarioOf(args[0]), flags.set)
			if err != nil {
				return err
			}
			if flags.variant == "" {
				flags.variant = format.Base
			}
			if until != "" {
				return inspect(s, &flags, file, until, dump)
			}
			return replay(c.Context(), s, &flags, args[0], file, trace)
		},
	}
	flags.register(c)
	c.Flags().StringVar(&until, "until", "", "stop at a time or at a named point (see `assay list events`)")
	c.Flags().StringVar(&dump, "dump", "", "with --until: print this node's state (default: of all nodes)")
	c.Flags().StringVar(&trace, "trace", "", "write every event of the simulation to this file, one line of JSON each")
	return c
}

// scenarioOf is the scenario file of a run folder, or the argument itself.
func scenarioOf(argument string) string {
	if reports.IsRunFolder(argument) {
		return filepath.Join(argument, "scenario.resolved.yaml")
	}
	return argument
}

func replay(ctx context.Context, s streams, flags *settings, target string, file *format.File, trace string) error {
	c := campaign.New(file)
	var err error
	if c.Variants, err = flags.narrow(c.Variants); err != nil {
		return err
	}
	options := campaign.Options{Jobs: 1, Stories: true, Run: run.Options{Frames: flags.frames, Debug: flags.debug}}
	if trace != "" {
		out, err := os.Create(trace)
		if err != nil {
			return exit(exitUsage, "--trace: %w", err)
		}
		defer out.Close()
		options.Run.Trace = out
	}
	played, stories, err := c.Run(ctx, options)
	if err := campaignError(err); err != nil {
		return err
	}
	j := job{streams: s, flags: flags, name: target, file: file, folder: flags.out}
	report := j.report(played, stories)
	if flags.out != "" {
		if _, err := j.write(report, time.Now()); err != nil {
			return err
		}
	}
	if flags.json {
		_, err = s.out.Write(reports.JSON(played))
	} else {
		terminal := flags.terminalOptions(s.out)
		terminal.Target = target
		terminal.Verbose = true
		err = reports.Terminal(s.out, report, terminal)
	}
	if err != nil {
		return exit(exitInternal, "writing the report: %w", err)
	}
	if played.ExitCode != exitExpected {
		return &exitError{code: played.ExitCode}
	}
	return nil
}

var eventUntil = regexp.MustCompile(`^([a-z_]+)(?::([0-9]+))?$`)

func parseUntil(text string) (run.Until, error) {
	if at, err := time.ParseDuration(text); err == nil {
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
		until.Nth, _ = strconv.ParseInt(parts[2], 10, 64)
	}
	return until, nil
}

func inspect(s streams, flags *settings, file *format.File, text, node string) error {
	until, err := parseUntil(text)
	if err != nil {
		return err
	}
	c := campaign.New(file)
	if c.Variants, err = flags.narrow(c.Variants); err != nil {
		return err
	}
	state, err := c.Inspect(until, node, run.Options{Frames: flags.frames, Debug: flags.debug})
	if err != nil {
		return exit(exitUsage, "%w", err)
	}
	fmt.Fprint(s.out, state)
	return nil
}
