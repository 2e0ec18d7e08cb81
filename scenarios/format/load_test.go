package format

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/faults"
)

func everyPart(t *testing.T, set ...string) *File {
	t.Helper()
	file, diagnostics := loadFile(t, "testdata/right/every-part.yaml", set...)
	for _, d := range diagnostics {
		require.NotEqual(t, Error, d.Severity, d.String())
	}
	require.NotNil(t, file)
	return file
}

// load reads a scenario given as text.
func load(text string, set ...string) (*File, Diagnostics) {
	return Load(Source{Name: "test.yaml", Text: []byte(text)}, Options{Set: set})
}

const small = `version: 1
topics: {orders: {partitions: 2}}
workload:
  duration: 10s
  producers: {web: {topic: orders, rate: 100/s}}
claims: {no-loss: {}}
`

func TestReadsEveryPart(t *testing.T) {
	s := everyPart(t).Base
	require.Equal(t, "every-part", s.Name)
	require.Equal(t, WorldSim, s.Target)
	require.Equal(t, Seeds{Base: 0xc0ffee, Count: 200}, s.Seeds)
	require.Equal(t, uint64(0xc0ffee+199), s.Seeds.All()[199])
	require.Equal(t, []Topic{
		{Name: "audit", Partitions: 1, ReplicationFactor: 3},
		{Name: "orders", Partitions: 6, ReplicationFactor: 3, Config: map[string]string{"min.insync.replicas": "2"}},
	}, s.Topics)
	loop, web := s.Workload.Producers[0], s.Workload.Producers[1]
	require.Equal(t, Producer{Name: "loop", Count: 1, Topic: "audit", Rate: RateMax, Arrival: ArrivalConstant,
		Keys: Keys{Distribution: KeysRoundRobin, Count: 7}, Value: Value{Size: 1024}}, loop)
	require.Equal(t, Rate(500_000), web.Rate)
	require.Equal(t, 2*time.Millisecond, web.Rate.Interval())
	require.Equal(t, []string{"web-0", "web-1", "web-2", "web-3"}, web.Instances())
	require.Equal(t, Keys{Distribution: KeysZipf, Count: 1000, Theta: 0.99}, web.Keys)
	require.Equal(t, Value{File: "../wrong/data/lines.txt", Order: OrderShuffle}, web.Value)
	billing := s.Workload.Consumers[0]
	require.Equal(t, Distribution{Kind: Lognormal, P50: time.Millisecond, P99: 20 * time.Millisecond}, billing.Process)
	require.Equal(t, "billing", billing.Settings().String("group.id"))
	require.False(t, billing.Settings().Bool("enable.auto.commit"))
	require.Equal(t, Bandwidth(1_250_000_000), s.Cost.Network.Bandwidth)
	require.Equal(t, []string{"broker-1", "broker-2", "broker-3"}, s.Cluster.BrokerNames())
	require.Equal(t, []Claim{
		{Name: "billing-reads", Guarantee: "no-skips", Expect: Holds, Consumer: "billing"},
		{Name: "fresh-reads", Guarantee: "fresh-reads", Expect: Holds},
		{Name: "no-duplicates", Guarantee: "no-duplicates", Expect: Violated},
		{Name: "no-loss", Guarantee: "no-loss", Expect: Holds},
		{Name: "recovers", Guarantee: "recovers", Expect: Holds, Within: 20 * time.Second},
	}, s.Claims)
	require.Equal(t, []Requirement{{"leader_changes", Comparison{AtLeast, 1}}, {"producer_retries", Comparison{Above, 0}}}, s.Require)
	require.Equal(t, Threshold{"e2e_latency.p99", Comparison{Below, 250e6}}, s.Thresholds[0])
}

