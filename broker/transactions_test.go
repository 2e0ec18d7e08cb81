package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/group"
	"assay/broker/metadata"
	"assay/broker/txn"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/sim"
)

// transactional is a producer with a transactional id, as the tests drive it:
// request by request, in the wire versions of transactions 2 unless v1.
type transactional struct {
	*cluster
	id        string
	producer  txn.Producer
	timeout   time.Duration
	v1        bool
	sequences map[kafka.TopicPartition]kafka.Sequence
}

func (c *cluster) transactional(id string) *transactional {
	return &transactional{cluster: c, id: id, timeout: time.Minute}
}

// transactionsPartition is the partition that holds a transactional id.
func transactionsPartition(id string) int32 { return group.PartitionFor(id, 50) }

// coordinator asks until the transactional id has a coordinator that serves.
func (p *transactional) coordinator() string {
	p.t.Helper()
	found := ""
	p.runUntil(20*time.Second, "a coordinator of "+p.id, func() bool {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.Version, r.CoordinatorType, r.CoordinatorKeys = 4, 1, []string{p.id}
		answer, _ := p.call(p.alive(), r).(*kmsg.FindCoordinatorResponse)
		if answer == nil || answer.Coordinators[0].ErrorCode != 0 {
			return false
		}
		found = answer.Coordinators[0].Host
		code := p.describe(found).ErrorCode
		return code == 0 || code == kerr.TransactionalIDNotFound.Code
	})
	return found
}

func (p *transactional) describe(at string) kmsg.DescribeTransactionsResponseTransactionState {
	r := kmsg.NewPtrDescribeTransactionsRequest()
	r.TransactionalIDs = []string{p.id}
	answer, _ := p.call(at, r).(*kmsg.DescribeTransactionsResponse)
	if answer == nil {
		return kmsg.DescribeTransactionsResponseTransactionState{ErrorCode: kerr.NotCoordinator.Code}
	}
	return answer.TransactionStates[0]
}

// state is the transactional id's at its coordinator.
func (p *transactional) state() string { return p.describe(p.coordinator()).State }

func (p *transactional) tryInit() int16 {
	r := kmsg.NewPtrInitProducerIDRequest()
	r.Version, r.TransactionalID, r.TransactionTimeoutMillis = 5, &p.id, int32(p.timeout/time.Millisecond)
	answer := p.call(p.coordinator(), r).(*kmsg.InitProducerIDResponse)
	if answer.ErrorCode == 0 {
		p.producer = txn.Producer{ID: kafka.ProducerID(answer.ProducerID), Epoch: kafka.ProducerEpoch(answer.ProducerEpoch)}
		p.sequences = map[kafka.TopicPartition]kafka.Sequence{}
	}
	return answer.ErrorCode
}

// init asks for a session until there is one.
func (p *transactional) init() {
	p.t.Helper()
	p.runUntil(20*time.Second, "a session of "+p.id, func() bool {
		code := p.tryInit()
		require.Contains(p.t, []int16{0, kerr.ConcurrentTransactions.Code, kerr.CoordinatorNotAvailable.Code, kerr.NotCoordinator.Code}, code)
		return code == 0
	})
}

func (p *transactional) add(topic string, partitions ...int32) int16 {
	r := kmsg.NewPtrAddPartitionsToTxnRequest()
	r.Version, r.TransactionalID, r.ProducerID, r.ProducerEpoch = 3, p.id, int64(p.producer.ID), int16(p.producer.Epoch)
	t := kmsg.NewAddPartitionsToTxnRequestTopic()
	t.Topic, t.Partitions = topic, partitions
	r.Topics = append(r.Topics, t)
	return p.call(p.coordinator(), r).(*kmsg.AddPartitionsToTxnResponse).Topics[0].Partitions[0].ErrorCode
}

