package campaign

import (
	"cmp"
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
			Digest: SeedName(seed * 7), History: history.New(), Places: []string{run.RarePlaces[seed%3]},
			Invariants: []run.Invariant{{Name: "made up", Says: SeedName(seed)}}}
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

// What a campaign joins can be stored, and what is read back joins to the same:
// in one piece, and in shards that are put together.
func TestStoredSummariesJoinToTheResult(t *testing.T) {
	simulate := losing(11, 5, 30)
	var whole []Summary
	reference, _, err := made(t).Run(context.Background(), Options{Jobs: 4, Simulate: simulate, Joined: func(s Summary) { whole = append(whole, s) }})
	require.NoError(t, err)
	stored := func(list []Summary) []Summary {
		file := NewSeedsFile(SeedsHeader{Scenario: "made-up", Variants: []string{"base", "other"}, Shard: "1/1"})
		for _, s := range list {
			file.Add(s)
		}
		header, back, err := ReadSeeds(file.Bytes())
		require.NoError(t, err)
		require.Equal(t, SeedsHeader{SeedsVersion, "made-up", []string{"base", "other"}, "1/1"}, header)
		return back
	}
	joined, err := made(t).Join(stored(whole))
	require.NoError(t, err)
	require.Equal(t, reference, joined)
	require.NotEmpty(t, joined.Variants[0].Distributions)

	var together []Summary
	for i := 1; i <= 3; i++ {
		c := made(t)
		c.Shard = Shard{i, 3}
		_, _, err := c.Run(context.Background(), Options{Simulate: simulate, Joined: func(s Summary) { together = append(together, s) }})
		require.NoError(t, err)
	}
	slices.SortStableFunc(together, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Variant, b.Variant))
	})
	require.Equal(t, whole, together)

	first := whole[0].Measures
	own, err := whole[0].Metrics()
	require.NoError(t, err)
	require.Equal(t, first.LagMax, own["lag.max"])
}

// A stored summary of another campaign is never joined.
func TestForeignSummariesAreRefused(t *testing.T) {
	var all []Summary
	_, _, err := made(t).Run(context.Background(), Options{Simulate: losing(), Joined: func(s Summary) { all = append(all, s) }})
	require.NoError(t, err)
	for complaint, spoil := range map[string]func(*Summary){
		"a variant gone":              func(s *Summary) { s.Variant = "gone" },
		"it judges 1 claims":          func(s *Summary) { s.Claims = s.Claims[:1] },
		"it judges another":           func(s *Summary) { s.Claims = slices.Clone(s.Claims); s.Claims[0].Name = "another" },
		"no seed 0x0 at position 1":   func(s *Summary) { s.Position = 1 },
		"no seed 0x0 at position 400": func(s *Summary) { s.Position = 400 },
		"no bucket of a histogram":    func(s *Summary) { s.Latencies = map[string]*Histogram{"produce": {Buckets: [][2]int64{{5, 1}}}} },
	} {
		spoiled := slices.Clone(all)
		spoil(&spoiled[0])
		_, err := made(t).Join(spoiled)
		require.ErrorContains(t, err, complaint)
	}
	for _, file := range []string{"", "nonsense", string(NewSeedsFile(SeedsHeader{}).Bytes()[:9])} {
		_, _, err := ReadSeeds([]byte(file))
		require.Error(t, err, file)
	}
}

func TestShards(t *testing.T) {
	for _, of := range []int{1, 2, 3, 7, 40} {
		seen := map[int]int{}
		for i := 1; i <= of; i++ {
			shard, err := ParseShard(Shard{i, of}.String())
			require.NoError(t, err)
			for _, p := range shard.positions(40) {
				seen[p]++
			}
		}
		require.Len(t, seen, 40)
		for p, n := range seen {
			require.Equal(t, 1, n, p)
		}
	}
	require.Len(t, Shard{}.positions(40), 40)
	for _, text := range []string{"", "1", "0/2", "3/2", "1/2/3", "a/b", "-1/2", "1/0"} {
		_, err := ParseShard(text)
		require.Error(t, err, text)
	}
}

// telling is a simulator that knows what it is asked to tell.
func telling(simulate Simulate) Simulate {
	return func(s *format.Scenario, seed uint64, values Values, o run.Options) (*run.Outcome, error) {
		outcome, err := simulate(s, seed, values, o)
		if o.Tell != nil {
			outcome.Series = &result.Series{Bucket: int64(seed)}
			for _, claim := range o.Tell.Claims {
				outcome.Scenes = append(outcome.Scenes, result.Scene{Claim: claim.Claim, Seed: seed, Lanes: []result.Lane{{Name: claim.Witness.Anomaly}}})
			}
		}
		return outcome, err
	}
}

// The seed of each story is played once more, and asked for its violated claims.
func TestStoriesAreTold(t *testing.T) {
	for _, jobs := range []int{1, 4} {
		r, stories, err := made(t).Run(context.Background(), Options{Jobs: jobs, Stories: true, Tell: true, Simulate: telling(losing(11, 5, 30))})
		require.NoError(t, err)
		require.Len(t, stories, 2)
		for _, s := range stories {
			require.Equal(t, int64(5), s.Series.Bucket)
			require.Len(t, s.Scenes, 1)
			require.Equal(t, "no-loss", s.Scenes[0].Claim)
			require.Equal(t, r.Variants[0].Claims[1].Witness.Anomaly, s.Scenes[0].Lanes[0].Name)
		}
	}
	_, stories, err := made(t).Run(context.Background(), Options{Tell: true, Simulate: telling(losing())})
	require.NoError(t, err)
	require.Empty(t, stories[0].Scenes, "nothing is violated")
	require.Equal(t, int64(0), stories[0].Series.Bucket, "the first seed is told")
}

// An interrupted campaign tells what it has, without playing on.
func TestInterruptedStoriesAreNotPlayedOn(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	runs := 0
	simulate := func(s *format.Scenario, seed uint64, values Values, o run.Options) (*run.Outcome, error) {
		require.Nil(t, o.Tell)
		if runs++; runs == 8 {
			cancel()
			return nil, run.ErrStopped
		}
		return losing(2)(s, seed, values, o)
	}
	_, stories, err := made(t).Run(ctx, Options{Jobs: 1, Tell: true, Simulate: simulate})
	require.NoError(t, err)
	require.Equal(t, uint64(2), stories[0].Seed)
	require.Nil(t, stories[0].Series)
}

// A told run that is not the run that was judged is a mistake of our own.
func TestToldRunMustBeTheSame(t *testing.T) {
	simulate := func(s *format.Scenario, seed uint64, values Values, o run.Options) (*run.Outcome, error) {
		outcome, err := losing(5)(s, seed, values, o)
		if o.Tell != nil {
			outcome.Digest = "another"
		}
		return outcome, err
	}
	r, stories, err := made(t).Run(context.Background(), Options{Tell: true, Simulate: simulate})
	var failed *RunError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, uint64(5), failed.Seed)
	require.ErrorContains(t, err, "played once more it has the digest another")
	require.Equal(t, exitInternal, r.ExitCode)
	require.Len(t, stories, 2, "the stories are there, without pictures")
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
