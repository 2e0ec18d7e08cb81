package clients

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"assay/host"
	"assay/internal/batch"
	"assay/internal/kafka"
	"assay/internal/protocol"
)

const latency = host.Time(time.Millisecond)

// testWorld is one client process against scripted brokers: virtual time, a
// message a millisecond each way.
type testWorld struct {
	t       *testing.T
	now     host.Time
	wakeAt  host.Time
	events  []testEvent // by time, then by order
	conns   host.Conn
	dialled map[host.Conn]*fakeBroker
	streams map[string]*rand.Rand
	timers  *Timers
	clients []*Client
	cluster *fakeCluster
	stalled map[host.Conn]host.Time // until when requests on a connection are held up
	trace   []string
	mute    map[*host.Point]bool
}

type testEvent struct {
	at  host.Time
	run func()
}

func newTestWorld(t *testing.T, brokers int, topics ...string) *testWorld {
	w := &testWorld{
		t: t, wakeAt: host.Never, dialled: map[host.Conn]*fakeBroker{}, streams: map[string]*rand.Rand{},
		stalled: map[host.Conn]host.Time{}, mute: map[*host.Point]bool{PointConsumed: true},
	}
	w.cluster = newFakeCluster(w, brokers, topics...)
	w.timers = NewTimers(w)
	return w
}

func (w *testWorld) later(d host.Time, run func()) {
	at := w.now + d
	i := len(w.events)
	for i > 0 && w.events[i-1].at > at {
		i--
	}
	w.events = slices.Insert(w.events, i, testEvent{at, run})
}

// run lets virtual time pass.
func (w *testWorld) run(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := host.Never
		if len(w.events) > 0 {
			next = w.events[0].at
		}
		if min(next, w.wakeAt) > end {
			break
		}
		if next <= w.wakeAt {
			w.now = next
			run := w.events[0].run
			w.events = slices.Delete(w.events, 0, 1)
			run()
			continue
		}
		w.now = max(w.now, w.wakeAt)
		w.wakeAt = host.Never
		w.timers.Wake()
	}
	w.now = end
}

func (w *testWorld) log(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8s  ", time.Duration(w.now).Round(time.Millisecond))+fmt.Sprintf(format, args...))
}

func (w *testWorld) Now() host.Time      { return w.now }
func (w *testWorld) Wall() host.WallTime { return host.WallTime(w.now) }
func (w *testWorld) Rand(purpose string) *rand.Rand {
	if w.streams[purpose] == nil {
		h := fnv.New64()
		h.Write([]byte(purpose))
		w.streams[purpose] = rand.New(rand.NewPCG(1, h.Sum64()))
	}
	return w.streams[purpose]
}

func (w *testWorld) Dial(to host.Addr) host.Conn {
	w.conns++
	conn := w.conns
	b := w.cluster.at(to)
	w.later(latency, func() {
		if b == nil || b.down {
			w.deliverClosed(conn)
			return
		}
		w.dialled[conn] = b
		for _, c := range w.clients {
			c.Opened(conn)
		}
	})
	return conn
}

func (w *testWorld) Peer(host.Conn) string { return "" }

func (w *testWorld) Send(conn host.Conn, m host.Message) {
	// A stalled connection delivers what was sent on it, even after the client
	// has given it up.
	if until := w.stalled[conn]; until > w.now {
		b := w.dialled[conn]
		w.later(until-w.now+latency, func() { b.receive(conn, m.(*protocol.Request)) })
		return
	}
	w.later(latency, func() {
		if b := w.dialled[conn]; b != nil && !b.down {
			b.receive(conn, m.(*protocol.Request))
		}
	})
}

func (w *testWorld) answer(conn host.Conn, m host.Message) {
	again, err := m.Reencode()
	if err != nil {
		w.t.Fatalf("%v: %v", m, err)
	}
	w.later(latency, func() {
		for _, c := range w.clients {
			c.Received(conn, again)
		}
	})
}

func (w *testWorld) deliverClosed(conn host.Conn) {
	delete(w.dialled, conn)
	for _, c := range w.clients {
		c.Closed(conn, host.ErrReset)
	}
}

