package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"assay/faults"
	"assay/scenarios/result"
)

// requireSound: a picture is well-formed and small, holds only numbers, and its
// texts begin or end within it.
func requireSound(t require.TestingT, svg []byte) {
	require.LessOrEqual(t, len(svg), MaxBytes)
	require.NotContains(t, string(svg), "NaN")
	require.NotContains(t, string(svg), "Inf")
	var width, height float64
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attribute := map[string]string{}
		for _, a := range element.Attr {
			attribute[a.Name.Local] = a.Value
		}
		number := func(name string) float64 {
			v, err := strconv.ParseFloat(attribute[name], 64)
			require.NoError(t, err)
			return v
		}
		switch element.Name.Local {
		case "svg":
			width, height = number("width"), number("height")
		case "text":
			require.GreaterOrEqual(t, number("x"), -1.0)
			require.LessOrEqual(t, number("x"), width)
			require.Greater(t, number("y"), 0.0)
			require.Less(t, number("y"), height)
		}
	}
	require.Positive(t, width)
	require.Less(t, height, 1200.0)
}

func all(s *result.Series, f []faults.Record) [][]byte {
	return [][]byte{Throughput(s, f), Latency(s, f), Lag(s, f), ISR(s, f), Groups(s, f), Transactions(s, f)}
}

func TestExtremes(t *testing.T) {
	huge := outage()
	for _, values := range [][]int64{huge.Sent, huge.Acknowledged, huge.Delivered, huge.Produce.P50, huge.Produce.Max, huge.EndToEnd.P99, huge.Lag[0].Values} {
		for i := range values {
			values[i] = math.MaxInt64
		}
	}
	zero := outage()
	for _, values := range [][]int64{zero.Sent, zero.Acknowledged, zero.Delivered, zero.Produce.P50, zero.Produce.P99, zero.Produce.Max, zero.EndToEnd.P50, zero.Lag[0].Values} {
		clear(values)
	}
	nothing := outage()
	for _, values := range [][]int64{nothing.Produce.P50, nothing.Produce.P99, nothing.Produce.Max, nothing.EndToEnd.P50, nothing.EndToEnd.P99, nothing.EndToEnd.Max, nothing.Lag[0].Values} {
		for i := range values {
			values[i] = -1
		}
	}
	long := outage()
	for range 7 {
		long.Sent, long.Acknowledged = append(long.Sent, long.Sent...), append(long.Acknowledged, long.Acknowledged...)
		long.Produce.Max = append(long.Produce.Max, long.Produce.Max...)
	}
	odd := outage()
	odd.Lag[0].Name, odd.Partitions[0].Name, odd.Partitions[1].Leaders[0].Broker = "<&\x00\">"+strings.Repeat("x", 500), strings.Repeat("é", 300), "<script>"
	one := &result.Series{Bucket: 10e6, Sent: []int64{1}, Acknowledged: []int64{1}, Delivered: []int64{0},
		Produce: result.Latencies{P50: []int64{5e6}, P99: []int64{5e6}, Max: []int64{5e6}}}
	crowd, crowdFaults := busy(1000, 200)
	for name, s := range map[string]*result.Series{"empty": {}, "one bucket": one, "huge": huge, "zero": zero, "nothing": nothing, "long": long, "odd": odd, "crowd": crowd,
		"coordinated": coordinated(), "crowded": crowded(300, 400), "many lanes": crowded(60, 3)} {
		t.Run(name, func(t *testing.T) {
			for _, f := range [][]faults.Record{nil, outageFaults(), crowdFaults} {
				for _, svg := range all(s, f) {
					requireSound(t, svg)
				}
			}
		})
	}
	requireSound(t, Percentiles())
	requireSound(t, Percentiles(result.Distribution{Name: "none"}))
	requireSound(t, Percentiles(result.Distribution{Name: "one", Counts: []result.DistributionBucket{{UpTo: 0, Count: 1}}}))
	requireSound(t, Percentiles(result.Distribution{Name: "most", Counts: []result.DistributionBucket{{UpTo: math.MaxInt64, Count: math.MaxUint64}}}))
	requireSound(t, Sweep(nil))
	requireSound(t, Sweep([]SweepPoint{{P99: -1}, {Achieved: math.Inf(1), P99: math.MaxInt64}, {Achieved: math.NaN(), Offered: math.NaN()}, {Achieved: -3, Offered: 1e300}}))
	requireSound(t, Sweep(make([]SweepPoint, 5000)))
}

