package broker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/broker/storage"
	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

// verification is the key that switches it off.
const verification = "transaction.partition.verification.enable"

func transactionalRecords(id kafka.ProducerID, epoch kafka.ProducerEpoch, sequence kafka.Sequence, value string) []byte {
	var b batch.Builder
	b.Reset(nil)
	b.SetProducer(id, epoch, sequence)
	b.SetTransactional()
	b.Append(wallStart, nil, []byte(value), nil)
	return b.Finish()
}

func transactionalProduce(version int16, partition int32, acks int16, records []byte) *kmsg.ProduceRequest {
	r := produceRequest("orders", partition, acks, 30*time.Second, records)
	r.Version = version
	id := "transfers"
	r.TransactionID = &id
	return r
}

func markersRequest(id kafka.ProducerID, epoch kafka.ProducerEpoch, coordinator kafka.LeaderEpoch, commit bool) *kmsg.WriteTxnMarkersRequest {
	r := kmsg.NewPtrWriteTxnMarkersRequest()
	r.Version = 1
	m := kmsg.NewWriteTxnMarkersRequestMarker()
	m.ProducerID, m.ProducerEpoch, m.CoordinatorEpoch, m.Committed = int64(id), int16(epoch), int32(coordinator), commit
	topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
	topic.Topic, topic.Partitions = "orders", []int32{0}
	m.Topics = append(m.Topics, topic)
	r.Markers = append(r.Markers, m)
	return r
}

// mark writes a marker and returns the answer's error.
func (c *cluster) mark(leader string, r *kmsg.WriteTxnMarkersRequest) error {
	answer := c.call(leader, r).(*kmsg.WriteTxnMarkersResponse)
	return kerr.ErrorForCode(answer.Markers[0].Topics[0].Partitions[0].ErrorCode)
}

func (c *cluster) mustProduce(leader string, r *kmsg.ProduceRequest) {
	c.t.Helper()
	answer := c.call(leader, r).(*kmsg.ProduceResponse)
	require.NoError(c.t, kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode))
}

func (c *cluster) latest(leader string, isolation int8) int64 {
	r := kmsg.NewPtrListOffsetsRequest()
	r.Version, r.ReplicaID, r.IsolationLevel = 5, -1, isolation
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = "orders"
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.CurrentLeaderEpoch, p.Timestamp = -1, -1
	topic.Partitions = append(topic.Partitions, p)
	r.Topics = append(r.Topics, topic)
	answer := c.call(leader, r).(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0]
	require.Zero(c.t, answer.ErrorCode)
	return answer.Offset
}

// newConnection leaves the connection to a broker to what was sent on it.
func (c *cluster) newConnection(name string) { delete(c.client.conns, host.Addr(name+":9092")) }

func readCommittedFrom(offset kafka.Offset, wait time.Duration) *kmsg.FetchRequest {
	r := fetchRequest("orders", 0, offset, wait)
	r.IsolationLevel = 1
	return r
}