func (w *testWorld) Close(conn host.Conn) { delete(w.dialled, conn) }
func (w *testWorld) WakeAt(at host.Time)  { w.wakeAt = at }
func (w *testWorld) FS() host.FS          { panic("clients have no files") }
func (w *testWorld) Serial(uint64)        {}
func (w *testWorld) Exit(reason error)    { w.t.Fatal(reason) }
func (w *testWorld) Observe(e host.Event) {
	if w.mute[e.Point] {
		return
	}
	var b strings.Builder
	for i, field := range e.Point.Fields {
		fmt.Fprintf(&b, " %s=%d", field, e.Args[i])
	}
	w.log("%s%s", e.Point.Name, b.String())
}

// client makes a client with Kafka's defaults, changed by change.
func (w *testWorld) client(change func(*ClientConfig)) *Client {
	config := ClientConfig{
		ID: "test", Bootstrap: []host.Addr{w.cluster.brokers[0].addr}, RequestTimeout: 30 * time.Second,
		RetryBackoff:     Backoff{Initial: 100 * time.Millisecond, Max: time.Second},
		ReconnectBackoff: Backoff{Initial: 50 * time.Millisecond, Max: time.Second},
		ConnectionSetup:  Backoff{Initial: 10 * time.Second, Max: 30 * time.Second},
		MetadataMaxAge:   5 * time.Minute,
		RebootstrapAfter: 5 * time.Minute,
	}
	if change != nil {
		change(&config)
	}
	c := NewClient(w, w.timers, config)
	w.clients = append(w.clients, c)
	return c
}

// fakeCluster is the state that the scripted brokers share: one log for each
// partition, as a correct cluster keeps it.
type fakeCluster struct {
	world   *testWorld
	brokers []*fakeBroker
	topics  []string
	logs    map[kafka.TopicPartition]*fakeLog
	former  map[kafka.TopicPartition]*fakeLog // what its former leader has, if that does not know that it was deposed,
	stale   bool                              // and whether the metadata do not either
	nextPID int64
	// incarnation counts how often a topic was made anew.
	incarnation map[string]byte

	// fate decides what happens to the n-th produce request of the run, from 1.
	fate     map[int]string
	produces int
	// groups hold what was committed; commitFate and findFate are what becomes
	// of the n-th OffsetCommit and FindCoordinator of the run, from 1.
	groups       map[string]*fakeGroup
	rebalanced   map[string]*fakeMembers
	commitFate   map[int]string
	commits      int
	taken        func(CommittedOffset) // nil, or told of each offset that a coordinator took
	findFate     map[int]string
	finds        int
	offsetFate   map[int]string
	offsetFinds  int
	transactions fakeTransactions
	// versions, where set, replaces what the brokers offer.
	versions map[kmsg.Key]int16
	// nextSession is the last fetch session's id.
	nextSession int32
}

type fakeLog struct {
	leader    kafka.BrokerID
	epoch     kafka.LeaderEpoch
	start     kafka.Offset
	batches   [][]byte
	end       kafka.Offset
	producers map[kafka.ProducerID]*fakeProducer
	maxBytes  int                               // max.message.bytes; 0 for no limit
	open      map[kafka.ProducerID]kafka.Offset // where open transactions begin
	aborted   []fakeAborted
}

type fakeProducer struct {
	epoch kafka.ProducerEpoch
	last  []batch.Header // with offsets; at most five
}

type fakeBroker struct {
	cluster  *fakeCluster
	id       kafka.BrokerID
	addr     host.Addr
	down     bool
	sessions []*fakeSession
}

func newFakeCluster(w *testWorld, brokers int, topics ...string) *fakeCluster {
	c := &fakeCluster{world: w, topics: topics, logs: map[kafka.TopicPartition]*fakeLog{}, nextPID: 1000, incarnation: map[string]byte{}, fate: map[int]string{},
		groups: map[string]*fakeGroup{}, rebalanced: map[string]*fakeMembers{}, transactions: newFakeTransactions(), commitFate: map[int]string{}, findFate: map[int]string{}, offsetFate: map[int]string{}}
	for i := range brokers {
		c.brokers = append(c.brokers, &fakeBroker{
			cluster: c, id: kafka.BrokerID(i + 1), addr: host.Addr(fmt.Sprintf("broker-%d:9092", i+1)),
		})
	}
	for _, t := range topics {
		c.add(kafka.TopicPartition{Topic: t, Partition: 0}, 1)
	}
	return c
}