// produce writes one record as part of the transaction.
func (p *transactional) produce(topic string, partition int32, value string) int16 {
	at := kafka.TopicPartition{Topic: topic, Partition: partition}
	var b batch.Builder
	b.Reset(nil)
	b.Append(wallStart, nil, []byte(value), nil)
	b.SetProducer(p.producer.ID, p.producer.Epoch, p.sequences[at])
	b.SetTransactional()
	r := produceRequest(topic, partition, -1, 10*time.Second, b.Finish())
	r.TransactionID = &p.id
	r.Version = 12
	if p.v1 {
		r.Version = 11
	}
	answer := p.call(p.leader(topic, partition), r).(*kmsg.ProduceResponse)
	code := answer.Topics[0].Partitions[0].ErrorCode
	if code == 0 {
		p.sequences[at]++
	}
	return code
}

func (p *transactional) endRequest(commit bool) *kmsg.EndTxnRequest {
	r := kmsg.NewPtrEndTxnRequest()
	r.Version, r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Commit = 5, p.id, int64(p.producer.ID), int16(p.producer.Epoch), commit
	if p.v1 {
		r.Version = 4
	}
	return r
}

func (p *transactional) end(commit bool) int16 {
	return p.ended(p.call(p.coordinator(), p.endRequest(commit)))
}

func (p *transactional) ended(r kmsg.Response) int16 {
	answer := r.(*kmsg.EndTxnResponse)
	if answer.ErrorCode == 0 && !p.v1 {
		p.producer = txn.Producer{ID: kafka.ProducerID(answer.ProducerID), Epoch: kafka.ProducerEpoch(answer.ProducerEpoch)}
		clear(p.sequences)
	}
	return answer.ErrorCode
}

// becomes waits until the transactional id's state is as given.
func (p *transactional) becomes(state txn.State) {
	p.t.Helper()
	p.runUntil(40*time.Second, p.id+" "+state.String(), func() bool { return p.state() == state.String() })
}

func TestTransactionsTopic(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 2, nil)
	coordinator := c.transactional("t").coordinator()
	topic := c.broker(coordinator).Image().Topic(metadata.TransactionsTopic)
	require.Len(t, topic.Partitions, 50)
	require.Len(t, topic.Partitions[0].Replicas, 3)
	require.Equal(t, map[string]string{"cleanup.policy": "compact", "compression.type": "uncompressed", "min.insync.replicas": "2",
		"segment.bytes": "104857600", "unclean.leader.election.enable": "false"},
		c.broker(coordinator).Image().Configs(metadata.ConfigResource{Type: metadata.TopicResource, Name: metadata.TransactionsTopic}))
	for _, name := range c.brokers {
		if name != coordinator {
			require.Equal(t, kerr.NotCoordinator.Code, c.transactional("t").describe(name).ErrorCode)
		}
	}
}

// Clients learn by which version of transactions they may go.
func TestFeaturesAreAdvertised(t *testing.T) {
	for setting, level := range map[string]int16{"2": 2, "1": 1, "0": 0} {
		c := newCluster(t, 1, map[string]string{"transaction.version": setting})
		c.createTopic("orders", 1, nil)
		for _, version := range []int16{0, 3, 4} {
			r := kmsg.NewPtrApiVersionsRequest()
			r.Version = version
			answer := c.call("broker-1", r).(*kmsg.ApiVersionsResponse)
			finalized := map[string]int16{}
			for _, f := range answer.FinalizedFeatures {
				require.Equal(t, f.MaxVersionLevel, f.MinVersionLevel)
				finalized[f.Name] = f.MaxVersionLevel
			}
			switch {
			case version < 3:
				require.Empty(t, finalized)
			case level == 0:
				require.Equal(t, map[string]int16{"group.version": 1}, finalized)
			default:
				require.Equal(t, map[string]int16{"group.version": 1, "transaction.version": level}, finalized)
			}
			require.Equal(t, version >= 4, len(answer.SupportedFeatures) == 2)
		}
		require.NoError(t, c.w.Close())
	}
}

