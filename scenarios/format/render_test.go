package format

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"assay/faults"
)

func TestResolveMakesDefaultsExplicit(t *testing.T) {
	requireGolden(t, "testdata/right/every-part.resolved", string(everyPart(t).Resolve()))
	file, diagnostics := load(small)
	require.NotNil(t, file, diagnostics.String())
	requireGolden(t, "testdata/right/small.resolved", string(file.Resolve()))
}

func TestResolveOfGroupsAndCosts(t *testing.T) {
	file, diagnostics := loadFile(t, "testdata/right/groups-and-costs.yaml")
	require.NotNil(t, file, diagnostics.String())
	require.Empty(t, diagnostics, diagnostics.String())
	requireGolden(t, "testdata/right/groups-and-costs.resolved", string(file.Resolve()))
	require.Len(t, file.Expand(), 6)
	base := file.Base
	require.Equal(t, CommitAfterProcess, base.Workload.Consumers[1].Commit)
	require.True(t, base.Workload.Consumers[0].Settings().Bool("enable.auto.commit"))
	require.Equal(t, "b", base.ZoneOf()["web-0"])
	require.Equal(t, "a", base.ZoneOf()["billing-1"])
	require.Equal(t, CommitBeforeProcess, file.Expand()[2].Scenario.Workload.Consumers[1].Commit)
	requireSame(t, file.Base, file.variants)
}

// requireSame loads what was printed and compares.
func requireSame(t require.TestingT, base Scenario, variants []Variant) {
	text := Render(base, variants)
	source := Source{Name: "other-name.yaml", Text: text}
	file, diagnostics := Load(source, Options{})
	require.NotNil(t, file, "%s\n%s", diagnostics, text)
	require.Equal(t, base, file.Base, string(text))
	require.Equal(t, variants, file.variants, string(text))
	require.Equal(t, string(text), string(file.Resolve()))
}

func TestResolveLoadsAgainToTheSame(t *testing.T) {
	file := everyPart(t)
	requireSame(t, file.Base, file.variants)
	with := append([]Variant{{Name: Base, Scenario: file.Base}}, file.variants...)
	require.Equal(t, string(file.Resolve()), string(Render(file.Base, with)))
}

