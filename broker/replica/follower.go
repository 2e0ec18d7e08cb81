package replica

import (
	"fmt"

	"assay/internal/kafka"
)

// follow makes this replica a follower, or lets it take over a change of the
// ISR. Nothing is truncated here: the leader's first answer tells where the
// logs part (KIP-595).
func (p *Partition) follow(at Moment, s State) error {
	newEpoch := p.role != Following || s.LeaderEpoch > p.state.LeaderEpoch
	if p.role == Leading {
		p.observe(PointLeaderDeposed, int64(p.state.LeaderEpoch), int64(s.LeaderEpoch))
	}
	p.role, p.state = Following, s
	p.proposal, p.followers = Proposal{}, nil
	if newEpoch {
		if p.flaws.TruncateToHighWatermark && s.Leader != kafka.NoLeader {
			if err := p.truncate(at, p.highWatermark); err != nil {
				return err
			}
		}
		p.observe(PointBecameFollower, int64(s.LeaderEpoch), int64(s.Leader), int64(p.log.LogEndOffset()), int64(p.highWatermark))
	}
	p.watcher.Changed(p)
	return nil
}

// Next says where this follower fetches next. ready is false while it does not
// follow anybody, or a sync that flush.messages demands is under way: to fetch
// at an offset is to claim that everything below it is safe.
func (p *Partition) Next() (position FetchPosition, ready bool) {
	if p.role != Following || p.state.Leader == kafka.NoLeader || p.settledEnd() < p.log.LogEndOffset() {
		return FetchPosition{}, false
	}
	return FetchPosition{Replica: p.self, LeaderEpoch: p.state.LeaderEpoch,
		Offset: p.log.LogEndOffset(), LogStart: p.log.LogStartOffset(), LastEpoch: p.log.LatestEpoch()}, true
}

// Fetched is a leader's answer to a fetch.
type Fetched struct {
	Diverging     Divergence // Epoch and End below 0 for none
	HighWatermark kafka.Offset
	LogStart      kafka.Offset
	Records       []byte // whole batches
}

// Fetched takes the leader's answer to the fetch at position at. An answer
// that epoch or log end have overtaken is ignored. A high watermark is looked
// at only after truncation: it must not cover what is about to go.
func (p *Partition) Fetched(now Moment, at FetchPosition, answer Fetched) error {
	if p.stale(at) {
		return nil
	}
	if answer.Diverging.End >= 0 {
		return p.truncateDiverging(now, answer.Diverging)
	}
	if len(answer.Records) > 0 {
		info, err := p.log.AppendAsFollower(answer.Records, now.Wall)
		if err != nil {
			return fmt.Errorf("%v: records of leader %d in epoch %d: %w", p.Topic, p.state.Leader, p.state.LeaderEpoch, err)
		}
		if info.Appended {
			p.observe(PointFollowerAppend, int64(info.FirstOffset), int64(info.LastOffset), int64(p.state.LeaderEpoch))
			p.appended(info.Records)
		}
	}
	p.learnHighWatermark(answer.HighWatermark)
	if err := p.learnLogStart(answer.LogStart); err != nil {
		return err
	}
	p.watcher.Changed(p)
	return nil
}

func (p *Partition) stale(at FetchPosition) bool {
	return p.role != Following || at.LeaderEpoch != p.state.LeaderEpoch || at.Offset != p.log.LogEndOffset()
}

// learnHighWatermark takes the leader's high watermark as far as the own log
// reaches. A new leader may know less than this replica: what was committed
// stays committed.
func (p *Partition) learnHighWatermark(leaders kafka.Offset) {
	known := min(leaders, p.log.LogEndOffset())
	if known <= p.highWatermark {
		return
	}
	p.highWatermark = known
	p.log.Committed(known)
	p.observe(PointFollowerHighWatermark, int64(known), int64(p.state.LeaderEpoch))
}

// truncateDiverging cuts the log to where it may agree with the leader's: the
// end of the leader's epoch, and not beyond the end of the largest epoch not
// above it here (KIP-279). If that epoch is older than the leader's, the next
// fetch asks again with it.
func (p *Partition) truncateDiverging(now Moment, d Divergence) error {
	to := min(d.End, p.log.LogEndOffset())
	if epoch, end := p.log.EndOffsetForEpoch(d.Epoch); end != kafka.NoOffset {
		if epoch == d.Epoch {
			to = min(to, end)
		} else {
			to = min(end, p.log.LogEndOffset())
		}
	}
	if err := p.truncate(now, to); err != nil {
		return err
	}
	p.watcher.Changed(p)
	return nil
}

// OutOfRange takes the leader's OFFSET_OUT_OF_RANGE for the fetch at position
// at, with the bounds of the leader's log. A follower that ends before the
// leader's log starts begins anew there; one that ends beyond cuts its log.
func (p *Partition) OutOfRange(now Moment, at FetchPosition, leaderStart, leaderEnd kafka.Offset) error {
	if p.stale(at) {
		return nil
	}
	defer p.watcher.Changed(p)
	switch end := p.log.LogEndOffset(); {
	case leaderEnd < end:
		return p.truncate(now, leaderEnd)
	case leaderStart <= end:
		return nil
	}
	if err := p.log.TruncateFullyAndStartAt(leaderStart, now.Wall); err != nil {
		return err
	}
	p.highWatermark, p.settled, p.flushDemanded = leaderStart, leaderStart, 0
	return nil
}

// truncate cuts the log's end; the log may end below to, where a batch reached
// beyond it.
func (p *Partition) truncate(now Moment, to kafka.Offset) error {
	from := p.log.LogEndOffset()
	if err := p.log.TruncateTo(to, now.Wall); err != nil {
		return err
	}
	end := p.log.LogEndOffset()
	if end == from {
		return nil
	}
	p.observe(PointFollowerTruncated, int64(from), int64(end), int64(p.state.LeaderEpoch), int64(p.highWatermark))
	p.forgetBeyond(end)
	return nil
}
