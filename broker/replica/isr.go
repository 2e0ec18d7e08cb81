package replica

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"assay/host"
	"assay/internal/kafka"
)

// Member is a broker in a proposed ISR, under the incarnation that the leader
// knows (KIP-903).
type Member struct {
	Broker      kafka.BrokerID
	BrokerEpoch kafka.BrokerEpoch
}

// Proposal is a change of the ISR that the leader asks the controller for.
// At most one is open; until it is answered or overtaken by metadata, the
// leader counts both the old and the new ISR (the maximal one).
type Proposal struct {
	Number         uint64 // 0 is no proposal
	LeaderEpoch    kafka.LeaderEpoch
	PartitionEpoch kafka.PartitionEpoch // that it is based on
	ISR            []Member
	taken          bool
}

// TakeProposal returns the open proposal once, for sending.
func (p *Partition) TakeProposal() (Proposal, bool) {
	if p.proposal.Number == 0 || p.proposal.taken {
		return Proposal{}, false
	}
	p.proposal.taken = true
	return p.proposal, true
}

// StillProposes reports whether a proposal taken earlier is still open, so that
// sending it again makes sense.
func (p *Partition) StillProposes(number uint64) bool { return p.proposal.Number == number }

// ProposedISR is the ISR that the open proposal asks for, nil without one.
func (p *Partition) ProposedISR() []kafka.BrokerID {
	if p.proposal.Number == 0 {
		return nil
	}
	ids := make([]kafka.BrokerID, len(p.proposal.ISR))
	for i, m := range p.proposal.ISR {
		ids[i] = m.Broker
	}
	return ids
}

// inMaximalISR: in the committed ISR, or in the proposed one. An advance that
// counted only the committed ISR could leave behind a replica that the
// controller has already let in, and might elect.
func (p *Partition) inMaximalISR(id kafka.BrokerID) bool {
	if slices.Contains(p.state.ISR, id) {
		return true
	}
	return !p.flaws.CommittedISROnly &&
		slices.ContainsFunc(p.proposal.ISR, func(m Member) bool { return m.Broker == id })
}

// caughtUp reports whether a follower has all, or had all not longer than
// replica.lag.time.max.ms ago.
func (p *Partition) caughtUp(f *follower, now host.Time) bool {
	return f.logEnd == p.log.LogEndOffset() || now.Sub(f.lastCaughtUp()) <= p.settings.MaxLag
}

// eligible reports whether a follower may join the ISR: active, and the
// incarnation that fetched is the registered one.
func (p *Partition) eligible(f *follower) bool {
	epoch, active := p.brokers.ActiveEpoch(f.id)
	return active && (f.brokerEpoch == kafka.NoBrokerEpoch || f.brokerEpoch == epoch)
}

// proposeExpansion asks to add a follower once it has all that is committed.
// The high watermark alone does not say that: a new leader may not know how far
// its predecessor had committed, but that lies below the start of its own
// epoch (KAFKA-7128).
func (p *Partition) proposeExpansion(f *follower) {
	if p.proposal.Number != 0 || slices.Contains(p.state.ISR, f.id) || !p.eligible(f) {
		return
	}
	if f.logEnd < p.highWatermark || f.logEnd < p.epochStart {
		return
	}
	members := append(p.members(p.state.ISR), Member{f.id, f.brokerEpoch})
	p.propose(members)
	p.observe(PointISRExpandProposed, int64(p.state.LeaderEpoch), int64(p.state.PartitionEpoch),
		int64(len(p.state.ISR)), int64(len(members)), int64(f.id))
}

// CheckLag proposes to remove followers that have not caught up for
// replica.lag.time.max.ms. It is called every half of that time.
func (p *Partition) CheckLag(now host.Time) {
	if p.role != Leading {
		return
	}
	p.raiseHighWatermark(now) // a follower that was awaited may have lagged for too long
	if p.proposal.Number != 0 {
		return
	}
	var keep []kafka.BrokerID
	for _, id := range p.state.ISR {
		if f := p.follower(id); f == nil || p.caughtUp(f, now) {
			keep = append(keep, id)
		}
	}
	if len(keep) == len(p.state.ISR) {
		return
	}
	p.propose(p.members(keep))
	p.observe(PointISRShrinkProposed, int64(p.state.LeaderEpoch), int64(p.state.PartitionEpoch),
		int64(len(p.state.ISR)), int64(len(keep)))
}

func (p *Partition) members(ids []kafka.BrokerID) []Member {
	members := make([]Member, 0, len(ids)+1)
	for _, id := range ids {
		m := Member{Broker: id, BrokerEpoch: kafka.NoBrokerEpoch}
		if f := p.follower(id); f != nil {
			m.BrokerEpoch = f.brokerEpoch
		}
		if m.BrokerEpoch == kafka.NoBrokerEpoch {
			if epoch, active := p.brokers.ActiveEpoch(id); active {
				m.BrokerEpoch = epoch
			}
		}
		members = append(members, m)
	}
	return members
}

func (p *Partition) propose(members []Member) {
	p.proposals++
	p.proposal = Proposal{Number: p.proposals, LeaderEpoch: p.state.LeaderEpoch,
		PartitionEpoch: p.state.PartitionEpoch, ISR: members}
	p.watcher.Changed(p)
}

// ProposalAnswered takes the controller's answer to the proposal of that
// number: the partition's new state, or an error. Answers to proposals that
// metadata has overtaken are ignored. again asks the caller to send the same
// proposal once more.
func (p *Partition) ProposalAnswered(now host.Time, number uint64, s State, err *kerr.Error) (again bool) {
	if number == 0 || p.proposal.Number != number {
		return false
	}
	if err != nil {
		return p.proposalRefused(err)
	}
	if s.LeaderEpoch != p.state.LeaderEpoch || s.PartitionEpoch < p.state.PartitionEpoch {
		return false // somebody else leads: the metadata will say so
	}
	p.state.ISR, p.state.PartitionEpoch = s.ISR, s.PartitionEpoch
	p.proposal = Proposal{}
	p.observe(PointISRChanged, int64(p.state.LeaderEpoch), int64(p.state.PartitionEpoch), int64(len(s.ISR)))
	p.raiseHighWatermark(now)
	p.watcher.Changed(p)
	return false
}

// proposalRefused acts on each error as Kafka does. Where the controller knows
// something newer, the proposal stays open (the maximal ISR stays large, which
// is safe) until the metadata brings it.
func (p *Partition) proposalRefused(err *kerr.Error) (again bool) {
	p.observe(PointISRChangeRefused, int64(p.state.LeaderEpoch), int64(p.state.PartitionEpoch), int64(err.Code))
	switch err {
	case kerr.OperationNotAttempted, kerr.IneligibleReplica:
		// Back to the committed ISR; the next fetch or lag check proposes anew.
		p.proposal = Proposal{}
		p.watcher.Changed(p)
		return false
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.FencedLeaderEpoch, kerr.InvalidUpdateVersion,
		kerr.InvalidRequest, kerr.NewLeaderElected:
		return false
	}
	return true
}
