package clients

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// fakeMembers is a correct coordinator's view of a group, kept small: it drops
// no member by itself (see kick and expire), and rebalances when all have joined.
type fakeMembers struct {
	cluster    *fakeCluster
	group      *fakeGroup
	generation int32
	members    map[string]*fakeMember
	leader     string
	balancing  bool
	completing bool // joined, not all synced
	nextID     int

	fate  map[string]string // by "API N"
	seen  map[string]int
	epoch int32 // of a group of KIP-848
}

type fakeMember struct {
	id       string
	instance *string
	joined   func(kmsg.Response) // waits for the generation
	synced   func(kmsg.Response) // waits for the leader
	share    []byte
	metadata []byte
	protocol string

	// KIP-848.
	epoch         int32
	target, owned []int32
}

var groupErrors = append(slices.Clone(fakeErrors), kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.RebalanceInProgress,
	kerr.FencedMemberEpoch, kerr.GroupMaxSizeReached, kerr.UnreleasedInstanceID)

func (c *fakeCluster) members(name string) *fakeMembers {
	if c.rebalanced[name] == nil {
		c.rebalanced[name] = &fakeMembers{cluster: c, group: c.group(name), members: map[string]*fakeMember{}, fate: map[string]string{}, seen: map[string]int{}}
	}
	return c.rebalanced[name]
}

// refuses returns the error that a request ends with before anybody looks at
// it, and whether its answer is lost.
func (g *fakeMembers) refuses(b *fakeBroker, api string) (code int16, lost bool) {
	g.seen[api]++
	fate := g.fate[fmt.Sprintf("%s %d", api, g.seen[api])]
	if b.id != g.group.coordinator {
		return kerr.NotCoordinator.Code, false
	}
	for _, e := range groupErrors {
		if e.Message == fate {
			return e.Code, false
		}
	}
	return 0, fate == "lose"
}

func orNothing(text *string) string {
	if text == nil {
		return ""
	}
	return " (" + *text + ")"
}

func (b *fakeBroker) joinGroup(r *kmsg.JoinGroupRequest, reply func(kmsg.Response)) {
	g := b.cluster.members(r.Group)
	code, lost := g.refuses(b, "join")
	answer := kmsg.NewPtrJoinGroupResponse()
	m := g.members[r.MemberID]
	var names []string
	for _, p := range r.Protocols {
		names = append(names, p.Name)
	}
	subscription := kmsg.NewConsumerMemberMetadata()
	_ = subscription.ReadFrom(r.Protocols[0].Metadata)
	var claims []string
	for _, o := range subscription.OwnedPartitions {
		claims = append(claims, fmt.Sprint(o.Partitions))
	}
	b.cluster.world.log("broker %d: join v%d of %q%s by %s, claims %s of generation %d", b.id, r.Version, r.MemberID, orNothing(r.InstanceID),
		strings.Join(names, ","), strings.Join(claims, " "), subscription.Generation)
	switch {
	case code != 0:
	case r.MemberID == "" && r.InstanceID != nil:
		g.nextID++
		for _, id := range slices.Sorted(maps.Keys(g.members)) {
			if old := g.members[id]; old.instance != nil && *old.instance == *r.InstanceID {
				delete(g.members, id) // its place is taken
			}
		}
		m = &fakeMember{id: fmt.Sprintf("%s-%d", *r.InstanceID, g.nextID), instance: r.InstanceID}
		g.members[m.id] = m
	case r.MemberID == "":
		g.nextID++
		code, answer.MemberID = kerr.MemberIDRequired.Code, fmt.Sprintf("member-%d", g.nextID)
		g.members[answer.MemberID] = nil // known, not a member yet
	case m == nil && !g.knows(r.MemberID):
		code = kerr.UnknownMemberID.Code
	case m == nil:
		m = &fakeMember{id: r.MemberID}
		g.members[m.id] = m
	}
	if code != 0 {
		answer.ErrorCode = code
		reply(answer)
		return
	}
	m.metadata, m.protocol = r.Protocols[0].Metadata, r.Protocols[0].Name
	m.joined = reply
	if lost {
		m.joined = func(kmsg.Response) {}
	}
	g.balance()
}

func (g *fakeMembers) knows(id string) bool { _, known := g.members[id]; return known }