// TestAnything: no series and no faults, however odd, make a picture that cannot
// be shown.
func TestAnything(t *testing.T) {
	number := rapid.OneOf(rapid.SampledFrom([]int64{-1, 0, 1, math.MaxInt64, math.MinInt64}), rapid.Int64Range(0, 1e12), rapid.Int64())
	values := rapid.SliceOfN(number, 0, 400)
	name := rapid.OneOf(rapid.SampledFrom([]string{"", "orders/0", "broker-1", "broker-2"}), rapid.String())
	kind := rapid.SampledFrom([]faults.Kind{faults.Kill, faults.PowerLoss, faults.Reset, "something else"})
	rapid.Check(t, func(t *rapid.T) {
		latencies := func() result.Latencies {
			return result.Latencies{P50: values.Draw(t, "p50"), P99: values.Draw(t, "p99"), Max: values.Draw(t, "max")}
		}
		s := &result.Series{Bucket: number.Draw(t, "bucket"), Sent: values.Draw(t, "sent"), Acknowledged: values.Draw(t, "acknowledged"),
			Delivered: values.Draw(t, "delivered"), Produce: latencies(), EndToEnd: latencies(),
			WarmupEnd: number.Draw(t, "warmup"), LoadEnd: number.Draw(t, "load"), DrainEnd: number.Draw(t, "drain")}
		for range rapid.IntRange(0, 30).Draw(t, "lines") {
			s.Lag = append(s.Lag, result.Line{Name: name.Draw(t, "line"), Values: values.Draw(t, "lag")})
		}
		for range rapid.IntRange(0, 30).Draw(t, "partitions") {
			lane := result.PartitionLane{Name: name.Draw(t, "partition"), Replicas: rapid.SliceOfN(name, 0, 5).Draw(t, "replicas")}
			for range rapid.IntRange(0, 20).Draw(t, "leaders") {
				lane.Leaders = append(lane.Leaders, result.LeaderSpan{From: number.Draw(t, "from"), To: number.Draw(t, "to"), Broker: name.Draw(t, "broker")})
				lane.ISR = append(lane.ISR, result.ISRSpan{From: number.Draw(t, "from"), To: number.Draw(t, "to"), Members: lane.Replicas})
			}
			s.Partitions = append(s.Partitions, lane)
		}
		for range rapid.IntRange(0, 20).Draw(t, "groups") {
			lane := result.OwnerLane{Group: name.Draw(t, "group"), Partition: name.Draw(t, "partition")}
			id := result.TransactionLane{ID: name.Draw(t, "id")}
			for range rapid.IntRange(0, 20).Draw(t, "spans") {
				from, to := number.Draw(t, "from"), number.Draw(t, "to")
				lane.Spans = append(lane.Spans, result.OwnerSpan{From: from, To: to, Member: name.Draw(t, "member"), Ended: name.Draw(t, "ended")})
				id.Spans = append(id.Spans, result.TransactionSpan{From: from, To: to, Outcome: rapid.SampledFrom([]string{result.TransactionCommitted, result.TransactionTimedOut, "odd"}).Draw(t, "outcome")})
				id.Marks = append(id.Marks, result.TransactionMark{At: to, Kind: rapid.SampledFrom([]string{result.MarkFenced, result.MarkResumed, "odd"}).Draw(t, "mark")})
			}
			s.Owners, s.Transactions = append(s.Owners, lane), append(s.Transactions, id)
		}
		var records []faults.Record
		for range rapid.IntRange(0, 50).Draw(t, "faults") {
			records = append(records, fault(kind.Draw(t, "kind"), time.Duration(number.Draw(t, "start")), time.Duration(number.Draw(t, "end")), rapid.SliceOfN(name, 0, 4).Draw(t, "names")...))
		}
		for _, svg := range all(s, records) {
			requireSound(t, svg)
		}
	})
}

// TestBarsDoNotOverlap: in no row of faults does a bar or its name reach into the next.
func TestBarsDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records []faults.Record
		for range rapid.IntRange(1, 25).Draw(t, "faults") {
			start := time.Duration(rapid.IntRange(0, 1000).Draw(t, "start"))
			records = append(records, fault(faults.PowerLoss, start, start+time.Duration(rapid.IntRange(0, 300).Draw(t, "length")), "broker-1"))
		}
		s := newStrip(records, 1000)
		ends := map[int]float64{}
		labelled := 0
		// A row fills from its first bar to its last in the order in which they were placed.
		for _, b := range s.bars {
			if b.label == "" {
				continue
			}
			labelled++
			width := float64(widthOf(b.label, style(text, smallSize, 0).Font))
			if end, taken := ends[b.row]; taken {
				require.GreaterOrEqual(t, min(float64(b.from), float64(b.labelAt)), end)
			}
			ends[b.row] = max(float64(b.to), float64(b.labelAt)+width)
			require.LessOrEqual(t, float64(b.labelAt)+width, float64(figureWidth)+0.01)
		}
		require.Positive(t, labelled)
		require.LessOrEqual(t, s.rows, mostNumbered)
	})
}

func TestDuration(t *testing.T) {
	for ns, says := range map[int64]string{
		0: "0", 999: "999 ns", 1500: "1.5 us", 20e3: "20 us", 999_999: "1 ms", 12.34e6: "12.3 ms", 1e9: "1 s", 90e9: "90 s",
		300e9: "5 min", 7200e9: "2 h", -1e6: "-1 ms", math.MaxInt64: "2562048 h", math.MinInt64: "-2562048 h",
	} {
		require.Equal(t, says, duration(ns), ns)
	}
}

func TestExact(t *testing.T) {
	for v, says := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 119_998: "119,998", -1234567: "-1,234,567", -123: "-123"} {
		require.Equal(t, says, exact(v), v)
	}
}

func TestCount(t *testing.T) {
	for v, says := range map[float64]string{0: "0", 0.5: "0.5", 950: "950", 12500: "12,500", 250e3: "250 k", 1.5e6: "1.5 M", 2e9: "2 G", -20: "-20"} {
		require.Equal(t, says, count(v), v)
	}
}