// drawnScenario makes a valid scenario out of random parts.
func drawnScenario(r *rapid.T, claims []Claim) Scenario {
	names := func(prefix string) []string {
		all := []string{prefix + "a", prefix + "b", prefix + "c-1", prefix + "true", prefix + "0x1f"}
		return all[:rapid.IntRange(1, len(all)).Draw(r, "count of "+prefix)]
	}
	milliseconds := func(label string, low, high int) time.Duration {
		return time.Duration(rapid.IntRange(low, high).Draw(r, label)) * time.Millisecond / 2
	}
	work := func(label string) Distribution {
		low := milliseconds(label, 0, 1e6)
		return rapid.SampledFrom([]Distribution{{Kind: Uniform, Min: low, Max: low + 3}, {Kind: Exponential, Time: low}, {Kind: Constant, Time: low}}).Draw(r, label)
	}
	times := func(label string) Distribution {
		if rapid.Bool().Draw(r, label+" is constant") {
			return Distribution{Kind: Constant, Time: milliseconds(label, 0, 1e6)}
		}
		p50 := milliseconds(label, 0, 1e6)
		return Distribution{Kind: Lognormal, P50: p50, P99: p50 + milliseconds(label, 0, 1e6)}
	}
	s := Scenario{
		Name: rapid.SampledFrom([]string{"x", "true", "1", "2026-01-01", "a.b"}).Draw(r, "name"), About: rapid.SampledFrom([]string{"", "a: b", "# no", "two\nlines\n", "null", "~", " x "}).Draw(r, "about"),
		Target:  WorldSim,
		Seeds:   Seeds{Base: rapid.Uint64().Draw(r, "base"), Count: rapid.IntRange(1, 1000).Draw(r, "seeds")},
		Cluster: Cluster{Brokers: 5, Controllers: rapid.IntRange(1, 9).Draw(r, "controllers")},
		Claims:  claims,
		Report:  Report{Formats: []string{"json"}, Plots: []string{"isr"}},
	}
	if rapid.Bool().Draw(r, "list of seeds") {
		s.Seeds = Seeds{List: rapid.SliceOfNDistinct(rapid.Uint64(), 1, 5, rapid.ID).Draw(r, "seeds")}
	}
	if rapid.Bool().Draw(r, "configured") {
		s.Cluster.Config = map[string]string{"replica.lag.time.max.ms": "5000", "unclean.leader.election.enable": "TRUE", "log.roll.ms": " 7 "}
		s.Cluster.Flaws = []string{"bounce-fencing"}
	}
	for _, name := range names("t") {
		s.Topics = append(s.Topics, Topic{Name: name, Partitions: rapid.IntRange(1, 9).Draw(r, "partitions"), ReplicationFactor: rapid.IntRange(1, 5).Draw(r, "replication")})
	}
	slicesSort(s.Topics, func(t Topic) string { return t.Name })
	s.Workload = Workload{Warmup: milliseconds("warmup", 0, 1000), Duration: milliseconds("duration", 2, 100000), Drain: milliseconds("drain", 0, 100000)}
	for _, name := range names("p") {
		p := Producer{Name: name, Count: rapid.IntRange(1, 3).Draw(r, "instances"), Topic: s.Topics[0].Name, Arrival: ArrivalPoisson, Rate: Rate(rapid.Int64Range(1, 1e9).Draw(r, "rate")), Value: Value{Size: Size(rapid.Int64Range(1, 1<<20).Draw(r, "size"))}}
		p.Keys = rapid.SampledFrom([]Keys{{Distribution: KeysNone}, {Distribution: KeysZipf, Count: 3, Theta: 1}, {Distribution: KeysZipf, Count: 3, Theta: 0.1}, {Distribution: KeysUniform, Count: 12}}).Draw(r, "keys")
		if rapid.Bool().Draw(r, "from a file") {
			p.Value, p.Keys = Value{File: "data/x y.ndjson", Order: OrderShuffle}, Keys{Distribution: KeysField, Field: "null"}
		}
		if rapid.Bool().Draw(r, "bursts") {
			p.Arrival, p.Burst = ArrivalBurst, Burst{Interval: time.Second, On: milliseconds("on", 2, 2000)}
		}
		p.Outbox = rapid.Bool().Draw(r, "outbox")
		p.DualWrite = !p.Outbox && rapid.Bool().Draw(r, "dual write")
		p.Client = rapid.SampledFrom([]ClientProfile{"", ClientJava, ClientRdKafka, ClientFranzGo1}).Draw(r, "client")
		s.Workload.Producers = append(s.Workload.Producers, p)
	}
	slicesSort(s.Workload.Producers, func(p Producer) string { return p.Name })
	if rapid.Bool().Draw(r, "a consumer") {
		c := Consumer{Name: "c", Count: 2, Group: rapid.SampledFrom([]string{"", "g", "12"}).Draw(r, "group"), Topics: []string{s.Topics[0].Name}, Assignment: AssignmentFixed, Commit: CommitNone, Process: work("process"),
			Seeks: rapid.SampledFrom([][]Seek{nil, {{At: time.Second, To: Earliest}, {At: 90 * time.Second, To: 17}}, {{To: Latest}}}).Draw(r, "seeks"), Config: map[string]string{"auto.offset.reset": "earliest"}}
		if c.Group != "" {
			c.Commit = rapid.SampledFrom([]Commit{CommitNone, CommitBeforeProcess, CommitAuto, CommitAfterProcess}).Draw(r, "commit")
			c.Client = rapid.SampledFrom([]ClientProfile{"", ClientRdKafka}).Draw(r, "client of c")
			c.Deduplicate = rapid.Bool().Draw(r, "deduplicate")
			c.Handling = rapid.SampledFrom([]FailureHandling{
				{},
				{Failures: &Failures{Permanent: 500}, Retry: defaultRetry, OnFailure: OnFailureBlock},
				{Failures: &Failures{Transient: 2000}, Retry: Retry{1, Backoff{time.Second, time.Second}}, OnFailure: OnFailureSkip},
				{Failures: &Failures{Whole, 1}, Retry: Retry{7, Backoff{time.Millisecond, time.Hour}}, DeadLetter: s.Topics[len(s.Topics)-1].Name},
			}).Draw(r, "handling")
		}
		s.Workload.Consumers = []Consumer{c}
	}
	s.Cost = Cost{
		Profile: rapid.SampledFrom([]string{"default", "three-zones", "laptop"}).Draw(r, "profile"),
		Network: NetworkCost{times("latency"), Bandwidth(rapid.Int64Range(1, 1<<40).Draw(r, "bandwidth"))},
		Disk:    DiskCost{times("fsync"), Bandwidth(rapid.Int64Range(1, 1<<40).Draw(r, "disk bandwidth")), milliseconds("writeback", 2, 1e6)},
		CPU:     CPUCost{rapid.IntRange(1, 64).Draw(r, "cores"), milliseconds("request", 0, 100), time.Duration(rapid.IntRange(0, 2000).Draw(r, "byte"))},
	}
	if rapid.Bool().Draw(r, "zones") {
		link := ZoneLink{"b", NetworkCost{times("between"), Bandwidth(rapid.Int64Range(1, 1<<40).Draw(r, "between"))}}
		s.Cost.Zones = []Zone{{Name: "a", Nodes: []string{"broker-1", s.Workload.Producers[0].Name}, To: []ZoneLink{link}}, {Name: "b"}}
	}
	if rapid.Bool().Draw(r, "random") {
		s.Faults.Random = &faults.Random{Kinds: []faults.Kind{faults.Kill}, Targets: []faults.Target{{Kind: faults.One}}, Interval: time.Second,
			Duration: faults.Range{Min: time.Millisecond, Max: milliseconds("longest", 2, 9000)}, Swarm: rapid.Bool().Draw(r, "swarm"), Budget: faults.BudgetOne}
	}
	for i := range rapid.IntRange(0, 3).Draw(r, "faults") {
		s.Faults.Timeline = append(s.Faults.Timeline, drawnFault(r, i, s))
	}
	if rapid.Bool().Draw(r, "requirements") {
		s.Require = []Requirement{{"isr_changes", Comparison{rapid.SampledFrom(operators).Draw(r, "operator"), rapid.Int64Range(0, 1e12).Draw(r, "bound")}}}
		metric := rapid.SampledFrom(Metrics).Draw(r, "metric")
		s.Thresholds = []Threshold{{metric.Name, Comparison{AtMost, rapid.Int64Range(0, 1e12).Draw(r, "threshold")}}}
	}
	return s
}

