package broker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/metadata"
	"assay/internal/kafka"
)

// consumerMember is a scripted member of a group of KIP-848. It has the
// partitions of orders that it was told.
type consumerMember struct {
	c       *cluster
	topic   kafka.TopicID
	group   string
	id      string
	epoch   int32
	has     []int32
	version int16
	pattern string // that it subscribes by instead; "" for orders
}

func (c *cluster) consumerMember(id string, topic kafka.TopicID) *consumerMember {
	return &consumerMember{c: c, topic: topic, group: "billing", id: id, version: 1}
}

// request is a heartbeat with everything.
func (m *consumerMember) request() *kmsg.ConsumerGroupHeartbeatRequest {
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Version, r.Group, r.MemberID, r.MemberEpoch = m.version, m.group, m.id, m.epoch
	r.RebalanceTimeoutMillis, r.SubscribedTopicNames, r.Topics = 20_000, []string{"orders"}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	if len(m.has) > 0 {
		topic := kmsg.NewConsumerGroupHeartbeatRequestTopic()
		topic.TopicID, topic.Partitions = m.topic, m.has
		r.Topics = append(r.Topics, topic)
	}
	if m.pattern != "" {
		r.SubscribedTopicNames, r.SubscribedTopicRegex = nil, &m.pattern
	}
	return r
}

// beats sends a heartbeat with everything, and takes what it is told.
func (m *consumerMember) beats(name string) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	answer := m.c.call(name, m.request()).(*kmsg.ConsumerGroupHeartbeatResponse)
	if answer.ErrorCode == 0 {
		require.NotNil(m.c.t, answer.Assignment)
		m.id, m.epoch, m.has = *answer.MemberID, answer.MemberEpoch, nil
		for _, topic := range answer.Assignment.Topics {
			require.Equal(m.c.t, m.topic, kafka.TopicID(topic.TopicID))
			m.has = append(m.has, topic.Partitions...)
		}
	}
	return answer.ErrorCode
}

func (m *consumerMember) leaves(name string) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Version, r.Group, r.MemberID, r.MemberEpoch = m.version, m.group, m.id, -1
	return m.c.call(name, r).(*kmsg.ConsumerGroupHeartbeatResponse).ErrorCode
}

func (m *consumerMember) commits(name string, partition int32, offset kafka.Offset) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	r := commitRequest(m.group, "orders", partition, offset)
	r.MemberID, r.Generation = m.id, m.epoch
	return commitCode(m.c.call(name, r))
}

// reads asks for committed offsets as a member.
func (m *consumerMember) reads(name string, epoch int32) int16 {
	m.c.t.Helper()
	m.c.fresh(name)
	r := fetchOffsetsRequest(m.group, true)
	r.Groups[0].MemberID, r.Groups[0].MemberEpoch = &m.id, epoch
	return m.c.call(name, r).(*kmsg.OffsetFetchResponse).Groups[0].ErrorCode
}

func (c *cluster) describeConsumers(name, groupName string, version int16) kmsg.ConsumerGroupDescribeResponseGroup {
	c.t.Helper()
	c.fresh(name)
	r := kmsg.NewPtrConsumerGroupDescribeRequest()
	r.Version, r.Groups = version, []string{groupName}
	return c.call(name, r).(*kmsg.ConsumerGroupDescribeResponse).Groups[0]
}

// shared lets members send heartbeats until both are where they shall be.
func (c *cluster) shared(coordinator string, members ...*consumerMember) {
	c.t.Helper()
	for range 4 {
		for _, m := range members {
			require.Zero(c.t, m.beats(coordinator))
		}
		c.w.Run(c.w.Now().Add(time.Second))
	}
	var all []int32
	for _, m := range members {
		all = append(all, m.has...)
	}
	slices.Sort(all)
	require.Equal(c.t, []int32{0, 1, 2, 3}, all)
}

