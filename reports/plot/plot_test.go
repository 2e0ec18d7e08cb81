package plot

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/faults"
	"assay/scenarios/result"
)

var update = flag.Bool("update", false, "rewrite the golden pictures")

// The pictures below are of invented runs: outage is a broker's power loss under
// load, busy has more of everything than fits.

const bucket = int64(200 * time.Millisecond)

func outage() *result.Series {
	const second = int64(time.Second)
	s := &result.Series{Bucket: bucket, WarmupEnd: 2 * second, LoadEnd: 22 * second, DrainEnd: 37 * second}
	lag := []result.Line{{Name: "billing orders/0"}, {Name: "billing orders/1"}, {Name: "billing orders/2"}}
	for i := range int64(190) {
		at := i * bucket
		sent, acknowledged, delivered := 18+i*7%5, 18+i*7%5, 18+i*7%5
		p50, p99, slowest := int64(7e6)+i*31%13*1e5, int64(19e6)+i*17%11*1e6, int64(40e6)+i*29%7*1e7
		switch {
		case at >= 22*second:
			sent, acknowledged, delivered, p50, p99, slowest = 0, 0, 0, -1, -1, -1
		case at >= 8*second && at < 12*second:
			acknowledged, delivered, p50, p99, slowest = 0, 0, -1, -1, -1
		case at == 12*second:
			acknowledged, delivered, p50, p99, slowest = 418, 418, 2e9, 3900e6, 4e9
		}
		s.Sent, s.Acknowledged, s.Delivered = append(s.Sent, sent), append(s.Acknowledged, acknowledged), append(s.Delivered, delivered)
		for _, side := range []struct {
			of   *result.Latencies
			more int64
		}{{&s.Produce, 0}, {&s.EndToEnd, 3e6}} {
			more := side.more
			if p50 < 0 {
				more = 0
			}
			side.of.P50, side.of.P99, side.of.Max = append(side.of.P50, p50+more), append(side.of.P99, p99+more), append(side.of.Max, slowest+more)
		}
		for j := range lag {
			behind := i * 5 % 3
			if j == 0 && at >= 12*second && at < 16*second {
				behind = 140 - (at-12*second)/bucket*7
			}
			if at >= 22*second {
				behind = 0
			}
			lag[j].Values = append(lag[j].Values, behind)
		}
	}
	s.Lag = lag
	end := 190 * bucket
	brokers := []string{"broker-1", "broker-2", "broker-3"}
	for i := range 3 {
		lane := result.PartitionLane{Name: fmt.Sprintf("orders/%d", i), Replicas: brokers}
		if i == 0 {
			lane.Leaders = []result.LeaderSpan{{From: 0, To: 8 * second, Broker: "broker-1"}, {From: 12 * second, To: end, Broker: "broker-3", Epoch: 1}}
		} else {
			lane.Leaders = []result.LeaderSpan{{From: 0, To: end, Broker: brokers[i]}}
		}
		lane.ISR = []result.ISRSpan{{From: 0, To: 12 * second, Members: brokers}, {From: 12 * second, To: 14 * second, Members: brokers[1:]}, {From: 14 * second, To: end, Members: brokers}}
		s.Partitions = append(s.Partitions, lane)
	}
	return s
}

func fault(kind faults.Kind, start, end time.Duration, names ...string) faults.Record {
	r := faults.Record{Start: start, End: end, Spec: faults.Spec{Kind: kind}}
	for _, name := range names {
		r.Spec.Target = append(r.Spec.Target, faults.Target{Name: name})
	}
	return r
}

func outageFaults() []faults.Record {
	skipped := fault(faults.Kill, time.Second, 2*time.Second, "broker-2")
	skipped.Outcome = faults.Skipped
	return []faults.Record{
		skipped,
		fault(faults.PowerLoss, 8*time.Second, 13*time.Second, "broker-1"),
		fault(faults.Reset, 9*time.Second, 9*time.Second, "web-0", "web-1", "billing-0"),
		fault(faults.Pause, 18*time.Second, 24*time.Second, "controller-2"),
	}
}

