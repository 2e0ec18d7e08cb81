package broker_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/host"
	"assay/internal/kafka"
	"assay/sim"
)

func commitRequest(groupName, topic string, partition int32, offset kafka.Offset) *kmsg.OffsetCommitRequest {
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Version, r.Group = 9, groupName
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch = partition, int64(offset), 0
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func fetchOffsetsRequest(groupName string, stable bool) *kmsg.OffsetFetchRequest {
	r := kmsg.NewPtrOffsetFetchRequest()
	r.Version, r.RequireStable = 9, stable
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = groupName
	r.Groups = append(r.Groups, g)
	return r
}

func commitCode(r kmsg.Response) int16 {
	return r.(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode
}

// offsetsPartition is the partition that holds a group.
func offsetsPartition(groupName string) int32 { return group.PartitionFor(groupName, 50) }

// findCoordinator asks until the group has a coordinator that serves.
func (c *cluster) findCoordinator(groupName string) string {
	c.t.Helper()
	found := ""
	c.runUntil(20*time.Second, "a coordinator of "+groupName, func() bool {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.Version, r.CoordinatorKeys = 4, []string{groupName}
		answer, _ := c.call(c.alive(), r).(*kmsg.FindCoordinatorResponse)
		if answer == nil || answer.Coordinators[0].ErrorCode != 0 {
			return false
		}
		found = answer.Coordinators[0].Host
		offsets, _ := c.call(found, fetchOffsetsRequest(groupName, true)).(*kmsg.OffsetFetchResponse)
		return offsets != nil && offsets.Groups[0].ErrorCode == 0
	})
	return found
}

// alive names a broker that serves.
func (c *cluster) alive() string {
	for _, name := range c.brokers {
		if b := c.broker(name); b != nil && b.Unfenced() {
			return name
		}
	}
	return c.brokers[0]
}

func (c *cluster) committed(name, groupName string) kafka.Offset {
	c.t.Helper()
	answer := c.call(name, fetchOffsetsRequest(groupName, true)).(*kmsg.OffsetFetchResponse)
	require.Zero(c.t, answer.Groups[0].ErrorCode)
	if len(answer.Groups[0].Topics) == 0 {
		return kafka.NoOffset
	}
	return kafka.Offset(answer.Groups[0].Topics[0].Partitions[0].Offset)
}

func TestOffsetsTopicIsReplicated(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 2, nil)
	coordinator := c.findCoordinator("billing")
	topic := c.broker(coordinator).Image().Topic(metadata.OffsetsTopic)
	require.Len(t, topic.Partitions, 50)
	require.Len(t, topic.Partitions[0].Replicas, 3)
	require.Equal(t, map[string]string{"cleanup.policy": "compact", "min.insync.replicas": "2", "segment.bytes": "104857600"},
		c.broker(coordinator).Image().Configs(metadata.ConfigResource{Type: metadata.TopicResource, Name: metadata.OffsetsTopic}))

	all := kmsg.NewPtrMetadataRequest()
	all.Version = 12
	described := c.call(coordinator, all).(*kmsg.MetadataResponse)
	require.Len(t, described.Topics, 2)
	require.True(t, described.Topics[0].IsInternal, *described.Topics[0].Topic)
	require.False(t, described.Topics[1].IsInternal, *described.Topics[1].Topic)

	require.Zero(t, commitCode(c.call(coordinator, commitRequest("billing", "orders", 1, 42))))
	require.Equal(t, kafka.Offset(42), c.committed(coordinator, "billing"))
	for _, name := range c.brokers {
		v, ok := c.view(name, metadata.OffsetsTopic, offsetsPartition("billing"))
		require.True(t, ok)
		require.Equal(t, kafka.Offset(1), v.LogEndOffset, name)
		if name != coordinator {
			require.Equal(t, kerr.NotCoordinator.Code, commitCode(c.call(name, commitRequest("billing", "orders", 1, 43))))
		}
	}
	require.Equal(t, 1, c.counts["offset_commit_accepted"])
}

// What was acknowledged is there after any change of coordinators: a power loss,
// a moved leadership, an orderly end.
func TestCommittedOffsetsSurviveFailovers(t *testing.T) {
	for seed := range uint64(3) {
		c := newCluster(t, seed, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"})
		c.createTopic("orders", 1, nil)
		watched := c.watch()
		offset := kafka.Offset(0)
		for round, disturb := range []func(string){
			func(name string) { c.w.PowerLoss(name, sim.LoseUnsynced, c.w.Stream("power")) },
			func(name string) {
				c.moveLeader(metadata.OffsetsTopic, offsetsPartition("billing"), kafka.BrokerID(1+(name[len(name)-1]-'0')%3))
			},
			func(name string) { require.True(t, c.w.Shutdown(name)) },
		} {
			former := c.findCoordinator("billing")
			for range 20 {
				offset++
				require.Zero(t, commitCode(c.call(former, commitRequest("billing", "orders", 0, offset))), "round %d", round)
			}
			disturb(former)
			c.runUntil(30*time.Second, "another coordinator", func() bool {
				leader := c.leader(metadata.OffsetsTopic, offsetsPartition("billing"))
				return leader != "" && leader != former
			})
			require.Equal(t, offset, c.committed(c.findCoordinator("billing"), "billing"), "seed %d round %d", seed, round)
			c.runUntil(10*time.Second, "the end of "+former, func() bool { return round == 1 || !c.w.Up(former) })
			c.w.Start(former)
			c.settled(metadata.OffsetsTopic, 50)
		}
		require.Empty(t, watched.violated)
		require.Positive(t, c.counts["coordinator_unloaded"])
		require.Zero(t, c.counts["coordinator_load_failed"])
		require.NoError(t, c.w.Close())
	}
}

// settled waits until every replica of a topic is in sync.
func (c *cluster) settled(topic string, partitions int32) {
	c.t.Helper()
	c.runUntil(40*time.Second, topic+" in sync", func() bool {
		for number := range partitions {
			leader := c.leader(topic, number)
			v, ok := c.view(leader, topic, number)
			if !ok || len(v.ISR) < 3 {
				return false
			}
		}
		return true
	})
}

// A commit that the followers do not get is not acknowledged, and not read.
func TestCommitWaitsForReplication(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	require.Zero(t, commitCode(c.call(coordinator, commitRequest("billing", "orders", 0, 1))))
	var others []string
	for _, name := range c.brokers {
		if name != coordinator {
			others = append(others, name)
		}
	}
	cut := c.w.Cut(others, []string{coordinator})
	asked := c.w.Now()
	var answer kmsg.Response
	c.send(coordinator, commitRequest("billing", "orders", 0, 2), func(r kmsg.Response) { answer = r })
	c.w.Run(c.w.Now().Add(time.Second))
	require.Nil(t, answer)

	// Another connection reads what is committed; who asks for stable offsets waits.
	delete(c.client.conns, host.Addr(coordinator+":9092"))
	unstable := c.call(coordinator, fetchOffsetsRequest("billing", false)).(*kmsg.OffsetFetchResponse)
	require.Equal(t, int64(1), unstable.Groups[0].Topics[0].Partitions[0].Offset)
	var stable kmsg.Response
	c.send(coordinator, fetchOffsetsRequest("billing", true), func(r kmsg.Response) { stable = r })

	// offsets.commit.timeout.ms
	c.runUntil(10*time.Second, "an answer", func() bool { return answer != nil })
	require.Equal(t, kerr.CoordinatorNotAvailable.Code, commitCode(answer))
	require.InDelta(t, 5, c.w.Now().Sub(asked).Seconds(), 0.1)
	c.runUntil(10*time.Second, "an answer", func() bool { return stable != nil })
	require.Equal(t, kerr.NotCoordinator.Code, stable.(*kmsg.OffsetFetchResponse).Groups[0].ErrorCode)

	// It was not lost, though: nobody had promised either.
	cut.Heal()
	c.settled(metadata.OffsetsTopic, 50)
	require.Equal(t, kafka.Offset(2), c.committed(c.findCoordinator("billing"), "billing"))
}

// A new coordinator with much to read answers COORDINATOR_LOAD_IN_PROGRESS, and
// the node goes on with everything else meanwhile.
func TestLoadDoesNotStarve(t *testing.T) {
	c := newCluster(t, 1, map[string]string{"offsets.topic.num.partitions": "1", "offsets.load.buffer.size": "2000"})
	c.createTopic("orders", 100, nil)
	former := c.findCoordinator("billing")
	r := commitRequest("billing", "orders", 0, 1)
	for number := int32(1); number < 100; number++ {
		p := r.Topics[0].Partitions[0]
		p.Partition = number
		r.Topics[0].Partitions = append(r.Topics[0].Partitions, p)
	}
	for range 10 {
		require.Zero(t, commitCode(c.call(former, r)))
	}
	var loaded host.Event
	refused := 0
	c.w.Observe(func(_ string, _ sim.Time, e host.Event) {
		if e.Point.Name == "coordinator_loaded" {
			loaded = e
		}
	})
	next := c.brokers[0]
	if next == former {
		next = c.brokers[1]
	}
	c.moveLeader(metadata.OffsetsTopic, 0, kafka.BrokerID(next[len(next)-1]-'0'))
	c.runUntil(5*time.Second, "the load to begin", func() bool { return c.leader(metadata.OffsetsTopic, 0) == next })
	for loaded.Point == nil {
		answer := c.call(next, fetchOffsetsRequest("billing", true)).(*kmsg.OffsetFetchResponse)
		if answer.Groups[0].ErrorCode == kerr.CoordinatorLoadInProgress.Code {
			refused++
		}
	}
	require.Positive(t, refused)
	require.Equal(t, [...]int64{0, 1, 1, 100, 1000}, [5]int64(loaded.Args[:5]), "partition, epoch, groups, offsets, records")
	require.Greater(t, time.Duration(loaded.Args[5]), 500*time.Microsecond, "it takes its time")
	require.Equal(t, kafka.Offset(1), c.committed(next, "billing"))
}

// What is set is taken word for word, as Kafka does: a topic that cannot be is
// not made.
func TestOffsetsTopicAsSet(t *testing.T) {
	find := func(c *cluster) int16 {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.CoordinatorKey = "billing"
		return c.call("broker-1", r).(*kmsg.FindCoordinatorResponse).ErrorCode
	}
	c := newCluster(t, 1, map[string]string{"offsets.topic.replication.factor": "4"})
	c.createTopic("orders", 1, nil)
	for range 3 {
		require.Equal(t, kerr.CoordinatorNotAvailable.Code, find(c))
		c.w.Run(c.w.Now().Add(time.Second))
	}
	require.Nil(t, c.broker("broker-1").Image().Topic(metadata.OffsetsTopic))

	c = newCluster(t, 1, map[string]string{"offsets.topic.replication.factor": "2", "offsets.topic.num.partitions": "5"})
	c.createTopic("orders", 1, nil)
	c.findCoordinator("billing")
	topic := c.broker("broker-1").Image().Topic(metadata.OffsetsTopic)
	require.Len(t, topic.Partitions, 5)
	require.Len(t, topic.Partitions[0].Replicas, 2)
	least, _ := c.broker("broker-1").Image().Config(metadata.ConfigResource{Type: metadata.TopicResource, Name: metadata.OffsetsTopic}, "min.insync.replicas")
	require.Equal(t, "2", least, "what was acknowledged by one alone would go with it")
}

// A topic that is deleted is forgotten by the groups.
func TestDeletedTopicIsForgotten(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	require.Zero(t, commitCode(c.call(coordinator, commitRequest("billing", "orders", 0, 42))))
	r := kmsg.NewPtrDeleteTopicsRequest()
	r.Version, r.TimeoutMillis, r.TopicNames = 5, 10_000, []string{"orders"}
	require.Zero(t, c.call(coordinator, r).(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
	c.runUntil(5*time.Second, "the topic to go", func() bool { return c.broker(coordinator).Image().Topic("orders") == nil })
	require.Equal(t, kafka.NoOffset, c.committed(coordinator, "billing"))
}

// BenchmarkCommit is one commit after the other in the whole cluster: the
// client's messages, the coordinator's work, the append, and replication where
// the offsets topic has three replicas. With one replica the coordinator's
// broker is alone with it.
func BenchmarkCommit(b *testing.B) {
	for _, replicas := range []string{"1", "3"} {
		b.Run("replicas="+replicas, func(b *testing.B) { benchmarkCommit(b, replicas) })
	}
}

func benchmarkCommit(b *testing.B, replicas string) {
	c := newClusterIn(b, sim.Config{Seed: 7}, map[string]string{"offsets.topic.num.partitions": "1", "offsets.topic.replication.factor": replicas})
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	request := commitRequest("billing", "orders", 0, 1)
	done, failed := 0, 0
	var send func()
	send = func() {
		c.client.send(host.Addr(coordinator+":9092"), request, func(r kmsg.Response) {
			if done++; commitCode(r) != 0 {
				failed++
			}
			if done < b.N {
				send()
			}
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	c.w.Inject("client", func(host.Node) { send() })
	for done < b.N {
		c.w.Step()
	}
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-us/op")
	require.Zero(b, failed)
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
