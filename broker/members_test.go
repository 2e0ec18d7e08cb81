package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker"
	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

// member is a scripted member of a group. Every request goes over a connection
// of its own, unless it says otherwise.
type member struct {
	c                  *cluster
	group              string
	id                 string
	instance           *string
	generation         int32
	join, sync         int16 // versions
	session, rebalance time.Duration
}

func (c *cluster) member(groupName string) *member {
	return &member{c: c, group: groupName, generation: -1, join: 9, sync: 5, session: 10 * time.Second, rebalance: 20 * time.Second}
}

// fresh makes the next request open a connection.
func (c *cluster) fresh(name string) { delete(c.client.conns, host.Addr(name+":9092")) }

func (m *member) joinRequest() *kmsg.JoinGroupRequest {
	r := kmsg.NewPtrJoinGroupRequest()
	r.Version, r.Group, r.MemberID, r.ProtocolType = m.join, m.group, m.id, "consumer"
	r.SessionTimeoutMillis = int32(m.session / time.Millisecond)
	if m.join >= 1 {
		r.RebalanceTimeoutMillis = int32(m.rebalance / time.Millisecond)
	}
	if m.join >= 5 {
		r.InstanceID = m.instance
	}
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name, p.Metadata = "range", (&kmsg.ConsumerMemberMetadata{Version: 1, Topics: []string{"orders"}}).AppendTo(nil)
	r.Protocols = append(r.Protocols, p)
	return r
}

// startJoin sends a join and returns where its answer will be.
func (m *member) startJoin(name string) *kmsg.JoinGroupResponse {
	answer := new(kmsg.JoinGroupResponse)
	answer.ErrorCode = -2 // none yet
	m.c.fresh(name)
	m.c.send(name, m.joinRequest(), func(r kmsg.Response) {
		if joined, ok := r.(*kmsg.JoinGroupResponse); ok {
			*answer = *joined
			m.id, m.generation = joined.MemberID, joined.Generation
		}
	})
	return answer
}

func answered(r *kmsg.JoinGroupResponse) func() bool { return func() bool { return r.ErrorCode != -2 } }

// joins joins alone, with an id first where it needs one.
func (m *member) joins(name string) *kmsg.JoinGroupResponse {
	m.c.t.Helper()
	answer := m.startJoin(name)
	m.c.runUntil(30*time.Second, "an answer to a join", answered(answer))
	if answer.ErrorCode == kerr.MemberIDRequired.Code {
		return m.joins(name)
	}
	return answer
}

func (m *member) syncRequest(assigned map[*member]int32) *kmsg.SyncGroupRequest {
	r := kmsg.NewPtrSyncGroupRequest()
	r.Version, r.Group, r.MemberID, r.Generation = m.sync, m.group, m.id, m.generation
	if m.sync >= 3 {
		r.InstanceID = m.instance
	}
	if m.sync >= 5 {
		r.ProtocolType, r.Protocol = ptr("consumer"), ptr("range")
	}
	for to, number := range assigned { // one or two: their order does not matter
		a := kmsg.NewSyncGroupRequestGroupAssignment()
		a.MemberID = to.id
		topic := kmsg.ConsumerMemberAssignmentTopic{Topic: "orders", Partitions: []int32{number}}
		a.MemberAssignment = (&kmsg.ConsumerMemberAssignment{Topics: []kmsg.ConsumerMemberAssignmentTopic{topic}}).AppendTo(nil)
		r.GroupAssignment = append(r.GroupAssignment, a)
	}
	return r
}

func ptr(text string) *string { return &text }

func (m *member) syncs(name string, assigned map[*member]int32) *kmsg.SyncGroupResponse {
	m.c.t.Helper()
	m.c.fresh(name)
	answer, _ := m.c.call(name, m.syncRequest(assigned)).(*kmsg.SyncGroupResponse)
	return answer
}

func (m *member) beats(name string) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	r := kmsg.NewPtrHeartbeatRequest()
	r.Version, r.Group, r.MemberID, r.Generation, r.InstanceID = 4, m.group, m.id, m.generation, m.instance
	return m.c.call(name, r).(*kmsg.HeartbeatResponse).ErrorCode
}

func (m *member) commits(name string, partition int32, offset kafka.Offset) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	r := commitRequest(m.group, "orders", partition, offset)
	r.MemberID, r.Generation, r.InstanceID = m.id, m.generation, m.instance
	return commitCode(m.c.call(name, r))
}

