package campaign

import "fmt"

// Shard is one of Of equal shares of a scenario's seeds, Index counted from 1.
// Seeds are dealt out by their positions, one to each shard in turn, so that
// every shard has its part of each stretch of seeds. The zero value is all.
type Shard struct{ Index, Of int }

// ParseShard reads "2/3".
func ParseShard(text string) (Shard, error) {
	var s Shard
	if n, err := fmt.Sscanf(text+"\n", "%d/%d\n", &s.Index, &s.Of); n != 2 || err != nil || s.Index < 1 || s.Index > s.Of {
		return Shard{}, fmt.Errorf("i/n with i from 1 to n, such as 2/3, not %q", text)
	}
	return s, nil
}

// String writes the shard as ParseShard reads it, "" for all.
func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Of)
}

// positions are those of the shard's seeds among so many.
func (s Shard) positions(seeds int) []int {
	first, step := 0, 1
	if s.Of > 0 {
		first, step = s.Index-1, s.Of
	}
	var mine []int
	for p := first; p < seeds; p += step {
		mine = append(mine, p)
	}
	return mine
}

// Runs counts the runs of the campaign.
func (c Campaign) Runs() int {
	n := 0
	for _, v := range c.Variants {
		n += len(c.Shard.positions(len(v.Scenario.Seeds.All())))
	}
	return n
}
