package checkers

import (
	"cmp"
	"fmt"
	"slices"

	"assay/checkers/history"
)

// owners keeps which members owned which partitions, as they learned it.
type owners struct {
	history.Ignore
	byGroup[ownerships]
}

// ownerships is the owners of one partition in one group.
type ownerships struct {
	list []history.Ownership // Owned alone
	// byTime has them by client and then time; later by generation.
	byTime []history.Ownership
	later  others[history.Ownership]
}

// successor is who took a member's place, and the commit that shows it if the
// generation does not.
type successor struct {
	history.Ownership
	proof  history.Commit
	proved bool
}

// Ownership implements history.Sink.
func (o *owners) Ownership(op history.Ownership) {
	part := o.at(op.Group, op.Partition)
	if op.Kind == history.Owned {
		part.list = append(part.list, op)
	}
}

// sort prepares looking up.
func (o *ownerships) sort() {
	if o.byTime != nil {
		return
	}
	o.byTime = slices.Clone(o.list)
	slices.SortStableFunc(o.byTime, func(a, b history.Ownership) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.At, b.At))
	})
	var list []deed[history.Ownership]
	for _, op := range o.list {
		list = append(list, deed[history.Ownership]{op.Client, int64(op.Generation), op.At, op})
	}
	o.later = newOthers(list)
}

// after finds who else, after a client's generation, owned the partition first.
func (o *ownerships) after(client history.ClientID, generation int32) (history.Ownership, bool) {
	o.sort()
	next, found := o.later.behind(client, int64(generation))
	return next.what, found
}

// ownedAt finds how a client had last come to own the partition by a time.
func (o *ownerships) ownedAt(client history.ClientID, at history.Time) (history.Ownership, bool) {
	o.sort()
	i, _ := slices.BinarySearchFunc(o.byTime, at, func(op history.Ownership, at history.Time) int {
		if op.Client < client || op.Client == client && op.At <= at {
			return -1
		}
		return 1
	})
	if i == 0 || o.byTime[i-1].Client != client {
		return history.Ownership{}, false
	}
	return o.byTime[i-1], true
}

// superseded says who else owned a partition, in its owner's place, by the time
// at which a client that had owned it before did something.
func (e *evidence) superseded(key groupPartition, client history.ClientID, owned, did history.Time) (successor, bool) {
	if part := e.owners.peek(key); part != nil {
		if own, known := part.ownedAt(client, owned); known {
			return e.replaced(key, own, did)
		}
	}
	return successor{}, false
}

// replaced says who had taken an owner's place by a time: in a later generation
// than its own, or in the same one. That is how a process with the same
// group.instance.id goes on for a static member (KIP-345). Who of the two came
// later only an accepted commit tells: either may learn late that it owned.
func (e *evidence) replaced(key groupPartition, own history.Ownership, did history.Time) (successor, bool) {
	owners := e.owners.peek(key)
	if owners != nil {
		if next, found := owners.after(own.Client, own.Generation); found && next.At < did {
			return successor{Ownership: next}, true
		}
	}
	committed := e.commits.peek(key)
	if committed == nil {
		return successor{}, false
	}
	heir, found := e.committers(committed)[own.Generation].behind(own.Client, int64(own.At))
	if !found || heir.at >= did {
		return successor{}, false
	}
	next := successor{proof: heir.what.Commit, proved: true}
	next.Ownership = history.Ownership{Client: heir.client, Group: key.group, Partition: key.partition, Generation: own.Generation, At: heir.what.sent}
	if owners != nil {
		if owned, known := owners.ownedAt(heir.client, heir.what.sent); known {
			next.At = owned.At
		}
	}
	return next, true
}

// committers are a group's accepted commits for a partition in each generation,
// by when they were sent. Those outside of membership have no generation.
func (e *evidence) committers(part *groupCommits) map[int32]others[commitOp] {
	if part.committers != nil {
		return part.committers
	}
	lists := map[int32][]deed[commitOp]{}
	for _, op := range part.list {
		if op.Generation >= 0 && e.tookEffect(op) {
			lists[op.Generation] = append(lists[op.Generation], deed[commitOp]{op.Client, int64(op.sent), op.written, op})
		}
	}
	part.committers = make(map[int32]others[commitOp], len(lists))
	for generation, list := range lists { // order-free: each for itself
		part.committers[generation] = newOthers(list)
	}
	return part.committers
}

// tellSuccessor tells of who took a member's place.
func (e *evidence) tellSuccessor(next successor) []Operation {
	ops := []Operation{e.tellOwner(next.Ownership)}
	if next.proved {
		ops = append(ops, e.tellCommit(next.proof))
	}
	return ops
}

// tellOwner describes a member's coming to own a partition for a witness.
func (e *evidence) tellOwner(op history.Ownership) Operation {
	return Operation{op.Client, e.names.client(op.Client).String(), op.At, op.At, fmt.Sprintf("owns %s in generation %d of group %s",
		e.names.partition(op.Partition), op.Generation, e.names.group(op.Group))}
}