// balance completes the generation when everybody has joined.
func (g *fakeMembers) balance() {
	g.balancing, g.completing = true, false
	var all []*fakeMember
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		m := g.members[id]
		if m == nil {
			continue
		}
		if m.synced != nil {
			answer := kmsg.NewPtrSyncGroupResponse()
			answer.ErrorCode = kerr.RebalanceInProgress.Code
			m.synced(answer)
			m.synced = nil
		}
		if m.joined == nil {
			return
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return
	}
	g.generation++
	g.balancing, g.completing = false, true
	g.leader = all[0].id
	for _, m := range all {
		answer := kmsg.NewPtrJoinGroupResponse()
		answer.Generation, answer.LeaderID, answer.MemberID = g.generation, g.leader, m.id
		answer.Protocol, answer.ProtocolType = kmsg.StringPtr(all[0].protocol), kmsg.StringPtr("consumer")
		if m.id == g.leader {
			for _, each := range all {
				answer.Members = append(answer.Members, kmsg.JoinGroupResponseMember{MemberID: each.id, InstanceID: each.instance, ProtocolMetadata: each.metadata})
			}
		}
		m.share = nil
		m.joined(answer)
		m.joined = nil
	}
}

func (b *fakeBroker) syncGroup(r *kmsg.SyncGroupRequest, reply func(kmsg.Response)) {
	g := b.cluster.members(r.Group)
	code, lost := g.refuses(b, "sync")
	m := g.members[r.MemberID]
	if code == 0 {
		code = g.check(m, r.Generation, r.InstanceID, r.MemberID)
	}
	if code == 0 && g.balancing {
		code = kerr.RebalanceInProgress.Code
	}
	if code != 0 {
		answer := kmsg.NewPtrSyncGroupResponse()
		answer.ErrorCode = code
		reply(answer)
		return
	}
	m.synced = reply
	if lost {
		m.synced = func(kmsg.Response) {}
	}
	for _, share := range r.GroupAssignment {
		g.members[share.MemberID].share = share.MemberAssignment
		var text []string
		names, err := decodeAssignment(share.MemberAssignment)
		if err != nil {
			b.cluster.world.t.Fatal(err)
		}
		for _, name := range names {
			text = append(text, fmt.Sprint(name.Partition))
		}
		b.cluster.world.log("broker %d: generation %d gives %s [%s]", b.id, g.generation, share.MemberID, strings.Join(text, " "))
	}
	if m.id == g.leader {
		g.completing = false
	}
	if g.completing {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		if m := g.members[id]; m != nil && m.synced != nil {
			answer := kmsg.NewPtrSyncGroupResponse()
			answer.MemberAssignment = m.share
			m.synced(answer)
			m.synced = nil
		}
	}
}

func (g *fakeMembers) check(m *fakeMember, generation int32, instance *string, id string) int16 {
	switch {
	case m == nil && instance != nil:
		return kerr.FencedInstanceID.Code
	case m == nil:
		return kerr.UnknownMemberID.Code
	case generation != g.generation:
		return kerr.IllegalGeneration.Code
	}
	return 0
}

func (b *fakeBroker) heartbeat(r *kmsg.HeartbeatRequest, reply func(kmsg.Response)) {
	g := b.cluster.members(r.Group)
	code, lost := g.refuses(b, "heartbeat")
	if code == 0 {
		code = g.check(g.members[r.MemberID], r.Generation, r.InstanceID, r.MemberID)
	}
	if code == 0 && g.balancing {
		code = kerr.RebalanceInProgress.Code
	}
	if code != 0 {
		b.cluster.world.log("broker %d: heartbeat of %s, generation %d: %v", b.id, r.MemberID, r.Generation, kerr.ErrorForCode(code).(*kerr.Error).Message)
	}
	answer := kmsg.NewPtrHeartbeatResponse()
	answer.ErrorCode = code
	if !lost {
		reply(answer)
	}
}

func (b *fakeBroker) leaveGroup(r *kmsg.LeaveGroupRequest, reply func(kmsg.Response)) {
	g := b.cluster.members(r.Group)
	code, _ := g.refuses(b, "leave")
	answer := kmsg.NewPtrLeaveGroupResponse()
	answer.ErrorCode = code
	b.cluster.world.log("broker %d: %s leaves%s", b.id, r.Members[0].MemberID, orNothing(r.Members[0].Reason))
	if code == 0 {
		g.kick(r.Members[0].MemberID)
	}
	reply(answer)
}

// expire drops the members that do not join.
func (g *fakeMembers) expire() {
	for _, id := range slices.Sorted(maps.Keys(g.members)) {
		if m := g.members[id]; m != nil && m.joined == nil {
			delete(g.members, id)
		}
	}
	g.balance()
}

// kick drops a member; the others rebalance.
func (g *fakeMembers) kick(id string) {
	delete(g.members, id)
	if g.epoch > 0 {
		g.retarget()
		return
	}
	g.balance()
}

// refusesCommit is the check of a member's commit.
func (g *fakeMembers) refusesCommit(r *kmsg.OffsetCommitRequest) int16 {
	if len(g.members) == 0 && r.Generation < 0 {
		return 0
	}
	m := g.members[r.MemberID]
	if g.epoch > 0 {
		switch {
		case m == nil:
			return kerr.UnknownMemberID.Code
		case r.Generation != m.epoch:
			return kerr.StaleMemberEpoch.Code
		}
		return 0
	}
	if code := g.check(m, r.Generation, r.InstanceID, r.MemberID); code != 0 {
		return code
	}
	if g.completing {
		return kerr.RebalanceInProgress.Code
	}
	return 0
}