// Readers of committed records stop before an open transaction; when its marker
// is committed they go on, and are told what to leave out.
func TestReadersOfCommittedRecords(t *testing.T) {
	c := newCluster(t, 1, map[string]string{verification: "false"})
	c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
	leader := c.leader("orders", 0)
	c.mustProduce(leader, produceRequest("orders", 0, -1, time.Second, records(1, wallStart, "before")))
	c.mustProduce(leader, transactionalProduce(11, 0, -1, transactionalRecords(7, 0, 0, "aborted")))
	c.mustProduce(leader, produceRequest("orders", 0, -1, time.Second, records(1, wallStart, "plain")))
	c.mustProduce(leader, transactionalProduce(11, 0, -1, transactionalRecords(8, 0, 0, "committed")))

	p := c.call(leader, readCommittedFrom(0, 0)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, []int64{4, 1}, []int64{p.HighWatermark, p.LastStableOffset})
	require.Equal(t, kafka.Offset(1), batch.EndOffset(p.RecordBatches), "what comes before the transaction")
	require.Empty(t, p.AbortedTransactions)
	require.NotNil(t, p.AbortedTransactions)
	p = c.call(leader, fetchRequest("orders", 0, 0, 0)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, kafka.Offset(4), batch.EndOffset(p.RecordBatches), "others read on")
	require.Equal(t, int64(1), p.LastStableOffset)
	require.Nil(t, p.AbortedTransactions)
	require.Equal(t, int64(4), c.latest(leader, 0))
	require.Equal(t, int64(1), c.latest(leader, 1))
	v, _ := c.view(leader, "orders", 0)
	require.Equal(t, kafka.Offset(1), v.LastStableOffset)
	require.Equal(t, []storage.OpenTransaction{{Producer: 7, First: 1}, {Producer: 8, First: 3}}, v.OpenTransactions())

	var held kmsg.Response
	c.send(leader, readCommittedFrom(1, 20*time.Second), func(r kmsg.Response) { held = r })
	c.w.Run(c.w.Now().Add(time.Second))
	require.Nil(t, held)
	c.newConnection(leader)
	require.NoError(t, c.mark(leader, markersRequest(8, 0, 5, true)))
	c.w.Run(c.w.Now().Add(time.Second))
	require.Nil(t, held, "the first transaction is open still")
	require.NoError(t, c.mark(leader, markersRequest(7, 0, 5, false)))
	c.runUntil(time.Second, "the answer to the held fetch", func() bool { return held != nil })
	p = held.(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, []int64{6, 6}, []int64{p.HighWatermark, p.LastStableOffset})
	require.Equal(t, kafka.Offset(6), batch.EndOffset(p.RecordBatches))
	require.Equal(t, []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7, FirstOffset: 1}}, p.AbortedTransactions)
	require.Equal(t, int64(6), c.latest(leader, 1))

	require.Equal(t, kerr.TransactionCoordinatorFenced, c.mark(leader, markersRequest(7, 0, 4, false)))
	require.NoError(t, c.mark(leader, markersRequest(7, 3, 5, false)))
	require.Equal(t, kerr.InvalidProducerEpoch, c.mark(leader, markersRequest(7, 2, 5, false)))

	describe := kmsg.NewPtrDescribeProducersRequest()
	topic := kmsg.NewDescribeProducersRequestTopic()
	topic.Topic, topic.Partitions = "orders", []int32{0, 1}
	describe.Topics = append(describe.Topics, topic)
	described := c.call(leader, describe).(*kmsg.DescribeProducersResponse).Topics[0].Partitions
	require.Equal(t, kerr.UnknownTopicOrPartition.Code, described[1].ErrorCode)
	require.Len(t, described[0].ActiveProducers, 2)
	seven := described[0].ActiveProducers[0]
	require.Equal(t, []int64{7, 3, -1, 5, -1}, []int64{seven.ProducerID, int64(seven.ProducerEpoch), int64(seven.LastSequence),
		int64(seven.CoordinatorEpoch), seven.CurrentTxnStartOffset})
}

