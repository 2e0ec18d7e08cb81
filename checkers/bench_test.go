package checkers

import (
	"bytes"
	"runtime"
	"slices"
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

// loadPipeline records a clean pipeline: a producer's orders, which a processor
// with membership makes into invoices in transactions of ten, every tenth of
// which it aborts and does again; a consumer of committed records observes. Of n
// operations about three in four are sends.
func loadPipeline(sink history.Sink, n int) {
	const web, processor, observer, final, partitions = 0, 1, 2, 3, 3
	for id, name := range []string{"web", "enrich", "observer", "final"} {
		sink.Client(history.ClientID(id), name, 1)
	}
	for i := range partitions {
		sink.Partition(history.PartitionID(i), "orders", int32(i))
		sink.Partition(history.PartitionID(partitions+i), "invoices", int32(i))
	}
	sink.Group(0, "enrich")
	var all, stable [2 * partitions][]history.Seen
	var ends [2 * partitions]int64
	now, sends := history.Time(0), [2]uint32{}
	produce := func(client history.ClientID, p history.PartitionID) history.Seen {
		sends[client]++
		now += 100_000
		seen := history.Seen{Offset: ends[p], Record: history.NewRecordID(client, sends[client])}
		sink.Produce(history.Produce{Record: seen.Record, Partition: p, Key: uint64(1 + sends[client]%1009), Call: now, Return: now + 50_000, Attempts: 1, Offset: seen.Offset})
		all[p] = append(all[p], seen)
		ends[p]++
		return seen
	}
	for p := range partitions {
		sink.Ownership(history.Ownership{Client: processor, Partition: history.PartitionID(p), Generation: 1})
	}
	number := uint32(0)
	transact := func(p history.PartitionID, batch []history.Seen, commit bool) {
		number++
		to := p + partitions
		op := history.Transaction{Client: processor, Number: number, FirstSend: sends[processor] + 1, Begin: now, Commit: commit}
		from := ends[to]
		for _, input := range batch {
			output := produce(processor, to)
			sink.Derived(history.Derived{Record: output.Record, Partition: p, Offset: input.Offset})
			if commit {
				stable[to] = append(stable[to], output)
			}
		}
		op.LastSend = sends[processor]
		next := batch[len(batch)-1].Offset + 1
		if commit {
			sink.Process(history.Process{Client: processor, Partition: p, Call: now, Return: now + 1, Records: batch})
		}
		sink.Commit(history.Commit{Client: processor, Partition: p, Generation: 1, Call: now + 100, Return: now + 200, Offset: next, Transaction: number})
		op.End, op.Return = now+300, now+400
		sink.Transaction(op)
		ends[to]++ // the marker
		now += 1_000
		read := history.Read{Client: observer, Partition: to, Call: now, Return: now + 100, From: from, Next: ends[to], HighWatermark: ends[to], Committed: true}
		if commit {
			read.Records = stable[to][len(stable[to])-len(batch):]
		}
		sink.Read(read)
	}
	for round := 0; 20*round < n*75/100; round++ {
		p := history.PartitionID(round % partitions)
		var batch []history.Seen
		for range 10 {
			batch = append(batch, produce(web, p))
		}
		stable[p] = all[p]
		sink.Read(history.Read{Client: processor, Partition: p, Call: now, Return: now + 100, From: batch[0].Offset, Next: ends[p],
			HighWatermark: ends[p], Records: batch, Committed: true})
		if round%10 == 9 {
			transact(p, batch, false)
		}
		transact(p, batch, true)
	}
	sink.Border(history.Border{Phase: history.FaultsEnd, At: now / 2})
	now += 10_000_000_000
	sink.Border(history.Border{Phase: history.DrainEnds, At: now})
	for i := range 2 * partitions {
		p := history.PartitionID(i)
		sink.Stable(history.Stable{Partition: p, At: now, LastStableOffset: ends[p], HighWatermark: ends[p]})
		if i < partitions {
			sink.GroupEnd(history.GroupEnd{Partition: p, At: now, Known: true, Offset: ends[p]})
		}
		for _, committed := range []bool{false, true} {
			log := all[p]
			if committed {
				log = stable[p]
			}
			at := int64(0)
			for from := 0; from < len(log); from += 100 {
				to := min(from+100, len(log))
				next := ends[p]
				if to < len(log) {
					next = log[to].Offset
				}
				sink.Read(history.Read{Client: final, Partition: p, Call: now, Return: now, From: at, Next: next, HighWatermark: ends[p],
					Records: log[from:to], Final: true, Committed: committed})
				at = next
			}
			sink.Cover(history.Cover{Partition: p, Call: now, Return: now, End: ends[p], Complete: true, Committed: committed})
		}
		sink.Replica(history.Replica{At: now, Broker: "broker-1", Partition: p, Leader: true, Whole: true, HighWatermark: ends[p],
			Batches: []history.Batch{{Base: 0, Last: ends[p] - 1, Hash: 1}}})
	}
}

func recordedPipeline(n int) *history.History {
	h := history.New()
	loadPipeline(h, n)
	return h
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

// plainClaims are those that a run without transactions and membership exercises.
func plainClaims() []Claim {
	return slices.DeleteFunc(allClaims(), func(c Claim) bool {
		return slices.Contains([]Guarantee{ExactlyOnce, NoAbortedReads, AtomicTransactions, GroupExclusive}, c.Guarantee)
	})
}

// pipelineClaims has the pipeline's path for exactly-once, and a bound for hung transactions.
func pipelineClaims() []Claim {
	claims := allClaims()
	for i := range claims {
		claims[i].Path = Path{From: "orders", Via: []string{"enrich"}, Group: "enrich", To: "invoices", Observer: []string{"observer"}}
		claims[i].Quiet = 1
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
		for _, c := range plainClaims() {
			b.Run(name+string(c.Guarantee), func(b *testing.B) { benchmark(b, h, []Claim{c}) })
		}
		b.Run(name+"all", func(b *testing.B) { benchmark(b, h, plainClaims()) })
	}
}

// BenchmarkPipeline judges a transactional pipeline of a million operations.
func BenchmarkPipeline(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		h := recordedPipeline(size)
		name := map[int]string{100_000: "100k/", 1_000_000: "1M/"}[size]
		for _, c := range pipelineClaims() {
			b.Run(name+string(c.Guarantee), func(b *testing.B) { benchmark(b, h, []Claim{c}) })
		}
		b.Run(name+"all", func(b *testing.B) { benchmark(b, h, pipelineClaims()) })
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
	t.Run("logs", func(t *testing.T) { requireLinear(t, recorded, plainClaims()) })
	t.Run("pipeline", func(t *testing.T) { requireLinear(t, recordedPipeline, pipelineClaims()) })
}

func requireLinear(t *testing.T, record func(n int) *history.History, claims []Claim) {
	measure := func(n int) (time.Duration, int64) {
		h := record(n)
		best := time.Duration(1 << 62)
		var bytes int64
		for range 3 {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			panel, err := NewPanel(claims)
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

// loadCircle records committed transactions of one record each, that a processor
// made of the record of the one before; the first of them of that of the last.
func loadCircle(sink history.Sink, n int) {
	const processor, final = 0, 1
	sink.Client(processor, "enrich", 1)
	sink.Client(final, "final", 1)
	sink.Partition(0, "orders", 0)
	sink.Group(0, "enrich")
	var log []history.Seen
	for i := range n {
		record, at := history.NewRecordID(processor, uint32(i+1)), history.Time(10*i)
		log = append(log, history.Seen{Offset: int64(i), Record: record})
		sink.Produce(history.Produce{Record: record, Call: at, Return: at + 1, Attempts: 1, Offset: int64(i)})
		sink.Derived(history.Derived{Record: record, Offset: int64((i + n - 1) % n)})
		sink.Transaction(history.Transaction{Client: processor, Number: uint32(i + 1), FirstSend: uint32(i + 1), LastSend: uint32(i + 1), Begin: at, End: at + 2, Return: at + 3, Commit: true})
	}
	end := history.Time(10 * n)
	sink.Read(history.Read{Client: processor, Call: end, Return: end, Next: int64(n), HighWatermark: int64(n), Records: log, Committed: true})
	for _, committed := range []bool{false, true} {
		sink.Read(history.Read{Client: final, Call: end, Return: end, Next: int64(n), HighWatermark: int64(n), Records: log, Final: true, Committed: committed})
		sink.Cover(history.Cover{Call: end, Return: end, End: int64(n), Complete: true, Committed: committed})
	}
}

// A circle is found in linear time however long it is, and told in short.
func TestLongCirclesAreFoundInLinearTime(t *testing.T) {
	measure := func(n int) time.Duration {
		h := history.New()
		loadCircle(h, n)
		best := time.Duration(1 << 62)
		for range 5 {
			start := time.Now()
			r := judge(t, h, Claim{Guarantee: AtomicTransactions})
			best = min(best, time.Since(start))
			require.Equal(t, "circular information flow 1", counts(r))
			require.Less(t, len(r.Reason), 5_000)
		}
		return best
	}
	small, large := measure(4_000), measure(40_000)
	t.Logf("4,000 transactions: %v; 40,000: %v", small, large)
	require.Less(t, large, 40*small)
}

// BenchmarkCircle judges a circle of a million transactions.
func BenchmarkCircle(b *testing.B) {
	h := history.New()
	loadCircle(h, 1_000_000)
	b.ResetTimer()
	for range b.N {
		panel, err := NewPanel([]Claim{{Guarantee: AtomicTransactions}})
		require.NoError(b, err)
		h.Replay(panel)
		require.Equal(b, Violated, panel.Results()[0].Verdict)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/transaction")
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