// A group of KIP-848 from its first member to its end, by its requests.
func TestConsumerGroupLife(t *testing.T) {
	c := newCluster(t, 1, nil)
	topic := c.createTopic("orders", 4, nil)
	coordinator := c.findCoordinator("billing")
	a, b := c.consumerMember("a", topic), c.consumerMember("b", topic)
	require.Equal(t, kerr.GroupIDNotFound.Code, c.describeConsumers(coordinator, "billing", 1).ErrorCode)
	require.Zero(t, a.beats(coordinator))
	require.Equal(t, []int32{0, 1, 2, 3}, a.has)
	c.w.Run(c.w.Now().Add(2 * time.Second))
	require.Zero(t, b.beats(coordinator))
	require.Empty(t, b.has, "it waits for a")
	c.shared(coordinator, a, b)
	require.Len(t, a.has, 2)

	d := c.describeConsumers(coordinator, "billing", 1)
	require.Equal(t, []string{"Stable", "uniform"}, []string{d.State, d.AssignorName})
	require.Equal(t, []int32{3, 3}, []int32{d.Epoch, d.AssignmentEpoch})
	require.Len(t, d.Members, 2)
	require.Equal(t, int8(1), d.Members[0].MemberType)
	require.Equal(t, "orders", d.Members[0].Assignment.TopicPartitions[0].Topic)
	require.Equal(t, a.has, d.Members[0].Assignment.TopicPartitions[0].Partitions)
	require.Equal(t, a.has, d.Members[0].TargetAssignment.TopicPartitions[0].Partitions)
	require.Equal(t, int8(-1), c.describeConsumers(coordinator, "billing", 0).Members[0].MemberType)
	require.Equal(t, "Dead", c.describeGroup(coordinator, "billing").State, "another request describes classic groups")
	v, _ := c.groupView(coordinator, "billing")
	require.Len(t, v.Owned, 4)

	list := kmsg.NewPtrListGroupsRequest()
	list.Version, list.StatesFilter, list.TypesFilter = 5, []string{"stable"}, []string{"Consumer"}
	listed := c.call(coordinator, list).(*kmsg.ListGroupsResponse).Groups
	require.Len(t, listed, 1)
	require.Equal(t, []string{"billing", "consumer", "Stable", "consumer"}, []string{listed[0].Group, listed[0].ProtocolType, listed[0].GroupState, listed[0].GroupType})

	require.Zero(t, b.commits(coordinator, b.has[0], 5))
	require.Zero(t, b.reads(coordinator, b.epoch))
	require.Equal(t, kerr.StaleMemberEpoch.Code, b.reads(coordinator, b.epoch-1))
	classic := c.member("billing")
	require.Equal(t, kerr.InconsistentGroupProtocol.Code, classic.joins(coordinator).ErrorCode)

	require.Zero(t, a.leaves(coordinator))
	require.Equal(t, kerr.UnknownMemberID.Code, a.commits(coordinator, 0, 7))
	require.Equal(t, kerr.UnknownMemberID.Code, a.reads(coordinator, a.epoch))
	require.Equal(t, kerr.UnknownMemberID.Code, a.leaves(coordinator))
	c.shared(coordinator, b)
	require.Zero(t, b.leaves(coordinator))
	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Version, remove.Groups = 2, []string{"billing"}
	require.Zero(t, c.call(coordinator, remove).(*kmsg.DeleteGroupsResponse).Groups[0].ErrorCode)
	require.Equal(t, kerr.GroupIDNotFound.Code, c.describeConsumers(coordinator, "billing", 1).ErrorCode)
	require.Equal(t, []int{4, 2, 2, 0}, []int{c.counts["group_rebalanced"], c.counts["member_joined"], c.counts["member_left"], c.counts["member_fenced"]})
}

// twoConsumers makes a stable group of two.
func twoConsumers(t *testing.T, c *cluster) (coordinator string, a, b *consumerMember) {
	topic := c.createTopic("orders", 4, nil)
	coordinator = c.findCoordinator("billing")
	a, b = c.consumerMember("a", topic), c.consumerMember("b", topic)
	require.Zero(t, a.beats(coordinator))
	c.w.Run(c.w.Now().Add(2 * time.Second))
	require.Zero(t, b.beats(coordinator))
	c.shared(coordinator, a, b)
	return coordinator, a, b
}

// without are the brokers but one.
func (c *cluster) without(name string) []string {
	return slices.DeleteFunc(slices.Clone(c.brokers), func(o string) bool { return o == name })
}

// starts sends a heartbeat and returns where the answer's code will be; -2 as
// long as there is none.
func (m *consumerMember) starts(name string) *int16 {
	code := int16(-2)
	m.c.fresh(name)
	m.c.send(name, m.request(), func(r kmsg.Response) { code = r.(*kmsg.ConsumerGroupHeartbeatResponse).ErrorCode })
	return &code
}

// A member of version 0 may get its id from the coordinator.
func TestConsumerGroupGivesIDs(t *testing.T) {
	c := newCluster(t, 1, nil)
	topic := c.createTopic("orders", 4, nil)
	coordinator := c.findCoordinator("billing")
	m := c.consumerMember("", topic)
	require.Equal(t, kerr.InvalidRequest.Code, m.beats(coordinator), "from version 1 on it has one")
	m.version = 0
	require.Zero(t, m.beats(coordinator))
	require.NotEmpty(t, m.id)
	require.Zero(t, m.beats(coordinator))
}