// consumerHeartbeat is KIP-848 in little: a target from the number of members,
// and a partition is given when its former owner has said that it gave it back.
func (b *fakeBroker) consumerHeartbeat(r *kmsg.ConsumerGroupHeartbeatRequest, reply func(kmsg.Response)) {
	g := b.cluster.members(r.Group)
	code, lost := g.refuses(b, "heartbeat")
	answer := kmsg.NewPtrConsumerGroupHeartbeatResponse()
	answer.HeartbeatIntervalMillis = 5000
	m := g.members[r.MemberID]
	name := b.cluster.memberName(r.MemberID)
	switch {
	case code != 0:
	case r.MemberEpoch < 0:
		b.cluster.world.log("broker %d: %s leaves by %d", b.id, name, r.MemberEpoch)
		g.kick(r.MemberID)
		answer.MemberEpoch = r.MemberEpoch
		reply(answer)
		return
	case m == nil && r.MemberEpoch != 0:
		code = kerr.UnknownMemberID.Code
	case r.MemberEpoch == 0:
		m = &fakeMember{id: r.MemberID, instance: r.InstanceID}
		g.members[m.id] = m
		g.retarget()
	case r.MemberEpoch != m.epoch && r.MemberEpoch != m.epoch-1:
		code = kerr.FencedMemberEpoch.Code
	}
	text := ""
	if r.SubscribedTopicNames != nil {
		text += fmt.Sprintf(", topics %v", r.SubscribedTopicNames)
	}
	if r.Topics != nil {
		text += ", has ["
		if len(r.Topics) > 0 {
			text += strings.Trim(fmt.Sprint(r.Topics[0].Partitions), "[]")
		}
		text += "]"
	}
	if code != 0 {
		b.cluster.world.log("broker %d: heartbeat of %s, epoch %d%s: %v", b.id, name, r.MemberEpoch, text, kerr.ErrorForCode(code).(*kerr.Error).Message)
		answer.ErrorCode = code
		reply(answer)
		return
	}
	if text != "" {
		b.cluster.world.log("broker %d: heartbeat v%d of %s%s, epoch %d%s", b.id, r.Version, name, orNothing(r.InstanceID), r.MemberEpoch, text)
	}
	if r.Topics != nil {
		m.owned = nil
		if len(r.Topics) > 0 {
			m.owned = r.Topics[0].Partitions
		}
	}
	before := m.owned
	wanted, free := g.possible(m)
	full := r.SubscribedTopicNames != nil
	if free { // nothing left to give back: it moves to the group's epoch
		full = full || m.epoch != g.epoch
		m.epoch = g.epoch
	}
	answer.MemberEpoch, answer.MemberID = m.epoch, &m.id
	if full || !slices.Equal(wanted, before) {
		answer.Assignment = &kmsg.ConsumerGroupHeartbeatResponseAssignment{}
		if len(wanted) > 0 {
			answer.Assignment.Topics = []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic{{TopicID: b.cluster.topicID("orders"), Partitions: wanted}}
		}
		for _, p := range wanted {
			if !slices.Contains(m.owned, p) {
				m.owned = append(m.owned, p)
			}
		}
	}
	if !lost {
		reply(answer)
	}
}

// possible is what a member may have now: what it has of its target, and of the
// rest what nobody else has. free: it has nothing to give back.
func (g *fakeMembers) possible(m *fakeMember) (wanted []int32, free bool) {
	free = true
	for _, p := range m.owned {
		free = free && slices.Contains(m.target, p)
	}
	for _, p := range m.target {
		taken := false
		for _, id := range slices.Sorted(maps.Keys(g.members)) {
			taken = taken || id != m.id && slices.Contains(g.members[id].owned, p)
		}
		if !taken && (free || slices.Contains(m.owned, p)) {
			wanted = append(wanted, p)
		}
	}
	return wanted, free
}

func (g *fakeMembers) retarget() {
	g.epoch++
	ids := slices.Sorted(maps.Keys(g.members))
	for _, id := range ids {
		g.members[id].target = nil
	}
	for p := range int32(4) {
		if len(ids) > 0 {
			m := g.members[ids[int(p)%len(ids)]]
			m.target = append(m.target, p)
		}
	}
}

// memberName is the actor's for a member id, which is long and random.
func (c *fakeCluster) memberName(id string) string {
	for _, client := range c.world.clients {
		for _, core := range client.cores {
			if consumer, ok := core.(*Consumer); ok && consumer.group.member.id == id {
				return client.config.ID
			}
		}
	}
	return id[:6]
}