func TestReadsFaults(t *testing.T) {
	plan := everyPart(t).Base.Faults
	named := func(name string) faults.Target { return faults.Target{Kind: faults.Named, Name: name} }
	leader := faults.Target{Kind: faults.Leader, Topic: "orders"}
	require.Equal(t, &faults.Random{
		Kinds:    []faults.Kind{faults.Kill, faults.PowerLoss, faults.Pause, faults.Partition},
		Targets:  []faults.Target{{Kind: faults.One}, {Kind: faults.Minority}, {Kind: faults.Leaders}},
		Interval: 10 * time.Second, Duration: faults.Range{Min: time.Second, Max: 15 * time.Second},
		Swarm: true, Budget: faults.BudgetMinority,
	}, plan.Random)
	require.Equal(t, []faults.Spec{
		{ID: "t1", At: 10 * time.Second, Kind: faults.PowerLoss, Target: []faults.Target{leader}, Disk: faults.Tear, Duration: 5 * time.Second},
		{ID: "t2", At: 20 * time.Second, Kind: faults.Partition, Groups: [][]faults.Target{{leader, named("web")}, {{Kind: faults.Rest}}},
			Direction: faults.In, Duration: 15 * time.Second},
		{ID: "t3", When: &faults.Trigger{Event: "high_watermark", Topic: "orders", Nth: 300}, Kind: faults.Pause,
			Target: []faults.Target{{Kind: faults.One}}, Duration: 12 * time.Second},
		{ID: "mine", At: 30 * time.Second, Kind: faults.Delay, Groups: [][]faults.Target{{named("web-0")}, {named("broker-1"), named("controller-2")}},
			Latency: 2 * time.Second, Duration: 1500 * time.Millisecond},
		{ID: "t5", At: 31 * time.Second, Kind: faults.Reset, Target: []faults.Target{named("web-1"), named("billing"), named("broker-3")}, Late: true},
		{ID: "t6", At: 32 * time.Second, Kind: faults.MoveLeader, Target: []faults.Target{{Kind: faults.TopicPartition, Topic: "orders", Partition: 5}},
			To: &faults.Target{Kind: faults.Follower, Topic: "orders", Partition: 5}, NoFence: true, Duration: 4 * time.Second},
		{ID: "t7", At: 33 * time.Second, Kind: faults.DelayMetadata, Target: []faults.Target{named("broker-2")}, Duration: 3 * time.Second},
	}, plan.Timeline)
}

func TestDefaultsAreKafkasAndTheContracts(t *testing.T) {
	file, diagnostics := load(small)
	require.NotNil(t, file, diagnostics.String())
	s := file.Base
	require.Equal(t, "test", s.Name)
	require.Equal(t, 3, s.Cluster.Brokers)
	require.Equal(t, 30*time.Second, s.Workload.Drain)
	require.Equal(t, 3, s.Topics[0].ReplicationFactor)
	require.True(t, s.Workload.Producers[0].Settings().Bool("enable.idempotence"))
	require.Equal(t, 5*time.Millisecond, s.Workload.Producers[0].Settings().Duration("linger.ms"))
	require.Equal(t, Cost{
		Profile: "default",
		Network: NetworkCost{Distribution{Kind: Lognormal, P50: 300 * time.Microsecond, P99: 5 * time.Millisecond}, 1_250_000_000},
		Disk:    DiskCost{Distribution{Kind: Lognormal, P50: 200 * time.Microsecond, P99: 8 * time.Millisecond}, 500 << 20, 30 * time.Second},
		CPU:     CPUCost{4, 20 * time.Microsecond, time.Nanosecond},
	}, s.Cost)

	one, diagnostics := load(small, "/cluster/brokers=1")
	require.NotNil(t, one, diagnostics.String())
	require.Equal(t, 1, one.Base.Topics[0].ReplicationFactor)

	random, diagnostics := load(small, "/faults/random/swarm=true")
	require.NotNil(t, random, diagnostics.String())
	require.Equal(t, faults.DefaultKinds(), random.Base.Faults.Random.Kinds)
	require.Equal(t, faults.BudgetMinority, random.Base.Faults.Random.Budget)
}

