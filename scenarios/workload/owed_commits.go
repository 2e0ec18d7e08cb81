package workload

import (
	"slices"
	"time"

	"assay/clients"
	"assay/host"
	"assay/internal/kafka"
)

// owedCommits are offsets of work that is done whose commit came to nothing: the
// group was between two generations, or its coordinator away. An application
// that commits its positions each time its loop comes round, as commitSync
// without arguments does, has them committed in the end, whether or not there
// is more to read.
type owedCommits struct {
	offsets []clients.CommitOffset
	timer   clients.Timer
}

// loopPause is how long an application that has nothing to do waits in its poll.
const loopPause = 100 * time.Millisecond

// note takes what came of a commit.
func (o *owedCommits) note(offsets []clients.CommitOffset, results []clients.CommitResult) {
	for _, r := range results {
		o.offsets = slices.DeleteFunc(o.offsets, func(c clients.CommitOffset) bool { return c.Partition == r.Partition })
		if r.Outcome == clients.Acknowledged {
			continue
		}
		if at := slices.IndexFunc(offsets, func(c clients.CommitOffset) bool { return c.Partition == r.Partition }); at >= 0 {
			o.offsets = append(o.offsets, offsets[at])
		}
	}
}

// arm lets the loop come round again if something is owed.
func (o *owedCommits) arm(timers *clients.Timers, h host.Host) {
	if len(o.offsets) > 0 && !o.timer.IsSet() {
		timers.Set(&o.timer, h.Now().Add(loopPause))
	}
}

// of returns what is owed for partitions that the member still has, and forgets
// the rest: others work on it again.
func (o *owedCommits) of(assigned []kafka.TopicPartition) []clients.CommitOffset {
	o.offsets = slices.DeleteFunc(o.offsets, func(c clients.CommitOffset) bool { return !slices.Contains(assigned, c.Partition) })
	return slices.Clone(o.offsets)
}