// busy has many partitions that change leaders often, many lines and many faults.
func busy(partitions, faultCount int) (*result.Series, []faults.Record) {
	s := outage()
	s.Lag, s.Partitions = nil, nil
	end := 190 * bucket
	for i := range partitions {
		lane := result.PartitionLane{Name: fmt.Sprintf("a-topic-with-a-long-name/%d", i)}
		for b := range 3 {
			lane.Replicas = append(lane.Replicas, fmt.Sprintf("broker-%d", (i+b)%12+1))
		}
		changes := int64(i*7%40 + 1)
		for j := range changes {
			from, to := end*j/changes, end*(j+1)/changes
			lane.Leaders = append(lane.Leaders, result.LeaderSpan{From: from, To: to - (to-from)*(j%3)/6, Broker: lane.Replicas[j%3], Epoch: int32(j)})
			lane.ISR = append(lane.ISR, result.ISRSpan{From: from, To: to, Members: lane.Replicas[:1+(i+int(j))%3]})
		}
		s.Partitions = append(s.Partitions, lane)
		line := result.Line{Name: "billing " + lane.Name}
		for j := range int64(190) {
			line.Values = append(line.Values, j*int64(i+3)%97)
		}
		s.Lag = append(s.Lag, line)
	}
	var records []faults.Record
	kinds := []faults.Kind{faults.Kill, faults.PowerLoss, faults.Partition, faults.Reset}
	for i := range faultCount {
		start := time.Duration(i*37%220) * 100 * time.Millisecond
		records = append(records, fault(kinds[i%4], start, start+time.Duration(i%4)*time.Second, fmt.Sprintf("broker-%d", i%12+1)))
	}
	return s, records
}

func distributions() []result.Distribution {
	var all []result.Distribution
	for i, name := range []string{"base: produce", "base: end to end", "idempotent: produce", "idempotent: end to end"} {
		d := result.Distribution{Name: name}
		bound, n := 2e6*(1+float64(i)/3), uint64(40_000)
		for n > 0 {
			d.Counts = append(d.Counts, result.DistributionBucket{UpTo: int64(bound), Count: n})
			bound, n = bound*1.31, n*2/3
		}
		all = append(all, d)
	}
	return all
}

func sweep() []SweepPoint {
	var points []SweepPoint
	for i, acks := range []string{"acks=1", "acks=all"} {
		limit := float64(11_000 - 4_000*i)
		for j, rate := range []float64{500, 1000, 2000, 4000, 8000, 16000} {
			p := SweepPoint{Line: acks, At: count(rate) + "/s", Offered: rate, Achieved: min(rate, limit), P99: int64(3e6 * float64(j+1) * float64(i+1))}
			if rate > limit {
				p.P99 = int64(2e9)
			}
			points = append(points, p)
		}
	}
	return points
}

func pictures() map[string][]byte {
	s, f := outage(), outageFaults()
	many, manyFaults := busy(30, 40)
	group, crowd := coordinated(), crowded(20, 40)
	return map[string][]byte{
		"throughput": Throughput(s, f), "latency": Latency(s, f), "lag": Lag(s, f), "isr": ISR(s, f),
		"percentiles": Percentiles(distributions()...), "sweep": Sweep(sweep()),
		"busy-throughput": Throughput(many, manyFaults), "busy-lag": Lag(many, manyFaults), "busy-isr": ISR(many, manyFaults),
		"groups": Groups(group, f), "transactions": Transactions(group, f), "pipeline-latency": Latency(group, f),
		"busy-groups": Groups(crowd, f), "busy-transactions": Transactions(crowd, f),
	}
}

// TestGolden: the pictures are those that people have looked at.
func TestGolden(t *testing.T) {
	for name, svg := range pictures() {
		path := filepath.Join("testdata", name+".svg")
		if *update {
			require.NoError(t, os.WriteFile(path, svg, 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(golden), string(svg), "%s is another picture: look at it, then run with -update", name)
	}
}

func TestSameBytes(t *testing.T) {
	first := pictures()
	for name, svg := range pictures() {
		require.Equal(t, string(first[name]), string(svg), name)
	}
}

// TestInline: the pictures of four variants whose runs are as busy as can be fit
// on a page.
func TestInline(t *testing.T) {
	left := PageBudget
	s, f := busy(1000, 200)
	for range 4 {
		for _, svg := range [][]byte{Throughput(s, f), Latency(s, f), Lag(s, f), ISR(s, f), Percentiles(distributions()...)} {
			inline := Inline(svg)
			require.NotContains(t, string(inline), "<style>")
			require.Less(t, len(inline), len(svg)-len(Style))
			require.True(t, left.Admit(inline))
		}
	}
	left = 10
	require.False(t, left.Admit(make([]byte, 11)))
	require.True(t, left.Admit(make([]byte, 10)))
	require.False(t, left.Admit(make([]byte, 1)))
}

func BenchmarkRun(b *testing.B) {
	s, f := outage(), outageFaults()
	d := distributions()
	for b.Loop() {
		Throughput(s, f)
		Latency(s, f)
		Lag(s, f)
		ISR(s, f)
		Percentiles(d...)
	}
}