func TestVariantsOverride(t *testing.T) {
	variants := everyPart(t).Expand()
	require.Len(t, variants, 3)
	require.Equal(t, []string{"base", "idempotent", "calm"}, []string{variants[0].Name, variants[1].Name, variants[2].Name})
	base, idempotent, calm := variants[0].Scenario, variants[1].Scenario, variants[2].Scenario

	require.Equal(t, "true", idempotent.Workload.Producers[1].Config["enable.idempotence"])
	require.Equal(t, "false", base.Workload.Producers[1].Config["enable.idempotence"])
	require.Equal(t, Holds, idempotent.Claims[2].Expect)
	require.Equal(t, Violated, calm.Claims[2].Expect)
	require.Equal(t, base.Faults, idempotent.Faults)

	require.Nil(t, calm.Faults.Random)
	require.Len(t, calm.Faults.Timeline, 8)
	require.Equal(t, 12*time.Second, calm.Faults.Timeline[0].At)
	require.Equal(t, 10*time.Second, base.Faults.Timeline[0].At)
	require.Equal(t, "t8", calm.Faults.Timeline[7].ID)
	require.Equal(t, []Requirement{{"producer_retries", Comparison{Above, 0}}, {"recoveries", Comparison{AtLeast, 3}}}, calm.Require)
	require.Equal(t, "other", calm.Workload.Producers[1].Name)
	require.Equal(t, Rate(500), calm.Workload.Producers[1].Rate)
	require.Equal(t, Value{Size: 10}, calm.Workload.Producers[2].Value)
	require.Equal(t, "2000000", calm.Topics[1].Config["max.message.bytes"])
	require.Equal(t, Distribution{Kind: Constant, Time: time.Millisecond}, calm.Cost.Disk.Fsync)
}

func TestSetComesBeforeVariants(t *testing.T) {
	file := everyPart(t, "/workload/producers/web/rate=7/s", "/faults/timeline=null", "/variants/calm=null", "/seeds=[0x5]", "/workload/producers/web/config={acks: all}")
	require.Equal(t, []uint64{5}, file.Base.Seeds.All())
	require.Nil(t, file.Base.Faults.Timeline)
	idempotent := file.Expand()[1].Scenario
	require.Equal(t, Rate(7000), idempotent.Workload.Producers[1].Rate)
	require.Equal(t, map[string]string{"acks": "all", "enable.idempotence": "true"}, idempotent.Workload.Producers[1].Config)
}

func TestSetErrorsNameTheFlag(t *testing.T) {
	for set, want := range map[string]string{
		"nonsense":                     "--set:1:1: error: --set takes PTR=VALUE",
		"workload/drain=1s":            `--set:1:1: error: "workload/drain" is no JSON pointer`,
		"/workload/drain=5":            "--set:1:17: error: drain must be a duration with its unit",
		"/workload/drain={a: ":         "--set:1:21: error: YAML:",
		"/workload/drian=5s":           `--set:1:1: error: unknown field "drian"; did you mean "drain"?`,
		"/workload/duration/x=1":       "--set:1:1: error: \"x\" names something inside the text",
		"/claims/no-lost={}":           `--set:1:1: error: "no-lost" is no guarantee`,
		"/cluster/brokers=2":           "", // the default replication factor follows
		"/topics/orders=null":          `--set:1:1: error: there is no topic "orders"`,
		"/topics/orders/partitions=ab": "--set:1:27: error: partitions must be a whole number",
	} {
		file, diagnostics := load(small, set)
		if want == "" {
			require.NotNil(t, file, diagnostics.String())
			continue
		}
		require.Nil(t, file, set)
		require.True(t, strings.HasPrefix(diagnostics.String(), want), "%s: %s", set, diagnostics)
	}
}

