package clients

import (
	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// GroupOffsets asks a group's coordinator for its committed offsets and calls
// done with one answer for each partition, in their order; a partition without
// has NoOffset, and so have all of a group that does not exist. It fails with a
// Refusal or with ErrDeadline.
func (a *Admin) GroupOffsets(group string, partitions []kafka.TopicPartition, deadline host.Time, done func([]CommittedOffset, error)) {
	member := &groupMember{}
	member.start(a.client, ConsumerConfig{GroupID: group})
	var known []CommittedOffset
	op := &adminOperation{deadline: deadline, ended: func() bool { return len(known) == len(partitions) }}
	op.done = func(err error) {
		a.client.timers.Stop(&member.coordinator.timer)
		if err != nil {
			known = nil
		}
		done(known, err)
	}
	op.target = func() *peer {
		p := member.coordinator.ready()
		if code := member.coordinator.takeRefusal(); code != 0 {
			op.last = refusal("find the coordinator of group "+group, code, nil)
			a.client.again = true
		}
		return p
	}
	op.send = func(p *peer) error {
		op.inFlight = true
		member.fetchOffsets(p, partitions, func(fetched []fetchedOffset) {
			op.inFlight = false
			known, op.last = committedOf(fetched)
			if op.last != nil {
				op.failures++
				op.notUntil = a.client.host.Now().Add(a.client.config.RetryBackoff.Wait(op.failures, a.client.random))
			}
		})
		return nil
	}
	a.add(op)
}

// committedOf takes an answer that is good for all partitions, or the first
// error in it: a Refusal if no retry mends it.
func committedOf(fetched []fetchedOffset) ([]CommittedOffset, error) {
	code := wholeCode(fetched)
	if code == 0 {
		offsets := make([]CommittedOffset, len(fetched))
		for i := range fetched {
			offsets[i] = fetched[i].CommittedOffset
		}
		return offsets, nil
	}
	if isRetriable(code) || code == kerr.UnknownServerError.Code {
		return nil, kerr.ErrorForCode(code)
	}
	return nil, refusal("fetch committed offsets", code, nil)
}

// Lag is by how many records a group's committed offset is behind a log's end,
// 0 if it has committed nothing yet that the log still holds: then its
// consumers decide by auto.offset.reset.
func (c CommittedOffset) Lag(end kafka.Offset) int64 {
	if c.Offset == kafka.NoOffset || end < c.Offset {
		return 0
	}
	return int64(end - c.Offset)
}
