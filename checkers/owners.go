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
	// byTime has them by client and then time; later by generation, each with the
	// first moment at which anybody owned the partition from that generation on,
	// and the first at which anybody else did.
	byTime []history.Ownership
	later  []laterOwners
}

type laterOwners struct {
	generation   int32
	first, other history.Ownership
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
	byGeneration := slices.Clone(o.list)
	sortBy(byGeneration, func(op history.Ownership) int64 { return int64(op.Generation) })
	o.later = make([]laterOwners, len(byGeneration))
	never := history.Ownership{At: history.Infinity}
	best := laterOwners{first: never, other: never}
	for i, op := range slices.Backward(byGeneration) {
		switch {
		case op.At < best.first.At:
			if op.Client != best.first.Client {
				best.other = best.first
			}
			best.first = op
		case op.Client != best.first.Client && op.At < best.other.At:
			best.other = op
		}
		best.generation = op.Generation
		o.later[i] = best
	}
}

// after finds who else, after a client's generation, owned the partition first.
func (o *ownerships) after(client history.ClientID, generation int32) (history.Ownership, bool) {
	o.sort()
	i, _ := slices.BinarySearchFunc(o.later, generation, func(l laterOwners, g int32) int {
		if l.generation <= g {
			return -1
		}
		return 1
	})
	if i == len(o.later) {
		return history.Ownership{}, false
	}
	next := o.later[i].first
	if next.Client == client {
		next = o.later[i].other
	}
	return next, next.At != history.Infinity
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

// superseded says who else owned a partition, in a later generation, by the time
// at which a client that had owned it before did something.
func (e *evidence) superseded(key groupPartition, client history.ClientID, owned, did history.Time) (history.Ownership, bool) {
	part := e.owners.peek(key)
	if part == nil {
		return history.Ownership{}, false
	}
	own, known := part.ownedAt(client, owned)
	if !known {
		return history.Ownership{}, false
	}
	next, found := part.after(client, own.Generation)
	return next, found && next.At < did
}

// tellOwner describes a member's coming to own a partition for a witness.
func (e *evidence) tellOwner(op history.Ownership) Operation {
	return Operation{op.Client, e.names.client(op.Client).String(), op.At, op.At, fmt.Sprintf("owns %s in generation %d of group %s",
		e.names.partition(op.Partition), op.Generation, e.names.group(op.Group))}
}