func TestSequenceCacheFlawLiftsTheLimitInFlight(t *testing.T) {
	c := &checker{scenario: &Scenario{Cluster: Cluster{Flaws: []string{flawSequenceCache}}}, reader: &reader{}, index: treeIndex{}}
	given := map[string]string{"max.in.flight.requests.per.connection": "8", "enable.idempotence": "true"}
	settings := c.checkConfiguration(0+2, "/workload/producers/web/config", given, given)
	require.Empty(t, c.diagnostics)
	require.Equal(t, 8, settings.Int("max.in.flight.requests.per.connection"))
	c.scenario.Cluster.Flaws = nil
	c.checkConfiguration(0+2, "/workload/producers/web/config", given, given)
	require.Len(t, c.diagnostics, 1)
}

func TestAliasesAreFollowed(t *testing.T) {
	file, diagnostics := load(strings.Replace(small, "{partitions: 2}}", "&o {partitions: 2}, returns: *o}", 1))
	require.NotNil(t, file, diagnostics.String())
	require.Equal(t, 2, file.Base.Topics[1].Partitions)
}

func TestByteOrderMarksAndCarriageReturnsAreAccepted(t *testing.T) {
	plain, _ := load(small)
	for _, text := range []string{"\ufeff" + small, strings.ReplaceAll(small, "\n", "\r\n"), "\ufeff" + strings.ReplaceAll(small, "\n", "\r\n")} {
		file, diagnostics := load(text)
		require.NotNil(t, file, diagnostics.String())
		require.Equal(t, plain.Base, file.Base)
	}
	_, diagnostics := load(strings.ReplaceAll(small, "\n", "\r\n") + "seed: 1\r\n")
	require.Equal(t, "test.yaml:7:1: error: unknown field \"seed\"; did you mean \"seeds\"?\n    7 | seed: 1\n      | ^\n", diagnostics.String())
}

// Files too large to keep beside the others.
func TestOversizedFiles(t *testing.T) {
	for _, each := range []struct{ text, want string }{
		{strings.Repeat("# ten megabytes\n", 10<<20/16), "test.yaml:1:1: error: the file has 10485760 bytes, more than the 4194304 that a scenario may have\n    1 | # ten megabytes\n      | ^\n"},
		{"about: " + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "\nversion: 1\n", "test.yaml:1:48: error: maps and lists are nested more than 40 deep\n"},
		{"about:\n" + strings.Repeat("- 1\n", maxNodes), "test.yaml:1:1: error: the file holds more than 200000 values\n    1 | about:\n      | ^\n"},
	} {
		file, diagnostics := load(each.text)
		require.Nil(t, file)
		require.Contains(t, diagnostics.String(), each.want)
	}
}

// A file whose aliases would grow without bound ends in one error, soon.
func TestHostileFilesEndSoon(t *testing.T) {
	bomb := "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		before, next := string(rune('a'+i)), string(rune('a'+i+1))
		if i == 0 {
			before = "a0"
		}
		bomb += next + ": &" + next + " [" + strings.Repeat("*"+before+", ", 9) + "]\n"
	}
	for _, text := range []string{
		bomb,
		"about: " + strings.Repeat("[", 300_000),
		"about: " + strings.Repeat("[", 5_000) + strings.Repeat("]", 5_000),
		strings.Repeat("a: 1\n", MaxFileSize/4),
		strings.Repeat("- ", 100_000),
	} {
		file, diagnostics := load(text)
		require.Nil(t, file)
		require.True(t, diagnostics.Failed())
		require.Less(t, len(diagnostics.String()), 10_000, text[:20])
	}
}

func TestDiagnoseFindsPlacesOfDefaults(t *testing.T) {
	file, _ := load(small)
	require.Equal(t, "test.yaml:5:42: error: x\n    5 |   producers: {web: {topic: orders, rate: 100/s}}\n      |                                          ^\n",
		file.Diagnose(Error, "/workload/producers/web/rate", "x").String())
	require.Equal(t, 5, file.Diagnose(Error, "/workload/producers/web/value/size", "x").Line)
	require.Equal(t, 1, file.Diagnose(Error, "/cost/disk", "x").Line)
}

