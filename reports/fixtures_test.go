package reports

import (
	"fmt"
	"time"

	"assay/faults"
	"assay/scenarios/format"
	"assay/scenarios/result"
)

// fixtures are runs made by hand, one for each way that a run can end.
func fixtures() map[string]Run {
	return map[string]Run{
		"expected": expectedRun(), "unexpected": unexpectedRun(),
		"inconclusive": inconclusiveRun(), "interrupted": interruptedRun(), "threshold": thresholdRun(),
	}
}

func seeds(base uint64, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = seedText(base + uint64(i))
	}
	return list
}

const heldIn20 = "no counterexample in 20 of 20 seeds (below 14 % of seeds at 95 %)"

func holding(name string) result.Claim {
	return result.Claim{Name: name, Guarantee: name, Expect: "holds", Verdict: "holds", Outcome: "expected", Exercised: true, Bound: heldIn20}
}

func named(names ...string) []faults.Target {
	list := make([]faults.Target, len(names))
	for i, name := range names {
		list[i] = faults.Target{Kind: faults.Named, Name: name}
	}
	return list
}

func applied(spec faults.Spec, start, end time.Duration) faults.Record {
	spec.At, spec.Duration = start, end-start
	return faults.Record{Spec: spec, Start: start, End: end}
}

func someFaults() []faults.Record {
	reduced := applied(faults.Spec{ID: "r2", Kind: faults.Partition, Direction: faults.In,
		Groups: [][]faults.Target{named("broker-3"), named("broker-1", "broker-2", "controller-1")}}, 14*time.Second, 18500*time.Millisecond)
	reduced.Outcome, reduced.Reason = faults.Reduced, "to stay within the fault budget minority"
	skipped := faults.Record{Spec: faults.Spec{ID: "r4", Kind: faults.Kill, Target: []faults.Target{{Kind: faults.One}}},
		Outcome: faults.Skipped, Reason: "beyond the fault budget minority", Start: 21 * time.Second, End: 21 * time.Second}
	return []faults.Record{
		applied(faults.Spec{ID: "t1", Kind: faults.PowerLoss, Disk: faults.Tear, Target: named("broker-1")}, 10*time.Second, 15*time.Second),
		applied(faults.Spec{ID: "r1", Kind: faults.Reset, Late: true, Target: named("web-0")}, 10400*time.Millisecond, 10400*time.Millisecond),
		reduced,
		applied(faults.Spec{ID: "r3", Kind: faults.Pause, Target: named("broker-2")}, 17*time.Second, 26*time.Second),
		skipped,
		applied(faults.Spec{ID: "t2", Kind: faults.MoveLeader, NoFence: true, To: &faults.Target{Kind: faults.Named, Name: "broker-2"},
			Target: []faults.Target{{Kind: faults.TopicPartition, Topic: "orders", Partition: 0}}}, 27*time.Second, 28*time.Second),
		applied(faults.Spec{ID: "r5", Kind: faults.Delay, Latency: 2 * time.Second, Groups: [][]faults.Target{named("controller-2"), named("broker-1")}}, 29*time.Second, 33*time.Second),
		applied(faults.Spec{ID: "r6", Kind: faults.DelayMetadata, Target: named("broker-3")}, 29500*time.Millisecond, 30*time.Second),
		applied(faults.Spec{ID: "r7", Kind: faults.Kill, Target: named("broker-3")}, 29600*time.Millisecond, 36*time.Second),
	}
}

func duplicate() result.Claim {
	return result.Claim{
		Name: "no-duplicates", Guarantee: "no-duplicates", Expect: "violated", Verdict: "violated", Outcome: "expected",
		Violating: 12, FirstViolating: "0xc0ffee", Anomalies: map[string]int64{"duplicate": 318}, Exercised: true,
		Bound: "a counterexample in 12 of 20 seeds",
		Witness: &result.Witness{
			Anomaly: "duplicate", Partition: "orders/3", Offsets: []int64{41, 44},
			Sentence: "web-0 sent record web-0#17 once, at 10.301 s, and it is in orders/3 twice: the connection broke after the broker had appended it, and the retry appended it again.",
			Operations: []result.Operation{
				{Client: "web-0", What: "sends record web-0#17 to orders/3: acknowledged at offset 44 after 1 retry", Call: 10_301_123_456, Return: 10_812_000_000},
				{Client: "reader-0", What: "reads record web-0#17 at offset 41", Call: 10_500_000_000, Return: 10_502_250_000},
				{Client: "reader-0", What: "reads record web-0#17 at offset 44", Call: 10_810_000_000, Return: 10_816_000_001},
			},
			Advice: []string{"enable.idempotence=false of web: a retry is appended again; true would have made the broker recognise it"},
			Faults: []string{"r1"},
			Damage: &result.Damage{Records: 4, FirstOffset: 41, LastOffset: 47, From: 10_301_123_456, To: 11_000_000_000},
		},
	}
}