func (m *member) leaves(name string) *kmsg.LeaveGroupResponse {
	m.c.t.Helper()
	m.c.fresh(name)
	r := kmsg.NewPtrLeaveGroupRequest()
	r.Version, r.Group = 5, m.group
	l := kmsg.NewLeaveGroupRequestMember()
	l.MemberID, l.InstanceID = m.id, m.instance
	r.Members = append(r.Members, l)
	return m.c.call(name, r).(*kmsg.LeaveGroupResponse)
}

func (c *cluster) describeGroup(name, groupName string) kmsg.DescribeGroupsResponseGroup {
	c.t.Helper()
	c.fresh(name)
	r := kmsg.NewPtrDescribeGroupsRequest()
	r.Version, r.Groups = 6, []string{groupName}
	return c.call(name, r).(*kmsg.DescribeGroupsResponse).Groups[0]
}

func (c *cluster) groupView(name, groupName string) (broker.GroupView, bool) {
	if b := c.broker(name); b != nil {
		for _, v := range b.Groups() {
			if v.Group == groupName {
				return v, true
			}
		}
	}
	return broker.GroupView{}, false
}

// twoMembers makes a stable group of two, of which a is the leader.
func twoMembers(t *testing.T, c *cluster) (coordinator string, a, b *member) {
	c.createTopic("orders", 2, nil)
	coordinator = c.findCoordinator("billing")
	a, b = c.member("billing"), c.member("billing")
	required := b.startJoin(coordinator)
	c.runUntil(time.Second, "an id", answered(required))
	require.Equal(t, kerr.MemberIDRequired.Code, required.ErrorCode)
	first := a.startJoin(coordinator)
	c.runUntil(time.Second, "an id", answered(first))
	first = a.startJoin(coordinator)
	c.w.Run(c.w.Now().Add(100 * time.Millisecond)) // over another connection than b's
	second := b.startJoin(coordinator)
	c.runUntil(10*time.Second, "two joins", func() bool { return answered(first)() && answered(second)() })
	require.Equal(t, []int16{0, 0}, []int16{first.ErrorCode, second.ErrorCode})
	require.Equal(t, []string{a.id, a.id}, []string{first.LeaderID, second.LeaderID})
	require.Len(t, first.Members, 2)
	require.Empty(t, second.Members)

	var follower *kmsg.SyncGroupResponse
	c.fresh(coordinator)
	c.send(coordinator, b.syncRequest(nil), func(r kmsg.Response) { follower = r.(*kmsg.SyncGroupResponse) })
	require.Zero(t, a.syncs(coordinator, map[*member]int32{a: 0, b: 1}).ErrorCode)
	c.runUntil(time.Second, "the follower's assignment", func() bool { return follower != nil })
	require.Zero(t, follower.ErrorCode)
	require.NotEmpty(t, follower.MemberAssignment)
	return coordinator, a, b
}

// A group from its first member to its end, by its requests.
func TestGroupLife(t *testing.T) {
	c := newCluster(t, 1, nil)
	coordinator, a, b := twoMembers(t, c)
	require.Zero(t, a.beats(coordinator))
	require.Zero(t, b.commits(coordinator, 1, 5))

	d := c.describeGroup(coordinator, "billing")
	require.Equal(t, []string{"Stable", "consumer", "range"}, []string{d.State, d.ProtocolType, d.Protocol})
	require.Len(t, d.Members, 2)
	v, _ := c.groupView(coordinator, "billing")
	require.Equal(t, []string{a.id, b.id}, []string{string(v.Owned[0].Member), string(v.Owned[1].Member)})
	require.Equal(t, kafka.Offset(5), v.Offsets[0].Offset)

	list := kmsg.NewPtrListGroupsRequest()
	list.Version, list.StatesFilter, list.TypesFilter = 5, []string{"stable"}, []string{"Classic"}
	listed := c.call(coordinator, list).(*kmsg.ListGroupsResponse).Groups
	require.Len(t, listed, 1)
	require.Equal(t, []string{"billing", "consumer", "Stable", "classic"}, []string{listed[0].Group, listed[0].ProtocolType, listed[0].GroupState, listed[0].GroupType})
	list.StatesFilter = []string{"Empty"}
	require.Empty(t, c.call(coordinator, list).(*kmsg.ListGroupsResponse).Groups)

	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Version, remove.Groups = 2, []string{"billing", "nobody"}
	code := func(groupName string) int16 {
		for _, g := range c.call(coordinator, remove).(*kmsg.DeleteGroupsResponse).Groups {
			if g.Group == groupName {
				return g.ErrorCode
			}
		}
		return -2
	}
	require.Equal(t, kerr.NonEmptyGroup.Code, code("billing"))

	// Who leaves makes the other join again; the last leaves an empty group.
	require.Zero(t, a.leaves(coordinator).Members[0].ErrorCode)
	require.Equal(t, kerr.RebalanceInProgress.Code, b.beats(coordinator))
	require.Equal(t, kerr.UnknownMemberID.Code, a.commits(coordinator, 0, 7))
	require.Zero(t, b.joins(coordinator).ErrorCode)
	require.Equal(t, int32(2), b.generation)
	require.Zero(t, b.leaves(coordinator).Members[0].ErrorCode)
	require.Equal(t, kerr.UnknownMemberID.Code, b.leaves(coordinator).Members[0].ErrorCode)
	require.Equal(t, "Empty", c.describeGroup(coordinator, "billing").State)
	require.Equal(t, kafka.Offset(5), c.committed(coordinator, "billing"))
	require.Zero(t, code("billing"))
	require.Equal(t, kerr.GroupIDNotFound.Code, code("billing"))
	require.Equal(t, kerr.GroupIDNotFound.Code, c.describeGroup(coordinator, "billing").ErrorCode)
	require.Equal(t, []int{3, 2, 2, 0}, []int{c.counts["group_rebalanced"], c.counts["member_joined"], c.counts["member_left"], c.counts["member_fenced"]})
}