// Transactions of both versions, over partitions with several leaders.
func TestTransactionsEnd(t *testing.T) {
	for _, v1 := range []bool{true, false} {
		c := newCluster(t, 1, nil)
		c.createTopic("orders", 6, nil)
		p := c.transactional("t")
		p.v1 = v1
		p.init()
		for round := range 4 {
			before := p.producer
			for partition := range int32(6) {
				if v1 {
					c.runUntil(5*time.Second, "the end of the former", func() bool {
						code := p.add("orders", partition)
						return code != kerr.ConcurrentTransactions.Code
					})
				}
				require.Zero(t, p.produce("orders", partition, "value"), "round %d partition %d", round, partition)
			}
			require.Equal(t, "Ongoing", p.state())
			commit := round%2 == 0
			require.Zero(t, p.end(commit))
			if commit {
				p.becomes(txn.CompleteCommit)
			} else {
				p.becomes(txn.CompleteAbort)
			}
			if v1 {
				require.Equal(t, before, p.producer)
			} else {
				require.Equal(t, txn.Producer{ID: before.ID, Epoch: before.Epoch + 1}, p.producer)
			}
		}
		for partition := range int32(6) {
			leader := c.leader("orders", partition)
			v, _ := c.view(leader, "orders", partition)
			require.Equal(t, kafka.Offset(8), v.HighWatermark, "a record and a marker for each transaction")
		}
		require.Equal(t, 4, c.counts["transaction_begun"])
		require.Equal(t, 2, c.counts["transaction_committed"])
		require.Equal(t, 2, c.counts["transaction_aborted"])
		require.Zero(t, c.counts["producer_fenced"])
		require.NoError(t, c.w.Close())
	}
}

// The second process with a transactional id has the first one's transaction
// aborted, and fences it.
func TestSecondProducerFencesFirst(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	first, second := c.transactional("t"), c.transactional("t")
	first.init()
	require.Zero(t, first.produce("orders", 0, "lost"))
	require.Equal(t, kerr.ConcurrentTransactions.Code, second.tryInit())
	second.init()
	require.Equal(t, 1, c.counts["transaction_aborted"])
	require.Equal(t, kerr.ProducerFenced.Code, first.end(true))
	require.Equal(t, kerr.InvalidProducerEpoch.Code, first.produce("orders", 0, "zombie"))
	require.Zero(t, second.produce("orders", 0, "kept"))
	require.Zero(t, second.end(true))
	second.becomes(txn.CompleteCommit)
	require.Positive(t, c.counts["producer_fenced"])
}

func TestOpenTransactionTimesOut(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	p := c.transactional("t")
	p.timeout = 5 * time.Second
	p.init()
	require.Zero(t, p.produce("orders", 0, "late"))
	p.becomes(txn.CompleteAbort)
	require.Equal(t, 1, c.counts["transaction_timed_out"])
	require.Equal(t, kerr.InvalidTxnState.Code, p.end(true))
	require.NotZero(t, p.produce("orders", 0, "later"))
	require.Equal(t, 1, c.counts["transaction_begun"])
}

// Whatever ends a coordinator between the decision and the last marker, the next
// one writes the markers. The flaw forgets them.
func TestPreparedTransactionSurvivesCoordinator(t *testing.T) {
	for _, flawed := range []bool{false, true} {
		var flaws []string
		if flawed {
			flaws = append(flaws, "tc-failover")
		}
		c := newCluster(t, 3, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}, flaws...)
		c.createTopic("orders", 1, nil)
		p := c.transactional("t")
		p.init()
		former := p.coordinator()
		for _, name := range c.brokers {
			if name != former {
				c.moveLeader("orders", 0, kafka.BrokerID(name[len(name)-1]-'0'))
				break
			}
		}
		c.runUntil(10*time.Second, "another leader than the coordinator", func() bool { return c.leader("orders", 0) != former })
		c.runUntil(10*time.Second, "a record", func() bool { return p.produce("orders", 0, "kept") == 0 })

		// The coordinator goes down within the step that decides, or just after.
		c.send(former, p.endRequest(true), func(kmsg.Response) {})
		for c.counts["transaction_prepared"] == 0 {
			c.w.Run(c.w.Now().Add(10 * time.Microsecond))
		}
		require.Zero(t, c.counts["transaction_committed"])
		c.w.PowerLoss(former, sim.LoseUnsynced, c.w.Stream("power"))
		c.runUntil(30*time.Second, "another coordinator", func() bool {
			leader := c.leader(metadata.TransactionsTopic, transactionsPartition("t"))
			return leader != "" && leader != former
		})
		if flawed {
			c.w.Run(c.w.Now().Add(30 * time.Second))
			require.Equal(t, "PrepareCommit", p.state())
			require.Zero(t, c.counts["transaction_resumed"])
			require.NoError(t, c.w.Close())
			continue
		}
		p.becomes(txn.CompleteCommit)
		require.Equal(t, 1, c.counts["transaction_resumed"])
		require.Zero(t, p.end(true), "repeated, it is known to be done")
		require.Equal(t, kafka.ProducerEpoch(1), p.producer.Epoch)
		require.Zero(t, p.produce("orders", 0, "next"))
		require.Zero(t, p.end(false))
		p.becomes(txn.CompleteAbort)
		require.NoError(t, c.w.Close())
	}
}