// duplicateScene shows how duplicate came about.
func duplicateScene() result.Scene {
	return result.Scene{Claim: "no-duplicates", Seed: 0xc0ffee, From: 10_300_000_000, To: 10_820_000_000,
		Lanes: []result.Lane{{Name: "web-0", Kind: "client"}, {Name: "broker-2", Kind: "broker"}},
		Messages: []result.Message{
			{From: "web-0", To: "broker-2", Sent: 10_301_200_000, Arrived: 10_301_500_000, What: "Produce orders/3: web-0 #17", Count: 1, Offending: true},
			{From: "broker-2", To: "web-0", Sent: 10_400_000_000, Arrived: -1, What: "Produce response: offset 41", Lost: "connection reset", Count: 1, Offending: true},
			{From: "web-0", To: "broker-2", Sent: 10_800_000_000, Arrived: 10_800_300_000, What: "Produce orders/3: web-0 #17", Count: 1, Offending: true},
		},
		Marks: []result.Mark{
			{Lane: "broker-2", At: 10_301_600_000, What: "appends #17 at 41", Kind: "client", Offending: true},
			{Lane: "broker-2", At: 10_800_400_000, What: "appends #17 at 44", Kind: "client", Offending: true},
		}}
}

func counters() result.Counters {
	return result.Counters{"leader_changes": 41, "isr_changes": 180, "producer_retries": 2_310, "unclean_elections": 0,
		"power_losses": 20, "records_acknowledged": 1_204_331}
}

func expectedRun() Run {
	base := result.Variant{
		Name: "base", Seeds: seeds(0xc0ffee, 20), Exercise: counters(), Points: result.Counters{"truncation": 7, "epoch bump": 0},
		Claims:  []result.Claim{holding("no-loss"), duplicate(), holding("recovers"), {Name: "no-skips", Guarantee: "no-skips", Expect: "holds", Verdict: "holds", Outcome: "expected", Bound: "nothing exercised in 20 seeds"}},
		Metrics: map[string]int64{"e2e_latency.p99": 12_500_000, "lag.final": 0, "duplicates.records": 318},
		Digests: map[string]string{"0xc0ffee": "8c5f00aa12345678"}, Measured: 20 * 30e9,
		Distributions: []result.Distribution{
			{Name: "produce", Counts: []result.DistributionBucket{{UpTo: 900_000, Count: 600_000}, {UpTo: 12_500_000, Count: 4_331}}},
			{Name: "e2e", Counts: []result.DistributionBucket{{UpTo: 1_023, Count: 1}, {UpTo: 14_000_000, Count: 604_330}}}},
	}
	idempotent := base
	idempotent.Name = "idempotent"
	idempotent.Set = []result.Setting{{Pointer: "/workload/producers/web/config/enable.idempotence", Value: "true"}}
	idempotent.Claims = []result.Claim{holding("no-loss"), holding("no-duplicates"), holding("recovers"), holding("no-skips")}
	idempotent.Metrics = map[string]int64{"e2e_latency.p99": 14_000_001, "lag.final": 0, "duplicates.records": 0}
	return Run{
		Result: result.Result{Version: 1, Scenario: "orders-at-least-once", Outcome: result.Expected, Variants: []result.Variant{base, idempotent}},
		Stories: []result.Story{
			{Variant: "base", Seed: 0xc0ffee, Faults: someFaults(), Swarm: []string{"kinds: reset, pause, kill", "linger.ms: 0"}, LoadEnd: 32 * 1e9, RunEnd: 62 * 1e9, History: []byte("history of base"),
				Scenes: []result.Scene{duplicateScene()}},
			{Variant: "idempotent", Seed: 0xc0ffee, LoadEnd: 32 * 1e9, RunEnd: 62 * 1e9, History: []byte("history of idempotent")},
		},
		Seeds:       []byte("a line for each seed"),
		About:       "At-least-once holds for acks=all through crashes and partitions; without idempotence retries duplicate.",
		Scenario:    []byte("version: 1\nname: orders-at-least-once\n"),
		NotModelled: []string{"Races of threads inside one broker.", "Eviction of single pages from the page cache."},
		Units:       map[string]string{"e2e_latency.p99": "ns", "lag.final": "records", "duplicates.records": "records"},
	}
}

// hostile is text that means something to every format it may land in.
const hostile = "</pre><script>alert(\"1\")</script> & ]]> `code` *bold* | pipe [link](x) \x1b[31mred\x00 Größe 注文 🦀"

