package main

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupServer lets a group's first rebalance begin at once.
func groupServer(t *testing.T, binary string, brokers int, args ...string) *server {
	t.Helper()
	return startServer(t, binary, brokers, append([]string{"--set", "group.initial.rebalance.delay.ms=0"}, args...)...)
}

// team is what the members of a group own and have read, as their callbacks say.
type team struct {
	t       *testing.T
	mutex   sync.Mutex
	owned   map[string]map[int32]bool // by member
	read    map[string]int            // how often each value was read
	lost    []string                  // partitions that somebody else had before
	changed *sync.Cond
}

func newTeam(t *testing.T) *team {
	g := &team{t: t, owned: map[string]map[int32]bool{}, read: map[string]int{}}
	g.changed = sync.NewCond(&g.mutex)
	return g
}

// change changes what is known, and wakes who waits for it.
func (g *team) change(f func()) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	f()
	g.changed.Broadcast()
}

// await waits until the condition holds.
func (g *team) await(what string, condition func() bool) {
	g.t.Helper()
	late := false
	timer := time.AfterFunc(patience, func() { g.change(func() { late = true }) })
	defer timer.Stop()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for !condition() {
		if late {
			g.t.Fatalf("%s: does not happen: owned %v, %d values read", what, g.owned, len(g.read))
		}
		g.changed.Wait()
	}
}

// awaitSizes waits until the members own so many partitions, together each one once.
func (g *team) awaitSizes(sizes map[string]int) {
	g.t.Helper()
	g.await(fmt.Sprint(sizes), func() bool {
		owned := map[int32]bool{}
		for member, size := range sizes {
			if len(g.owned[member]) != size {
				return false
			}
			maps.Copy(owned, g.owned[member])
		}
		total := 0
		for _, size := range sizes {
			total += size
		}
		return len(owned) == total
	})
}

// awaitRead waits until the values from..to-1 were read.
func (g *team) awaitRead(from, to int) {
	g.t.Helper()
	g.await(fmt.Sprintf("values %d to %d", from, to-1), func() bool {
		for i := from; i < to; i++ {
			if g.read[fmt.Sprint(i)] == 0 {
				return false
			}
		}
		return true
	})
}

// groupMember is a consumer that commits what it has read before it polls again.
type groupMember struct {
	client *kgo.Client
	leave  func() // in good order; returns when it has left
}

// join starts a member that reads until it leaves.
func (g *team) join(s *server, name, group, topic string, options ...kgo.Opt) *groupMember {
	g.t.Helper()
	forget := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
		g.change(func() {
			for _, p := range gone[topic] {
				delete(g.owned[name], p)
			}
		})
	}
	client := kafkaClient(g.t, s, append([]kgo.Opt{kgo.ClientID(name), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.HeartbeatInterval(50 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			g.change(func() {
				if g.owned[name] == nil {
					g.owned[name] = map[int32]bool{}
				}
				for _, p := range added[topic] {
					for other, owned := range g.owned {
						if owned[p] {
							g.lost = append(g.lost, fmt.Sprintf("%d goes to %s while %s has it", p, name, other))
						}
					}
					g.owned[name][p] = true
				}
			})
		}),
		kgo.OnPartitionsRevoked(forget), kgo.OnPartitionsLost(forget)}, options...)...)
	ctx, stop := context.WithCancel(testContext(g.t))
	var reading sync.WaitGroup
	var failed error
	reading.Go(func() { failed = g.poll(ctx, client) })
	var once sync.Once
	m := &groupMember{client: client, leave: func() {
		once.Do(func() {
			stop()
			reading.Wait()
			client.CloseAllowingRebalance()
		})
	}}
	g.t.Cleanup(func() {
		m.leave()
		require.NoError(g.t, failed, "%s", name)
	})
	return m
}

// poll reads and commits until the context ends.
func (g *team) poll(ctx context.Context, client *kgo.Client) error {
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return err
		}
		records := fetches.Records()
		if len(records) > 0 {
			if err := client.CommitRecords(context.WithoutCancel(ctx), records...); err != nil {
				return err
			}
		}
		g.change(func() {
			for _, r := range records {
				g.read[string(r.Value)]++
			}
		})
		client.AllowRebalance()
	}
}

