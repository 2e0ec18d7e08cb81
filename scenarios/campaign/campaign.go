// Package campaign runs a scenario: every variant over every seed, on all
// cores, and joins what the runs come to into one result. Runs share nothing,
// and outcomes are joined in the order of the jobs, so that neither the number
// of cores nor who finishes first can show. Of a run that is joined nothing big
// is kept, so that a campaign of many seeds takes no more memory than a short one.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// Options says how a campaign is run. None of it changes a verdict.
type Options struct {
	Jobs     int  // runs at the same time; 0 is one for each core
	FailFast bool // stop at the first run with an unexpected violation
	Run      run.Options
	// Stories keeps, for each variant, the history of the seed to be told.
	Stories bool
	// Tell plays each of these seeds once more in the end, to gather what plots
	// and diagrams are drawn of. An interrupted campaign leaves that out.
	Tell bool
	// Joined is called for each run that counts, in the order in which they are
	// joined, one at a time.
	Joined func(Summary)
	// Finished is called after each run, from several goroutines at once.
	Finished func(Progress)
	// Simulate does one run; nil is run.Simulate. Tests put something else here.
	Simulate Simulate
}

func (o Options) workers() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// Simulate plays a scenario with one seed.
type Simulate func(*format.Scenario, uint64, Values, run.Options) (*run.Outcome, error)

// Values are what the value files of a scenario's producers hold, by the producers' names.
type Values = map[string]*workload.Values

// Progress tells of one finished run.
type Progress struct {
	Variant    string
	Seed       uint64
	Violating  bool // some claim has a counterexample
	Unexpected bool // one that is expected to hold
}

// Campaign is a scenario with what it needs to run.
type Campaign struct {
	Name     string
	Variants []format.Variant
	Shard    Shard // the share of the seeds to be run; the zero value is all
	// ReadData reads a value file by its name in the scenario.
	ReadData func(file string) ([]byte, error)
}

// New makes the campaign of a scenario file.
func New(file *format.File) Campaign {
	return Campaign{Name: file.Base.Name, Variants: file.Expand(), ReadData: file.ReadData}
}

// job is one run to be done.
type job struct {
	tally    *tally
	teller   *storyteller
	position int // of the seed among the variant's
}

func (j job) seed() uint64 { return j.tally.seedList[j.position] }

// Run runs the campaign. A cancelled context keeps what is finished: the result
// then covers the seeds that ran, and says why there are no more. So does a
// *RunError, a run that failed by our own mistake. Any other error comes before
// the first run, and without a result.
func (c Campaign) Run(ctx context.Context, options Options) (result.Result, []result.Story, error) {
	values, err := c.values()
	if err != nil {
		return result.Result{}, nil, err
	}
	tallies, tellers := make([]*tally, len(c.Variants)), make([]*storyteller, len(c.Variants))
	for v := range c.Variants {
		tallies[v] = newTally(&c.Variants[v], values[v])
		tallies[v].chosen = c.Shard.positions(len(tallies[v].seedList))
		tellers[v] = &storyteller{histories: options.Stories}
	}
	s := newSequence(interleave(tallies, tellers), options)
	c.work(ctx, options, s)
	s.close()
	r := c.join(tallies)
	stories := c.tellAll(ctx, options, s, tallies, tellers)
	s.explainEnd(&r, ctx.Err())
	return r, stories, s.failure
}

// interleave orders the jobs seed by seed, each with all variants: a campaign
// that is cut short has then compared the variants over the same seeds.
func interleave(tallies []*tally, tellers []*storyteller) []job {
	var jobs []job
	for i := 0; ; i++ {
		before := len(jobs)
		for v, t := range tallies {
			if i < len(t.chosen) {
				jobs = append(jobs, job{t, tellers[v], t.chosen[i]})
			}
		}
		if len(jobs) == before {
			return jobs
		}
	}
}

// work does the jobs on several goroutines.
func (c Campaign) work(ctx context.Context, options Options, s *sequence) {
	defer context.AfterFunc(ctx, s.stop)()
	var group sync.WaitGroup
	for range min(options.workers(), len(s.jobs)) {
		group.Go(func() {
			for ctx.Err() == nil {
				number, ok := s.claim()
				if !ok {
					return
				}
				c.do(ctx, options, s, number)
			}
		})
	}
	group.Wait()
}

func (c Campaign) do(ctx context.Context, options Options, s *sequence, number int) {
	j := s.jobs[number]
	outcome, err := j.simulate(ctx, options, options.Run)
	if errors.Is(err, run.ErrStopped) {
		return
	}
	variant := j.tally.variant.Name
	if err != nil {
		s.deliver(number, nil, delivery{err: &RunError{Variant: variant, Seed: j.seed(), Err: err}})
		return
	}
	summary := summarize(variant, j.position, outcome)
	finished := Progress{Variant: variant, Seed: j.seed(),
		Violating: summary.Violating(), Unexpected: j.tally.unexpected(summary)}
	s.deliver(number, newCandidate(summary, outcome), delivery{summary: summary})
	if options.Finished != nil {
		options.Finished(finished)
	}
}

func (j job) simulate(ctx context.Context, options Options, runOptions run.Options) (*run.Outcome, error) {
	simulate := options.Simulate
	if simulate == nil {
		simulate = run.Simulate
	}
	runOptions.Stop = func() bool { return ctx.Err() != nil }
	return Guarded(simulate)(&j.tally.variant.Scenario, j.seed(), j.tally.values, runOptions)
}

// values reads each variant's value files, by producer. What several instances
// or variants share is read and parsed once.
func (c Campaign) values() ([]map[string]*workload.Values, error) {
	type parsed struct {
		file, field string
		shuffle     bool
	}
	read := map[parsed]*workload.Values{}
	all := make([]map[string]*workload.Values, len(c.Variants))
	for v := range c.Variants {
		all[v] = map[string]*workload.Values{}
		for _, p := range c.Variants[v].Scenario.Workload.Producers {
			if p.Value.File == "" {
				continue
			}
			key := parsed{p.Value.File, p.Keys.Field, p.Value.Order == format.OrderShuffle}
			if read[key] == nil {
				content, err := c.ReadData(p.Value.File)
				if err == nil {
					read[key], err = workload.FileValues(content, key.shuffle, key.field)
				}
				if err != nil {
					return nil, &DataError{File: p.Value.File, Producer: p.Name, Err: err}
				}
			}
			all[v][p.Name] = read[key]
		}
	}
	return all, nil
}

// Check finds what would keep the campaign from running: value files that cannot
// be read.
func (c Campaign) Check() error {
	_, err := c.values()
	return err
}

// Inspect plays the first seed of the first variant up to a moment and tells
// the state of a node there, or of all for "". An error other than a *BugError
// says that there is no such moment or node.
func (c Campaign) Inspect(until run.Until, node string, options run.Options) (state string, err error) {
	defer catch(&err)
	values, err := c.values()
	if err != nil {
		return "", err
	}
	v := &c.Variants[0]
	return run.Inspect(&v.Scenario, v.Scenario.Seeds.All()[0], values[0], until, node, options)
}

// Values returns what the producers of a variant send, by their names.
func (c Campaign) Values(variant int) (map[string]*workload.Values, error) {
	values, err := c.values()
	if err != nil {
		return nil, err
	}
	return values[variant], nil
}

// DataError is a value file that cannot be used, exit code 65.
type DataError struct {
	File, Producer string
	Err            error
}

func (e *DataError) Error() string {
	return fmt.Sprintf("producer %s: cannot read the values of %s: %v", e.Producer, e.File, e.Err)
}

func (e *DataError) Unwrap() error { return e.Err }