func TestOffsetsTopicFitsTheCluster(t *testing.T) {
	for _, each := range []struct {
		set           []string
		replicas, min int
	}{
		{nil, 3, 2},
		{[]string{"/cluster/brokers=5"}, 3, 2},
		{[]string{"/cluster/brokers=2"}, 2, 2},
		{[]string{"/cluster/brokers=1"}, 1, 1},
		{[]string{"/cluster/brokers=5", "/cluster/config/offsets.topic.replication.factor=5"}, 5, 2},
		{[]string{"/cluster/config/offsets.topic.replication.factor=1"}, 1, 1},
	} {
		file, diagnostics := load(small, each.set...)
		require.NotNil(t, file, diagnostics.String())
		replicas, min := file.Base.Cluster.OffsetsTopic()
		require.Equal(t, []int{each.replicas, each.min}, []int{replicas, min})
		require.Equal(t, each.replicas, file.Base.Cluster.Settings().Int("offsets.topic.replication.factor"))
	}
	_, diagnostics := load(small, "/cluster/config/offsets.topic.replication.factor=4")
	require.Contains(t, diagnostics.String(), "offsets.topic.replication.factor 4 is above the number of brokers, which is 3")
}

func TestClientsHaveTheirOwnDefaults(t *testing.T) {
	file, diagnostics := load(strings.Replace(small, "rate: 100/s}", "rate: 100/s, client: librdkafka-2, config: {linger.ms: 7}}, go: {topic: orders, rate: 1/s, client: franz-go-1}", 1) +
		"variants: {java: {set: {/workload/producers/web/client: java-4.3}}}\n")
	require.NotNil(t, file, diagnostics.String())
	golang, web := file.Base.Workload.Producers[0], file.Base.Workload.Producers[1]
	require.Equal(t, ClientRdKafka, web.Client)
	require.False(t, web.Settings().Bool("enable.idempotence"))
	require.Equal(t, 5*time.Minute, web.Settings().Duration("delivery.timeout.ms"))
	require.Equal(t, 7*time.Millisecond, web.Settings().Duration("linger.ms"))
	require.Equal(t, 9*time.Millisecond, web.SettingsWith(map[string]string{"linger.ms": "9"}).Duration("linger.ms"))
	require.Equal(t, "snappy", golang.Settings().String("compression.type"))
	java := file.Expand()[1].Scenario.Workload.Producers[1]
	require.Equal(t, ClientJava, java.Client)
	require.True(t, java.Settings().Bool("enable.idempotence"))
	requireSame(t, file.Base, file.variants)
}

func TestReadsNewFaultParameters(t *testing.T) {
	file, diagnostics := load(small + `faults:
  timeline:
    - {at: 1s, kind: delay, groups: [broker-1, rest], bandwidth: 1MiB/s, duration: 1s}
    - {at: 1s, kind: delay, groups: [broker-1, rest], bandwidth: 8kbit/s, latency: 1ms, duration: 1s}
    - {at: 1s, kind: slow_disk, target: one, duration: 1s}
    - {at: 1s, kind: slow_disk, target: one, factor: 300, duration: 1s}
    - {at: 1s, kind: clock_skew, target: web, skew: -5m, duration: 1s}
    - {at: 1s, kind: clock_skew, target: one, skew: +1.5s, duration: 1s}
    - {at: 1s, kind: roll, duration: 8s}
`)
	require.NotNil(t, file, diagnostics.String())
	timeline := file.Base.Faults.Timeline
	require.Equal(t, []int64{1 << 20, 1000}, []int64{timeline[0].Bandwidth, timeline[1].Bandwidth})
	require.Zero(t, timeline[0].Latency)
	require.Equal(t, []int64{20, 300}, []int64{timeline[2].Factor, timeline[3].Factor})
	require.Equal(t, []time.Duration{-5 * time.Minute, 1500 * time.Millisecond}, []time.Duration{timeline[4].Skew, timeline[5].Skew})
	require.Equal(t, []faults.Target{{Kind: faults.All}}, timeline[6].Target)
	requireSame(t, file.Base, nil)
}