// requireEachOnce demands that nothing was read twice: everybody commits before
// a partition goes to somebody else.
func (g *team) requireEachOnce(count int) {
	g.t.Helper()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	require.Len(g.t, g.read, count)
	for value, times := range g.read {
		require.Equal(g.t, 1, times, "value %s", value)
	}
	require.Empty(g.t, g.lost)
}

// serveGroups: two members share a topic, one leaves, the other goes on, and who
// comes back later begins where the group has stopped.
func serveGroups(t *testing.T, binary string) {
	s := groupServer(t, binary, 1, "--set", "group.consumer.min.heartbeat.interval.ms=50", "--set", "group.consumer.heartbeat.interval.ms=50")
	for name, balancer := range map[string]kgo.GroupBalancer{
		"range": kgo.RangeBalancer(), "round-robin": kgo.RoundRobinBalancer(),
		"sticky": kgo.StickyBalancer(), "cooperative-sticky": kgo.CooperativeStickyBalancer(),
	} {
		t.Run(name, func(t *testing.T) { shareTopic(t, s, name, "classic", kgo.Balancers(balancer)) })
	}
	// The coordinator assigns (KIP-848); the balancer says which assignor.
	for name, balancer := range map[string]kgo.GroupBalancer{"server-range": kgo.RangeBalancer(), "server-uniform": kgo.StickyBalancer()} {
		t.Run(name, func(t *testing.T) {
			shareTopic(t, s, name, "consumer", kgo.Balancers(balancer), kgo.ServerSideBalancer())
		})
	}
	t.Run("server-regex", func(t *testing.T) {
		shareTopic(t, s, "server-regex", "consumer", kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer(),
			kgo.ConsumeRegex(), kgo.ConsumeTopics("server-re[a-z]+"))
	})
}

func shareTopic(t *testing.T, s *server, topic, kind string, protocol ...kgo.Opt) {
	producer := kafkaClient(t, s)
	createTopic(t, producer, topic, 4, 1)
	produceAll(t, producer, topic, 4, 0, 1000)
	g := newTeam(t)
	first := g.join(s, "first", topic, topic, protocol...)
	g.awaitSizes(map[string]int{"first": 4})
	second := g.join(s, "second", topic, topic, protocol...)
	g.awaitSizes(map[string]int{"first": 2, "second": 2})
	require.Equal(t, kind, groupType(t, producer, topic))
	produceAll(t, producer, topic, 4, 1000, 2000)
	g.awaitRead(0, 2000)
	first.leave()
	g.awaitSizes(map[string]int{"first": 0, "second": 4})
	produceAll(t, producer, topic, 4, 2000, 3000)
	g.awaitRead(2000, 3000)
	second.leave()
	g.requireEachOnce(3000)

	produceAll(t, producer, topic, 4, 3000, 3100)
	again := newTeam(t)
	again.join(s, "again", topic, topic, protocol...)
	again.awaitRead(3000, 3100)
	again.requireEachOnce(100)
}

// groupType is the type that a group is listed with.
func groupType(t *testing.T, client *kgo.Client, group string) string {
	t.Helper()
	for _, listed := range ask(t, client, kmsg.NewPtrListGroupsRequest()).Groups {
		if listed.Group == group {
			return listed.GroupType
		}
	}
	return "not listed"
}

// serveGroupsAcrossRestarts: a kill of the whole cluster keeps what groups have
// committed and who is in them: members go on in their generation.
func serveGroupsAcrossRestarts(t *testing.T, binary string) {
	for _, brokers := range []int{1, 3} {
		t.Run(fmt.Sprint(brokers), func(t *testing.T) {
			data := t.TempDir()
			first := groupServer(t, binary, brokers, "--data", data)
			producer := kafkaClient(t, first)
			createTopic(t, producer, "orders", 6, int16(brokers))
			g := newTeam(t)
			reader := g.join(first, "reader", "billing", "orders", kgo.InstanceID("reader-1"))
			produceAll(t, producer, "orders", 6, 0, 600)
			g.awaitRead(0, 600)
			before := describeGroup(t, producer, "billing")
			require.Equal(t, "Stable", before.State)
			if brokers > 1 { // they will listen elsewhere: a static member that ends does not leave
				reader.leave()
			}
			first.kill()

			second := groupServer(t, binary, brokers, "--listen", first.addr, "--data", data)
			producer = kafkaClient(t, second)
			produceAll(t, producer, "orders", 6, 600, 1200)
			if brokers == 1 {
				g.awaitRead(600, 1200)
				after := describeGroup(t, producer, "billing")
				require.Equal(t, before.Members[0].MemberID, after.Members[0].MemberID)
				require.Equal(t, before.Members[0].MemberAssignment, after.Members[0].MemberAssignment)
				g.requireEachOnce(1200)
				return
			}
			again := newTeam(t)
			again.join(second, "reader", "billing", "orders", kgo.InstanceID("reader-1"))
			again.awaitRead(600, 1200)
			again.requireEachOnce(600)
			after := describeGroup(t, producer, "billing")
			require.Len(t, after.Members, 1, "the static member has come back to its place")
			require.NotEqual(t, before.Members[0].MemberID, after.Members[0].MemberID)
		})
	}
}

