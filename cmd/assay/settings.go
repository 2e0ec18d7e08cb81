package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"assay/reports"
	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/run"
)

// settings are the flags that commands on scenarios share.
type settings struct {
	out        string
	seed       string
	seeds      string
	jobs       int
	set        []string
	variant    string
	timeLimit  time.Duration
	failFast   bool
	json       bool
	junit      string
	progress   string
	color      string
	quiet      bool
	verbose    bool
	format     string
	shard      string
	noPictures bool
	frames     bool
	debug      bool
	hunted     format.Seeds // of a hunt, instead of the scenario's; empty otherwise
}

// runOptions are how single runs are carried out.
func (s *settings) runOptions() run.Options { return run.Options{Frames: s.frames, Debug: s.debug} }

// registerReading adds the flags of commands that only read scenarios.
func (s *settings) registerReading(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.set, "set", nil, "PTR=VALUE: change the scenario at a JSON pointer; VALUE is YAML")
	f.StringVar(&s.format, "format", "text", "text, or github for annotations")
}

func (s *settings) register(c *cobra.Command) {
	s.registerReading(c)
	f := c.Flags()
	f.StringVarP(&s.out, "out", "o", "", "the run folder (DIR/NAME with several files; default runs/NAME-N)")
	f.StringVar(&s.seed, "seed", "", "run this one seed, decimal or hex")
	f.StringVar(&s.seeds, "seeds", "", "run these seeds: 1,5-10")
	f.StringVar(&s.shard, "shard", "", "i/n: run the i-th of n equal shares of the seeds, i from 1")
	f.BoolVar(&s.noPictures, "no-pictures", false, "leave plots and diagrams out of the report (saves playing one seed of each variant again)")
	f.IntVarP(&s.jobs, "jobs", "j", 0, "runs at the same time (default: one for each core)")
	f.StringVar(&s.variant, "variant", "", "run this variant only")
	f.DurationVar(&s.timeLimit, "time-limit", 0, "stop after this much wall-clock time, keeping what is finished")
	f.BoolVar(&s.failFast, "fail-fast", false, "stop at the first seed that violates a claim that should hold")
	f.StringVar(&s.progress, "progress", "auto", "auto, plain or none")
	s.registerTelling(c)
	f.BoolVar(&s.frames, "frames", false, "carry messages as encoded frames (same digest, slower)")
	f.BoolVar(&s.debug, "debug", false, "check that no message changes after it was sent (slower)")
	for _, hidden := range []string{"frames", "debug"} {
		_ = f.MarkHidden(hidden)
	}
}

// registerTelling adds the flags of commands that tell a result.
func (s *settings) registerTelling(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&s.json, "json", false, "print result.json on stdout instead of the report")
	f.StringVar(&s.junit, "junit", "", "also write JUnit XML to this file")
	f.StringVar(&s.color, "color", "auto", "auto, always or never")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print the outcome only")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell more")
}

// check refuses words that a flag does not take.
func (s *settings) check() error {
	switch s.format {
	case "text", "github":
	default:
		return exit(exitUsage, "--format takes text or github, not %q", s.format)
	}
	switch s.progress {
	case "auto", "plain", "none", "": // "" where there is no such flag
	default:
		return exit(exitUsage, "--progress takes auto, plain or none, not %q", s.progress)
	}
	switch s.color {
	case "auto", "always", "never", "":
	default:
		return exit(exitUsage, "--color takes auto, always or never, not %q", s.color)
	}
	if s.seed != "" && s.seeds != "" {
		return exit(exitUsage, "--seed and --seeds exclude each other")
	}
	if s.jobs < 0 {
		return exit(exitUsage, "-j takes 1 or more, not %d", s.jobs)
	}
	if s.timeLimit < 0 {
		return exit(exitUsage, "--time-limit takes a time above 0, not %s", s.timeLimit)
	}
	return nil
}

// chosenSeeds returns the seeds that flags name, or nil.
func (s *settings) chosenSeeds() ([]uint64, error) {
	if s.seed != "" {
		seed, err := format.ParseSeed(s.seed)
		if err != nil {
			return nil, exit(exitUsage, "--seed %s: %w", s.seed, err)
		}
		return []uint64{seed}, nil
	}
	if s.seeds == "" {
		return nil, nil
	}
	var seeds []uint64
	for _, piece := range strings.Split(s.seeds, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(piece), "-")
		from, err := format.ParseSeed(first)
		if err != nil {
			return nil, exit(exitUsage, "--seeds %s: %w", piece, err)
		}
		to := from
		if isRange {
			if to, err = format.ParseSeed(last); err != nil {
				return nil, exit(exitUsage, "--seeds %s: %w", piece, err)
			}
		}
		if to < from || to-from >= maxSeeds {
			return nil, exit(exitUsage, "--seeds %s: from the lower to the higher, at most %d", piece, maxSeeds)
		}
		for seed := from; ; seed++ {
			seeds = append(seeds, seed)
			if seed == to {
				break
			}
		}
	}
	return seeds, nil
}

const maxSeeds = 1_000_000

// context applies --time-limit.
func (s *settings) context(parent context.Context) (context.Context, context.CancelFunc) {
	if s.timeLimit > 0 {
		return context.WithTimeout(parent, s.timeLimit)
	}
	return context.WithCancel(parent)
}

// narrow applies --seed, --seeds, --shard and --variant to a campaign.
func (s *settings) narrow(c *campaign.Campaign) error {
	seeds, err := s.chosenSeeds()
	if err != nil {
		return err
	}
	var kept []format.Variant
	var names []string
	for _, v := range c.Variants {
		names = append(names, v.Name)
		if s.variant != "" && v.Name != s.variant {
			continue
		}
		if s.hunted.Count > 0 {
			v.Scenario.Seeds = s.hunted
		}
		if seeds != nil {
			v.Scenario.Seeds = format.Seeds{List: seeds}
		}
		kept = append(kept, v)
	}
	if len(kept) == 0 {
		return exit(exitUsage, "--variant %s: the scenario has %s%s", s.variant, strings.Join(names, ", "), didYouMean(s.variant, names))
	}
	c.Variants = kept
	if s.shard == "" {
		return nil
	}
	if c.Shard, err = campaign.ParseShard(s.shard); err != nil {
		return exit(exitUsage, "--shard takes %w", err)
	}
	if c.Runs() == 0 {
		return exit(exitUsage, "--shard %s: there are only %s", s.shard, quantity(len(kept[0].Scenario.Seeds.All()), "seed"))
	}
	return nil
}

// terminalOptions decide colour and width by what stdout is.
func (s *settings) terminalOptions(out io.Writer) reports.Options {
	options := reports.Options{Quiet: s.quiet, Verbose: s.verbose}
	file, isFile := out.(*os.File)
	isTerminal := isFile && term.IsTerminal(int(file.Fd()))
	switch s.color {
	case "always":
		options.Color = true
	case "auto":
		options.Color = isTerminal && os.Getenv("NO_COLOR") == ""
	}
	if isTerminal {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			options.Width = max(60, min(width, 100))
		}
	}
	return options
}

func quantity(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// complain prints what was found in a scenario file.
func (s *settings) complain(to streams, diagnostics format.Diagnostics) {
	if s.format == "github" {
		for _, d := range diagnostics {
			fmt.Fprintln(to.err, annotation(d))
		}
		return
	}
	if text := diagnostics.String(); text != "" {
		fmt.Fprintln(to.err, strings.TrimRight(text, "\n"))
	}
}