func (c *fakeCluster) add(p kafka.TopicPartition, leader kafka.BrokerID) *fakeLog {
	l := &fakeLog{leader: leader, producers: map[kafka.ProducerID]*fakeProducer{}, open: map[kafka.ProducerID]kafka.Offset{}}
	c.logs[p] = l
	return l
}

// log is a partition's as a broker knows it.
func (b *fakeBroker) log(p kafka.TopicPartition) *fakeLog {
	if l := b.cluster.former[p]; l != nil && l.leader == b.id {
		return l
	}
	return b.cluster.logs[p]
}

func (c *fakeCluster) at(addr host.Addr) *fakeBroker {
	for _, b := range c.brokers {
		if b.addr == addr {
			return b
		}
	}
	return nil
}

// topicID is a name with the topic's incarnation behind it.
func (c *fakeCluster) topicID(name string) (id kafka.TopicID) {
	copy(id[:15], name)
	id[15] = c.incarnation[name]
	return id
}

func topicOfID(id [16]byte) string { return strings.TrimRight(string(id[:15]), "\x00") }

func (b *fakeBroker) receive(conn host.Conn, r *protocol.Request) {
	again, err := r.Reencode()
	if err != nil {
		b.cluster.world.t.Fatalf("%v: %v", r, err)
	}
	r = again.(*protocol.Request)
	reply := func(body kmsg.Response) {
		body.SetVersion(r.Body.GetVersion())
		b.cluster.world.answer(conn, &protocol.Response{CorrelationID: r.CorrelationID, Body: body})
	}
	if b.transaction(conn, r.Body, reply) {
		return
	}
	switch body := r.Body.(type) {
	case *kmsg.ApiVersionsRequest:
		reply(b.cluster.apiVersions())
	case *kmsg.MetadataRequest:
		reply(b.cluster.metadata(body))
	case *kmsg.InitProducerIDRequest:
		answer := kmsg.NewPtrInitProducerIDResponse()
		answer.ProducerID = b.cluster.nextPID
		b.cluster.nextPID++
		reply(answer)
	case *kmsg.ProduceRequest:
		b.produce(conn, body, reply)
	case *kmsg.FetchRequest:
		b.fetch(conn, body, reply)
	case *kmsg.ListOffsetsRequest:
		reply(b.listOffsets(body))
	case *kmsg.OffsetForLeaderEpochRequest:
		reply(b.offsetForLeaderEpoch(body))
	case *kmsg.CreateTopicsRequest:
		reply(b.createTopics(body))
	case *kmsg.FindCoordinatorRequest:
		reply(b.cluster.findCoordinator(body))
	case *kmsg.OffsetCommitRequest:
		b.offsetCommit(conn, body, reply)
	case *kmsg.JoinGroupRequest:
		b.joinGroup(body, reply)
	case *kmsg.SyncGroupRequest:
		b.syncGroup(body, reply)
	case *kmsg.HeartbeatRequest:
		b.heartbeat(body, reply)
	case *kmsg.LeaveGroupRequest:
		b.leaveGroup(body, reply)
	case *kmsg.ConsumerGroupHeartbeatRequest:
		b.consumerHeartbeat(body, reply)
	case *kmsg.OffsetFetchRequest:
		reply(b.offsetFetch(body))
	default:
		b.cluster.world.t.Fatalf("unexpected %v", r)
	}
}

func (c *fakeCluster) apiVersions() kmsg.Response {
	answer := kmsg.NewPtrApiVersionsResponse()
	for key := range kmsg.Key(knownKeys) {
		r := kmsg.RequestForKey(int16(key))
		if r == nil {
			continue
		}
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MaxVersion = int16(key), r.MaxVersion()
		if v, ok := c.versions[key]; ok {
			k.MaxVersion = v
		}
		answer.ApiKeys = append(answer.ApiKeys, k)
	}
	if c.transactions.version > 0 {
		feature := kmsg.NewApiVersionsResponseFinalizedFeature()
		feature.Name, feature.MinVersionLevel, feature.MaxVersionLevel = "transaction.version", c.transactions.version, c.transactions.version
		answer.FinalizedFeatures, answer.FinalizedFeaturesEpoch = append(answer.FinalizedFeatures, feature), int64(c.transactions.version)
	}
	return answer
}