// serveGroupsOnSeveralBrokers: groups spread over coordinators, and all of them work.
func serveGroupsOnSeveralBrokers(t *testing.T, binary string) {
	s := groupServer(t, binary, 3)
	producer := kafkaClient(t, s)
	createTopic(t, producer, "orders", 6, 3)
	produceAll(t, producer, "orders", 6, 0, 600)
	coordinators := map[int32]bool{}
	for i := range 6 {
		group := fmt.Sprintf("group-%d", i)
		g := newTeam(t)
		g.join(s, "one", group, "orders")
		g.join(s, "two", group, "orders")
		g.awaitSizes(map[string]int{"one": 3, "two": 3})
		g.awaitRead(0, 600)
		g.mutex.Lock()
		require.Empty(t, g.lost)
		g.mutex.Unlock()
		coordinators[coordinatorOf(t, producer, 0, group)] = true
	}
	require.Greater(t, len(coordinators), 1)
	var listed []string
	for _, answer := range producer.RequestSharded(testContext(t), kmsg.NewPtrListGroupsRequest()) {
		require.NoError(t, answer.Err)
		for _, g := range answer.Resp.(*kmsg.ListGroupsResponse).Groups {
			listed = append(listed, g.Group)
		}
	}
	slices.Sort(listed)
	require.Equal(t, []string{"group-0", "group-1", "group-2", "group-3", "group-4", "group-5"}, listed)
}

func coordinatorOf(t *testing.T, client *kgo.Client, kind int8, key string) int32 {
	t.Helper()
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.CoordinatorType, r.CoordinatorKey, r.CoordinatorKeys = kind, key, []string{key}
	answer := ask(t, client, r)
	require.NoError(t, kerr.ErrorForCode(answer.Coordinators[0].ErrorCode))
	return answer.Coordinators[0].NodeID
}

func describeGroup(t *testing.T, client *kgo.Client, name string) kmsg.DescribeGroupsResponseGroup {
	t.Helper()
	r := kmsg.NewPtrDescribeGroupsRequest()
	r.Groups = []string{name}
	answer := ask(t, client, r)
	require.Len(t, answer.Groups, 1)
	return answer.Groups[0]
}