// Where nobody reads committed records, a claim about transactions means those who read the others.
func TestReadersUnderAClaim(t *testing.T) {
	read := func(isolation string, claim Claim) []string {
		text := `
version: 1
topics: {orders: {}}
workload:
  duration: 1s
  consumers:
    a: {count: 2, topics: [orders], config: {isolation.level: ` + isolation + `}}
    b: {topics: [orders]}
`
		file, diagnostics := Load(Source{Name: "test.yaml", Text: []byte(text)}, Options{})
		require.NotNil(t, file, diagnostics.String())
		return file.Base.ReadersUnder(claim)
	}
	for _, guarantee := range []string{"no-aborted-reads", "atomic-transactions"} {
		require.Empty(t, read("read_committed", Claim{Guarantee: guarantee}), "all that qualify")
		require.Equal(t, []string{"a-0", "a-1", "b-0"}, read("read_uncommitted", Claim{Guarantee: guarantee}))
		require.Equal(t, []string{"b-0"}, read("read_committed", Claim{Guarantee: guarantee, Consumer: "b"}))
	}
	require.Empty(t, read("read_uncommitted", Claim{Guarantee: "no-skips"}))
}

// Unnamed, the consumers of the output observe; one that reads uncommitted only where no other does.
func TestObserversUnderAClaim(t *testing.T) {
	observers := func(second string, claim Claim) []string {
		text := `
version: 1
topics: {orders: {}, invoices: {}}
workload:
  duration: 1s
  consumers:
    a: {count: 2, topics: [invoices]}
    b: {topics: [invoices], config: {isolation.level: ` + second + `}}
    other: {topics: [orders], config: {isolation.level: read_committed}}
  processors:
    p: {group: p, input: [orders], output: invoices, transaction: {}, config: {transactional.id: "p-{index}"}}
`
		file, diagnostics := Load(Source{Name: "test.yaml", Text: []byte(text)}, Options{})
		require.NotNil(t, file, diagnostics.String())
		return file.Base.ObserversUnder(claim)
	}
	require.Equal(t, []string{"b-0"}, observers("read_committed", Claim{}))
	require.Equal(t, []string{"a-0", "a-1", "b-0"}, observers("read_uncommitted", Claim{}))
	require.Equal(t, []string{"a-0", "a-1"}, observers("read_committed", Claim{Observer: "a"}))
	require.Empty(t, observers("read_committed", Claim{Via: "nobody"}))
}

// A claim about readers says so where nobody reads; processors do, and the covering read has all transactions to judge.
func TestClaimsWithoutReaders(t *testing.T) {
	for _, c := range []struct {
		guarantee, clients string
		warned             bool
	}{
		{"no-skips", "producers: {web: {topic: orders}}", true},
		{"no-aborted-reads", "producers: {web: {topic: orders}}", true},
		{"atomic-transactions", "producers: {web: {topic: orders}}", false},
		{"no-skips", "processors: {p: {group: p, input: [orders], output: orders}}", false},
		{"no-aborted-reads", "consumers: {c: {topics: [orders]}}", false},
	} {
		text := "version: 1\ntopics: {orders: {}}\nworkload:\n  duration: 1s\n  " + c.clients + "\nclaims: {" + c.guarantee + ": {expect: holds}}\n"
		_, diagnostics := Load(Source{Name: "test.yaml", Text: []byte(text)}, Options{})
		require.Equal(t, c.warned, strings.Contains(diagnostics.String(), "judges readers, and there is none"), "%s of %s: %s", c.guarantee, c.clients, diagnostics)
	}
}
