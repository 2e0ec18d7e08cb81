package clients

import (
	"cmp"
	"slices"
)

// A producer of many partitions has work for few of them at a time: what each
// step looks through are the active ones, in the order of all.

// activate notes that a partition has got a batch. It joins the active ones when
// they are next looked through, not while they are.
func (p *Producer) activate(t *producerPartition) {
	if !t.active {
		t.active = true
		p.woken = append(p.woken, t)
	}
}

// activePartitions are those with anything to send, to wait for or to settle.
func (p *Producer) activePartitions() []*producerPartition {
	for i, t := range p.woken {
		at, _ := slices.BinarySearchFunc(p.active, t, compareByIndex)
		p.active = slices.Insert(p.active, at, t)
		p.woken[i] = nil
	}
	p.woken = p.woken[:0]
	return p.active
}

func compareByIndex(a, b *producerPartition) int { return cmp.Compare(a.index, b.index) }

// firstActive is the place of the first active partition with that index or above.
func (p *Producer) firstActive(index int) int {
	at, _ := slices.BinarySearchFunc(p.active, index, func(t *producerPartition, index int) int { return cmp.Compare(t.index, index) })
	return at
}

// rest takes out the partitions that have nothing left.
func (p *Producer) rest() {
	p.active = slices.DeleteFunc(p.activePartitions(), func(t *producerPartition) bool {
		t.active = len(t.queue) > 0 || len(t.pending) > 0 || t.onWire > 0 || t.unresolved || t.bumping
		return !t.active
	})
}
