package replica

import (
	"slices"

	"assay/broker/storage"
	"assay/host"
	"assay/internal/kafka"
)

// follower is what a leader knows of another replica. In a new leader epoch
// the leader knows nothing: it proves each follower's log end anew.
type follower struct {
	id           kafka.BrokerID
	brokerEpoch  kafka.BrokerEpoch // of its last fetch
	logEnd       kafka.Offset      // NoOffset until it has fetched in this epoch
	caughtUpAt   host.Time         // when it last had all that the leader had
	fetchedAt    host.Time
	endAtFetch   kafka.Offset // the leader's log end at the last fetch
	logStart     kafka.Offset // of its log, NoOffset until it has fetched in this epoch
	knownToFetch bool
	rests        *FetchClock // nil while its fetches name the partition
}

// longAgo is before any time of a node's clock, far enough from the minimum
// that differences do not overflow.
const longAgo = -host.Never / 2

// lead starts a leader epoch, or takes over a change of the ISR in it.
func (p *Partition) lead(now host.Time, s State) error {
	newEpoch := p.role != Leading || s.LeaderEpoch > p.state.LeaderEpoch
	p.role, p.state = Leading, s
	p.proposal = Proposal{} // the metadata is past what it was based on
	if newEpoch {
		if err := p.log.AssignEpoch(s.LeaderEpoch); err != nil {
			return err
		}
		p.epochStart = p.log.LogEndOffset()
		p.followers = nil
	}
	p.setFollowers(now)
	if newEpoch {
		p.observe(PointBecameLeader, int64(s.LeaderEpoch), int64(p.log.LogEndOffset()), int64(p.highWatermark))
	}
	p.raiseHighWatermark(now)
	p.watcher.Changed(p)
	return nil
}

// setFollowers brings the followers to the assignment, keeping what is known.
// Those in the ISR count as caught up now: they get a full lag time to fetch.
func (p *Partition) setFollowers(now host.Time) {
	old := p.followers
	p.followers = make([]follower, 0, len(p.state.Replicas))
	for _, id := range p.state.Replicas {
		if id == p.self {
			continue
		}
		if i := slices.IndexFunc(old, func(f follower) bool { return f.id == id }); i >= 0 {
			p.followers = append(p.followers, old[i])
			continue
		}
		f := follower{id: id, brokerEpoch: kafka.NoBrokerEpoch, logEnd: kafka.NoOffset, endAtFetch: kafka.NoOffset, logStart: kafka.NoOffset,
			caughtUpAt: longAgo, fetchedAt: longAgo}
		if slices.Contains(p.state.ISR, id) {
			f.caughtUpAt, f.fetchedAt, f.endAtFetch = now, now, p.log.LogEndOffset()
		}
		p.followers = append(p.followers, f)
	}
	slices.SortFunc(p.followers, func(a, b follower) int { return int(a.id) - int(b.id) })
}

func (p *Partition) follower(id kafka.BrokerID) *follower {
	for i := range p.followers {
		if p.followers[i].id == id {
			return &p.followers[i]
		}
	}
	return nil
}

// Append takes a producer's batch, whose CRC was checked. With acks -1 it
// refuses where the ISR is below the minimum (NOT_ENOUGH_REPLICAS, nothing
// appended). The answer may leave once Settled or, for acks=all, Committed says
// so.
func (p *Partition) Append(at Moment, records []byte, acks int16) (storage.AppendInfo, error) {
	if p.role != Leading {
		return storage.AppendInfo{}, errNotLeader
	}
	refused := acks == -1 && p.underMinISR()
	if refused && !p.flaws.RefuseAfterAppend {
		return storage.AppendInfo{}, errNotEnoughReplicas
	}
	info, err := p.log.AppendAsLeader(records, p.state.LeaderEpoch, at.Wall)
	info, err = p.takeAppended(at, info, err)
	if refused && err == nil {
		return storage.AppendInfo{}, errNotEnoughReplicas
	}
	return info, err
}

// AppendAsCoordinator is Append with acks -1 for what a coordinator on this
// broker writes: nobody sends it twice, so it has no sequences.
func (p *Partition) AppendAsCoordinator(at Moment, records []byte) (storage.AppendInfo, error) {
	if err := p.mayCommit(); err != nil {
		return storage.AppendInfo{}, err
	}
	info, err := p.log.AppendAsCoordinator(records, p.state.LeaderEpoch, at.Wall)
	return p.takeAppended(at, info, err)
}

// AppendMarker ends a transaction in this partition, as its coordinator has
// asked for (KIP-98). The coordinator is answered once Committed says so.
func (p *Partition) AppendMarker(at Moment, m storage.Marker) (storage.AppendInfo, error) {
	if err := p.mayCommit(); err != nil {
		return storage.AppendInfo{}, err
	}
	info, err := p.log.AppendMarker(m, p.state.LeaderEpoch, at.Wall)
	if info, err = p.takeAppended(at, info, err); err == nil {
		p.observe(PointMarkerAppend, int64(m.ProducerID), int64(m.ProducerEpoch), flag(m.Commit), int64(info.FirstOffset), int64(m.CoordinatorEpoch))
	}
	return info, err
}

