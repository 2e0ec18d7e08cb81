package group

import "github.com/twmb/franz-go/pkg/kerr"

// memberCommits is the version of OffsetCommit that members of KIP-848 use: its
// clients know STALE_MEMBER_EPOCH.
const memberCommits = 9

// checkCommit refuses a commit of somebody who is no member, and of a member that
// has heard of less than it was told, or of more. One of an older epoch counts for
// what the member has had since then (KIP-1251): the answer that told it of the
// new one may be on its way.
func (g *consumerGroup) checkCommit(_ *Coordinator, r *Commit, inTransaction bool) error {
	if r.Generation < 0 && g.empty() || inTransaction && r.simple() {
		return nil
	}
	m := g.byID[r.Member]
	switch {
	case m == nil:
		return kerr.UnknownMemberID
	case !inTransaction && r.Version < memberCommits:
		return kerr.UnsupportedVersion
	case r.Generation == m.epoch:
		return nil
	}
	stale := error(kerr.StaleMemberEpoch)
	if inTransaction {
		stale = kerr.IllegalGeneration
	}
	if r.Generation > m.epoch {
		return stale
	}
	for i := range r.Offsets {
		o := &r.Offsets[i]
		if since, has := m.since(PartitionID{o.TopicID, o.Partition.Partition}); !has || r.Generation < since {
			return stale
		}
	}
	return nil
}

// committing: heartbeats alone keep a session alive.
func (g *consumerGroup) committing(*Coordinator, *Commit) {}

// CheckFetch refuses to tell a member of KIP-848 what the group has committed if
// the group knows nothing of it: UNKNOWN_MEMBER_ID, STALE_MEMBER_EPOCH. Who names
// no member (nil, -1) may ask at any time, and groups of the other kind ask for
// none.
func (c *Coordinator) CheckFetch(name string, member *string, epoch GenerationID) error {
	g := c.groups[name]
	if g == nil {
		return nil
	}
	members, ok := g.members.(*consumerGroup)
	if !ok || member == nil && epoch < 0 {
		return nil
	}
	if member == nil || members.byID[MemberID(*member)] == nil {
		return kerr.UnknownMemberID
	}
	// Of what is committed: a member does not know more.
	if m := members.byID[MemberID(*member)]; epoch != m.told && epoch != m.epoch {
		return kerr.StaleMemberEpoch
	}
	return nil
}
