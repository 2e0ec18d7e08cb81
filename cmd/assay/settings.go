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
	"assay/scenarios/format"
)

// settings are the flags that commands on scenarios share.
type settings struct {
	out       string
	seed      string
	seeds     string
	jobs      int
	set       []string
	variant   string
	timeLimit time.Duration
	failFast  bool
	json      bool
	junit     string
	progress  string
	color     string
	quiet     bool
	verbose   bool
	frames    bool
	debug     bool
}

func (s *settings) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.out, "out", "o", "", "the run folder (DIR/NAME with several files; default runs/NAME-N)")
	f.StringVar(&s.seed, "seed", "", "run this one seed, decimal or hex")
	f.StringVar(&s.seeds, "seeds", "", "run these seeds: 1,5-10")
	f.IntVarP(&s.jobs, "jobs", "j", 0, "runs at the same time (default: one for each core)")
	f.StringArrayVar(&s.set, "set", nil, "PTR=VALUE: change the scenario at a JSON pointer; VALUE is YAML")
	f.StringVar(&s.variant, "variant", "", "run this variant only")
	f.DurationVar(&s.timeLimit, "time-limit", 0, "stop after this much wall-clock time, keeping what is finished")
	f.BoolVar(&s.failFast, "fail-fast", false, "stop at the first seed that violates a claim that should hold")
	f.BoolVar(&s.json, "json", false, "print result.json on stdout instead of the report")
	f.StringVar(&s.junit, "junit", "", "also write JUnit XML to this file")
	f.StringVar(&s.progress, "progress", "auto", "auto, plain or none")
	f.StringVar(&s.color, "color", "auto", "auto, always or never")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print the outcome only")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "tell more")
	f.BoolVar(&s.frames, "frames", false, "carry messages as encoded frames (same digest, slower)")
	f.BoolVar(&s.debug, "debug", false, "check that no message changes after it was sent (slower)")
	for _, hidden := range []string{"frames", "debug"} {
		_ = f.MarkHidden(hidden)
	}
}

// check refuses words that a flag does not take.
func (s *settings) check() error {
	switch s.progress {
	case "auto", "plain", "none":
	default:
		return exit(exitUsage, "--progress takes auto, plain or none, not %q", s.progress)
	}
	switch s.color {
	case "auto", "always", "never":
	default:
		return exit(exitUsage, "--color takes auto, always or never, not %q", s.color)
	}
	if s.seed != "" && s.seeds != "" {
		return exit(exitUsage, "--seed and --seeds exclude each other")
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

// narrow applies --seed, --seeds and --variant to a file's variants.
func (s *settings) narrow(variants []format.Variant) ([]format.Variant, error) {
	seeds, err := s.chosenSeeds()
	if err != nil {
		return nil, err
	}
	var kept []format.Variant
	var names []string
	for _, v := range variants {
		names = append(names, v.Name)
		if s.variant != "" && v.Name != s.variant {
			continue
		}
		if seeds != nil {
			v.Scenario.Seeds = format.Seeds{List: seeds}
		}
		kept = append(kept, v)
	}
	if len(kept) == 0 {
		return nil, exit(exitUsage, "--variant %s: the scenario has %s", s.variant, strings.Join(names, ", "))
	}
	return kept, nil
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

func complain(s streams, diagnostics format.Diagnostics) {
	if text := diagnostics.String(); text != "" {
		fmt.Fprintln(s.err, strings.TrimRight(text, "\n"))
	}
}
