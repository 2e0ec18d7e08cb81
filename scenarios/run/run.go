// Package run plays one scenario with one seed in the simulator and judges it:
// it builds the cluster and its clients, carries the faults out, records the
// history and asks the checkers. The same scenario, seed and version give the
// same Outcome.
package run

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"assay/checkers"
	"assay/checkers/history"
	"assay/faults"
	"assay/host"
	"assay/internal/kafka"
	"assay/scenarios/format"
	"assay/scenarios/result"
	"assay/scenarios/workload"
	"assay/sim"
)

// Options change how a run is carried out, not what it finds (Timeline apart).
type Options struct {
	Frames bool // messages travel encoded; the digest is the same
	Debug  bool // every message is checked for changes after it was sent
	// Timeline replaces the scenario's faults by concrete ones; nil keeps them.
	Timeline []faults.Spec
	// DigestEvery stores a checkpoint of the digest every so many events; 0 is none.
	DigestEvery uint64
	Trace       io.Writer  // one line of JSON an event; nil is none
	Watch       *sim.Watch // see sim.Config
	// Tell gathers what a report shows of this run; nil gathers nothing.
	Tell *Tell
	// Stop is asked now and then; true ends the run with ErrStopped.
	Stop func() bool
}

// ErrStopped says that Options.Stop ended a run.
var ErrStopped = errors.New("stopped")

// Outcome is what one run came to.
type Outcome struct {
	Seed       uint64
	Claims     []checkers.Result // in the order of the scenario's claims
	Exercise   Exercise
	Places     []string // rare places reached, sorted
	Metrics    *workload.Metrics
	Measures   Measures
	Pauses     Pauses
	Digest     string
	Faults     []faults.Record // in order of time
	Swarm      []string        // what the swarm drew, in words
	Invariants []Invariant
	LoadEnd    time.Duration // since the run's start
	End        time.Duration
	Events     uint64 // that the simulator handled
	History    *history.History

	Checkpoints []sim.Checkpoint

	// Series and Scenes are there if Options.Tell asked for them.
	Series *result.Series
	Scenes []result.Scene
}

// Tell says what a run that is played once more is to be told of. It changes
// nothing of the run.
type Tell struct {
	Claims []TellClaim // those violated in this seed
}

// TellClaim is what a scene must show: a witness of an earlier run of the same seed.
type TellClaim struct {
	Claim   string
	Witness result.Witness
}

// Violating says whether some claim has a counterexample.
func (o *Outcome) Violating() bool {
	return slices.ContainsFunc(o.Claims, func(r checkers.Result) bool { return r.Verdict == checkers.Violated })
}

// AppliedFaults counts the faults that were not skipped.
func (o *Outcome) AppliedFaults() int {
	n := 0
	for _, f := range o.Faults {
		if f.Outcome != faults.Skipped {
			n++
		}
	}
	return n
}

// run is one run under way.
type run struct {
	scenario *format.Scenario
	options  Options
	values   map[string]*workload.Values
	world    *sim.World
	origin   sim.Time // the run's start in the world's time
	knobs    knobs
	zones    map[string]string // where a node stands, by its name; nil without zones

	bootstrap  []host.Addr
	clients    []string            // client nodes, the auditor apart
	instances  map[string][]string // of each producer and consumer, by its name
	partitions map[kafka.TopicPartition]history.PartitionID

	view     *view
	engine   *faults.Engine
	recorder *workload.Recorder
	metrics  *workload.Metrics
	history  *history.History
	panel    *checkers.Panel
	measure  *measure
	sink     history.Sink
	// coordinated follows groups and transactions.
	coordinated coordinated
	owners      *owners
	series      *series // nil unless it is to be told
	cast        *cast   // the same
	stages      []*stage

	watchers   map[*host.Point][]watcher
	exercise   Exercise
	points     places
	committed  map[kafka.TopicPartition]*committed
	invariants []Invariant
	batches    []history.Batch // memory of replicas.go

	onBegin                                  func() // may be nil
	topicsReady, probeDue, coverDue, covered bool
	reached                                  bool // the moment of an Inspect
	setupError                               error
}

// Simulate plays the scenario with one seed. values are the producers' value
// files, by the producer's name. An error is ErrStopped or our own mistake.
func Simulate(s *format.Scenario, seed uint64, values map[string]*workload.Values, options Options) (*Outcome, error) {
	r, err := newRun(s, seed, values, options)
	if err != nil {
		return nil, err
	}
	defer r.world.Close()
	if err := r.play(); err != nil {
		return nil, err
	}
	return r.outcome(seed), nil
}

func newRun(s *format.Scenario, seed uint64, values map[string]*workload.Values, options Options) (*run, error) {
	panel, err := checkers.NewPanel(claims(s))
	if err != nil {
		return nil, err
	}
	r := &run{scenario: s, options: options, values: values, panel: panel, instances: map[string][]string{},
		partitions: map[kafka.TopicPartition]history.PartitionID{}, exercise: newExercise(), points: places{},
		metrics: &workload.Metrics{CountFrom: history.Time(s.Workload.Warmup)}, history: history.New(), measure: newMeasure(s)}
	r.world = sim.New(worldConfig(s, seed, options))
	r.view = newView(r)
	r.owners = newOwners(r)
	sinks := history.Tee{r.history, r.panel, r.measure, r.owners}
	if options.Tell != nil {
		r.series = &series{run: r}
		r.cast = newCast()
		sinks = append(sinks, r.series, r.cast, newAudience(r))
	}
	r.sink = sinks
	r.recorder = workload.NewRecorder(r.sink, r.clock, r.metrics)
	if slices.ContainsFunc(s.Claims, func(c format.Claim) bool { return c.Guarantee == string(checkers.FreshReads) }) {
		r.recorder.NoteLogEnds()
	}
	r.knobs, r.zones = drawnKnobs(s, seed), s.ZoneOf()
	if err := r.build(); err != nil {
		return nil, err
	}
	r.setTheStages()
	r.watch()
	return r, nil
}

