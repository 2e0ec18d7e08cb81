package run

import (
	"fmt"
	"time"

	"assay/checkers/history"
	"assay/faults"
)

// Limits of the phases that have no length of their own, in simulated time.
const (
	bootLimit  = 60 * time.Second // until every topic has its leaders and replicas in sync
	coverLimit = 60 * time.Second // for the covering final read
	pollEvery  = 10 * time.Millisecond
	// stopEvery is how often Options.Stop is asked.
	stopEvery = 500 * time.Millisecond
)

// play goes through the phases of a run. The run's start, from which everything
// is counted, is when the cluster is up and its topics exist.
//
//	boot | load (warm-up, then measured) | faults under way end | drain | covering read
func (r *run) play() error {
	if err := r.boot(); err != nil {
		return err
	}
	r.begin()
	load := r.scenario.Workload.LoadEnd()
	r.world.At(r.origin.Add(r.scenario.Workload.Warmup), func() { r.border(history.WarmupEnds) })
	if err := r.advance(load); err != nil {
		return err
	}
	r.border(history.LoadEnds)
	r.engine.Close()

	for !r.faultsOver() {
		if err := r.advance(r.now() + pollEvery); err != nil {
			return err
		}
	}
	r.border(history.FaultsEnd)
	r.probeDue = true
	if err := r.advance(r.now() + r.scenario.Workload.Drain); err != nil {
		return err
	}
	r.border(history.DrainEnds)
	r.noteLeaderless()
	return r.readEverything()
}

// boot starts the cluster and waits until its topics are ready for load.
func (r *run) boot() error {
	for _, name := range r.scenario.Cluster.ControllerNames() {
		r.world.Start(name)
	}
	for _, name := range r.scenario.Cluster.BrokerNames() {
		r.world.Start(name)
	}
	r.world.Start(auditorName)
	for !r.topicsReady || r.setupError == nil && !r.inSync() {
		if r.now() >= bootLimit {
			return fmt.Errorf("the cluster did not come up within %s of simulated time", bootLimit)
		}
		if err := r.advance(r.now() + pollEvery); err != nil {
			return err
		}
	}
	if r.setupError != nil {
		return fmt.Errorf("setting up the cluster: %w", r.setupError)
	}
	return nil
}

// inSync says whether every partition has a leader and its whole ISR.
func (r *run) inSync() bool {
	image := r.image()
	for at := range r.partitions { // order-free: all of them must pass
		p := image.Partition(at)
		if p == nil || p.Leader < 0 || len(p.ISR) < len(p.Replicas) {
			return false
		}
	}
	return true
}

// begin starts the load and the faults: this is the run's start.
func (r *run) begin() {
	r.origin = r.world.Now()
	plan, drawn := r.scenario.Faults, []faults.Spec(nil)
	if r.options.Timeline != nil {
		plan.Timeline = r.options.Timeline
	} else {
		drawn = faults.Draw(plan.Random, r.scenario.Workload.LoadEnd(), r.view.Stream)
	}
	r.engine = faults.NewEngine(plan, drawn, r.scenario.Workload.LoadEnd(), r.view)
	r.engine.OnRecord = r.noteFault
	r.owners.begin()
	if r.series != nil {
		r.series.begin()
		r.recorder.Listen(r.series)
	}
	if r.onBegin != nil {
		r.onBegin()
	}
	for _, name := range r.clients {
		r.world.Start(name)
	}
}

// noteFault takes a fault that the engine has just applied or skipped. Its
// number in the history is its place in the engine's records, from 1.
func (r *run) noteFault(record faults.Record) {
	if record.Outcome == faults.Skipped {
		return
	}
	if record.Spec.Kind == faults.PowerLoss {
		r.exercise.add(PowerLosses, int64(len(record.Spec.Target)))
	}
	if r.recorder.Open() > 0 {
		r.points.reach(FaultDuringProduce)
	}
	if r.coordinated.inTransaction() {
		r.points.reach(FaultInTransaction)
	}
	r.sink.Fault(history.Fault{ID: len(r.engine.Records()), Kind: string(record.Spec.Kind), Targets: record.Names(),
		Detail: describe(record), Start: history.Time(record.Start), End: history.Time(record.End)})
}

func (r *run) faultsOver() bool {
	end, quiet := r.engine.End()
	return quiet && r.now() >= end
}

// readEverything closes what the clients left open and lets the auditor read
// every partition from its start to its end.
func (r *run) readEverything() error {
	r.coverDue = true
	for limit := r.now() + coverLimit + time.Second; !r.covered && r.now() < limit; {
		if err := r.advance(r.now() + pollEvery); err != nil {
			return err
		}
	}
	r.recorder.Finish()
	r.border(history.RunEnds)
	r.snapshotReplicas()
	return nil
}

// advance runs the world until a moment of the run.
func (r *run) advance(to time.Duration) error {
	for r.now() < to {
		if r.options.Stop != nil && r.options.Stop() {
			return ErrStopped
		}
		r.world.Run(r.origin.Add(min(to, r.now()+stopEvery)))
		if r.reached {
			return errReached
		}
	}
	return nil
}

// now is the time since the run's start; while the cluster boots, since the
// world's.
func (r *run) now() time.Duration { return r.world.Now().Sub(r.origin) }

// clock is now for the history.
func (r *run) clock() history.Time { return history.Time(r.now()) }

func (r *run) border(phase history.Phase) {
	r.sink.Border(history.Border{Phase: phase, At: r.clock()})
}
