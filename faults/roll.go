package faults

import (
	"fmt"
	"slices"
	"time"
)

// stopPatience is how long an orderly stop may take before the process is
// killed: what Kubernetes grants a pod by default (terminationGracePeriodSeconds).
const stopPatience = 30 * time.Second

// startTime is how long a process that has stopped takes to be there again.
const startTime = time.Second

// Restart is one orderly restart within a roll.
type Restart struct {
	Name    string
	Asked   time.Duration // to stop
	Down    time.Duration
	Up      time.Duration // started again
	Settled time.Duration // all brokers were in sync again; 0 if the roll ended before
}

// String tells the restart in words: "broker-1 10s-12.5s".
func (r Restart) String() string { return fmt.Sprintf("%s %s-%s", r.Name, r.Asked, r.Up) }

// rolling is a rolling restart under way.
type rolling struct {
	engine   *Engine
	spec     Spec
	outcome  Outcome
	start    time.Duration
	deadline time.Duration
	restarts []Restart
}

// roll restarts the targets one after the other. As a careful operator does, it
// stops a broker only when all are in sync, so that it never takes away what
// another fault has left. It needs no chance: the same cluster gives the same
// roll.
func (e *Engine) roll(spec Spec, outcome Outcome) {
	now := e.cluster.Now()
	r := &rolling{engine: e, spec: spec, outcome: outcome, start: now, deadline: now + spec.Duration}
	e.active++
	r.proceed()
}

// proceed waits until the cluster has settled and turns to the next target.
func (r *rolling) proceed() {
	now, settled := r.engine.cluster.Now(), r.settled()
	if last := len(r.restarts) - 1; settled && last >= 0 {
		r.restarts[last].Settled = now
	}
	switch {
	case now >= r.deadline, settled && len(r.restarts) == len(r.spec.Target):
		r.finish()
	case settled:
		r.restart(r.spec.Target[len(r.restarts)].Name)
	default:
		r.engine.cluster.At(min(now+retryEvery, r.deadline), r.proceed)
	}
}

// settled says whether all brokers are in sync and none is about to go.
func (r *rolling) settled() bool {
	e := r.engine
	return !slices.ContainsFunc(e.cluster.Brokers(), func(name string) bool { return e.down[name] > 0 || !e.cluster.Settled(name) })
}

// restart holds the target down like any other fault does: where another one
// keeps it down for longer, that one brings it back.
func (r *rolling) restart(name string) {
	e, c := r.engine, r.engine.cluster
	r.restarts = append(r.restarts, Restart{Name: name, Asked: c.Now()})
	current := &r.restarts[len(r.restarts)-1]
	e.down[name]++
	c.Stop(name, stopPatience, func() {
		current.Down = c.Now()
		c.At(c.Now()+startTime, func() {
			e.release(e.down, name, c.Restart)
			current.Up = c.Now()
			r.proceed()
		})
	})
}

func (r *rolling) finish() {
	e, now := r.engine, r.engine.cluster.Now()
	record := Record{Spec: r.spec, Outcome: r.outcome, Start: r.start, End: now, Restarts: r.restarts}
	switch done, all := len(r.restarts), len(r.spec.Target); {
	case done == 0:
		record.Outcome, record.Reason = Skipped, fmt.Sprintf("the brokers were not in sync for %s", r.spec.Duration)
	case done < all:
		record.Outcome, record.Reason = Reduced, fmt.Sprintf("%d of %d brokers in %s", done, all, r.spec.Duration)
	}
	e.active--
	e.lastEnd = max(e.lastEnd, now)
	e.record(record)
}
