package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// retryEvery is how often a symbolic target that cannot be resolved is tried again.
const retryEvery = 50 * time.Millisecond

// minimumWait is how long a fault without a duration waits for its target.
const minimumWait = time.Second

// Engine carries out a plan on a cluster: it resolves targets when a fault
// fires, keeps random faults within their budget, ends what has a duration, and
// records what was applied.
type Engine struct {
	cluster  Cluster
	budget   Budget
	until    time.Duration // no fault starts at or after it
	waiting  []*waiting    // timeline entries with a trigger, not fired yet
	records  []Record
	active   int           // faults under way or waiting for their target
	lastEnd  time.Duration // of all faults applied so far
	down     map[string]int
	paused   map[string]int
	OnRecord func(Record) // called as each fault is applied or skipped, or a roll is over
}

type waiting struct {
	spec  Spec
	count int64
	fired bool
}

// NewEngine schedules the plan's timeline and the drawn faults on the cluster.
// Nothing starts at or after until, which is the run's end of load.
func NewEngine(plan Plan, drawn []Spec, until time.Duration, cluster Cluster) *Engine {
	e := &Engine{cluster: cluster, until: until, budget: BudgetUnlimited,
		down: map[string]int{}, paused: map[string]int{}}
	if plan.Random != nil {
		e.budget = plan.Random.Budget
	}
	for _, spec := range plan.Timeline {
		if spec.When != nil {
			e.waiting = append(e.waiting, &waiting{spec: spec})
			continue
		}
		e.schedule(spec, wasDrawn(spec))
	}
	for _, spec := range drawn {
		e.schedule(spec, true)
	}
	return e
}

// wasDrawn tells a fault of a recorded timeline that was drawn at random. It
// stays within the budget when it is replayed among fewer others, too.
func wasDrawn(spec Spec) bool { return strings.HasPrefix(spec.ID, drawnPrefix) }

func (e *Engine) schedule(spec Spec, random bool) {
	if spec.At >= e.until {
		e.skip(spec, "the load ends before it starts")
		return
	}
	e.cluster.At(spec.At, func() { e.fire(spec, random) })
}

// Records returns what came to its time, in that order; a roll comes when it is
// over.
func (e *Engine) Records() []Record { return e.records }

// End is when the last fault under way ends; quiet is false while one waits for
// its target.
func (e *Engine) End() (at time.Duration, quiet bool) { return e.lastEnd, e.active == 0 }

// Waiting reports whether triggers are set that have not fired.
func (e *Engine) Waiting() bool { return len(e.waiting) > 0 }

// Passed tells the engine of a named point, to fire triggers. ordinal is the
// point's own measure where it has one (the offset of a high watermark), or -1:
// then passings are counted.
func (e *Engine) Passed(node, event, topic string, partition int32, ordinal int64) {
	for _, w := range e.waiting {
		when := w.spec.When
		if w.fired || when.Event != event || when.Topic != "" && when.Topic != topic ||
			when.Partition >= 0 && when.Partition != partition || when.Node != "" && when.Node != node {
			continue
		}
		w.count++
		if reached := max(1, when.Nth); ordinal >= 0 && ordinal < reached || ordinal < 0 && w.count < reached {
			continue
		}
		w.fired = true
		// The point is passed within a step; the fault follows it at the same moment.
		e.cluster.At(e.cluster.Now(), func() { e.fire(w.spec, false) })
	}
}

// Close records the triggers that never fired. Call it when the load has ended.
func (e *Engine) Close() {
	for _, w := range e.waiting {
		if !w.fired {
			e.skip(w.spec, fmt.Sprintf("%s did not come", w.spec.When.Event))
		}
	}
	e.waiting = nil
}

func (e *Engine) fire(spec Spec, random bool) {
	if e.cluster.Now() >= e.until {
		e.skip(spec, "the load has ended")
		return
	}
	e.active++
	e.attempt(spec, random, e.cluster.Now()+max(spec.Duration, minimumWait))
}

// attempt resolves and applies, or tries again until the deadline.
func (e *Engine) attempt(spec Spec, random bool, deadline time.Duration) {
	concrete, reason := e.resolve(spec, random)
	if reason != "" {
		if next := e.cluster.Now() + retryEvery; next < deadline && next < e.until {
			e.cluster.At(next, func() { e.attempt(spec, random, deadline) })
			return
		}
		e.active--
		e.skip(spec, reason)
		return
	}
	e.active--
	outcome := Applied
	if random && e.budget != BudgetUnlimited {
		var allowed bool
		if concrete, outcome, allowed = e.withinBudget(concrete); !allowed {
			e.skip(spec, "beyond the fault budget "+string(e.budget))
			return
		}
	}
	concrete.At, concrete.When = e.cluster.Now(), nil
	e.apply(concrete, outcome)
}

func (e *Engine) skip(spec Spec, reason string) {
	e.record(Record{Spec: spec, Outcome: Skipped, Reason: reason, Start: e.cluster.Now(), End: e.cluster.Now()})
}

func (e *Engine) record(r Record) {
	e.records = append(e.records, r)
	if e.OnRecord != nil {
		e.OnRecord(r)
	}
}

func (e *Engine) apply(spec Spec, outcome Outcome) {
	if spec.Kind == Roll {
		e.roll(spec, outcome)
		return
	}
	start := e.cluster.Now()
	end := start + spec.Duration
	chance := e.cluster.Stream("faults", spec.ID, "apply")
	if err := e.inflict(spec, end, chance); err != nil {
		e.skip(spec, err.Error())
		return
	}
	e.lastEnd = max(e.lastEnd, end)
	record := Record{Spec: spec, Outcome: outcome, Start: start, End: end}
	if outcome == Reduced {
		record.Reason = "to stay within the fault budget " + string(e.budget)
	}
	e.record(record)
}

