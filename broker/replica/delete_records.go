package replica

import "assay/internal/kafka"

// DeleteRecords makes the log start at before, which only committed records are
// below (KIP-107): OFFSET_OUT_OF_RANGE where they are not, NOT_LEADER_OR_FOLLOWER.
// The followers do the same when they hear of it; LowWatermark says who has.
func (p *Partition) DeleteRecords(before kafka.Offset) error {
	switch {
	case p.role != Leading:
		return errNotLeader
	case before < 0 || before > p.highWatermark:
		return errOffsetOutOfRange
	}
	if err := p.log.DeleteRecordsTo(before); err != nil {
		return err
	}
	p.watcher.Changed(p)
	return nil
}

// LowWatermark is the offset below which no live replica has records any more, as
// the leader knows; NoOffset while one of them has not said it.
func (p *Partition) LowWatermark() kafka.Offset {
	low := p.log.LogStartOffset()
	for i := range p.followers {
		if _, active := p.brokers.ActiveEpoch(p.followers[i].id); active {
			low = min(low, p.followers[i].logStart)
		}
	}
	return low
}

// learnLogStart takes the start of the leader's log, which never reaches beyond
// what is committed.
func (p *Partition) learnLogStart(leaders kafka.Offset) error {
	if start := min(leaders, p.highWatermark); start > p.log.LogStartOffset() {
		return p.log.DeleteRecordsTo(start)
	}
	return nil
}