// serveGroupAdmin: what an administrator sees of a group and may do to it.
func serveGroupAdmin(t *testing.T, binary string) {
	s := groupServer(t, binary, 1)
	admin := kafkaClient(t, s)
	createTopic(t, admin, "orders", 2, 1)
	produceAll(t, admin, "orders", 2, 0, 20)
	g := newTeam(t)
	reader := g.join(s, "reader", "billing", "orders", kgo.Balancers(kgo.RangeBalancer()))
	g.awaitRead(0, 20)

	d := describeGroup(t, admin, "billing")
	require.Zero(t, d.ErrorCode)
	require.Equal(t, []string{"Stable", "consumer", "range"}, []string{d.State, d.ProtocolType, d.Protocol})
	require.Len(t, d.Members, 1)
	require.Equal(t, "reader", d.Members[0].ClientID)
	require.Equal(t, "/127.0.0.1", d.Members[0].ClientHost)
	require.True(t, strings.HasPrefix(d.Members[0].MemberID, "reader-"), d.Members[0].MemberID)
	assigned := kmsg.NewConsumerMemberAssignment()
	require.NoError(t, assigned.ReadFrom(d.Members[0].MemberAssignment))
	require.Equal(t, "orders", assigned.Topics[0].Topic)
	require.ElementsMatch(t, []int32{0, 1}, assigned.Topics[0].Partitions)
	require.Equal(t, kerr.GroupIDNotFound.Code, describeGroup(t, admin, "nobody").ErrorCode)

	list := func(states ...string) (found []string) {
		r := kmsg.NewPtrListGroupsRequest()
		r.StatesFilter = states
		for _, listed := range ask(t, admin, r).Groups {
			found = append(found, listed.Group+" "+listed.ProtocolType+" "+listed.GroupState+" "+listed.GroupType)
		}
		return found
	}
	require.Equal(t, []string{"billing consumer Stable classic"}, list())
	require.Empty(t, list("Empty"))

	remove := func(group string) int16 {
		r := kmsg.NewPtrDeleteGroupsRequest()
		r.Groups = []string{group}
		return ask(t, admin, r).Groups[0].ErrorCode
	}
	require.Equal(t, kerr.NonEmptyGroup.Code, remove("billing"))
	reader.leave()
	require.Equal(t, []string{"billing consumer Empty classic"}, list("empty"))
	require.Zero(t, remove("billing"))
	require.Equal(t, kerr.GroupIDNotFound.Code, remove("billing"))
	require.Empty(t, list())

	again := newTeam(t) // what it had committed is gone
	again.join(s, "again", "billing", "orders")
	again.awaitRead(0, 20)
}

// serveInitialDelay: an empty group waits for more members before its first
// rebalance, so that those who start together are assigned at once.
func serveInitialDelay(t *testing.T, binary string) {
	const delay = 700 * time.Millisecond
	s := groupServer(t, binary, 1, "--set", fmt.Sprintf("group.initial.rebalance.delay.ms=%d", delay.Milliseconds()))
	createTopic(t, kafkaClient(t, s), "orders", 1, 1)
	other := newTeam(t)
	other.join(s, "reader", "other", "orders")
	other.awaitSizes(map[string]int{"reader": 1}) // now there are coordinators
	join := func(client string) (*wire, *kmsg.JoinGroupRequest) {
		r := kmsg.NewPtrJoinGroupRequest()
		r.Version, r.Group, r.ProtocolType = 3, "billing", "consumer" // which needs no id to join
		r.SessionTimeoutMillis, r.RebalanceTimeoutMillis = 30_000, 60_000
		protocol := kmsg.NewJoinGroupRequestProtocol()
		protocol.Name, protocol.Metadata = "range", []byte(client)
		r.Protocols = append(r.Protocols, protocol)
		return dialWire(t, s), r
	}
	began := time.Now()
	answers := make([]*kmsg.JoinGroupResponse, 2)
	var joining sync.WaitGroup
	for i := range answers {
		w, r := join(fmt.Sprint(i))
		joining.Go(func() { answers[i] = w.call(r).(*kmsg.JoinGroupResponse) })
	}
	joining.Wait()
	require.GreaterOrEqual(t, time.Since(began), delay)
	for _, a := range answers {
		require.Zero(t, a.ErrorCode)
		require.Equal(t, answers[0].LeaderID, a.LeaderID)
	}
	require.Equal(t, answers[0].Generation, answers[1].Generation, "both are in the first generation")
}

// serveKcatGroup: librdkafka as a member of a group.
func serveKcatGroup(t *testing.T, binary string) {
	kcat, err := exec.LookPath("kcat")
	if err != nil {
		t.Skip("NOT TRIED with librdkafka: kcat is not installed")
	}
	s := groupServer(t, binary, 1)
	producer := kafkaClient(t, s)
	createTopic(t, producer, "orders", 4, 1)
	read := func(count int) []string {
		out, err := exec.CommandContext(testContext(t), kcat, "-b", s.addr, "-G", "billing", "-c", fmt.Sprint(count), "-q",
			"-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=100", "orders").Output()
		require.NoError(t, err)
		lines := strings.Fields(string(out))
		slices.Sort(lines)
		return lines
	}
	produceAll(t, producer, "orders", 4, 1000, 1100)
	first := read(100)
	require.Len(t, slices.Compact(first), 100)
	produceAll(t, producer, "orders", 4, 2000, 2050)
	second := read(50)
	require.Len(t, slices.Compact(second), 50)
	require.Equal(t, []string{"2000", "2049"}, []string{second[0], second[49]}, "what it read before is committed")
}
