package assignor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/internal/kafka"
)

// parse reads "a: orders-0 orders-1".
func parse(text string) []kafka.TopicPartition {
	var list []kafka.TopicPartition
	for _, word := range strings.Fields(text) {
		topic, number, _ := strings.Cut(word, "-")
		var p int32
		fmt.Sscan(number, &p)
		list = append(list, kafka.TopicPartition{Topic: topic, Partition: p})
	}
	return list
}

func show(lists [][]kafka.TopicPartition) []string {
	texts := make([]string, len(lists))
	for i, list := range lists {
		for _, p := range list {
			texts[i] += " " + p.String()
		}
		texts[i] = strings.TrimSpace(texts[i])
	}
	return texts
}

func TestAssignors(t *testing.T) {
	both := []string{"t", "u"}
	member := func(id string, topics []string, generation int32, owned string) Member {
		return Member{ID: id, Topics: topics, Generation: generation, Owned: parse(owned)}
	}
	for _, each := range []struct {
		name    string
		with    Assignor
		members []Member
		counts  map[string]int32
		want    []string
	}{
		// The first three are the examples of Kafka's own documentation of the assignors.
		{"range leaves the first ones more of each topic", Range, []Member{member("a", both, -1, ""), member("b", both, -1, "")},
			map[string]int32{"t": 3, "u": 3}, []string{"t-0 t-1 u-0 u-1", "t-2 u-2"}},
		{"roundrobin deals all topics in one go", RoundRobin, []Member{member("a", both, -1, ""), member("b", both, -1, "")},
			map[string]int32{"t": 3, "u": 3}, []string{"t-0 t-2 u-1", "t-1 u-0 u-2"}},
		{"roundrobin passes over who does not read", RoundRobin,
			[]Member{member("a", []string{"t"}, -1, ""), member("b", both, -1, ""), member("c", []string{"t", "u", "v"}, -1, "")},
			map[string]int32{"t": 1, "u": 2, "v": 3}, []string{"t-0", "u-0", "u-1 v-0 v-1 v-2"}},
		{"range goes by instance first", Range,
			[]Member{{ID: "a", Topics: both}, {ID: "z", Instance: "1", Topics: both}}, map[string]int32{"t": 1}, []string{"", "t-0"}},
		{"unknown topics are nobody's", Range, []Member{member("a", []string{"none"}, -1, "")}, map[string]int32{}, []string{""}},
		{"sticky keeps what it can", Sticky, []Member{member("a", both, 1, "t-1 t-2 u-0"), member("b", both, -1, "")},
			map[string]int32{"t": 3, "u": 1}, []string{"t-1 t-2", "t-0 u-0"}},
		{"sticky: a higher generation goes first", Sticky, []Member{member("a", both, 1, "t-0 t-1"), member("b", both, 2, "t-0 t-1")},
			map[string]int32{"t": 2}, []string{"t-1", "t-0"}},
		{"cooperative withholds what moves", CooperativeSticky, []Member{member("a", both, 1, "t-0 t-1 t-2 t-3"), member("b", both, -1, "")},
			map[string]int32{"t": 4}, []string{"t-0 t-1", ""}},
		{"cooperative: an old claim gives way", CooperativeSticky, []Member{member("a", both, 4, "t-0 t-1 t-2 t-3"), member("b", both, 3, "t-2 t-3")},
			map[string]int32{"t": 4}, []string{"t-0 t-1", ""}},
		{"cooperative: two claims of one generation are void", CooperativeSticky, []Member{member("a", both, 4, "t-0"), member("b", both, 4, "t-0")},
			map[string]int32{"t": 2}, []string{"", "t-1"}},
		{"TrustClaims: the old claimant keeps it, while the new owner still has it", TrustClaims,
			[]Member{member("a", both, 4, "t-0 t-1 t-2 t-3"), member("b", both, 3, "t-2 t-3")}, map[string]int32{"t": 4}, []string{"t-0 t-1", "t-2 t-3"}},
		{"TrustClaims: both keep it", TrustClaims, []Member{member("a", both, 4, "t-0"), member("b", both, 3, "t-0")},
			map[string]int32{"t": 2}, []string{"t-0 t-1", "t-0"}},
	} {
		t.Run(each.name, func(t *testing.T) {
			require.Equal(t, each.want, show(each.with.Assign(each.members, each.counts)))
		})
	}
}

