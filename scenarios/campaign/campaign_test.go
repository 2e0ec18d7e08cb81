package campaign

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/checkers/history"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/run"
	"assay/scenarios/workload"
)

const scenario = `
version: 1
name: made-up
seeds: {base: 0, count: 40}
topics:
  orders: {partitions: 1}
workload:
  duration: 1s
  producers:
    web: {topic: orders, rate: 1/s, value: {size: 10B}}
claims:
  no-loss: {expect: holds}
  no-duplicates: {expect: violated}
variants:
  other: {expect: {no-duplicates: holds}}
`

func made(t *testing.T) Campaign {
	t.Helper()
	file, diagnostics := format.Load(format.Source{Name: "made-up.yaml", Text: []byte(scenario)}, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	return New(file)
}

// losing is a simulator without a simulation: it makes up outcomes, and seeds
// that losses names lose records.
func losing(losses ...uint64) Simulate {
	return func(s *format.Scenario, seed uint64, _ map[string]*workload.Values, _ run.Options) (*run.Outcome, error) {
		o := &run.Outcome{Seed: seed, Metrics: &workload.Metrics{}, Exercise: run.Exercise{run.LeaderChanges: int64(seed)},
			Digest: seedName(seed * 7), History: history.New(), Places: []string{run.RarePlaces[seed%3]},
			Invariants: []run.Invariant{{Name: "made up", Says: seedName(seed)}}}
		o.Metrics.Produce.Record(time.Duration(seed) * 13 * time.Millisecond)
		o.Measures.LagFinal = int64(seed)
		for _, claim := range s.Claims {
			o.Claims = append(o.Claims, judge(claim, slices.Contains(losses, seed)))
		}
		return o, nil
	}
}

// judge asks a real checker about a made-up history.
func judge(claim format.Claim, lost bool) checkers.Result {
	panel, err := checkers.NewPanel([]checkers.Claim{{Name: claim.Name, Guarantee: checkers.Guarantee(claim.Guarantee)}})
	if err != nil {
		panic(err)
	}
	// One record that was acknowledged, and a final log with or without it.
	h := history.New()
	h.Client(0, "web-0", 1)
	h.Client(1, "auditor", 1)
	h.Partition(0, "orders", 0)
	record := history.NewRecordID(0, 1)
	h.Produce(history.Produce{Record: record, Call: 1, Return: 2, Outcome: history.OK, Attempts: 1})
	end, seen := int64(1), []history.Seen{{Offset: 0, Record: record}}
	if lost {
		end, seen = 0, nil
	}
	h.Read(history.Read{Client: 1, Call: 3, Return: 4, Next: end, HighWatermark: end, Final: true, Records: seen})
	h.Cover(history.Cover{Call: 3, Return: 4, End: end, Complete: true})
	h.Replay(panel)
	return panel.Results()[0]
}

// Neither the number of workers nor who finishes first shows in a result.
func TestResultsAreJoinedInOrder(t *testing.T) {
	simulate := losing(11, 5, 30)
	reference, stories, err := made(t).Run(context.Background(), Options{Jobs: 1, Stories: true, Simulate: simulate})
	require.NoError(t, err)
	require.Equal(t, result.Unexpected, reference.Outcome)
	require.Empty(t, reference.Stopped)
	claim := reference.Variants[0].Claims[1]
	require.Equal(t, "no-loss", claim.Name)
	require.Equal(t, "0x5", claim.FirstViolating)
	require.Equal(t, 3, claim.Violating)
	require.Equal(t, uint64(5), stories[0].Seed)
	require.NotEmpty(t, stories[0].History)
	require.Equal(t, int64(40*39/2), reference.Variants[1].Exercise["leader_changes"])
	require.Equal(t, "0x0", reference.Variants[0].Invariants[0].First)

	for _, jobs := range []int{2, 3, 16, 200} {
		var turn atomic.Int64
		backwards := func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
			for range turn.Add(7919) % 13 { // some take longer than others
				runtime.Gosched()
			}
			return simulate(s, seed, values, o)
		}
		played, told, err := made(t).Run(context.Background(), Options{Jobs: jobs, Stories: true, Simulate: backwards})
		require.NoError(t, err)
		require.Equal(t, reference, played)
		require.Equal(t, stories, told)
	}
}

// The last of the first runs finishes before all others: what waits is joined behind them.
func TestFirstRunFinishesLast(t *testing.T) {
	simulate := losing(5)
	reference, stories, err := made(t).Run(context.Background(), Options{Jobs: 1, Stories: true, Simulate: simulate})
	require.NoError(t, err)
	var others sync.WaitGroup
	others.Add(ahead - 1)
	slowFirst := func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		if seed == 0 && s.Claims[0].Expect == format.Violated { // base: the very first job
			others.Wait()
		}
		return simulate(s, seed, values, o)
	}
	var finished atomic.Int64
	played, told, err := made(t).Run(context.Background(), Options{Jobs: 4, Stories: true, Simulate: slowFirst,
		Finished: func(Progress) {
			if finished.Add(1) < ahead {
				others.Done()
			}
		}})
	require.NoError(t, err)
	require.Equal(t, reference, played)
	require.Equal(t, stories, told)
}