func (c *fakeCluster) metadata(r *kmsg.MetadataRequest) kmsg.Response {
	answer := kmsg.NewPtrMetadataResponse()
	answer.ControllerID = 1
	for _, b := range c.brokers {
		if b.down {
			continue
		}
		broker := kmsg.NewMetadataResponseBroker()
		name, _, _ := strings.Cut(string(b.addr), ":")
		broker.NodeID, broker.Host, broker.Port = int32(b.id), name, 9092
		answer.Brokers = append(answer.Brokers, broker)
	}
	for i := range r.Topics {
		name := *r.Topics[i].Topic
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.TopicID = &name, c.topicID(name)
		for p := int32(0); c.logs[kafka.TopicPartition{Topic: name, Partition: p}] != nil; p++ {
			l := c.logs[kafka.TopicPartition{Topic: name, Partition: p}]
			if former := c.former[kafka.TopicPartition{Topic: name, Partition: p}]; former != nil && c.stale {
				l = former
			}
			part := kmsg.NewMetadataResponseTopicPartition()
			part.Partition, part.Leader, part.LeaderEpoch = p, int32(l.leader), int32(l.epoch)
			topic.Partitions = append(topic.Partitions, part)
		}
		if len(topic.Partitions) == 0 {
			topic.ErrorCode = kerr.UnknownTopicOrPartition.Code
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

// produce handles a request by the fate that the story gave it: a code alone
// refuses before the append, append-CODE after it; lose loses the answer,
// drop the request, close breaks the connection after the append.
func (b *fakeBroker) produce(conn host.Conn, r *kmsg.ProduceRequest, reply func(kmsg.Response)) {
	c := b.cluster
	c.produces++
	fate := c.fate[c.produces]
	answer := kmsg.NewPtrProduceResponse()
	for i := range r.Topics {
		t := &r.Topics[i]
		name := t.Topic
		if r.Version >= 13 {
			name = topicOfID(t.TopicID)
		}
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = t.Topic, t.TopicID
		for j := range t.Partitions {
			part := kmsg.NewProduceResponseTopicPartition()
			part.Partition = t.Partitions[j].Partition
			at := kafka.TopicPartition{Topic: name, Partition: part.Partition}
			part.BaseOffset = -1
			if part.ErrorCode = c.admit(r, at, t.Partitions[j].Records); part.ErrorCode == 0 {
				part.ErrorCode, part.BaseOffset = b.appendByFate(fate, at, t.Partitions[j].Records)
			}
			topic.Partitions = append(topic.Partitions, part)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	switch {
	case r.Acks == 0 || fate == "lose" || fate == "drop":
	case fate == "close":
		c.world.deliverClosed(conn)
	case strings.HasPrefix(fate, "late-"):
		d, _ := time.ParseDuration(fate[len("late-"):])
		c.world.later(host.Time(d), func() { reply(answer) })
	default:
		reply(answer)
	}
}

func (b *fakeBroker) appendByFate(fate string, p kafka.TopicPartition, records []byte) (int16, int64) {
	code, after := int16(0), strings.HasPrefix(fate, "append-")
	for _, e := range []*kerr.Error{
		kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.NotLeaderForPartition, kerr.InvalidRecord,
		kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.RequestTimedOut, kerr.MessageTooLarge,
		kerr.UnknownTopicOrPartition, kerr.ConcurrentTransactions, kerr.InvalidTxnState, kerr.TransactionAbortable,
		kerr.InvalidProducerEpoch,
	} {
		if strings.TrimPrefix(fate, "append-") == e.Message {
			code = e.Code
		}
	}
	if fate == "drop" || code != 0 && !after {
		return code, -1
	}
	l := b.cluster.logs[p]
	if l == nil {
		return kerr.UnknownTopicOrPartition.Code, -1
	}
	if l.leader != b.id {
		return kerr.NotLeaderForPartition.Code, -1
	}
	appended, base := l.append(records)
	if appended != 0 {
		return appended, -1
	}
	if code != 0 {
		return code, -1
	}
	return 0, base
}

// append is what a correct leader does with one batch, deduplication included.
func (l *fakeLog) append(records []byte) (int16, int64) {
	h, err := batch.Validate(records)
	if err != nil {
		return kerr.CorruptMessage.Code, -1
	}
	if l.maxBytes > 0 && len(records) > l.maxBytes {
		return kerr.MessageTooLarge.Code, -1
	}
	if h.ProducerID != kafka.NoProducerID {
		p := l.producers[h.ProducerID]
		if p == nil {
			p = &fakeProducer{epoch: h.ProducerEpoch}
			l.producers[h.ProducerID] = p
		}
		switch {
		case h.ProducerEpoch < p.epoch:
			return kerr.InvalidProducerEpoch.Code, -1
		case h.ProducerEpoch > p.epoch:
			p.epoch, p.last = h.ProducerEpoch, nil
		}
		for _, old := range p.last {
			if old.BaseSequence == h.BaseSequence && old.Count == h.Count {
				return 0, int64(old.BaseOffset)
			}
		}
		expected := kafka.Sequence(0)
		if n := len(p.last); n > 0 {
			expected = p.last[n-1].BaseSequence.Add(p.last[n-1].Count)
		}
		if h.BaseSequence != expected {
			return kerr.OutOfOrderSequenceNumber.Code, -1
		}
		h.BaseOffset = l.end
		p.last = append(p.last, h)
		if len(p.last) > 5 {
			p.last = p.last[1:]
		}
	}
	if _, open := l.open[h.ProducerID]; h.IsTransactional() && !open {
		l.open[h.ProducerID] = l.end
	}
	own := slices.Clone(records)
	batch.SetBaseOffsetAndEpoch(own, l.end, l.epoch)
	base := l.end
	l.batches = append(l.batches, own)
	l.end += kafka.Offset(h.Count)
	return 0, int64(base)
}

// cut drops everything from an offset that is a batch's start on.
func (l *fakeLog) cut(to kafka.Offset) {
	for len(l.batches) > 0 {
		h, _ := batch.ReadHeader(l.batches[len(l.batches)-1])
		if h.BaseOffset < to {
			break
		}
		l.batches = l.batches[:len(l.batches)-1]
	}
	l.end = to
}

// write appends n records as the leader, without a producer.
func (l *fakeLog) write(values ...string) {
	for _, v := range values {
		var b batch.Builder
		b.Append(1, nil, []byte(v), nil)
		l.append(b.Finish())
	}
}

func (l *fakeLog) endOfEpoch(epoch kafka.LeaderEpoch) (kafka.LeaderEpoch, kafka.Offset) {
	if epoch == l.epoch {
		return epoch, l.end
	}
	found, end := kafka.NoEpoch, kafka.NoOffset
	for _, whole := range l.batches {
		h, _ := batch.ReadHeader(whole)
		if h.LeaderEpoch <= epoch {
			found, end = h.LeaderEpoch, h.NextOffset()
		}
	}
	return found, end
}

func (b *fakeBroker) fetchPartition(topic string, asked *kmsg.FetchRequestTopicPartition) kmsg.FetchResponseTopicPartition {
	part := kmsg.NewFetchResponseTopicPartition()
	part.Partition = asked.Partition
	l := b.log(kafka.TopicPartition{Topic: topic, Partition: asked.Partition})
	switch {
	case l == nil:
		part.ErrorCode = kerr.UnknownTopicOrPartition.Code
		return part
	case l.leader != b.id:
		part.ErrorCode = kerr.NotLeaderForPartition.Code
		return part
	case asked.CurrentLeaderEpoch >= 0 && asked.CurrentLeaderEpoch < int32(l.epoch):
		part.ErrorCode = kerr.FencedLeaderEpoch.Code
		return part
	case asked.CurrentLeaderEpoch > int32(l.epoch):
		part.ErrorCode = kerr.UnknownLeaderEpoch.Code
		return part
	}
	part.HighWatermark, part.LastStableOffset = int64(l.end), int64(l.lastStable())
	if asked.LastFetchedEpoch >= 0 {
		if epoch, end := l.endOfEpoch(kafka.LeaderEpoch(asked.LastFetchedEpoch)); int32(epoch) < asked.LastFetchedEpoch || int64(end) < asked.FetchOffset {
			part.DivergingEpoch.Epoch, part.DivergingEpoch.EndOffset = int32(epoch), int64(end)
			return part
		}
	}
	if asked.FetchOffset < int64(l.start) || asked.FetchOffset > int64(l.end) {
		part.ErrorCode = kerr.OffsetOutOfRange.Code
		return part
	}
	for _, whole := range l.batches {
		if h, _ := batch.ReadHeader(whole); int64(h.NextOffset()) > asked.FetchOffset {
			part.RecordBatches = append(part.RecordBatches, whole...)
		}
	}
	return part
}

func (b *fakeBroker) listOffsets(r *kmsg.ListOffsetsRequest) kmsg.Response {
	answer := kmsg.NewPtrListOffsetsResponse()
	asked := &r.Topics[0].Partitions[0]
	topic := kmsg.NewListOffsetsResponseTopic()
	topic.Topic = r.Topics[0].Topic
	part := kmsg.NewListOffsetsResponseTopicPartition()
	part.Partition = asked.Partition
	l := b.log(kafka.TopicPartition{Topic: topic.Topic, Partition: asked.Partition})
	switch {
	case l.leader != b.id:
		part.ErrorCode = kerr.NotLeaderForPartition.Code
	case asked.Timestamp == earliestTimestamp:
		part.Offset, part.LeaderEpoch = int64(l.start), 0
	case asked.Timestamp >= 0:
		part.Offset, part.LeaderEpoch = l.offsetAt(asked.Timestamp)
	default:
		part.Offset, part.LeaderEpoch = int64(l.end), int32(l.epoch)
	}
	topic.Partitions = append(topic.Partitions, part)
	answer.Topics = append(answer.Topics, topic)
	return answer
}

func (b *fakeBroker) offsetForLeaderEpoch(r *kmsg.OffsetForLeaderEpochRequest) kmsg.Response {
	answer := kmsg.NewPtrOffsetForLeaderEpochResponse()
	asked := &r.Topics[0].Partitions[0]
	topic := kmsg.NewOffsetForLeaderEpochResponseTopic()
	topic.Topic = r.Topics[0].Topic
	part := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
	part.Partition = asked.Partition
	l := b.log(kafka.TopicPartition{Topic: topic.Topic, Partition: asked.Partition})
	if l.leader != b.id {
		part.ErrorCode = kerr.NotLeaderForPartition.Code
	} else {
		epoch, end := l.endOfEpoch(kafka.LeaderEpoch(asked.LeaderEpoch))
		part.LeaderEpoch, part.EndOffset = int32(epoch), int64(end)
	}
	topic.Partitions = append(topic.Partitions, part)
	answer.Topics = append(answer.Topics, topic)
	return answer
}

func (b *fakeBroker) createTopics(r *kmsg.CreateTopicsRequest) kmsg.Response {
	answer := kmsg.NewPtrCreateTopicsResponse()
	for i := range r.Topics {
		topic := kmsg.NewCreateTopicsResponseTopic()
		topic.Topic = r.Topics[i].Topic
		name := kafka.TopicPartition{Topic: topic.Topic}
		switch {
		case int(r.Topics[i].ReplicationFactor) > len(b.cluster.brokers):
			topic.ErrorCode = kerr.InvalidReplicationFactor.Code
		case b.cluster.logs[name] != nil:
			topic.ErrorCode = kerr.TopicAlreadyExists.Code
		default:
			for p := range r.Topics[i].NumPartitions {
				b.cluster.add(kafka.TopicPartition{Topic: topic.Topic, Partition: p}, kafka.BrokerID(int(p)%len(b.cluster.brokers)+1))
			}
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

// values lists the values in a partition's log.
func (l *fakeLog) values() (values []string) {
	for _, whole := range l.batches {
		if h, _ := batch.ReadHeader(whole); h.IsControl() {
			var yes = "commit"
			if isAbortMarker(whole) {
				yes = "abort"
			}
			values = append(values, fmt.Sprintf("(%s of %d)", yes, h.ProducerID))
			continue
		}
		_ = batch.ForEachRecord(whole, func(r batch.Record) error {
			values = append(values, string(r.Value))
			return nil
		})
	}
	return values
}
