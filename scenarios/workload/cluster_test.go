package workload_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/broker"
	"assay/broker/controller"
	"assay/checkers/history"
	"assay/clients"
	"assay/host"
	"assay/internal/kafka"
	"assay/internal/kafkaconfig"
	"assay/scenarios/workload"
	"assay/sim"
)

// run is a whole small scenario: three controllers, three brokers, a
// producer, a consumer and the auditor.
type run struct {
	t        *testing.T
	world    *sim.World
	recorder *workload.Recorder
	history  *memory
	metrics  *workload.Metrics
	auditor  *workload.AuditorNode
	ready    bool
	readyErr error
	probe    bool
	final    bool
	points   map[string]int
}

const topic = "orders"

func newRun(t *testing.T, seed uint64, loadFor time.Duration, producerKeys map[string]string) *run {
	return newRunWith(t, sim.Config{Seed: seed, Debug: true}, loadFor, producerKeys, workload.Load{Gap: workload.ShareOfRate(500, 1)})
}

func newRunWith(t *testing.T, config sim.Config, loadFor time.Duration, producerKeys map[string]string, load workload.Load) *run {
	r := &run{t: t, world: sim.New(config), history: &memory{}, metrics: &workload.Metrics{}, points: map[string]int{}}
	r.recorder = workload.NewRecorder(r.history, func() history.Time { return history.Time(r.world.Now()) }, r.metrics)
	r.addCluster()
	bootstrap := []host.Addr{"broker-1:9092", "broker-2:9092", "broker-3:9092"}
	producerSettings, problems := kafkaconfig.Resolve(kafkaconfig.Producer, producerKeys)
	require.Empty(t, problems)
	consumerSettings, problems := kafkaconfig.Resolve(kafkaconfig.Consumer, map[string]string{"auto.offset.reset": "earliest"})
	require.Empty(t, problems)
	var partitions []kafka.TopicPartition
	for p := range int32(4) {
		partitions = append(partitions, kafka.TopicPartition{Topic: topic, Partition: p})
	}
	r.world.AddNode(sim.NodeSpec{Name: "auditor", Factory: func() host.Node {
		r.auditor = workload.NewAuditorNode(workload.AuditorConfig{
			Name:         "auditor",
			Topics:       []clients.NewTopic{{Name: topic, Partitions: 4, ReplicationFactor: 3, Configs: map[string]string{"min.insync.replicas": "2"}}},
			Client:       clients.ClientConfigOf(producerSettings, bootstrap),
			Producer:     clients.ProducerConfigOf(producerSettings),
			Consumer:     clients.ConsumerConfigOf(consumerSettings),
			SetupTimeout: 30 * time.Second, FinalReadTimeout: 30 * time.Second,
			ProbeDue: func() bool { return r.probe }, FinalReadDue: func() bool { return r.final },
			Ready: func(err error) { r.ready, r.readyErr = true, err },
		}, r.recorder)
		return r.auditor
	}})
	r.world.AddNode(sim.NodeSpec{Name: "web-0", Factory: func() host.Node {
		return workload.NewProducerNode(workload.ProducerConfig{
			Name: "web-0", Count: 1, Topic: topic,
			Client:   clients.ClientConfigOf(producerSettings, bootstrap),
			Producer: clients.ProducerConfigOf(producerSettings),
			Load:     load,
			Keys:     workload.Keys{Distribution: workload.UniformKeys, Count: 100},
			Values:   workload.SizedValues(100),
			Stop:     history.Time(loadFor),
		}, r.recorder)
	}})
	r.world.AddNode(sim.NodeSpec{Name: "billing-0", Factory: func() host.Node {
		return workload.NewConsumerNode(workload.ConsumerConfig{
			Name: "billing-0", Partitions: partitions,
			Client:   clients.ClientConfigOf(consumerSettings, bootstrap),
			Consumer: clients.ConsumerConfigOf(consumerSettings),
		}, r.recorder)
	}})
	r.world.Observe(func(_ string, _ sim.Time, e host.Event) { r.points[e.Point.Name]++ })
	for _, name := range r.world.Nodes() {
		r.world.Start(name)
	}
	return r
}