// With FailFast nothing behind the first unexpected violation counts.
func TestFailFastIsAsIfInOrder(t *testing.T) {
	var reference result.Result
	for i, jobs := range []int{1, 2, 8} {
		played, stories, err := made(t).Run(context.Background(), Options{Jobs: jobs, FailFast: true, Stories: true, Simulate: losing(5, 6, 30)})
		require.NoError(t, err)
		if i == 0 {
			reference = played
		}
		require.Equal(t, reference, played)
		require.Len(t, played.Variants[0].Seeds, 6)
		require.Len(t, played.Variants[1].Seeds, 5)
		require.Equal(t, uint64(5), stories[0].Seed)
		require.Equal(t, uint64(0), stories[1].Seed)
		require.NotEmpty(t, stories[1].History)
		require.Equal(t, "the first unexpected violation; 11 of 80 runs were done", played.Stopped)
	}
}

// Our own mistake ends the campaign as if in order, and keeps what came before it.
func TestBugNamesItsRun(t *testing.T) {
	simulate := losing()
	faulty := func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		if seed >= 9 {
			panic("made up")
		}
		return simulate(s, seed, values, o)
	}
	for _, jobs := range []int{1, 4} {
		played, _, err := made(t).Run(context.Background(), Options{Jobs: jobs, Simulate: faulty})
		var failed *RunError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, uint64(9), failed.Seed)
		require.Equal(t, format.Base, failed.Variant)
		var bug *BugError
		require.ErrorAs(t, err, &bug)
		require.Contains(t, bug.Stack, "campaign_test.go")
		require.Equal(t, result.Failed, played.Outcome)
		require.Equal(t, exitInternal, played.ExitCode)
		require.Len(t, played.Variants[1].Seeds, 9)
	}
}

// An interrupt and a time limit keep what is finished, in the order of the seeds.
func TestStoppedCampaignKeepsWhatIsFinished(t *testing.T) {
	for _, limit := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		simulate, runs := losing(), 0
		stopping := func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
			if runs++; runs == 8 {
				cancel()
			}
			if o.Stop() {
				return nil, run.ErrStopped
			}
			return simulate(s, seed, values, o)
		}
		var given context.Context = ctx
		if limit {
			given = expired{ctx}
		}
		played, _, err := made(t).Run(given, Options{Jobs: 1, Simulate: stopping})
		require.NoError(t, err)
		require.Equal(t, []string{"0x0", "0x1", "0x2", "0x3"}, played.Variants[0].Seeds)
		require.Len(t, played.Variants[1].Seeds, 3)
		if limit {
			require.Equal(t, exitInconclusive, played.ExitCode)
			require.Equal(t, "the time limit; 7 of 80 runs were done", played.Stopped)
		} else {
			require.Equal(t, exitInterrupted, played.ExitCode)
			require.Equal(t, "an interrupt; 7 of 80 runs were done", played.Stopped)
		}
	}
}

// expired is a context that ends by its deadline when the other one ends.
type expired struct{ context.Context }

func (e expired) Err() error {
	if e.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

// A campaign of many seeds holds on to two histories a variant, and to nothing else of a run.
func TestFinishedRunsAreForgotten(t *testing.T) {
	c := made(t)
	for i := range c.Variants {
		c.Variants[i].Scenario.Seeds.Count = 3000
	}
	simulate := losing(2500)
	var alive atomic.Int64
	var most int64
	counting := func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		outcome, err := simulate(s, seed, values, o)
		alive.Add(1)
		runtime.SetFinalizer(outcome, func(*run.Outcome) { alive.Add(-1) })
		if seed%500 == 499 {
			runtime.GC()
			most = max(most, alive.Load())
		}
		return outcome, err
	}
	played, stories, err := c.Run(context.Background(), Options{Jobs: 1, Stories: true, Simulate: counting})
	require.NoError(t, err)
	require.Equal(t, "0x9c4", played.Variants[0].Claims[1].FirstViolating)
	require.Equal(t, uint64(2500), stories[0].Seed)
	require.Less(t, most, int64(3000), "of 6000 runs")
}

func TestMissingDataIsFoundBeforeTheFirstRun(t *testing.T) {
	c := made(t)
	c.Variants[0].Scenario.Workload.Producers[0].Value = format.Value{File: "gone"}
	c.ReadData = func(string) ([]byte, error) { return nil, errors.New("gone") }
	_, _, err := c.Run(context.Background(), Options{Simulate: func(*format.Scenario, uint64, map[string]*workload.Values, run.Options) (*run.Outcome, error) {
		panic("it ran")
	}})
	var data *DataError
	require.ErrorAs(t, err, &data)
	require.ErrorAs(t, c.Check(), &data)
}