// Every version of the requests works, with the fields that it has.
func TestGroupVersions(t *testing.T) {
	c := newCluster(t, 1, map[string]string{"group.initial.rebalance.delay.ms": "0"})
	c.createTopic("orders", 2, nil)
	coordinator := c.findCoordinator("billing")
	for version := range int16(10) {
		m := c.member("billing")
		m.join, m.sync = version, min(version, 5)
		joined := m.joins(coordinator)
		require.Zero(t, joined.ErrorCode, "version %d", version)
		require.Equal(t, version, joined.Version)
		require.Equal(t, m.id, joined.LeaderID)
		synced := m.syncs(coordinator, map[*member]int32{m: 0})
		require.Zero(t, synced.ErrorCode, "version %d", version)
		require.Equal(t, version >= 5, synced.ProtocolType != nil)
		beat := kmsg.NewPtrHeartbeatRequest()
		beat.Version, beat.Group, beat.MemberID, beat.Generation = min(version, 4), "billing", m.id, m.generation
		require.Zero(t, c.call(coordinator, beat).(*kmsg.HeartbeatResponse).ErrorCode)
		leave := kmsg.NewPtrLeaveGroupRequest()
		leave.Version, leave.Group = min(version, 5), "billing"
		if version < 3 {
			leave.MemberID = m.id
		} else {
			leave.Members = []kmsg.LeaveGroupRequestMember{{MemberID: m.id}}
		}
		require.Zero(t, c.call(coordinator, leave).(*kmsg.LeaveGroupResponse).ErrorCode)
		describe := kmsg.NewPtrDescribeGroupsRequest()
		describe.Version, describe.Groups = min(version, 6), []string{"billing", "nobody"}
		described := c.call(coordinator, describe).(*kmsg.DescribeGroupsResponse).Groups
		require.Equal(t, []string{"Empty", "Dead"}, []string{described[0].State, described[1].State})
		require.Equal(t, map[bool]int16{true: kerr.GroupIDNotFound.Code}[version >= 6], described[1].ErrorCode)
	}
}

// What comes on a connection whose join waits, waits behind it, as in Kafka;
// other connections do not.
func TestHeldJoinHoldsItsConnection(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	m := c.member("billing")
	m.join = 3
	joined := m.startJoin(coordinator)
	behind := false
	c.send(coordinator, fetchOffsetsRequest("billing", false), func(kmsg.Response) { behind = true })
	c.w.Run(c.w.Now().Add(time.Second))
	require.False(t, answered(joined)())
	require.False(t, behind)
	require.Equal(t, "PreparingRebalance", c.describeGroup(coordinator, "billing").State)
	c.runUntil(5*time.Second, "both", func() bool { return answered(joined)() && behind })
}

