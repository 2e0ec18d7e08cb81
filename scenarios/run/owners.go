package run

import (
	"slices"
	"time"

	"assay/checkers/history"
	"assay/scenarios/result"
	"assay/sim"
)

// owners follows who owns which partition in the groups that assign them, as the
// members learn it, and how long a partition is between two owners. A member that
// dies owns nothing; one that stands still owns what it had until it learns better,
// so that two may own a partition at once.
type owners struct {
	history.Ignore
	run     *run
	lanes   []ownerLane // in the order of the scenario
	of      map[groupPartition]int
	clients map[history.ClientID]string
	groups  map[history.GroupID]string
	over    bool // the drain has ended: what is given back then pauses nothing

	measured       bool // some member has owned a partition
	longest, total time.Duration
}

// ownerLane is one partition of one group.
type ownerLane struct {
	told  result.OwnerLane
	held  []int // open spans, as indexes of told.Spans
	free  int64 // since when nobody owns it
	owned bool  // somebody has
}

func newOwners(r *run) *owners {
	o := &owners{run: r, of: map[groupPartition]int{}, clients: map[history.ClientID]string{}, groups: map[history.GroupID]string{}}
	r.world.OnDown(func(name string, _ sim.Cause) { o.gone(name) })
	return o
}

// begin makes the lanes of the groups that assign partitions. It is called when all
// partitions have their numbers.
func (o *owners) begin() {
	for _, c := range o.run.scenario.Workload.Consumers {
		if c.Subscribes() {
			o.add(c.Group, c.Topics)
		}
	}
	for _, p := range o.run.scenario.Workload.Processors {
		o.add(p.Group, p.Input)
	}
}

func (o *owners) add(group string, topics []string) {
	for _, at := range o.run.partitionsOf(topics) {
		key := groupPartition{group, o.run.partitions[at]}
		if _, known := o.of[key]; !known {
			o.of[key] = len(o.lanes)
			o.lanes = append(o.lanes, ownerLane{told: result.OwnerLane{Group: group, Partition: partitionName(at)}})
		}
	}
}

// Group implements history.Sink.
func (o *owners) Group(id history.GroupID, name string) { o.groups[id] = name }

// Client implements history.Sink. A new incarnation has nothing of the former's.
func (o *owners) Client(id history.ClientID, name string, incarnation int) {
	o.clients[id] = name
	if incarnation > 1 {
		o.gone(name)
	}
}

// Ownership implements history.Sink.
func (o *owners) Ownership(op history.Ownership) {
	i, known := o.of[groupPartition{o.groups[op.Group], op.Partition}]
	if !known {
		return
	}
	lane, member := &o.lanes[i], o.clients[op.Client]
	o.end(lane, member, int64(op.At), op.Kind.String())
	if op.Kind == history.Owned {
		o.take(lane, result.OwnerSpan{From: int64(op.At), Member: member, Generation: op.Generation})
	}
}

func (o *owners) take(lane *ownerLane, span result.OwnerSpan) {
	if len(lane.held) == 0 && lane.owned {
		o.paused(lane, span.From)
	}
	o.measured, lane.owned = true, true
	lane.held = append(lane.held, len(lane.told.Spans))
	lane.told.Spans = append(lane.told.Spans, span)
}

// end closes what a member has of a partition.
func (o *owners) end(lane *ownerLane, member string, at int64, how string) {
	for i, open := range lane.held {
		if span := &lane.told.Spans[open]; span.Member == member {
			span.To, span.Ended = at, how
			if lane.held = slices.Delete(lane.held, i, i+1); len(lane.held) == 0 {
				lane.free = at
			}
			return
		}
	}
}

// gone closes all that a member has: its process has ended.
func (o *owners) gone(member string) {
	for i := range o.lanes {
		o.end(&o.lanes[i], member, int64(o.run.now()), result.OwnerDied)
	}
}

// paused counts a time without owner, as far as it was measured load or drain.
func (o *owners) paused(lane *ownerLane, until int64) {
	from := max(lane.free, int64(o.run.scenario.Workload.Warmup))
	if o.over || until <= from {
		return
	}
	pause := time.Duration(until - from)
	o.total += pause
	o.longest = max(o.longest, pause)
}

// Border implements history.Sink: a partition that is without owner when the
// drain ends has been so until then.
func (o *owners) Border(b history.Border) {
	if b.Phase != history.DrainEnds {
		return
	}
	for i := range o.lanes {
		if lane := &o.lanes[i]; lane.owned && len(lane.held) == 0 {
			o.paused(lane, int64(b.At))
		}
	}
	o.over = true
}

// owns says whether what a reader of a group reads counts as the group's: it owns
// the partition, or nobody does by name, since the group assigns none.
func (o *owners) owns(member, group string, partition history.PartitionID) bool {
	i, assigned := o.of[groupPartition{group, partition}]
	return !assigned || slices.ContainsFunc(o.lanes[i].held, func(open int) bool { return o.lanes[i].told.Spans[open].Member == member })
}

// finish are the lanes of the whole run; what is open lasts until its end.
func (o *owners) finish(now int64) []result.OwnerLane {
	var told []result.OwnerLane
	for i := range o.lanes {
		lane := &o.lanes[i]
		for _, open := range lane.held {
			lane.told.Spans[open].To = now
		}
		told = append(told, lane.told)
	}
	return told
}

// pauses are those of the run, for its measures.
func (o *owners) pauses() Pauses {
	return Pauses{Measured: o.measured, Longest: o.longest, Total: o.total}
}

// Pauses are the times in which partitions of groups had no owner between two.
type Pauses struct {
	Measured       bool // some group has assigned a partition
	Longest, Total time.Duration
}
