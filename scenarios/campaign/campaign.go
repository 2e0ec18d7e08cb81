// Package campaign runs a scenario: every variant over every seed, on all
// cores, and joins what the runs come to into one result. Runs share nothing,
// and results are joined in the order of the seeds, so that neither the number
// of cores nor who finishes first can show.
package campaign

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

// Options says how a campaign is run. None of it changes a verdict.
type Options struct {
	Jobs     int  // runs at the same time; 0 is one for each core
	FailFast bool // stop at the first seed with an unexpected violation
	Run      run.Options
	// Stories keeps, for each variant, the history of the seed to be told.
	Stories bool
	// Finished is called after each run, from several goroutines at once.
	Finished func(Progress)
}

// Progress tells of one finished run.
type Progress struct {
	Variant    string
	Seed       uint64
	Violating  bool // some claim has a counterexample
	Unexpected bool // one that is expected to hold
	Done, Of   int  // runs
}

// Campaign is a scenario with what it needs to run.
type Campaign struct {
	Name     string
	Variants []format.Variant
	// ReadData reads a value file by its name in the scenario.
	ReadData func(file string) ([]byte, error)
}

// New makes the campaign of a scenario file.
func New(file *format.File) Campaign {
	return Campaign{Name: file.Base.Name, Variants: file.Expand(), ReadData: file.ReadData}
}

// job is one run to be done.
type job struct {
	variant int
	seed    int // index among the variant's seeds
}

// Run runs the campaign. A cancelled context keeps what is finished: the result
// then covers the seeds that ran, and its outcome is result.Interrupted. An
// error is ours, or a missing data file.
func (c Campaign) Run(ctx context.Context, options Options) (result.Result, []result.Story, error) {
	values, err := c.values()
	if err != nil {
		return result.Result{}, nil, err
	}
	tallies := make([]*tally, len(c.Variants))
	var jobs []job
	for v := range c.Variants {
		seeds := c.Variants[v].Scenario.Seeds.All()
		tallies[v] = newTally(&c.Variants[v], seeds, options.Stories)
		for s := range seeds {
			jobs = append(jobs, job{v, s})
		}
	}
	err = c.work(ctx, options, jobs, tallies, values)
	interrupted := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if err != nil && !interrupted && !errors.Is(err, errFailFast) {
		return result.Result{}, nil, err
	}
	r, stories := c.join(tallies, errors.Is(err, errFailFast))
	if interrupted {
		r.Outcome, r.ExitCode = result.Interrupted, exitInterrupted
	}
	return r, stories, nil
}

var errFailFast = errors.New("stopped at the first unexpected violation")

// work does the jobs on several goroutines. It returns the first error in the
// order of the jobs, or why it stopped.
func (c Campaign) work(ctx context.Context, options Options, jobs []job, tallies []*tally, values []map[string]*workload.Values) error {
	workers := options.Jobs
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var (
		next     atomic.Int64
		done     atomic.Int64
		firstBad atomic.Int64 // index of the first job that ends the campaign
		group    sync.WaitGroup
		failures = make([]error, len(jobs))
	)
	firstBad.Store(int64(len(jobs)))
	stopAt := func(index int) {
		for {
			current := firstBad.Load()
			if int64(index) >= current || firstBad.CompareAndSwap(current, int64(index)) {
				return
			}
		}
	}
	for range min(workers, len(jobs)) {
		group.Go(func() {
			for ctx.Err() == nil {
				index := int(next.Add(1)) - 1
				// A job behind the one that ends the campaign would not have run,
				// had they run one after the other.
				if index >= len(jobs) || int64(index) > firstBad.Load() {
					return
				}
				j := jobs[index]
				variant := &c.Variants[j.variant]
				outcome, err := c.runOne(ctx, variant, tallies[j.variant].seeds[j.seed], values[j.variant], options)
				if err != nil {
					failures[index] = fmt.Errorf("variant %s, seed %#x: %w", variant.Name, tallies[j.variant].seeds[j.seed], err)
					stopAt(index)
					return
				}
				unexpected := tallies[j.variant].add(j.seed, outcome)
				if unexpected && options.FailFast {
					failures[index] = errFailFast
					stopAt(index)
				}
				if options.Finished != nil {
					options.Finished(Progress{Variant: variant.Name, Seed: outcome.Seed, Violating: outcome.Violating(), Unexpected: unexpected,
						Done: int(done.Add(1)), Of: len(jobs)})
				}
			}
		})
	}
	group.Wait()
	for index, err := range failures {
		if err != nil {
			for i := index + 1; i < len(jobs); i++ {
				tallies[jobs[i].variant].forget(jobs[i].seed)
			}
			return err
		}
	}
	return ctx.Err()
}

// runOne does one run. A panic in it is our bug, and must name the run.
func (c Campaign) runOne(ctx context.Context, variant *format.Variant, seed uint64, values map[string]*workload.Values, options Options) (outcome *run.Outcome, err error) {
	defer func() {
		if bug := recover(); bug != nil {
			stack := make([]byte, 16<<10)
			stack = stack[:runtime.Stack(stack, false)]
			err = &BugError{Bug: bug, Stack: string(stack)}
		}
	}()
	runOptions := options.Run
	runOptions.Stop = func() bool { return ctx.Err() != nil }
	outcome, err = run.Simulate(&variant.Scenario, seed, values, runOptions)
	if err == nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return outcome, err
}

// BugError is a panic inside a run: a bug of ours, exit code 70.
type BugError struct {
	Bug   any
	Stack string
}

func (e *BugError) Error() string { return fmt.Sprintf("internal error: %v\n%s", e.Bug, e.Stack) }

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
// the state of a node there, or of all for "".
func (c Campaign) Inspect(until run.Until, node string, options run.Options) (string, error) {
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
