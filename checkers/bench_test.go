package checkers

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

// load records a clean run: sends spread over six partitions, read, processed and
// committed by one consumer in fetches of ten, and read by the covering read in
// fetches of a hundred. Of n operations in all, about three in four are sends.
func load(sink history.Sink, n int) {
	const producers, partitions, reader, observer = 8, 6, 8, 9
	for i := range producers {
		sink.Client(history.ClientID(i), "web", 1+i)
	}
	sink.Client(reader, "billing", 1)
	sink.Client(observer, "observer", 1)
	for i := range partitions {
		sink.Partition(history.PartitionID(i), "orders", int32(i))
	}
	sink.Group(0, "billing")
	sends := n * 75 / 100
	var logs [partitions][]history.Seen
	var read [partitions]int64
	now := history.Time(0)
	for i := range sends {
		now += 500_000
		p := history.PartitionID(i * 7 % partitions)
		record := history.NewRecordID(history.ClientID(i%producers), uint32(i/producers+1))
		offset := int64(len(logs[p]))
		logs[p] = append(logs[p], history.Seen{Offset: offset, Record: record})
		sink.Produce(history.Produce{Record: record, Partition: p, Call: now, Return: now + 2_000_000, Attempts: 1, Offset: offset,
			Key: uint64(1 + i%10_007)})
		if batch := logs[p][read[p]:]; len(batch) == 10 || i+partitions >= sends {
			sink.Read(history.Read{Client: reader, Partition: p, Call: now, Return: now + 3_000_000, From: read[p], Next: offset + 1,
				HighWatermark: offset + 1, Records: batch})
			sink.Process(history.Process{Client: reader, Partition: p, Call: now + 3_000_000, Return: now + 4_000_000, Records: batch})
			sink.Commit(history.Commit{Client: reader, Partition: p, Generation: -1, Call: now + 4_000_000, Return: now + 5_000_000, Offset: offset + 1})
			read[p] = offset + 1
		}
	}
	sink.Border(history.Border{Phase: history.FaultsEnd, At: now / 2})
	sink.Border(history.Border{Phase: history.DrainEnds, At: now + 30_000_000_000})
	for i := range partitions {
		p, log := history.PartitionID(i), logs[i]
		for from := 0; from < len(log); from += 100 {
			to := min(from+100, len(log))
			sink.Read(history.Read{Client: observer, Partition: p, Call: now + 40_000_000_000, Return: now + 41_000_000_000,
				From: int64(from), Next: int64(to), HighWatermark: int64(len(log)), Records: log[from:to], Final: true})
		}
		sink.GroupEnd(history.GroupEnd{Partition: p, At: now + 40_000_000_000, Known: true, Offset: int64(len(log))})
		sink.Cover(history.Cover{Partition: p, Call: now + 40_000_000_000, Return: now + 41_000_000_000, End: int64(len(log)), Complete: true})
		for b, broker := range []string{"broker-1", "broker-2", "broker-3"} {
			op := history.Replica{At: now + 42_000_000_000, Broker: broker, Partition: p, Leader: b == 0, Whole: true, HighWatermark: int64(len(log))}
			for from := 0; from < len(log); from += 10 {
				op.Batches = append(op.Batches, history.Batch{Base: int64(from), Last: int64(min(from+10, len(log)) - 1), Hash: uint64(from)})
			}
			sink.Replica(op)
		}
	}
}

func recorded(n int) *history.History {
	h := history.New()
	load(h, n)
	return h
}

func allClaims() []Claim {
	var claims []Claim
	for _, d := range Guarantees {
		claims = append(claims, Claim{Guarantee: d.Guarantee})
	}
	return claims
}

func requireClean(t testing.TB, results []Result) {
	for _, r := range results {
		require.Equal(t, Holds, r.Verdict, "%s: %s", r.Guarantee, r.Reason)
		require.True(t, r.Exercised, r.Guarantee)
	}
}

// BenchmarkCheckers judges a million operations: each guarantee for itself, then
// all in one pass. Replaying the packed history is part of it.
func BenchmarkCheckers(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		h := recorded(size)
		name := map[int]string{100_000: "100k/", 1_000_000: "1M/"}[size]
		for _, c := range allClaims() {
			b.Run(name+string(c.Guarantee), func(b *testing.B) { benchmark(b, h, []Claim{c}) })
		}
		b.Run(name+"all", func(b *testing.B) { benchmark(b, h, allClaims()) })
	}
}

func benchmark(b *testing.B, h *history.History, claims []Claim) {
	b.ReportAllocs()
	for range b.N {
		panel, err := NewPanel(claims)
		require.NoError(b, err)
		h.Replay(panel)
		requireClean(b, panel.Results())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(h.Operations()), "ns/operation")
}

// BenchmarkRecordMillion shows what keeping a million operations takes.
func BenchmarkRecordMillion(b *testing.B) {
	for range b.N {
		h := recorded(1_000_000)
		b.ReportMetric(float64(h.Bytes())/1e6, "MB-kept")
	}
}

// Ten times the operations must take about ten times the time and memory.
func TestCheckersAreLinear(t *testing.T) {
	measure := func(n int) (time.Duration, int64) {
		h := recorded(n)
		best := time.Duration(1 << 62)
		var bytes int64
		for range 3 {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			panel, err := NewPanel(allClaims())
			require.NoError(t, err)
			h.Replay(panel)
			requireClean(t, panel.Results())
			best = min(best, time.Since(start))
			runtime.ReadMemStats(&after)
			bytes = int64(after.TotalAlloc - before.TotalAlloc)
		}
		return best, bytes
	}
	small, smallBytes := measure(20_000)
	large, largeBytes := measure(200_000)
	t.Logf("20,000 operations: %v, %d bytes; 200,000: %v, %d bytes", small, smallBytes, large, largeBytes)
	// Time is noisy here, and quadratic would be a hundred.
	require.Less(t, large, 40*small)
	require.Less(t, largeBytes, 15*smallBytes)
}

// BenchmarkSaveAndLoad writes and reads the file of a hundred thousand operations.
func BenchmarkSaveAndLoad(b *testing.B) {
	h := recorded(100_000)
	var file bytes.Buffer
	require.NoError(b, h.Save(&file))
	b.Run("save", func(b *testing.B) {
		for range b.N {
			file.Reset()
			require.NoError(b, h.Save(&file))
		}
		b.ReportMetric(float64(file.Len()), "bytes")
	})
	b.Run("load", func(b *testing.B) {
		for range b.N {
			_, err := history.Load(bytes.NewReader(file.Bytes()))
			require.NoError(b, err)
		}
	})
}