func TestLastStableOffsetFlaw(t *testing.T) {
	c := newCluster(t, 1, map[string]string{verification: "false"}, "lso-is-hw")
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	c.mustProduce(leader, transactionalProduce(11, 0, -1, transactionalRecords(7, 0, 0, "aborted")))
	p := c.call(leader, readCommittedFrom(0, 0)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Equal(t, kafka.Offset(1), batch.EndOffset(p.RecordBatches))
	require.NoError(t, c.mark(leader, markersRequest(7, 0, 5, false)))
	p = c.call(leader, readCommittedFrom(0, 0)).(*kmsg.FetchResponse).Topics[0].Partitions[0]
	require.Empty(t, p.AbortedTransactions)
}

// A marker that cannot be committed is answered when its time is out, and not
// before.
func TestMarkersWaitForReplication(t *testing.T) {
	c := newCluster(t, 1, map[string]string{verification: "false", "request.timeout.ms": "2000"})
	c.createTopic("orders", 1, map[string]string{"min.insync.replicas": "2"})
	leader := c.leader("orders", 0)
	c.mustProduce(leader, transactionalProduce(11, 0, -1, transactionalRecords(7, 0, 0, "v")))
	var others []string
	for _, name := range c.brokers {
		if name != leader {
			others = append(others, name)
		}
	}
	cut := c.w.Cut(others, []string{leader})
	began := c.w.Now()
	require.Equal(t, kerr.RequestTimedOut, c.mark(leader, markersRequest(7, 0, 0, true)))
	require.GreaterOrEqual(t, c.w.Now().Sub(began), 2*time.Second)
	v, _ := c.view(leader, "orders", 0)
	require.Empty(t, v.OpenTransactions())
	require.Equal(t, kafka.Offset(0), v.LastStableOffset, "the marker is not committed")
	cut.Heal()
	c.runUntil(30*time.Second, "replication", func() bool {
		v, _ := c.view(leader, "orders", 0)
		return v.LastStableOffset == 2
	})
}

// examiner stands in a broker's place and answers its questions about
// transactions when it is told to.
type examiner struct {
	host  host.Host
	conn  host.Conn
	asked []*protocol.Request
}

func (x *examiner) Start(h host.Host)           { x.host = h }
func (x *examiner) Opened(host.Conn, host.Addr) {}
func (x *examiner) Closed(host.Conn, error)     {}
func (x *examiner) Done(host.Op, error)         {}
func (x *examiner) Wake()                       {}
func (x *examiner) questions() (of []*kmsg.AddPartitionsToTxnRequest) {
	for _, r := range x.asked {
		of = append(of, r.Body.(*kmsg.AddPartitionsToTxnRequest))
	}
	return of
}

func (x *examiner) Received(conn host.Conn, m host.Message) {
	if r, ok := m.(*protocol.Request); ok && r.Body.Key() == int16(kmsg.AddPartitionsToTxn) {
		x.conn, x.asked = conn, append(x.asked, r)
	}
}

// answer gives all partitions of all questions the same answer.
func (x *examiner) answer(code int16) {
	for _, r := range x.asked {
		body := kmsg.NewPtrAddPartitionsToTxnResponse()
		body.Version = r.Body.GetVersion()
		for _, t := range r.Body.(*kmsg.AddPartitionsToTxnRequest).Transactions {
			transaction := kmsg.NewAddPartitionsToTxnResponseTransaction()
			transaction.TransactionalID = t.TransactionalID
			for _, topic := range t.Topics {
				out := kmsg.NewAddPartitionsToTxnResponseTransactionTopic()
				out.Topic = topic.Topic
				for _, partition := range topic.Partitions {
					out.Partitions = append(out.Partitions, kmsg.AddPartitionsToTxnResponseTransactionTopicPartition{Partition: partition, ErrorCode: code})
				}
				transaction.Topics = append(transaction.Topics, out)
			}
			body.Transactions = append(body.Transactions, transaction)
		}
		x.host.Send(x.conn, &protocol.Response{CorrelationID: r.CorrelationID, Body: body})
	}
	x.asked = nil
}

// examination is a cluster whose transaction coordinator is an examiner.
type examination struct {
	*cluster
	leader   string // of orders
	place    string // where the examiner stands
	examiner *examiner
	answers  []int16 // error codes of partition 0, in the order of the requests
}

func newExamination(t *testing.T, flaws ...string) *examination {
	c := newCluster(t, 1, nil, flaws...)
	c.createTopic("__transaction_state", 1, nil)
	c.createTopic("orders", 2, nil)
	x := &examination{cluster: c, place: c.leader("__transaction_state", 0), examiner: &examiner{}}
	for id, name := range c.brokers {
		if name != x.place {
			c.moveLeader("orders", 0, kafka.BrokerID(id+1))
			c.moveLeader("orders", 1, kafka.BrokerID(id+1))
			x.leader = name
			break
		}
	}
	c.runUntil(10*time.Second, "leaders", func() bool {
		return c.leader("orders", 0) == x.leader && c.leader("orders", 1) == x.leader
	})
	c.instead[x.place] = func() host.Node { return x.examiner }
	c.w.Kill(x.place)
	c.w.Start(x.place)
	return x
}

func (x *examination) produce(r *kmsg.ProduceRequest) {
	x.send(x.leader, r, func(answer kmsg.Response) {
		x.answers = append(x.answers, answer.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
	})
}

func (x *examination) questioned() {
	x.runUntil(time.Second, "a question", func() bool { return len(x.examiner.asked) > 0 })
}

func (x *examination) answer(code int16) {
	x.w.Inject(x.place, func(host.Node) { x.examiner.answer(code) })
	x.w.Run(x.w.Now().Add(10 * time.Millisecond))
}

func (x *examination) logEnd(partition int32) kafka.Offset {
	v, _ := x.view(x.leader, "orders", partition)
	return v.LogEndOffset
}

// While a transaction is verified, later requests of the connection wait, and
// other partitions of the request do not.
func TestVerificationKeepsTheOrder(t *testing.T) {
	x := newExamination(t)
	first := transactionalProduce(12, 0, 1, transactionalRecords(7, 0, 0, "first"))
	other := kmsg.NewProduceRequestTopicPartition()
	other.Partition, other.Records = 1, records(1, wallStart, "plain")
	first.Topics[0].Partitions = append(first.Topics[0].Partitions, other)
	x.produce(first)
	x.produce(transactionalProduce(12, 0, 1, transactionalRecords(7, 0, 1, "second")))
	x.questioned()
	x.w.Run(x.w.Now().Add(100 * time.Millisecond))
	require.Equal(t, kafka.Offset(0), x.logEnd(0))
	require.Equal(t, kafka.Offset(1), x.logEnd(1), "the plain batch of the same request")
	require.Empty(t, x.answers)
	questions := x.examiner.questions()
	require.Len(t, questions, 1)
	asked := questions[0].Transactions[0]
	require.Equal(t, "transfers", asked.TransactionalID)
	require.Equal(t, []int64{7, 0}, []int64{asked.ProducerID, int64(asked.ProducerEpoch)})
	require.False(t, asked.VerifyOnly, "version 2 adds the partition")
	require.Equal(t, []int32{0}, asked.Topics[0].Partitions)
	x.answer(0)
	require.Equal(t, []int16{0, 0}, x.answers)
	require.Equal(t, kafka.Offset(2), x.logEnd(0))
	require.Empty(t, x.examiner.asked, "the open transaction needs no question")
}

// What each version of a producer is told of a verification that fails. Nothing
// is appended.
func TestVerificationRefuses(t *testing.T) {
	x := newExamination(t)
	for _, c := range []struct {
		version      int16
		answer, told *kerr.Error
	}{
		{11, kerr.TransactionAbortable, kerr.TransactionAbortable},
		{10, kerr.TransactionAbortable, kerr.InvalidTxnState},
		{11, kerr.ProducerFenced, kerr.InvalidProducerEpoch},
		{11, kerr.ConcurrentTransactions, kerr.NotEnoughReplicas},
		{12, kerr.NotCoordinator, kerr.NotEnoughReplicas},
		{12, kerr.CoordinatorLoadInProgress, kerr.NotEnoughReplicas},
		{12, kerr.InvalidProducerIDMapping, kerr.InvalidProducerIDMapping},
	} {
		x.answers = nil
		x.produce(transactionalProduce(c.version, 0, 1, transactionalRecords(7, 0, 0, "v")))
		x.questioned()
		require.Equal(t, c.version < 12, x.examiner.questions()[0].Transactions[0].VerifyOnly)
		x.answer(c.answer.Code)
		require.Equal(t, []int16{c.told.Code}, x.answers, "version %d, %s", c.version, c.answer.Message)
		require.Equal(t, kafka.Offset(0), x.logEnd(0))
	}
}

// With version 2 the next transaction often begins before the last one's end is
// complete: the leader asks again for a while.
func TestVerificationIsPatient(t *testing.T) {
	x := newExamination(t)
	x.produce(transactionalProduce(12, 0, 1, transactionalRecords(7, 0, 0, "v")))
	for range 2 {
		x.questioned()
		x.answer(kerr.ConcurrentTransactions.Code)
		require.Empty(t, x.answers)
	}
	x.questioned()
	x.answer(0)
	require.Equal(t, []int16{0}, x.answers)

	x.produce(transactionalProduce(12, 1, 1, transactionalRecords(7, 0, 0, "v")))
	x.questioned()
	x.w.Run(x.w.Now().Add(100 * time.Millisecond))
	x.answer(kerr.ConcurrentTransactions.Code)
	require.Equal(t, []int16{0, kerr.ConcurrentTransactions.Code}, x.answers)
}

// The marker of the former transaction does not end the verification of the next.
func TestVerificationOutlivesTheFormerTransaction(t *testing.T) {
	x := newExamination(t)
	x.produce(transactionalProduce(12, 0, 1, transactionalRecords(7, 0, 0, "v")))
	x.questioned()
	x.answer(0)

	x.produce(transactionalProduce(12, 0, 1, transactionalRecords(7, 1, 0, "v")))
	x.questioned()
	x.newConnection(x.leader)
	x.send(x.leader, markersRequest(7, 1, 0, true), func(kmsg.Response) {})
	x.runUntil(time.Second, "the marker", func() bool { return x.logEnd(0) == 2 })
	x.answer(kerr.ConcurrentTransactions.Code) // it was not written yet when the coordinator answered
	x.questioned()
	x.answer(0)
	require.Equal(t, []int16{0, 0}, x.answers)
}

// A batch whose transaction is aborted while it is verified does not open
// another (KIP-890); with hang-late-produce it does, and nobody ends it.
func TestLateProduce(t *testing.T) {
	x := newExamination(t)
	x.produce(transactionalProduce(11, 0, 1, transactionalRecords(7, 0, 0, "late")))
	x.questioned()
	x.newConnection(x.leader)
	x.send(x.leader, markersRequest(7, 0, 0, false), func(kmsg.Response) {})
	x.runUntil(time.Second, "the marker", func() bool { return x.logEnd(0) == 1 })
	x.answer(0)
	require.Equal(t, []int16{kerr.InvalidTxnState.Code}, x.answers)
	require.Equal(t, kafka.Offset(1), x.logEnd(0))

	x = newExamination(t, "hang-late-produce")
	x.send(x.leader, markersRequest(7, 0, 0, false), func(kmsg.Response) {})
	x.runUntil(time.Second, "the marker", func() bool { return x.logEnd(0) == 1 })
	x.newConnection(x.leader)
	x.produce(transactionalProduce(11, 0, 1, transactionalRecords(7, 0, 0, "late")))
	x.runUntil(time.Second, "the answer", func() bool { return len(x.answers) == 1 })
	require.Equal(t, []int16{0}, x.answers)
	v, _ := x.view(x.leader, "orders", 0)
	require.Len(t, v.OpenTransactions(), 1)
}

// Without a coordinator that answers, a producer is asked to send again; without
// a transactional id there is nobody to ask.
func TestVerificationWithoutACoordinator(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.createTopic("orders", 1, nil)
	leader := c.leader("orders", 0)
	refusal := func(r *kmsg.ProduceRequest) int16 {
		return c.call(leader, r).(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode
	}
	r := transactionalProduce(11, 0, -1, transactionalRecords(7, 0, 0, "v"))
	require.Equal(t, kerr.NotEnoughReplicas.Code, refusal(r))
	r.TransactionID = nil
	require.Equal(t, kerr.TransactionalIDAuthorizationFailed.Code, refusal(r))
	v, _ := c.view(leader, "orders", 0)
	require.Zero(t, v.LogEndOffset)
}
