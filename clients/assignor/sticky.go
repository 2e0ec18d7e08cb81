package assignor

import (
	"slices"

	"assay/internal/kafka"
)

// nobody is the owner of what is unassigned.
const nobody = -1

// assignSticky balances with few moves: everybody keeps what it validly claims,
// what is left goes to who has least, and partitions move only where that
// brings two members closer together.
func assignSticky(members []Member, counts map[string]int32) [][]kafka.TopicPartition {
	s := newSharing(members, counts)
	s.keep(validOwners(members))
	s.deal()
	s.balance()
	return s.lists()
}

// assignCooperatively is assignSticky without what somebody else still has: it
// is left out of this round, so that its owner gives it back first (KIP-429).
func assignCooperatively(members []Member, counts map[string]int32) [][]kafka.TopicPartition {
	owners := validOwners(members)
	lists := assignSticky(members, counts)
	for i := range lists {
		lists[i] = slices.DeleteFunc(lists[i], func(p kafka.TopicPartition) bool {
			owner, claimed := owners[p]
			return claimed && owner != i
		})
	}
	return lists
}

// validOwners says who has a partition by right of the highest generation that
// claims it: a member that missed a generation may still claim what was given
// away meanwhile (KAFKA-12984, KAFKA-13419). Two claims of one generation make
// both void: the partition's owner is nobody, and it must be given back.
func validOwners(members []Member) map[kafka.TopicPartition]int {
	owners, since := map[kafka.TopicPartition]int{}, map[kafka.TopicPartition]int32{}
	for i := range members {
		for _, p := range members[i].Owned {
			generation := members[i].Generation
			before, claimed := since[p]
			switch {
			case !claimed || generation > before:
				owners[p], since[p] = i, generation
			case generation == before && owners[p] != i:
				owners[p] = nobody
			}
		}
	}
	return owners
}

// TrustClaims is cooperative-sticky as it was before KAFKA-12984: every claim is
// believed, however old. Who claims a partition keeps it up to its fair share,
// be it that another has it too.
var TrustClaims = Assignor{Name: CooperativeSticky.Name, Cooperative: true, Assign: assignTrusting}

func assignTrusting(members []Member, counts map[string]int32) [][]kafka.TopicPartition {
	s := newSharing(members, counts)
	most := (len(s.partitions) + len(members) - 1) / len(members)
	lists := make([][]kafka.TopicPartition, len(members))
	claimed := map[kafka.TopicPartition]int{}
	for i := range members {
		for _, p := range members[i].Owned {
			claimed[p] = i
			if len(lists[i]) < most && p.Partition < counts[p.Topic] && slices.Contains(members[i].Topics, p.Topic) {
				lists[i] = append(lists[i], p)
			}
		}
	}
	// The rest is shared out as by the others; what was claimed has to be given
	// back first.
	s.keep(claimed)
	s.deal()
	s.balance()
	for at, p := range s.partitions {
		if _, withheld := claimed[p]; !withheld {
			lists[s.owner[at]] = append(lists[s.owner[at]], p)
		}
	}
	for i := range lists {
		slices.SortFunc(lists[i], kafka.TopicPartition.Compare)
	}
	return lists
}

// sharing is an assignment in the making.
type sharing struct {
	members    []Member
	partitions []kafka.TopicPartition
	owner      []int   // of each partition
	load       []int   // partitions of each member
	order      []int   // members by id
	reads      [][]int // by partition: the members that may have it, by id
}

func newSharing(members []Member, counts map[string]int32) *sharing {
	s := &sharing{members: members, partitions: partitionsOf(members, counts), load: make([]int, len(members))}
	s.owner = make([]int, len(s.partitions))
	for i := range s.owner {
		s.owner[i] = nobody
	}
	for i := range members {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(i, j int) int { return compareIDs(members, i, j) })
	s.reads = make([][]int, len(s.partitions))
	for at, p := range s.partitions {
		if at > 0 && s.partitions[at-1].Topic == p.Topic {
			s.reads[at] = s.reads[at-1]
			continue
		}
		for _, i := range s.order {
			if slices.Contains(members[i].Topics, p.Topic) {
				s.reads[at] = append(s.reads[at], i)
			}
		}
	}
	return s
}

func compareIDs(members []Member, i, j int) int {
	switch a, b := members[i].ID, members[j].ID; {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// keep leaves partitions with their owners if they still read them.
func (s *sharing) keep(owners map[kafka.TopicPartition]int) {
	for at, p := range s.partitions {
		if owner, claimed := owners[p]; claimed && owner != nobody && slices.Contains(s.reads[at], owner) {
			s.give(at, owner)
		}
	}
}

func (s *sharing) give(at, to int) {
	if from := s.owner[at]; from != nobody {
		s.load[from]--
	}
	s.owner[at] = to
	s.load[to]++
}

// deal gives away what nobody has, that with the fewest readers first.
func (s *sharing) deal() {
	var free []int
	for at := range s.partitions {
		if s.owner[at] == nobody {
			free = append(free, at)
		}
	}
	slices.SortStableFunc(free, func(i, j int) int { return len(s.reads[i]) - len(s.reads[j]) })
	for _, at := range free {
		s.give(at, s.leastLoaded(at))
	}
}

func (s *sharing) leastLoaded(at int) int {
	best := s.reads[at][0]
	for _, i := range s.reads[at] {
		if s.load[i] < s.load[best] {
			best = i
		}
	}
	return best
}

// balance moves partitions from who has at least two more to who has fewer,
// from the most loaded first, until no move brings anybody closer. Each move
// lowers the sum of the squares of the loads, so that it ends.
func (s *sharing) balance() {
	for moved := true; moved; {
		moved = false
		givers := slices.Clone(s.order)
		slices.SortStableFunc(givers, func(i, j int) int { return s.load[j] - s.load[i] })
		for _, from := range givers {
			moved = s.relieve(from) || moved
		}
	}
}

// relieve takes from a member what others can better have.
func (s *sharing) relieve(from int) (moved bool) {
	for at := len(s.partitions) - 1; at >= 0; at-- {
		if s.owner[at] != from {
			continue
		}
		if to := s.leastLoaded(at); s.load[to]+1 < s.load[from] {
			s.give(at, to)
			moved = true
		}
	}
	return moved
}

func (s *sharing) lists() [][]kafka.TopicPartition {
	lists := make([][]kafka.TopicPartition, len(s.members))
	for at, p := range s.partitions {
		lists[s.owner[at]] = append(lists[s.owner[at]], p)
	}
	return lists
}