// A coordinator that moves sends away who waits; its successor knows the last
// generation, and members have a session's time to come.
func TestMembersFollowTheirCoordinator(t *testing.T) {
	c := newCluster(t, 1, nil)
	former, a, b := twoMembers(t, c)
	third := c.member("billing")
	third.join = 3
	waiting := third.startJoin(former)
	c.w.Run(c.w.Now().Add(time.Second))
	c.moveLeader(metadata.OffsetsTopic, offsetsPartition("billing"), kafka.BrokerID(1+(former[len(former)-1]-'0')%3))
	c.runUntil(10*time.Second, "an answer", answered(waiting))
	require.Equal(t, kerr.NotCoordinator.Code, waiting.ErrorCode)

	next := c.findCoordinator("billing")
	require.NotEqual(t, former, next)
	require.Equal(t, kerr.NotCoordinator.Code, a.beats(former))
	require.Zero(t, a.beats(next))
	require.Zero(t, b.commits(next, 1, 9))
	require.Equal(t, "Stable", c.describeGroup(next, "billing").State)

	// Only a comes from time to time: b's session ends.
	for range 4 {
		c.w.Run(c.w.Now().Add(4 * time.Second))
		if a.beats(next) == kerr.RebalanceInProgress.Code {
			require.Zero(t, a.joins(next).ErrorCode)
		}
	}
	require.Equal(t, int32(2), a.generation)
	require.Zero(t, a.syncs(next, map[*member]int32{a: 0}).ErrorCode)
	require.Equal(t, kerr.UnknownMemberID.Code, b.commits(next, 1, 10))
	require.Equal(t, 1, c.counts["member_fenced"])
	require.Equal(t, kafka.Offset(9), c.committed(next, "billing"))
}

// A power loss of the coordinator takes the rebalance with it, not the group.
func TestGroupSurvivesPowerLoss(t *testing.T) {
	c := newCluster(t, 3, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"})
	former, a, b := twoMembers(t, c)
	c.w.PowerLoss(former, sim.LoseUnsynced, c.w.Stream("power"))
	c.runUntil(30*time.Second, "another coordinator", func() bool {
		leader := c.leader(metadata.OffsetsTopic, offsetsPartition("billing"))
		return leader != "" && leader != former
	})
	next := c.findCoordinator("billing")
	require.Zero(t, a.beats(next))
	require.Zero(t, b.beats(next))
	again := b.syncs(next, nil)
	require.Zero(t, again.ErrorCode)
	v, _ := c.groupView(next, "billing")
	require.Equal(t, []int32{0, 1}, []int32{v.Owned[0].Partition.Partition, v.Owned[1].Partition.Partition})
}

// Two processes of one instance id: the later one holds it, without a rebalance.
func TestStaticMemberIsFenced(t *testing.T) {
	c := newCluster(t, 1, map[string]string{"group.initial.rebalance.delay.ms": "0"})
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	former, later := c.member("billing"), c.member("billing")
	former.instance, later.instance = ptr("one"), ptr("one")
	require.Zero(t, former.joins(coordinator).ErrorCode)
	require.Zero(t, former.syncs(coordinator, map[*member]int32{former: 0}).ErrorCode)
	joined := later.joins(coordinator)
	require.Equal(t, []any{int16(0), int32(1), true}, []any{joined.ErrorCode, joined.Generation, joined.SkipAssignment})
	require.NotEmpty(t, later.syncs(coordinator, nil).MemberAssignment)
	require.Equal(t, kerr.FencedInstanceID.Code, former.beats(coordinator))
	require.Equal(t, kerr.FencedInstanceID.Code, former.commits(coordinator, 0, 1))
	require.Zero(t, later.commits(coordinator, 0, 2))
	require.Equal(t, []int{1, 1}, []int{c.counts["group_rebalanced"], c.counts["member_fenced"]})
}

// Offsets of a group that nobody uses are forgotten, the group with them.
func TestOffsetsExpire(t *testing.T) {
	c := newCluster(t, 1, map[string]string{"offsets.retention.minutes": "1", "offsets.retention.check.interval.ms": "5000"})
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	require.Zero(t, commitCode(c.call(coordinator, commitRequest("billing", "orders", 0, 42))))
	c.w.Run(c.w.Now().Add(50 * time.Second))
	require.Equal(t, kafka.Offset(42), c.committed(coordinator, "billing"))
	c.w.Run(c.w.Now().Add(20 * time.Second))
	require.Equal(t, kafka.NoOffset, c.committed(coordinator, "billing"))
	require.Equal(t, kerr.GroupIDNotFound.Code, c.describeGroup(coordinator, "billing").ErrorCode)
}
