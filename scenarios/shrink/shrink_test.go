package shrink_test

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/checkers"
	"assay/faults"
	"assay/scenarios/format"
	"assay/scenarios/run"
	"assay/scenarios/shrink"
	"assay/scenarios/workload"
)

// A drawn kill of the leader that acknowledges alone, among much that does not matter.
const crowded = `
version: 1
name: crowded
seeds: [3]
topics:
  orders: {partitions: 2, replication_factor: 3, config: {min.insync.replicas: 2}}
workload:
  warmup: 500ms
  duration: 6s
  drain: 8s
  producers:
    web:
      count: 2
      topic: orders
      rate: 60/s
      keys: {dist: uniform, count: 10}
      value: {size: 20B}
      config: {acks: 1, enable.idempotence: false, linger.ms: 0, request.timeout.ms: 1000, delivery.timeout.ms: 5000}
  consumers:
    reader: {topics: [orders], assignment: fixed, commit: none, config: {auto.offset.reset: earliest}}
faults:
  random: {kinds: [reset, delay_metadata], targets: [clients, one], interval: 1s, duration: 100ms..200ms, swarm: true, budget: minority}
  timeline:
    - {at: 600ms, kind: move_leader, target: orders/0, to: broker-1}
    - {at: 700ms, kind: move_leader, target: orders/1, to: broker-2}
    - {at: 3s, kind: partition, groups: [[broker-1], [broker-2, broker-3]], duration: 1500ms}
    - {at: 4s, kind: kill, target: broker-1, duration: 2s}
claims:
  no-loss: {expect: holds}
  recovers: {expect: holds}
require: {leader_changes: ">= 1"}
`

func read(t *testing.T, name string, text []byte) format.Scenario {
	t.Helper()
	file, diagnostics := format.Load(format.Source{Name: name, Text: text}, format.Options{})
	require.NotNil(t, file, diagnostics.String())
	return file.Base
}

func request(t *testing.T, jobs int) shrink.Request {
	return shrink.Request{Scenario: read(t, "crowded.yaml", []byte(crowded)), Seed: 3, Claim: "no-loss", Budget: 300, Jobs: jobs, Simulate: run.Simulate}
}

func TestMinimalRunStandsAlone(t *testing.T) {
	r := request(t, 2)
	var runs atomic.Int64
	r.Simulate = func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		runs.Add(1)
		return run.Simulate(s, seed, values, o)
	}
	minimal, err := shrink.Shrink(r)
	require.NoError(t, err)
	require.Equal(t, "no-loss", minimal.Claim)
	require.Equal(t, checkers.LostWrite, minimal.Anomaly)
	require.LessOrEqual(t, minimal.Runs, int(runs.Load()), "a run that was made for nothing may be left uncounted, but none is made up")
	require.Greater(t, minimal.Before.Faults, 4, "the random faults are there to be left out")
	require.LessOrEqual(t, minimal.After.Faults, 2)
	require.Equal(t, 1, minimal.After.Clients)
	require.Less(t, minimal.After.Records, minimal.Before.Records)
	require.Less(t, minimal.After.Load, minimal.Before.Load)

	// What it wrote shows the same, read back as a file.
	require.Nil(t, minimal.Scenario.Faults.Random)
	require.Empty(t, minimal.Scenario.Require)
	again := read(t, "crowded-minimal.yaml", format.Render(minimal.Scenario, nil))
	require.Equal(t, "crowded-minimal", again.Name)
	require.Len(t, again.Claims, 1)
	require.Equal(t, format.Holds, again.Claims[0].Expect, "as in the original")
	outcome, err := run.Simulate(&again, again.Seeds.All()[0], nil, run.Options{})
	require.NoError(t, err)
	require.Equal(t, minimal.Outcome.Digest, outcome.Digest)
	require.Equal(t, checkers.Violated, outcome.Claims[0].Verdict)
	require.Equal(t, checkers.LostWrite, outcome.Claims[0].Witness().Anomaly)
}

func TestSearchDoesNotDependOnCores(t *testing.T) {
	one, err := shrink.Shrink(request(t, 1))
	require.NoError(t, err)
	four, err := shrink.Shrink(request(t, 4))
	require.NoError(t, err)
	require.Equal(t, one.Scenario, four.Scenario)
	require.Equal(t, one.Runs, four.Runs)
}

func TestBudgetOfRuns(t *testing.T) {
	r := request(t, 2)
	r.Budget = 5
	minimal, err := shrink.Shrink(r)
	require.NoError(t, err)
	require.LessOrEqual(t, minimal.Runs, r.Budget+2, "the last two make sure of what was found")
}

// Faults that were drawn within the budget stay within it among fewer others: no
// candidate that was kept has more brokers down than the budget admits.
func TestCandidatesRespectTheFaultBudget(t *testing.T) {
	r := request(t, 2)
	r.Scenario.Faults.Random.Budget = faults.BudgetOne
	inner := r.Simulate
	var unbudgeted atomic.Int64
	r.Simulate = func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		if s.Faults.Random == nil {
			unbudgeted.Add(1)
		} else if s.Faults.Random.Budget != faults.BudgetOne {
			return nil, errors.New("the budget was changed")
		}
		return inner(s, seed, values, o)
	}
	_, err := shrink.Shrink(r)
	require.NoError(t, err)
	require.EqualValues(t, 1, unbudgeted.Load(), "only the last run, of what was already found within it, is without")
}

func TestNothingToShrink(t *testing.T) {
	r := request(t, 1)
	r.Scenario.Workload.Producers[0].Config = map[string]string{"acks": "all"}
	_, err := shrink.Shrink(r)
	var nothing *shrink.NotViolatedError
	require.ErrorAs(t, err, &nothing)
	require.ErrorContains(t, err, "seed 0x3 does not violate no-loss")
}

// A search that is stopped keeps what it has; a candidate that fails by our own
// mistake is handed over, with the seed that shows it.
func TestStopAndFailure(t *testing.T) {
	r := request(t, 1)
	steps := 0
	r.Step = func(string) { steps++ }
	r.Stop = func() bool { return steps >= 2 }
	r.Simulate = func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		return run.Simulate(s, seed, values, run.Options{})
	}
	minimal, err := shrink.Shrink(r)
	require.NoError(t, err)
	require.Equal(t, 2, steps)
	require.Less(t, minimal.After.Faults, minimal.Before.Faults)

	r = request(t, 1)
	count := 0
	r.Simulate = func(s *format.Scenario, seed uint64, values map[string]*workload.Values, o run.Options) (*run.Outcome, error) {
		if count++; count == 4 {
			return nil, os.ErrInvalid
		}
		return run.Simulate(s, seed, values, o)
	}
	_, err = shrink.Shrink(r)
	var failed *shrink.CandidateError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, err, os.ErrInvalid)
	require.Equal(t, []uint64{3}, failed.Scenario.Seeds.All())
}
