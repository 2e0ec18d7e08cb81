package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"assay/scenarios/campaign"
	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/sim"
)

// standard is testdata/bench/standard.yaml, the load of docs/performance.md.
//
//go:embed standard.yaml
var standard []byte

func benchCommand(s streams) *cobra.Command {
	var flags settings
	count := 5
	c := &cobra.Command{
		Use:   "bench [FILE]",
		Short: "Measure how fast this machine simulates",
		Long: `Runs the first seed of a scenario (without FILE the standard benchmark: 60 simulated
seconds of 2,000 records per second on three brokers, every claim watched) several
times, one after the other, and tells how fast that went. Beside each run the bare
event queue is timed. A slow or busy machine slows both, so that "events per queue
event" may be compared between machines and days, which the other numbers may not.`,
		Args: cobra.MaximumNArgs(1),
	}
	flags.registerReading(c)
	f := c.Flags()
	f.IntVar(&count, "count", count, "how many times")
	f.StringVar(&flags.variant, "variant", "", "run this variant (default: base)")
	f.StringVar(&flags.seed, "seed", "", "run this seed")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return err
		}
		if count < 1 {
			return exit(exitUsage, "--count takes 1 or more, not %d", count)
		}
		file, name, err := benchScenario(s, &flags, args)
		if err != nil {
			return err
		}
		b, err := newBench(&flags, file, name)
		if err != nil {
			return err
		}
		for range count {
			if c.Context().Err() != nil {
				return &exitError{code: exitInterrupted}
			}
			if err := b.round(c.Context()); err != nil {
				return err
			}
		}
		return b.tell(s.out, flags.json)
	}
	return c
}

func benchScenario(s streams, flags *settings, args []string) (*format.File, string, error) {
	if len(args) == 1 {
		file, err := load(s, flags, args[0])
		return file, args[0], err
	}
	file, diagnostics := format.Load(format.Source{Name: "standard.yaml", Text: standard}, format.Options{Set: flags.set})
	flags.complain(s, diagnostics)
	if file == nil {
		return nil, "", &exitError{code: exitBadScenario}
	}
	return file, "the standard benchmark", nil
}

// bench times one run again and again.
type bench struct {
	name     string
	campaign campaign.Campaign
	queue    func(times int)
	rounds   map[string][]float64 // of each measure
}

// measures are what a bench tells, in this order.
var measures = []struct{ name, unit, about string }{
	{"simulated_seconds_per_second", "x", "how much faster than real time"},
	{"events_per_second", "/s", "events of the simulator"},
	{"records_per_second", "/s", "acknowledged records, with everything that follows from them"},
	{"cpu_per_record", "us", "processor time of the whole process for each"},
	{"allocated_per_record", "B", "memory asked for, for each"},
	{"memory", "MiB", "taken from the system at the end"},
	{"queue_events_per_second", "/s", "the bare event queue, beside it"},
	{"events_per_queue_event", "x", "comparable between machines"},
}

func newBench(flags *settings, file *format.File, name string) (*bench, error) {
	b := &bench{name: name, campaign: campaign.New(file), queue: sim.Hold(1000), rounds: map[string][]float64{}}
	if flags.variant == "" {
		flags.variant = format.Base
	}
	if err := flags.narrow(&b.campaign); err != nil {
		return nil, err
	}
	v := &b.campaign.Variants[0]
	v.Scenario.Seeds = format.Seeds{List: v.Scenario.Seeds.All()[:1]}
	b.queue(100_000) // warm
	return b, nil
}

// round runs the scenario once, between two turns of the bare queue.
func (b *bench) round(ctx context.Context) error {
	before := b.yardstick()
	var outcome *run.Outcome
	play := func(s *format.Scenario, seed uint64, values campaign.Values, options run.Options) (*run.Outcome, error) {
		o, err := simulate(s, seed, values, options)
		outcome = o
		return o, err
	}
	var memory, later runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	processor, start := processorTime(), time.Now()
	_, _, err := b.campaign.Run(ctx, campaign.Options{Jobs: 1, Simulate: play})
	took, used := time.Since(start), processorTime()-processor
	runtime.ReadMemStats(&later)
	switch {
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case err != nil:
		return campaignError(err)
	}
	records := max(float64(outcome.Exercise[run.RecordsAcknowledged]), 1)
	queue := (before + b.yardstick()) / 2
	events := float64(outcome.Events) / took.Seconds()
	for name, value := range map[string]float64{
		"simulated_seconds_per_second": outcome.End.Seconds() / took.Seconds(),
		"events_per_second":            events,
		"records_per_second":           records / took.Seconds(),
		"cpu_per_record":               float64(used.Nanoseconds()) / 1e3 / records,
		"allocated_per_record":         float64(later.TotalAlloc-memory.TotalAlloc) / records,
		"memory":                       float64(later.Sys) / (1 << 20),
		"queue_events_per_second":      queue,
		"events_per_queue_event":       events / queue,
	} {
		b.rounds[name] = append(b.rounds[name], value)
	}
	return nil
}

// yardstick is how many events a second the bare queue makes on this machine now.
func (b *bench) yardstick() float64 {
	const turns = 1_000_000
	start := time.Now()
	b.queue(turns)
	return turns / time.Since(start).Seconds()
}

// spread is what several rounds came to.
type spread struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

func (b *bench) spreads() []spread {
	var all []spread
	for _, m := range measures {
		values := slices.Sorted(slices.Values(b.rounds[m.name]))
		middle := values[len(values)/2]
		if len(values)%2 == 0 {
			middle = (middle + values[len(values)/2-1]) / 2
		}
		all = append(all, spread{m.name, m.unit, values[0], middle, values[len(values)-1]})
	}
	return all
}

func (b *bench) tell(out io.Writer, asJSON bool) error {
	spreads := b.spreads()
	rounds := len(b.rounds[measures[0].name])
	if asJSON {
		_, err := out.Write(encodeJSON(map[string]any{"scenario": b.name, "rounds": rounds, "measures": spreads,
			"assay": version(), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH, "cpus": runtime.NumCPU()}))
		return err
	}
	fmt.Fprintf(out, "%s, %s, %s %s/%s, %s\n\n", b.name, quantity(rounds, "run"), runtime.Version(), runtime.GOOS, runtime.GOARCH, quantity(runtime.NumCPU(), "core"))
	fmt.Fprintf(out, "%-28s  %4s  %12s %12s %12s\n", "", "", "min", "median", "max")
	for i, s := range spreads {
		if _, err := fmt.Fprintf(out, "%-28s  %4s  %12s %12s %12s  %s\n", s.Name, s.Unit, threeDigits(s.Min), threeDigits(s.Median), threeDigits(s.Max), measures[i].about); err != nil {
			return err
		}
	}
	return nil
}

// threeDigits writes a number with three digits that mean something.
func threeDigits(x float64) string {
	if x >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}