func (r *run) addCluster() {
	settings, problems := kafkaconfig.Resolve(kafkaconfig.Broker, map[string]string{})
	require.Empty(r.t, problems)
	voters := map[controller.VoterID]host.Addr{}
	var controllers []broker.Controller
	for id := range 3 {
		addr := host.Addr(fmt.Sprintf("controller-%d:9093", id+1))
		voters[controller.VoterID(id+1)] = addr
		controllers = append(controllers, broker.Controller{ID: int32(id + 1), Addr: addr})
	}
	for id := range 3 {
		voter := controller.VoterID(id + 1)
		r.world.AddNode(sim.NodeSpec{Name: fmt.Sprintf("controller-%d", voter), Addrs: []host.Addr{voters[voter]}, Factory: func() host.Node {
			return controller.New(controller.Config{ID: voter, Voters: voters, ClusterID: "test", Settings: controller.DefaultSettings()})
		}})
	}
	for id := range 3 {
		name := fmt.Sprintf("broker-%d", id+1)
		r.world.AddNode(sim.NodeSpec{Name: name, Addrs: []host.Addr{host.Addr(name + ":9092")}, Factory: func() host.Node {
			return broker.New(broker.Config{ID: kafka.BrokerID(id + 1), ClusterID: "test", Host: name, Port: 9092, Controllers: controllers, Settings: settings})
		}})
	}
}

func (r *run) pass(d time.Duration) { r.world.Run(r.world.Now().Add(d)) }

// finish lets the auditor do its work and closes the history.
func (r *run) finish() {
	require.True(r.t, r.ready)
	require.NoError(r.t, r.readyErr)
	r.probe = true
	r.pass(5 * time.Second)
	r.final = true
	for range 400 {
		if r.auditor.Over() {
			break
		}
		r.pass(100 * time.Millisecond)
	}
	require.True(r.t, r.auditor.Over(), "the auditor has not come to its end")
	r.recorder.Finish()
	require.NoError(r.t, r.world.Close())
}

// memory is a history kept whole.
type memory struct {
	history.Ignore
	clients  []history.ClientName
	produces []history.Produce
	reads    []history.Read
	moves    []history.Move
	covers   []history.Cover
}

func (m *memory) Client(_ history.ClientID, name string, incarnation int) {
	m.clients = append(m.clients, history.ClientName{Name: name, Incarnation: incarnation})
}
func (m *memory) Partition(history.PartitionID, string, int32) {}
func (m *memory) Produce(p history.Produce)                    { m.produces = append(m.produces, p) }
func (m *memory) Read(r history.Read) {
	r.Records = append([]history.Seen(nil), r.Records...)
	m.reads = append(m.reads, r)
}
func (m *memory) Move(v history.Move)             { m.moves = append(m.moves, v) }
func (m *memory) ListOffsets(history.ListOffsets) {}
func (m *memory) Cover(c history.Cover)           { m.covers = append(m.covers, c) }
func (m *memory) Replica(history.Replica)         {}
func (m *memory) Fault(history.Fault)             {}
func (m *memory) Border(history.Border)           {}
func (m *memory) Leaderless(history.Leaderless)   {}

type place struct {
	partition history.PartitionID
	offset    int64
}

// finalLog is what the covering read saw.
func (m *memory) finalLog(t *testing.T) map[place]history.RecordID {
	log := map[place]history.RecordID{}
	require.Len(t, m.covers, 4)
	for _, c := range m.covers {
		require.True(t, c.Complete, "%+v", c)
	}
	for _, r := range m.reads {
		if r.Final {
			for _, s := range r.Records {
				log[place{r.Partition, s.Offset}] = s.Record
			}
		}
	}
	return log
}

// judge checks the history as the checkers will, in miniature.
func (m *memory) judge(t *testing.T) (acknowledged, indeterminate, duplicates int) {
	log := m.finalLog(t)
	times := map[history.RecordID]int{}
	for _, id := range log {
		times[id]++
	}
	for _, n := range times {
		if n > 1 {
			duplicates++
		}
	}
	once := map[history.RecordID]bool{}
	for _, p := range m.produces {
		require.False(t, once[p.Record], "%v has two outcomes", p.Record)
		once[p.Record] = true
		switch p.Outcome {
		case history.OK:
			acknowledged++
			require.Equal(t, p.Record, log[place{p.Partition, p.Offset}], "%+v", p)
		case history.Failed:
			require.Zero(t, times[p.Record], "%+v", p)
		case history.Indeterminate:
			indeterminate++
		}
		require.LessOrEqual(t, p.Call, p.Return)
	}
	return acknowledged, indeterminate, duplicates
}