func unexpectedRun() Run {
	lost := result.Claim{
		Name: "no-loss", Guarantee: "no-loss", Expect: "holds", Verdict: "violated", Outcome: "unexpected",
		Violating: 3, FirstViolating: "0xdeadbeefcafe0001", Anomalies: map[string]int64{"lost write": 9, "inconsistent offset": 1}, Exercised: true,
		Bound: "a counterexample in 3 of 20 seeds",
		Witness: &result.Witness{
			Anomaly: "lost write", Partition: "orders/0", Offsets: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Sentence: "web-0 was told that its record is stored. " + hostile,
			Operations: []result.Operation{
				{Client: "web-0", What: "sends " + hostile, Call: 16_000_000_000, Return: 16_000_400_000},
				{Client: "web-1", What: "sends record web-1#9 to orders/0", Call: 17_000_000_000, Return: -1},
			},
			Faults: []string{"t1", "r3"},
			Damage: &result.Damage{Records: 1, FirstOffset: 1, LastOffset: 1, From: 16e9, To: 16e9},
		},
	}
	elsewhere := duplicate()
	elsewhere.FirstViolating = "0xc0fff0"
	run := expectedRun()
	run.About = "# 1. " + hostile
	run.Scenario = []byte("about: " + hostile + "\n")
	v := &run.Result.Variants[0]
	v.Claims = []result.Claim{holding("no-loss"), elsewhere, {Name: "orders<kept>", Guarantee: "no-loss", Expect: "holds", Verdict: "inconclusive", Outcome: "inconclusive", Reason: "require truncations >= 1: 0 over 20 seeds", Exercised: true}}
	v.Unmet = []string{"truncations >= 1: 0 over 20 seeds"}
	v.Invariants = []result.Invariant{{Name: "leader completeness", Seeds: 2, First: "0xc0fff1", Says: "broker-2 led epoch 7 without offset 41 " + hostile}}
	second := &run.Result.Variants[1]
	second.Name = "weak acks"
	second.Set = []result.Setting{{Pointer: "/workload/producers/web/config/acks", Value: "1"}}
	second.Claims = []result.Claim{lost, elsewhere}
	run.Stories[1] = result.Story{Variant: "weak acks", Seed: 0xdeadbeefcafe0001, Faults: someFaults(), LoadEnd: 32 * 1e9, RunEnd: 62 * 1e9}
	run.Result.Outcome, run.Result.ExitCode = result.Unexpected, 1
	return run
}

func inconclusiveRun() Run {
	notFound := result.Claim{Name: "no-duplicates", Guarantee: "no-duplicates", Expect: "violated", Verdict: "holds", Outcome: "inconclusive", Exercised: true,
		Bound: "no counterexample in 1 of 1 seeds (below 95 % of seeds at 95 %)"}
	return Run{Result: result.Result{Version: 1, Scenario: "quiet", Outcome: result.Inconclusive, ExitCode: 3, Variants: []result.Variant{{
		Name: "base", Seeds: []string{"0x1"}, Claims: []result.Claim{notFound}, Exercise: result.Counters{"leader_changes": 0},
	}}}}
}

func thresholdRun() Run {
	run := expectedRun()
	run.Result.Outcome, run.Result.ExitCode = result.Threshold, 4
	run.Result.Variants[1].Crossed = []string{"e2e_latency.p99 < 10ms: 14 ms"}
	return run
}

func interruptedRun() Run {
	run := expectedRun()
	run.Result.Outcome, run.Result.ExitCode = result.Interrupted, 130
	run.Result.Stopped = "an interrupt; 20 of 60 runs were done"
	run.Result.Variants = run.Result.Variants[:1]
	run.Result.Variants = append(run.Result.Variants, result.Variant{Name: "idempotent"})
	run.Stories = run.Stories[:1]
	return run
}

// sweptRun is a sweep of three points; the second violates its claim.
func sweptRun() Run {
	run := Run{Result: result.Result{Version: 1, Scenario: "swept", Outcome: result.Unexpected, ExitCode: 1}, Units: map[string]string{"produce_latency.p99": "ns", "throughput.produced": "records/s"}}
	variant := func(name string, claim result.Claim) {
		run.Result.Variants = append(run.Result.Variants, result.Variant{Name: name, Seeds: seeds(1, 20), Claims: []result.Claim{claim},
			Metrics: map[string]int64{"produce_latency.p99": 12e6, "throughput.produced": 1}})
	}
	variant("base", holding("no-loss"))
	for rate := range int64(3) {
		name, claim := fmt.Sprintf("rate=%d/s", rate+1), holding("no-loss")
		if rate == 1 {
			claim = duplicate()
			claim.Name, claim.Expect, claim.Outcome, claim.Violating = "no-loss", "holds", "unexpected", 3
		}
		variant(name, claim)
		run.Sweep = append(run.Sweep, SweepPoint{Variant: name, Offered: rate + 1,
			Settings: []format.Setting{{Pointer: "/workload/producers/web/rate", Value: fmt.Sprintf("%d/s", rate+1)}}})
	}
	return run
}