// inflict does what the concrete spec says and schedules its end.
func (e *Engine) inflict(spec Spec, end time.Duration, chance *rand.Rand) error {
	c := e.cluster
	switch spec.Kind {
	case Kill, PowerLoss:
		for _, name := range names(spec.Target) {
			if e.down[name]++; spec.Kind == Kill {
				c.Kill(name, chance)
			} else {
				c.PowerLoss(name, spec.Disk, chance)
			}
			c.At(end, func() { e.release(e.down, name, c.Restart) })
		}
	case Pause:
		for _, name := range names(spec.Target) {
			e.paused[name]++
			c.Pause(name)
			c.At(end, func() { e.release(e.paused, name, c.Resume) })
		}
	case SlowDisk:
		for _, name := range names(spec.Target) {
			c.At(end, c.SlowDisk(name, spec.Factor))
		}
	case ClockSkew:
		for _, name := range names(spec.Target) {
			c.At(end, c.SkewClock(name, spec.Skew))
		}
	case Partition, Delay:
		e.separate(spec, end)
	case Reset:
		for _, name := range names(spec.Target) {
			c.Reset(name, spec.Late, chance)
		}
	case DelayMetadata:
		for _, name := range names(spec.Target) {
			c.DelayMetadata(name, spec.Duration)
		}
	case ExpireSession:
		for _, name := range names(spec.Target) {
			if err := c.ExpireSession(name); err != nil {
				return err
			}
		}
	case MoveLeader:
		target := spec.Target[0]
		return c.MoveLeader(target.Topic, target.Partition, spec.To.Name, !spec.NoFence, spec.Duration)
	default:
		return fmt.Errorf("%s is not modelled", spec.Kind)
	}
	return nil
}

// release undoes one of several overlapping holds; the last one lets go.
func (e *Engine) release(holds map[string]int, name string, undo func(string)) {
	if holds[name]--; holds[name] == 0 {
		undo(name)
	}
}

// separate stalls, slows or narrows what flows between every two groups. The direction
// is relative to the first group.
func (e *Engine) separate(spec Spec, end time.Duration) {
	for i, group := range spec.Groups {
		for j := i + 1; j < len(spec.Groups); j++ {
			a, b := names(group), names(spec.Groups[j])
			if i > 0 || spec.Direction != In {
				e.disturb(spec, a, b, end)
			}
			if i > 0 || spec.Direction != Out {
				e.disturb(spec, b, a, end)
			}
		}
	}
}

func (e *Engine) disturb(spec Spec, from, to []string, end time.Duration) {
	c := e.cluster
	if spec.Kind == Partition {
		c.At(end, c.Cut(from, to))
		return
	}
	if spec.Latency > 0 || spec.Bandwidth == 0 {
		c.At(end, c.Slow(from, to, spec.Latency))
	}
	if spec.Bandwidth > 0 {
		c.At(end, c.Narrow(from, to, spec.Bandwidth))
	}
}

func names(targets []Target) []string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.Name
	}
	return list
}

func named(list []string) []Target {
	targets := make([]Target, len(list))
	for i, name := range list {
		targets[i] = Target{Kind: Named, Name: name}
	}
	return targets
}

// withinBudget shrinks a fault until the cluster stays within the budget.
func (e *Engine) withinBudget(spec Spec) (Spec, Outcome, bool) {
	if !impairs(spec.Kind) {
		return spec, Applied, true
	}
	victims := names(spec.Target)
	if len(spec.Groups) > 0 {
		victims = names(spec.Groups[0])
	}
	kept := e.affordable(victims)
	switch {
	case len(kept) == 0:
		return spec, Skipped, false
	case len(kept) == len(victims):
		return spec, Applied, true
	case len(spec.Groups) > 0:
		spec.Groups = slices.Clone(spec.Groups)
		spec.Groups[0] = named(kept)
	default:
		spec.Target = named(kept)
	}
	return spec, Reduced, true
}

// impairs says whether a kind may put its targets out of sync or out of reach.
func impairs(kind Kind) bool {
	switch kind {
	case Reset, DelayMetadata, MoveLeader, ClockSkew:
		return false
	}
	return true
}

// affordable returns the longest prefix-wise selection of victims that the
// budget admits. Clients are always admitted.
func (e *Engine) affordable(victims []string) []string {
	brokers, controllers := e.cluster.Brokers(), e.cluster.Controllers()
	impaired := e.withDying(e.cluster.Impaired(), brokers)
	impairedControllers := e.withDying(e.cluster.ImpairedControllers(), controllers)
	var kept []string
	for _, victim := range victims {
		switch {
		case slices.Contains(brokers, victim):
			after := with(impaired, victim)
			if !e.brokersWithinBudget(len(after), len(brokers)) || !e.cluster.Survives(after) {
				continue
			}
			impaired = after
		case slices.Contains(controllers, victim):
			after := with(impairedControllers, victim)
			if len(after) > (len(controllers)-1)/2 {
				continue
			}
			impairedControllers = after
		}
		kept = append(kept, victim)
	}
	return kept
}

// withDying adds those that were told to die: a process that is to die in the
// middle of a step is still up for a moment.
func (e *Engine) withDying(impaired, all []string) []string {
	for _, name := range all {
		if e.down[name] > 0 {
			impaired = with(impaired, name)
		}
	}
	return impaired
}

func (e *Engine) brokersWithinBudget(impaired, brokers int) bool {
	switch e.budget {
	case BudgetOne:
		return impaired <= 1
	case BudgetMinority, "":
		return impaired <= (brokers-1)/2
	default:
		return true
	}
}

func with(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(slices.Clone(list), name)
}
