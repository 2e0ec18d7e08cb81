package checkers

import "assay/checkers/history"

// groupPartition is one group's part in one partition.
type groupPartition struct {
	group     history.GroupID
	partition history.PartitionID
}

// byGroup keeps something for each group and partition, in the order in which
// they were first spoken of.
type byGroup[T any] struct {
	keys   []groupPartition
	parts  []*T
	index  map[groupPartition]int
	recent int // histories speak of one for a while
}

// at gives the part of a group in a partition, and makes it.
func (b *byGroup[T]) at(group history.GroupID, partition history.PartitionID) *T {
	key := groupPartition{group, partition}
	if b.recent < len(b.keys) && b.keys[b.recent] == key {
		return b.parts[b.recent]
	}
	i, known := b.index[key]
	if !known {
		if b.index == nil {
			b.index = map[groupPartition]int{}
		}
		i = len(b.keys)
		b.index[key] = i
		b.keys, b.parts = append(b.keys, key), append(b.parts, new(T))
	}
	b.recent = i
	return b.parts[i]
}

// peek gives the part of a group in a partition, or nil.
func (b *byGroup[T]) peek(key groupPartition) *T {
	if i, known := b.index[key]; known {
		return b.parts[i]
	}
	return nil
}