func claims(s *format.Scenario) []checkers.Claim {
	list := make([]checkers.Claim, len(s.Claims))
	for i, c := range s.Claims {
		list[i] = checkers.Claim{Name: c.Name, Guarantee: checkers.Guarantee(c.Guarantee)}
		if c.Guarantee == string(checkers.Recovers) {
			list[i].Within, list[i].Quiet = history.Time(c.Limit(s.Workload)), history.Time(s.Quiet())
		}
		if c.Guarantee == string(checkers.ExactlyOnce) {
			list[i].Path = pathOf(s, c)
		}
		if c.Group != "" {
			list[i].Scope.Groups = []string{c.Group}
		} else if judged := s.GroupsUnder(c.Guarantee); len(judged) < len(s.Groups()) {
			list[i].Scope.Groups = judged
		}
		list[i].Scope.Readers = s.ReadersUnder(c)
	}
	if watched, ok := watchedClaim(s); ok {
		list = append(list, watched)
	}
	return list
}

// pathOf is the pipeline of a claim of exactly-once.
func pathOf(s *format.Scenario, c format.Claim) checkers.Path {
	path := checkers.Path{From: c.From, To: c.To, Observer: s.ObserversUnder(c)}
	for _, p := range s.Pipelines(c) {
		path.Via = append(path.Via, p.Instances()...)
		if c.Via != "" {
			path.Group = p.Group
		}
	}
	return path
}

func (r *run) outcome(seed uint64) *Outcome {
	r.exercise[RecordsAcknowledged] = int64(r.metrics.Acknowledged)
	r.exercise[RecordsConsumed] = int64(r.metrics.Consumed)
	r.exercise[IndeterminateProduces] = int64(r.metrics.Indeterminate)
	r.exercise[RetriedRecords] = int64(r.metrics.RetriedRecords)
	r.exercise[DeadLettered] = int64(r.metrics.DeadLettered)
	r.exercise[SkippedRecords] = int64(r.metrics.SkippedRecords)
	r.exercise[DeduplicatedRecords] = int64(r.metrics.Recognised)
	claims := r.results()
	outcome := &Outcome{
		Seed: seed, Claims: claims, Exercise: r.exercise, Places: r.points.list(), Metrics: r.metrics,
		Measures: r.measure.finish(), Pauses: r.owners.pauses(), Digest: r.world.FinalDigest().String(), Faults: r.faultRecords(), Swarm: r.swarmWords(),
		Invariants: r.invariants, LoadEnd: r.scenario.Workload.LoadEnd(), End: r.now(), Events: r.world.Events(),
		History: r.history, Checkpoints: r.world.Checkpoints(),
	}
	if r.series != nil {
		outcome.Series = r.series.finish()
		outcome.Scenes = r.scenes()
	}
	return outcome
}

func (r *run) faultRecords() []faults.Record { return r.engine.Records() }

// swarmWords tells what the swarm drew besides the moments.
func (r *run) swarmWords() []string {
	random := r.scenario.Faults.Random
	if random == nil || !random.Swarm {
		return nil
	}
	kinds, targets := faults.Swarm(random, r.view.Stream)
	var kindNames, targetNames []string
	for _, k := range kinds {
		kindNames = append(kindNames, string(k))
	}
	for _, t := range targets {
		targetNames = append(targetNames, t.String())
	}
	return append([]string{"kinds: " + strings.Join(kindNames, ", "), "targets: " + strings.Join(targetNames, ", ")}, r.knobs.words()...)
}

// describe tells a fault's parameters in words, and of a roll what came of it.
func describe(record faults.Record) string {
	switch s := record.Spec; s.Kind {
	case faults.PowerLoss:
		return "disk: " + s.Disk.String()
	case faults.Partition:
		return "direction: " + s.Direction.String()
	case faults.Delay:
		words := fmt.Sprintf("latency: %s, direction: %s", s.Latency, s.Direction)
		if s.Bandwidth > 0 {
			words += ", bandwidth: " + format.Bandwidth(s.Bandwidth).String()
		}
		return words
	case faults.SlowDisk:
		return fmt.Sprintf("factor: %d", s.Factor)
	case faults.ClockSkew:
		return fmt.Sprintf("skew: %s", s.Skew)
	case faults.Roll:
		words := make([]string, len(record.Restarts))
		for i, restart := range record.Restarts {
			words[i] = restart.String()
		}
		return strings.Join(words, ", ")
	case faults.Reset:
		if s.Late {
			return "late: true"
		}
	case faults.MoveLeader:
		words := "to: " + s.To.String()
		if s.NoFence {
			words += ", fence: false"
		}
		return words
	}
	return ""
}