func flag(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// mayCommit refuses where nothing could be committed: NOT_LEADER_OR_FOLLOWER,
// NOT_ENOUGH_REPLICAS.
func (p *Partition) mayCommit() error {
	switch {
	case p.role != Leading:
		return errNotLeader
	case p.underMinISR():
		return errNotEnoughReplicas
	}
	return nil
}

// takeAppended follows up on an append as leader.
func (p *Partition) takeAppended(at Moment, info storage.AppendInfo, err error) (storage.AppendInfo, error) {
	if err != nil {
		return info, err
	}
	if !info.Appended {
		p.observe(PointDeduplicated, int64(info.FirstOffset), int64(info.LastOffset), int64(p.state.LeaderEpoch))
		return info, nil
	}
	p.observe(PointAppend, int64(info.FirstOffset), int64(info.LastOffset), int64(p.state.LeaderEpoch))
	p.appended(info.Records)
	p.raiseHighWatermark(at.Now)
	p.watcher.Changed(p)
	return info, nil
}

// Settled reports whether the leader has done what it must before it
// acknowledges offsets below end with acks=1: the syncs that flush.messages
// demands. It is NOT_LEADER_OR_FOLLOWER on a deposed leader that never got so
// far.
func (p *Partition) Settled(end kafka.Offset) (bool, error) {
	if p.role != Leading {
		return false, errNotLeader
	}
	return p.settledEnd() >= end, nil
}

// Committed reports whether offsets below end are on all in-sync replicas, so
// that acks=all may answer. Then an ISR below the minimum is
// NOT_ENOUGH_REPLICAS_AFTER_APPEND, and a deposed leader does not know any more
// (NOT_LEADER_OR_FOLLOWER).
func (p *Partition) Committed(end kafka.Offset) (bool, error) {
	if p.role != Leading {
		return false, errNotLeader
	}
	if p.highWatermark < end {
		return false, nil
	}
	if p.underMinISR() {
		return false, errNotEnoughAfter
	}
	return true, nil
}

// underMinISR counts the committed ISR. A topic with fewer replicas than the
// minimum needs all of them.
func (p *Partition) underMinISR() bool {
	return len(p.state.ISR) < min(p.settings.MinInSyncReplicas, len(p.state.Replicas))
}

// FetchPosition says where a replica or consumer reads.
type FetchPosition struct {
	Replica     kafka.BrokerID // NoLeader for a consumer
	BrokerEpoch kafka.BrokerEpoch
	LeaderEpoch kafka.LeaderEpoch // the epoch that the reader assumes, NoEpoch to skip the check
	Offset      kafka.Offset
	LogStart    kafka.Offset      // of a replica's log
	LastEpoch   kafka.LeaderEpoch // of the last record before Offset, NoEpoch to skip the check
}

// Divergence is the largest epoch, and its end, up to which the leader's log
// may agree with the reader's. The zero value's Epoch is not NoEpoch: use
// noDivergence.
type Divergence struct {
	Epoch kafka.LeaderEpoch
	End   kafka.Offset
}

var noDivergence = Divergence{Epoch: kafka.NoEpoch, End: kafka.NoOffset}

// CheckFetch decides whether a reader may read at its position. With a
// divergence (its Epoch is not NoEpoch) there is nothing to read: the reader
// must truncate first. Errors: FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH,
// NOT_LEADER_OR_FOLLOWER, OFFSET_OUT_OF_RANGE.
func (p *Partition) CheckFetch(f FetchPosition) (Divergence, error) {
	if err := p.CheckLeader(f.LeaderEpoch); err != nil {
		return noDivergence, err
	}
	if f.Replica >= 0 {
		if err := p.checkReplica(f); err != nil {
			return noDivergence, err
		}
	}
	if d, err := p.divergence(f); err != nil || d != noDivergence {
		return d, err
	}
	// A consumer between the high watermark and the log end waits: a new leader
	// may still have to learn how far the old one had committed.
	if f.Offset < p.log.LogStartOffset() || f.Offset > p.log.LogEndOffset() {
		return noDivergence, errOffsetOutOfRange
	}
	return noDivergence, nil
}

func (p *Partition) checkReplica(f FetchPosition) error {
	if p.follower(f.Replica) == nil {
		return errNotReplica
	}
	// A fetch of an older incarnation may arrive late: it says nothing about
	// what the present one has (KIP-903).
	if epoch, active := p.brokers.ActiveEpoch(f.Replica); active && f.BrokerEpoch != kafka.NoBrokerEpoch && f.BrokerEpoch < epoch {
		return errStaleBroker
	}
	return nil
}

// divergence compares the reader's last epoch with the leader's history
// (KIP-595): the logs agree below Offset only if that epoch reaches there.
func (p *Partition) divergence(f FetchPosition) (Divergence, error) {
	if f.LastEpoch == kafka.NoEpoch || p.flaws.TruncateToHighWatermark && f.Replica >= 0 {
		return noDivergence, nil
	}
	epoch, end := p.EndOfEpoch(f.LastEpoch)
	if end == kafka.NoOffset || f.Offset < p.log.LogStartOffset() {
		return noDivergence, errOffsetOutOfRange
	}
	if epoch == f.LastEpoch && end >= f.Offset {
		return noDivergence, nil
	}
	p.observe(PointFetchDiverged, int64(f.Replica), int64(f.Offset), int64(epoch), int64(end), int64(p.state.LeaderEpoch))
	return Divergence{Epoch: epoch, End: end}, nil
}

// CountsAsFetched reports whether a follower's fetch that was answered with d
// proves what the follower has. A diverging one proves the contrary.
func (p *Partition) CountsAsFetched(d Divergence) bool {
	return d == noDivergence || p.flaws.DivergingFetchCounts
}

// FollowerFetched takes a follower's fetch at f.Offset as its word that it has
// everything below. It may raise the high watermark and propose the follower
// for the ISR. CheckFetch must have passed.
func (p *Partition) FollowerFetched(now host.Time, f FetchPosition) {
	r := p.follower(f.Replica)
	r.stir()
	end := p.log.LogEndOffset()
	switch {
	case f.Offset >= end:
		r.caughtUpAt = max(r.caughtUpAt, now)
	case r.knownToFetch && f.Offset >= r.endAtFetch:
		// It has all that there was at its last fetch: it was caught up then.
		r.caughtUpAt = max(r.caughtUpAt, r.fetchedAt)
	}
	moved := r.logEnd != f.Offset
	r.logEnd, r.endAtFetch, r.fetchedAt, r.logStart = f.Offset, end, now, f.LogStart
	r.brokerEpoch, r.knownToFetch = f.BrokerEpoch, true
	p.proposeExpansion(r)
	if moved {
		p.raiseHighWatermark(now)
	}
}

// FetchClock is when a follower last fetched, over all partitions of its fetch
// session.
type FetchClock struct{ At host.Time }

// FollowerRests says that there is nothing new on either side: the follower has
// all that the leader has, and its session's fetches repeat that at each of their
// times, without a call, until FollowerStirs.
func (p *Partition) FollowerRests(id kafka.BrokerID, clock *FetchClock) {
	if r := p.follower(id); r != nil {
		r.rests = clock
	}
}

// FollowerStirs ends a rest by that clock. The clock must not have gone on since
// the log did.
func (p *Partition) FollowerStirs(id kafka.BrokerID, clock *FetchClock) {
	if r := p.follower(id); r != nil && r.rests == clock {
		r.stir()
	}
}

func (r *follower) stir() {
	if r.rests == nil {
		return
	}
	r.caughtUpAt, r.fetchedAt, r.endAtFetch = r.lastCaughtUp(), max(r.fetchedAt, r.rests.At), r.logEnd
	r.rests = nil
}

// lastCaughtUp is when the follower last had all that the leader had.
func (f *follower) lastCaughtUp() host.Time {
	if f.rests != nil {
		return max(f.caughtUpAt, f.rests.At)
	}
	return f.caughtUpAt
}

// raiseHighWatermark sets the high watermark to the smallest log end of the
// maximal ISR, if that is higher. The leader's own share is what its demanded
// syncs cover. Under the minimum ISR it stays (KAFKA-15583): what is committed
// then could rest on too few.
func (p *Partition) raiseHighWatermark(now host.Time) {
	if p.underMinISR() {
		return
	}
	lowest := p.settledEnd()
	for i := range p.followers {
		f := &p.followers[i]
		if f.logEnd < lowest && (p.inMaximalISR(f.id) || p.awaitsJoining(f, now)) {
			lowest = f.logEnd
		}
	}
	if lowest <= p.highWatermark {
		return
	}
	p.highWatermark = lowest
	p.log.Committed(lowest)
	p.observe(PointHighWatermark, int64(lowest), int64(p.state.LeaderEpoch))
	p.watcher.Changed(p)
}

// awaitsJoining: a follower that has caught up but is not in the ISR yet holds
// the high watermark back a little, so that it can get in.
func (p *Partition) awaitsJoining(f *follower, now host.Time) bool {
	return p.caughtUp(f, now) && p.eligible(f)
}

// KnowsCommitted reports whether the leader's high watermark has reached the
// start of its epoch: only then does it know all that was committed before it
// (KIP-207).
func (p *Partition) KnowsCommitted() bool {
	return p.role == Leading && p.highWatermark >= p.epochStart
}

// Progress is what a leader knows of a follower.
type Progress struct {
	Broker       kafka.BrokerID
	LogEndOffset kafka.Offset // NoOffset until it has fetched in this leader epoch
	CaughtUpAt   host.Time
}

// Followers lists what the leader knows of its followers, by id.
func (p *Partition) Followers() []Progress {
	out := make([]Progress, len(p.followers))
	for i, f := range p.followers {
		out[i] = Progress{f.id, f.logEnd, f.lastCaughtUp()}
	}
	return out
}