// A coordinator tells the end of a transaction once others have its decision,
// too: the next one knows of nothing else. The flaw tells before.
func TestEndIsToldOnceItIsReplicated(t *testing.T) {
	for _, flawed := range []bool{false, true} {
		var flaws []string
		if flawed {
			flaws = append(flaws, "endtxn-early")
		}
		c := newCluster(t, 3, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}, flaws...)
		c.createTopic("orders", 1, nil)
		p := c.transactional("t")
		p.init()
		require.Zero(t, p.produce("orders", 0, "value"))
		former := p.coordinator()
		c.w.Cut([]string{former}, c.without(former))
		var told kmsg.Response
		c.send(former, p.endRequest(true), func(r kmsg.Response) { told = r })
		c.w.Run(c.w.Now().Add(time.Second))
		require.Equal(t, flawed, told != nil)
		if flawed {
			require.Zero(t, p.ended(told))
		}
		c.w.Kill(former)
		c.runUntil(30*time.Second, "another coordinator", func() bool {
			leader := c.leader(metadata.TransactionsTopic, transactionsPartition("t"))
			return leader != "" && leader != former
		})
		require.Equal(t, "Ongoing", p.state())
		require.NoError(t, c.w.Close())
	}
}

// Markers follow the leadership of their partitions, and a topic that is gone
// owes none.
func TestMarkersFindTheirLeaders(t *testing.T) {
	c := newCluster(t, 2, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"})
	c.createTopic("orders", 3, nil)
	c.createTopic("gone", 1, nil)
	p := c.transactional("t")
	p.init()
	for partition := range int32(3) {
		require.Zero(t, p.produce("orders", partition, "value"))
	}
	require.Zero(t, p.produce("gone", 0, "value"))
	coordinator := p.coordinator()
	victim := ""
	for partition := range int32(3) {
		if leader := c.leader("orders", partition); leader != coordinator {
			victim = leader
		}
	}
	require.NotEmpty(t, victim)
	c.w.Kill(victim)
	deletion := kmsg.NewPtrDeleteTopicsRequest()
	deletion.Version, deletion.TimeoutMillis, deletion.TopicNames = 3, 10000, []string{"gone"}
	require.Zero(t, c.call(coordinator, deletion).(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
	require.Zero(t, p.end(true))
	p.becomes(txn.CompleteCommit)
	require.Zero(t, c.counts["transaction_resumed"])
}

// A commit in a transaction joins the transaction by itself in version 2, and
// needs AddOffsetsToTxn in version 1.
func TestOffsetsInTransactions(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	coordinator := c.findCoordinator("billing")
	p := c.transactional("t")
	p.init()
	commit := func(version int16) int16 {
		r := kmsg.NewPtrTxnOffsetCommitRequest()
		r.Version, r.TransactionalID, r.Group, r.ProducerID, r.ProducerEpoch = version, p.id, "billing", int64(p.producer.ID), int16(p.producer.Epoch)
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = "orders"
		o := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		o.Offset = 7
		topic.Partitions = append(topic.Partitions, o)
		r.Topics = append(r.Topics, topic)
		return c.call(coordinator, r).(*kmsg.TxnOffsetCommitResponse).Topics[0].Partitions[0].ErrorCode
	}
	require.Zero(t, commit(5))
	described := p.describe(p.coordinator())
	require.Equal(t, "Ongoing", described.State)
	require.Equal(t, metadata.OffsetsTopic, described.Topics[0].Topic)
	require.Equal(t, []int32{offsetsPartition("billing")}, described.Topics[0].Partitions)
	require.Zero(t, p.end(true))
	p.becomes(txn.CompleteCommit)

	p.v1 = true
	require.Equal(t, kerr.InvalidTxnState.Code, commit(3))
	require.Equal(t, kerr.TransactionAbortable.Code, commit(4))
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.Version, add.TransactionalID, add.Group, add.ProducerID, add.ProducerEpoch = 4, p.id, "billing", int64(p.producer.ID), int16(p.producer.Epoch)
	require.Zero(t, c.call(p.coordinator(), add).(*kmsg.AddOffsetsToTxnResponse).ErrorCode)
	require.Zero(t, commit(3))
	require.Zero(t, p.end(false))
	p.becomes(txn.CompleteAbort)
}

func TestListTransactions(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	open, idle := c.transactional("open"), c.transactional("idle")
	open.init()
	idle.init()
	require.Zero(t, open.produce("orders", 0, "value"))
	list := func(name string, change func(*kmsg.ListTransactionsRequest)) (ids []string) {
		r := kmsg.NewPtrListTransactionsRequest()
		r.Version = 2
		change(r)
		answer := c.call(name, r).(*kmsg.ListTransactionsResponse)
		require.Zero(t, answer.ErrorCode)
		for _, s := range answer.TransactionStates {
			ids = append(ids, s.TransactionalID)
		}
		return ids
	}
	require.Contains(t, list(idle.coordinator(), func(*kmsg.ListTransactionsRequest) {}), "idle")
	require.Equal(t, []string{"open"}, list(open.coordinator(), func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Ongoing", "None"} }))
	require.Empty(t, list(idle.coordinator(), func(r *kmsg.ListTransactionsRequest) { r.ProducerIDFilters = []int64{4711} }))
	pattern := "id.*"
	require.Equal(t, []string{"idle"}, list(idle.coordinator(), func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = &pattern }))
	require.Empty(t, list(open.coordinator(), func(r *kmsg.ListTransactionsRequest) {
		r.StateFilters, r.DurationFilterMillis = []string{"Ongoing"}, 3600_000
	}))
	wrong := kmsg.NewPtrListTransactionsRequest()
	bad := "("
	wrong.Version, wrong.TransactionalIDPattern = 2, &bad
	require.Equal(t, kerr.InvalidRegularExpression.Code, c.call("broker-1", wrong).(*kmsg.ListTransactionsResponse).ErrorCode)
}

// Transactions go on through power losses of their coordinators: each that was
// answered as committed is complete in the end, and none hangs.
func TestTransactionsSurviveFailovers(t *testing.T) {
	for seed := range uint64(2) {
		c := newCluster(t, seed, map[string]string{"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"})
		c.createTopic("orders", 3, map[string]string{"min.insync.replicas": "2"})
		watched := c.watch()
		p := c.transactional("t")
		p.init()
		for range 3 {
			for range 3 {
				require.Zero(t, p.produce("orders", 0, "a"))
				require.Zero(t, p.produce("orders", 1, "b"))
				require.Zero(t, p.end(true))
				p.becomes(txn.CompleteCommit)
			}
			require.Zero(t, p.produce("orders", 0, "open"))
			former := p.coordinator()
			c.w.PowerLoss(former, sim.LoseUnsynced, c.w.Stream("power"))
			c.runUntil(30*time.Second, "another coordinator", func() bool {
				leader := c.leader(metadata.TransactionsTopic, transactionsPartition("t"))
				return leader != "" && leader != former
			})
			delete(c.client.conns, host.Addr(former+":9092"))
			require.Equal(t, "Ongoing", p.state())
			require.Zero(t, p.end(false))
			p.becomes(txn.CompleteAbort)
			c.w.Start(former)
			c.settled("orders", 3)
			c.settled(metadata.TransactionsTopic, 50)
		}
		require.Empty(t, watched.violated)
		require.Zero(t, c.counts["coordinator_load_failed"])
		require.NoError(t, c.w.Close())
	}
}