// world draws a group with honest claims of one generation.
func world(random *rand.Rand, equal bool) ([]Member, map[string]int32) {
	topics := []string{"t", "u", "v"}
	counts := map[string]int32{}
	for _, topic := range topics {
		counts[topic] = int32(random.IntN(7))
	}
	members := make([]Member, 1+random.IntN(5))
	for i := range members {
		members[i] = Member{ID: fmt.Sprintf("m%d", i), Generation: 3, Topics: topics}
		if !equal {
			members[i].Topics = slices.DeleteFunc(slices.Clone(topics), func(string) bool { return random.IntN(3) == 0 })
		}
	}
	for _, topic := range topics {
		for p := range counts[topic] {
			if i := random.IntN(2 * len(members)); i < len(members) {
				members[i].Owned = append(members[i].Owned, kafka.TopicPartition{Topic: topic, Partition: p})
			}
		}
	}
	return members, counts
}

func TestEveryPartitionHasOneReader(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	for range 2000 {
		members, counts := world(random, false)
		for _, with := range []Assignor{Range, RoundRobin, Sticky} {
			seen := map[kafka.TopicPartition]int{}
			for i, list := range with.Assign(members, counts) {
				require.True(t, slices.IsSortedFunc(list, kafka.TopicPartition.Compare), with.Name)
				for _, p := range list {
					require.Contains(t, members[i].Topics, p.Topic, with.Name)
					seen[p]++
				}
			}
			for _, p := range partitionsOf(members, counts) {
				require.Equal(t, 1, seen[p], "%s: %v of %v", with.Name, p, members)
			}
			require.Len(t, seen, len(partitionsOf(members, counts)))
		}
	}
}

func TestStickyIsBalancedWithFewMoves(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2))
	moved := 0
	for range 2000 {
		members, counts := world(random, true)
		lists := Sticky.Assign(members, counts)
		total, least, most := 0, 1<<30, 0
		for _, list := range lists {
			total, least, most = total+len(list), min(least, len(list)), max(most, len(list))
		}
		require.LessOrEqual(t, most-least, 1)
		// Nobody can keep more than the fair share: what has to move is what is
		// above it, when as many members as can have the larger share are those
		// that own the most.
		loads := make([]int, len(members))
		for i := range members {
			loads[i] = len(members[i].Owned)
		}
		slices.SortFunc(loads, func(a, b int) int { return b - a })
		must, each, more := 0, total/len(members), total%len(members)
		for i, load := range loads {
			share := each
			if i < more {
				share++
			}
			must += max(0, load-share)
		}
		gone := 0
		for i := range members {
			for _, p := range members[i].Owned {
				if !slices.Contains(lists[i], p) {
					gone++
				}
			}
		}
		require.Equal(t, must, gone, "%v", members)
		moved += gone
	}
	require.Positive(t, moved, "the worlds must be out of balance at times")
}

func TestStickyWithOtherTopicsCannotBeImprovedByOneMove(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 3))
	for range 2000 {
		members, counts := world(random, false)
		lists := Sticky.Assign(members, counts)
		for i, list := range lists {
			for _, p := range list {
				for j := range members {
					if j != i && slices.Contains(members[j].Topics, p.Topic) {
						require.LessOrEqual(t, len(list), len(lists[j])+1, "%v: %v could move from %d to %d", members, p, i, j)
					}
				}
			}
		}
	}
}

// Cooperative rounds: nobody is given what another still has, everybody gives
// back what it was not given again, and after a few rounds all is shared out and
// stays where it is.
func TestCooperativeNeverGivesWhatAnotherOwns(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 4))
	withheld := 0
	for range 2000 {
		equal := random.IntN(2) == 0
		members, counts := world(random, equal)
		rounds := 0
		for settled := false; !settled; rounds++ {
			settled = true
			lists := CooperativeSticky.Assign(members, counts)
			given := 0
			for i, list := range lists {
				given += len(list)
				settled = settled && slices.Equal(members[i].Owned, list)
				for _, p := range list {
					for j := range members {
						require.False(t, j != i && slices.Contains(members[j].Owned, p), "%v of %v is given to %d", p, members, i)
					}
				}
			}
			for i := range members {
				members[i].Owned, members[i].Generation = lists[i], members[i].Generation+1
			}
			if missing := len(partitionsOf(members, counts)) - given; missing > 0 {
				require.False(t, settled)
				withheld += missing
			}
			require.Less(t, rounds, 8)
		}
		if equal {
			require.LessOrEqual(t, rounds, 3, "give back, take, nothing more")
		}
	}
	require.Positive(t, withheld)
}