// drawnFault is concrete, as applied timelines are.
func drawnFault(r *rapid.T, i int, s Scenario) faults.Spec {
	named := func(name string) faults.Target { return faults.Target{Kind: faults.Named, Name: name} }
	producer := s.Workload.Producers[0].Instances()[0]
	spec := faults.Spec{ID: []string{"r7", "t1", "true"}[i], At: time.Duration(rapid.Int64Range(0, int64(s.Workload.LoadEnd())).Draw(r, "at"))}
	if rapid.Bool().Draw(r, "triggered") {
		spec.At, spec.When = 0, &faults.Trigger{Event: "high_watermark", Partition: -1, Nth: 3}
	}
	switch rapid.IntRange(0, 4).Draw(r, "kind") {
	case 0:
		spec.Kind, spec.Target, spec.Duration = faults.PowerLoss, []faults.Target{named("broker-1"), named("controller-1")}, time.Duration(rapid.IntRange(1, 1e9).Draw(r, "ns"))
		spec.Disk = rapid.SampledFrom([]faults.DiskMode{faults.LoseUnsynced, faults.Tear, faults.Keep}).Draw(r, "disk")
	case 1:
		spec.Kind, spec.Groups, spec.Duration = faults.Partition, [][]faults.Target{{named(producer)}, {named("broker-2"), named("broker-3")}}, time.Second
		spec.Direction = faults.Out
	case 2:
		spec.Kind, spec.Groups, spec.Duration, spec.Latency = faults.Delay, [][]faults.Target{{named("broker-5")}, {named("broker-2")}}, time.Second, time.Millisecond
		if d, _ := faults.Describe(faults.Delay); slices.Contains(d.Fields, faults.FieldBandwidth) && rapid.Bool().Draw(r, "narrow") {
			spec.Bandwidth = rapid.Int64Range(1, 1<<40).Draw(r, "narrowed")
			spec.Latency *= time.Duration(rapid.IntRange(0, 1).Draw(r, "and late"))
		}
	case 3:
		spec.Kind, spec.Target, spec.Late = faults.Reset, []faults.Target{named(producer)}, rapid.Bool().Draw(r, "late")
	case 4:
		spec.Kind, spec.Target = faults.MoveLeader, []faults.Target{{Kind: faults.TopicPartition, Topic: s.Topics[0].Name}}
		spec.NoFence, spec.Duration = rapid.Bool().Draw(r, "fence"), 3*time.Second
		if rapid.Bool().Draw(r, "to") {
			to := named("broker-4")
			spec.To = &to
		}
	}
	return spec
}

func TestAnyScenarioLoadsAgainToTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		expect := func(label string) []Claim {
			return []Claim{
				{Name: "mine", Guarantee: "no-loss", Expect: rapid.SampledFrom([]Verdict{Holds, Violated}).Draw(r, label)},
				{Name: "recovers", Guarantee: "recovers", Expect: Holds, Within: time.Second},
			}
		}
		base := drawnScenario(r, expect("base"))
		var variants []Variant
		for _, name := range []string{"z", "a"}[:rapid.IntRange(0, 2).Draw(r, "variants")] {
			variant := drawnScenario(r, expect(name))
			// What a variant cannot change.
			variant.Name, variant.About, variant.Seeds, variant.Report = base.Name, base.About, base.Seeds, base.Report
			v := Variant{Name: name, Scenario: variant}
			if rapid.Bool().Draw(r, "point of "+name) {
				v.Point = []Setting{{"/workload/producers/pa/rate", "500/s"}, {"/cluster/brokers", "5"}, {"/cost/disk", "{fsync: 1ms}"}, {"/faults", "null"}}
			}
			variants = append(variants, v)
		}
		requireSame(r, base, variants)
	})
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/right/every-part.yaml", "testdata/wrong/variants.yaml", "testdata/wrong/fault-kinds.yaml", "testdata/wrong/not-built.yaml", "testdata/wrong/sweep-values.yaml", "testdata/wrong/cost-zones.yaml", "testdata/wrong/fault-parameters.yaml"} {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text, "/workload/drain=5s")
	}
	f.Add([]byte(small), "/topics/orders/partitions=1")
	f.Add([]byte(small+"sweep: {/cluster/brokers: [1, 3], /cost: [laptop, {profile: three-zones, zones: {a: {to: {}}}}]}\nvariants: {x: {set: {/cost/zones: {}}}}\n"), "/cost=three-regions")
	f.Fuzz(func(t *testing.T, text []byte, set string) {
		file, diagnostics := Load(Source{Name: "fuzz.yaml", Text: text}, Options{Set: []string{set}})
		_ = diagnostics.String()
		if file == nil {
			require.True(t, diagnostics.Failed())
			return
		}
		// What loads prints, and prints as something that loads to the same.
		requireSame(t, file.Base, file.variants)
	})
}