// manySeeds is as large as a report is meant to get: 200 seeds in 4 variants.
func manySeeds() Run {
	run := expectedRun()
	var records []faults.Record
	for i := range 60 {
		start := time.Duration(i) * time.Second
		records = append(records, applied(faults.Spec{ID: fmt.Sprintf("r%d", i+1), Kind: faults.Kill, Target: named("broker-1")}, start, start+3*time.Second))
	}
	base := run.Result.Variants[0]
	base.Seeds, base.Digests = seeds(1, 200), map[string]string{}
	for _, seed := range base.Seeds {
		base.Digests[seed] = "0123456789abcdef"
	}
	run.Result.Variants, run.Stories = nil, nil
	for i := range 4 {
		base.Name = fmt.Sprintf("variant-%d", i)
		run.Result.Variants = append(run.Result.Variants, base)
		run.Stories = append(run.Stories, result.Story{Variant: base.Name, Seed: 0xc0ffee, Faults: records, LoadEnd: 62 * 1e9, RunEnd: 92 * 1e9})
	}
	return run
}

// fullest is the most that a report is meant to show: 200 seeds in 4 variants,
// each of 12 claims violated in each, with scenes of 60 events and series of a
// long run with many faults.
func fullest() Run {
	const claims, buckets, partitions = 12, 600, 12
	run := manySeeds()
	for i := range run.Result.Variants {
		v, s := &run.Result.Variants[i], &run.Stories[i]
		v.Claims, v.Set = nil, []result.Setting{{Pointer: "/workload/producers/web/config/acks", Value: fmt.Sprint(i)}}
		for k := range claims {
			c := duplicate()
			c.Name, c.FirstViolating, c.Violating = fmt.Sprintf("no-duplicates-%d", k), "0xc0ffee", 200
			scene := duplicateScene()
			scene.Claim, scene.Messages, scene.Marks = c.Name, nil, nil
			for e := range 30 {
				at := scene.From + int64(e)*17e6
				scene.Messages = append(scene.Messages, result.Message{From: "web-0", To: "broker-2", Sent: at, Arrived: at + 2e6, Count: 1, Offending: e%4 == 0,
					What: fmt.Sprintf("Produce orders/3: web-0#%d and 110 more, request %d", e, k)})
				scene.Marks = append(scene.Marks, result.Mark{Lane: "broker-2", At: at + 3e6, Kind: "append", Offending: e%4 == 0,
					What: fmt.Sprintf("appends web-0#%d at offset %d, epoch %d: the place that web-0#%d had", e, 40+e, k, e+1)})
			}
			v.Claims, s.Scenes = append(v.Claims, c), append(s.Scenes, scene)
		}
		s.Series = fullSeries(buckets, partitions)
	}
	return run
}

func fullSeries(buckets, partitions int) *result.Series {
	values := func(base, step int64) []int64 {
		list := make([]int64, buckets)
		for i := range list {
			list[i] = base + step*int64(i*i%97)
		}
		return list
	}
	latencies := func(scale int64) result.Latencies {
		return result.Latencies{P50: values(2e6*scale, 1e5), P99: values(20e6*scale, 1e6), Max: values(90e6*scale, 1e7)}
	}
	s := &result.Series{Bucket: 100e6, Sent: values(300, 3), Acknowledged: values(280, 3), Delivered: values(270, 3), Produce: latencies(1), EndToEnd: latencies(2),
		WarmupEnd: 5e9, LoadEnd: 50e9, DrainEnd: 60e9}
	for p := range partitions {
		name := fmt.Sprintf("orders/%d", p)
		s.Lag = append(s.Lag, result.Line{Name: "billing " + name, Values: values(0, int64(p+1))})
		lane := result.PartitionLane{Name: name, Replicas: []string{"broker-1", "broker-2", "broker-3"}}
		for i := range int64(20) {
			broker := lane.Replicas[(int(i)+p)%3]
			lane.Leaders = append(lane.Leaders, result.LeaderSpan{From: i * 3e9, To: i*3e9 + 29e8, Broker: broker, Epoch: int32(i)})
			lane.ISR = append(lane.ISR, result.ISRSpan{From: i * 3e9, To: i*3e9 + 3e9, Members: lane.Replicas[:1+i%3]})
		}
		s.Partitions = append(s.Partitions, lane)
	}
	return s
}
