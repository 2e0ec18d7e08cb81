package group

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"assay/internal/deadline"
)

// Epochs of a member with a meaning of their own.
const (
	joiningEpoch       GenerationID = 0
	leavingEpoch       GenerationID = -1
	leavingStaticEpoch GenerationID = -2 // it will be back
)

// consumerMember is one member of a consumerGroup.
type consumerMember struct {
	id MemberID
	subscription
	current
	told                GenerationID // its epoch as far as that is committed
	session, revocation deadline.Deadline
}

// subscription is what a member has said of itself.
type subscription struct {
	instance, rack       string // "" is none
	clientID, clientHost string
	topics               []string // that it names; sorted
	expression           string   // by which it subscribes, too; "" is none
	rebalanceTimeout     time.Duration
	assignor             string // that it would like best; "" does not care
}

func (s *subscription) equal(o *subscription) bool {
	return s.instance == o.instance && s.rack == o.rack && s.clientID == o.clientID && s.clientHost == o.clientHost &&
		slices.Equal(s.topics, o.topics) && s.expression == o.expression && s.rebalanceTimeout == o.rebalanceTimeout && s.assignor == o.assignor
}

// current is what a member has, on the way to its target.
type current struct {
	epoch, previous GenerationID
	state           memberState
	assigned        []heldPartition // that it shall have
	revoking        []heldPartition // that it has to give back, and may not have yet
}

// memberState is how far a member is on its way. The numbers are Kafka's.
type memberState int8

const (
	// stableMember has what its target says.
	stableMember memberState = 0
	// unrevokedPartitions: it has to give partitions back before it is led to the
	// next epoch.
	unrevokedPartitions memberState = 1
	// unreleasedPartitions: it has reached the epoch, but others still have
	// partitions of its target.
	unreleasedPartitions memberState = 2
)

func (s memberState) String() string {
	return [...]string{"Stable", "UnrevokedPartitions", "UnreleasedPartitions"}[s]
}

// heldPartition is a partition that a member has, since the epoch in which it got
// it (KIP-1251).
type heldPartition struct {
	PartitionID
	since GenerationID
}

func compareHeld(h heldPartition, p PartitionID) int { return h.PartitionID.Compare(p) }

func find(held []heldPartition, p PartitionID) (heldPartition, bool) {
	i, found := slices.BinarySearchFunc(held, p, compareHeld)
	if !found {
		return heldPartition{}, false
	}
	return held[i], true
}

func sortHeld(held []heldPartition) []heldPartition {
	slices.SortFunc(held, func(a, b heldPartition) int { return a.PartitionID.Compare(b.PartitionID) })
	return held
}

// partitions are all that nobody else may have.
func (u *current) partitions() iter.Seq[PartitionID] {
	return func(yield func(PartitionID) bool) {
		for _, held := range [][]heldPartition{u.assigned, u.revoking} {
			for _, p := range held {
				if !yield(p.PartitionID) {
					return
				}
			}
		}
	}
}

func (u *current) equal(o *current) bool {
	return u.epoch == o.epoch && u.previous == o.previous && u.state == o.state &&
		slices.Equal(u.assigned, o.assigned) && slices.Equal(u.revoking, o.revoking)
}

func (u *current) reconciledTo(target GenerationID) bool {
	return u.state == stableMember && u.epoch == target
}

// since is the epoch in which the member got a partition that it still has.
func (u *current) since(p PartitionID) (GenerationID, bool) {
	held, found := find(u.assigned, p)
	if !found {
		held, found = find(u.revoking, p)
	}
	return held.since, found
}

// reconciliation is a member's way to its target.
type reconciliation struct {
	current
	target              []PartitionID
	targetEpoch         GenerationID
	subscribed          map[[16]byte]bool // the ids of its topics
	subscriptionChanged bool
	free                func(PartitionID) bool // nobody else has it
	owned               []PartitionID          // what it says that it has
	ownedSaid           bool                   // else it may have everything still
}

// next is the member's next step; CurrentAssignmentBuilder of Kafka.
func (v *reconciliation) next() current {
	switch {
	case v.state == stableMember && v.epoch != v.targetEpoch:
		return v.towardsTarget()
	case v.state == unreleasedPartitions:
		return v.towardsTarget()
	case v.state == unrevokedPartitions && !v.owns(v.revoking):
		return v.towardsTarget()
	case v.subscriptionChanged:
		return v.withoutUnsubscribed()
	}
	return v.current
}

// owns reports whether the member may still have any of some partitions.
func (v *reconciliation) owns(held []heldPartition) bool {
	return !v.ownedSaid || slices.ContainsFunc(v.owned, func(p PartitionID) bool {
		_, found := find(held, p)
		return found
	})
}

// towardsTarget first takes away what is not in the target. Only when the member
// has given it back does it reach the target's epoch, and gets what is free.
func (v *reconciliation) towardsTarget() current {
	target := slices.DeleteFunc(slices.Clone(v.target), func(p PartitionID) bool { return !v.subscribed[p.Topic] })
	var kept, revoking []heldPartition
	for _, held := range v.assigned {
		if containsPartition(target, held.PartitionID) {
			kept = append(kept, held)
		} else {
			revoking = append(revoking, held)
		}
	}
	if len(revoking) > 0 && v.owns(revoking) {
		return current{epoch: v.epoch, previous: v.epoch, state: unrevokedPartitions, assigned: kept, revoking: revoking}
	}
	next := current{epoch: v.targetEpoch, previous: v.epoch, assigned: kept}
	for _, p := range target {
		switch _, has := find(kept, p); {
		case has:
		case v.free(p):
			next.assigned = append(next.assigned, heldPartition{p, v.targetEpoch})
		default:
			next.state = unreleasedPartitions
		}
	}
	sortHeld(next.assigned)
	return next
}

// withoutUnsubscribed takes away partitions of topics that the member does not
// subscribe to any more, whatever its target is.
func (v *reconciliation) withoutUnsubscribed() current {
	next := v.current
	next.assigned, next.revoking = nil, slices.Clone(v.revoking)
	for _, held := range v.assigned {
		if v.subscribed[held.Topic] {
			next.assigned = append(next.assigned, held)
		} else {
			next.revoking = append(next.revoking, held)
		}
	}
	if len(next.assigned) == len(v.assigned) {
		return v.current
	}
	next.previous = v.epoch
	if sortHeld(next.revoking); v.owns(next.revoking) {
		next.state = unrevokedPartitions
	} else {
		next.revoking = v.revoking
	}
	return next
}

// compareMembers puts static members first, by instance id.
func compareMembers(a, b MemberID, members map[MemberID]*subscription) int {
	x, y := members[a].instance, members[b].instance
	switch {
	case x == "" && y != "":
		return 1
	case x != "" && y == "":
		return -1
	}
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
}