// A heartbeat is answered when what it has led to, and all that was decided
// before, is committed. A coordinator that cannot have that says so; what it has
// decided holds nevertheless, and whoever asks again is the same member.
func TestConsumerGroupWaitsForReplication(t *testing.T) {
	c := newCluster(t, 1, nil)
	coordinator, a, b := twoConsumers(t, c)
	cut := c.w.Cut(c.without(coordinator), []string{coordinator})
	late := c.consumerMember("late", a.topic)
	first := late.starts(coordinator)
	c.w.Run(c.w.Now().Add(time.Second))
	second := a.starts(coordinator) // leads to nothing new
	c.w.Run(c.w.Now().Add(time.Second))
	require.Equal(t, []int16{-2, -2}, []int16{*first, *second})
	c.runUntil(30*time.Second, "answers", func() bool { return *first != -2 && *second != -2 })
	require.Equal(t, []int16{kerr.CoordinatorNotAvailable.Code, kerr.CoordinatorNotAvailable.Code}, []int16{*first, *second})
	cut.Heal()
	c.settled(metadata.OffsetsTopic, 50)
	coordinator = c.findCoordinator("billing")
	c.shared(coordinator, a, b, late)
	require.Equal(t, 3, c.counts["group_rebalanced"])
}

// Whoever waits when the coordinator moves is sent to the next one, which goes on
// where the former was.
func TestConsumerGroupFollowsItsCoordinator(t *testing.T) {
	c := newCluster(t, 1, nil)
	former, a, b := twoConsumers(t, c)
	cut := c.w.Cut(c.without(former), []string{former})
	c.w.Run(c.w.Now().Add(time.Second)) // no fetch of a follower waits there any more
	late := c.consumerMember("late", a.topic)
	answer := late.starts(former)
	c.w.Run(c.w.Now().Add(100 * time.Millisecond))
	require.Equal(t, int16(-2), *answer)
	c.moveLeader(metadata.OffsetsTopic, offsetsPartition("billing"), kafka.BrokerID(1+(former[len(former)-1]-'0')%3))
	c.runUntil(10*time.Second, "an answer", func() bool { return *answer != -2 })
	require.Equal(t, kerr.NotCoordinator.Code, *answer)
	cut.Heal()
	next := c.findCoordinator("billing")
	require.NotEqual(t, former, next)
	require.Equal(t, kerr.NotCoordinator.Code, a.beats(former))
	require.Equal(t, kerr.UnknownMemberID.Code, late.commits(next, 0, 3), "its join was lost with the coordinator")
	c.shared(next, a, b)
	require.Equal(t, []int32{3, 3}, []int32{a.epoch, b.epoch}, "nobody has noticed")
}

// Who is silent for a session's time is put out, and its partitions are the
// others'.
func TestConsumerSessionEnds(t *testing.T) {
	c := newCluster(t, 1, map[string]string{"group.consumer.session.timeout.ms": "6000", "group.consumer.min.session.timeout.ms": "6000"})
	coordinator, a, b := twoConsumers(t, c)
	c.w.Run(c.w.Now().Add(3 * time.Second))
	require.Zero(t, b.beats(coordinator))
	c.w.Run(c.w.Now().Add(3 * time.Second))
	require.Equal(t, 1, c.counts["member_fenced"])
	c.shared(coordinator, b)
	require.Equal(t, kerr.UnknownMemberID.Code, a.beats(coordinator))
}

// A coordinator's successor, too, sees that a topic has come which an expression
// matches: ten seconds after the expression was resolved for nothing.
func TestConsumerPatternFindsTopics(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("other", 1, nil)
	former := c.findCoordinator("billing")
	c.settled(metadata.OffsetsTopic, 50)
	m := c.consumerMember("m", kafka.TopicID{})
	m.pattern = "ord.*"
	require.Zero(t, m.beats(former))
	c.w.Run(c.w.Now().Add(time.Second))
	c.moveLeader(metadata.OffsetsTopic, offsetsPartition("billing"), kafka.BrokerID(1+(former[len(former)-1]-'0')%3))
	c.w.Run(c.w.Now().Add(time.Second))
	next := c.findCoordinator("billing")
	require.NotEqual(t, former, next)
	m.topic = c.createTopic("orders", 4, nil)
	require.Zero(t, m.beats(next))
	c.w.Run(c.w.Now().Add(time.Second))
	require.Zero(t, m.beats(next))
	require.Empty(t, m.has, "too early")
	c.w.Run(c.w.Now().Add(11 * time.Second))
	require.Zero(t, m.beats(next))
	require.Empty(t, m.has, "it is resolved after the heartbeat")
	c.shared(next, m)
	d := c.describeConsumers(next, "billing", 1)
	require.Equal(t, []any{int32(2), "ord.*"}, []any{d.Epoch, *d.Members[0].SubscribedTopicRegex})

	bad := c.consumerMember("bad", m.topic)
	bad.pattern = "[o"
	answer := c.call(next, bad.request()).(*kmsg.ConsumerGroupHeartbeatResponse)
	require.Equal(t, kerr.InvalidRegularExpression.Code, answer.ErrorCode)
	require.Equal(t, "the regular expression `[o` of the subscription is wrong: missing closing ]", *answer.ErrorMessage)
}