func TestQuietRun(t *testing.T) {
	r := newRun(t, 1, 8*time.Second, nil)
	r.metrics.CountFrom = history.Time(4 * time.Second)
	r.pass(9 * time.Second)
	r.finish()
	acknowledged, indeterminate, duplicates := r.history.judge(t)
	require.InDelta(t, 4000, acknowledged, 250)
	require.Zero(t, indeterminate)
	require.Zero(t, duplicates)
	require.Equal(t, uint64(acknowledged), r.metrics.Acknowledged+4, "the probes are not measured")
	require.Equal(t, r.metrics.Acknowledged, r.metrics.Consumed, "the consumer read all")
	require.InDelta(t, 2000, int(r.metrics.Produce.Count()), 200, "after the warm-up")
	require.Less(t, r.metrics.Produce.Quantile(500), 15*time.Millisecond)
}

// storm is crashes, cuts and resets while the load runs, then peace.
func (r *run) storm() {
	chance := r.world.Stream("storm")
	victims := []string{"broker-1", "broker-2", "broker-3"}
	r.pass(2 * time.Second)
	for range 5 {
		victim := victims[chance.IntN(3)]
		switch chance.IntN(4) {
		case 0:
			r.world.Kill(victim)
			r.pass(time.Second)
			r.world.Start(victim)
		case 1:
			cut := r.world.Partition([]string{victim}, []string{"broker-1", "broker-2", "broker-3", "web-0", "billing-0"})
			r.pass(3 * time.Second)
			cut.Heal()
		case 2:
			r.world.Reset(victim, true, chance)
		case 3:
			r.world.Kill("web-0")
			r.pass(300 * time.Millisecond)
			r.world.Start("web-0")
		}
		r.pass(2 * time.Second)
	}
	r.pass(10 * time.Second)
}

// What the idempotent producer says is true through crashes, cuts, late bytes
// and its own deaths.
func TestIdempotentRunThroughAStorm(t *testing.T) {
	total, indeterminate, retries := 0, 0, 0
	for seed := range uint64(6) {
		r := newRun(t, seed, 15*time.Second, map[string]string{"request.timeout.ms": "2000", "delivery.timeout.ms": "8000"})
		r.storm()
		r.finish()
		acknowledged, unknown, duplicates := r.history.judge(t)
		require.Zero(t, duplicates, "seed %d", seed)
		total += acknowledged
		indeterminate += unknown
		retries += r.points[clients.PointBatchRetried.Name]
	}
	require.Greater(t, total, 20_000)
	require.Positive(t, indeterminate)
	require.Positive(t, retries)
}

func TestPlainRunDuplicates(t *testing.T) {
	found := 0
	for seed := range uint64(6) {
		r := newRun(t, seed, 15*time.Second, map[string]string{
			"request.timeout.ms": "2000", "delivery.timeout.ms": "8000", "enable.idempotence": "false",
		})
		r.storm()
		r.finish()
		_, _, duplicates := r.history.judge(t)
		found += duplicates
	}
	require.Positive(t, found)
}

// The same seed gives the same history and the same digest, with messages as
// values and as frames.
func TestRunsAreDeterministic(t *testing.T) {
	once := func(frames bool) (*memory, sim.Digest) {
		r := newRunWith(t, sim.Config{Seed: 3, Frames: frames}, 8*time.Second,
			map[string]string{"request.timeout.ms": "2000", "delivery.timeout.ms": "8000"}, workload.Load{Gap: workload.ShareOfRate(500, 1)})
		r.storm()
		r.finish()
		return r.history, r.world.Digest()
	}
	first, firstDigest := once(false)
	second, secondDigest := once(false)
	require.Equal(t, firstDigest, secondDigest)
	require.Equal(t, first, second)
	framed, framedDigest := once(true)
	require.Equal(t, firstDigest, framedDigest)
	require.Equal(t, first, framed)
}

// A closed loop goes as fast as the cluster, with no more open than its window.
func TestClosedLoop(t *testing.T) {
	r := newRunWith(t, sim.Config{Seed: 1}, 6*time.Second, nil, workload.Load{Arrival: workload.ClosedLoop, Window: 400})
	for range 60 {
		r.pass(100 * time.Millisecond)
		require.LessOrEqual(t, r.recorder.Open(), 400)
	}
	r.pass(2 * time.Second)
	require.Zero(t, r.recorder.Open())
	r.finish()
	acknowledged, _, _ := r.history.judge(t)
	require.Greater(t, acknowledged, 20_000)
}
