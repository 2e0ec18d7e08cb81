package checkers

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

var pipelineHistories = flag.Int("pipeline-histories", 1_500, "how many random pipelines to judge")

// The clients of a random pipeline. Partitions 0 and 1 are orders, 2 and 3 invoices.
const (
	webClient history.ClientID = iota
	bookClient
	firstMember
	secondMember
	observerClient
	finalClient
)

// plant is an anomaly that a random pipeline is given.
type plant int

const (
	nothingPlanted plant = iota
	plantAbortedRead
	plantIntermediateRead
	plantTornTransaction
	plantLateCommit // an aborted transaction's records are committed in the end
	plantSkippedInput
	plantRepeatedInput
	plantZombie
	plantLostOutput
	plantRegress
	plants
)

// pipelineWorld is a small cluster with transactions as plain lists: two input
// and two output partitions, two processors of one group whose partitions change
// hands, and an observer of committed records.
type pipelineWorld struct {
	random     *rand.Rand
	now        history.Time
	logs       [4][]entry
	sends      [6]uint32
	numbers    [6]uint32
	produces   []history.Produce
	txns       []*plannedTransaction
	derived    []history.Derived
	commits    []history.Commit
	processes  []history.Process
	owned      []history.Ownership
	reads      []history.Read
	stables    []history.Stable
	generation int32
	owner      [2]history.ClientID
	former     [2]history.ClientID
	committed  [2]int64
	position   [4]int64             // the observer's
	seeks      map[int]history.Move // behind a read
	plant      plant
	planted    bool
}

// entry is one offset of a log: a record, or the marker of a transaction.
type entry struct {
	record history.RecordID
	in     *plannedTransaction // nil outside of one
}

// plannedTransaction is a transaction with what really became of it.
type plannedTransaction struct {
	history.Transaction
	done, commits bool
	wrote         []int
}

func newPipelineWorld(random *rand.Rand, p plant) *pipelineWorld {
	w := &pipelineWorld{random: random, plant: p, seeks: map[int]history.Move{}}
	w.rebalance()
	var open *plannedTransaction
	for range 20 + random.IntN(40) {
		switch kind := random.IntN(10); {
		case kind < 2:
			w.send(webClient, random.IntN(2), nil)
		case kind < 4: // a producer whose transactions interleave with the rest
			if open == nil {
				open = w.begin(bookClient)
			}
			w.send(bookClient, random.IntN(2), open)
			if random.IntN(3) == 0 {
				w.end(open, random.IntN(6))
				open = nil
			}
		case kind < 7:
			w.process(random.IntN(2), random.IntN(6))
		case kind < 8:
			w.rebalance()
		case kind < 9:
			w.zombie(random.IntN(2), false)
		default:
			w.observe(2 + random.IntN(2))
		}
		if random.IntN(4) == 0 {
			w.look(random.IntN(4))
		}
	}
	if open != nil {
		w.end(open, 5) // it dies: aborted by time
	}
	for p := range 2 { // the drain
		w.send(webClient, p, nil)
		for w.process(p, 0) {
		}
	}
	w.breakIt()
	return w
}

func (w *pipelineWorld) tick() history.Time {
	w.now += history.Time(1 + w.random.IntN(3))
	return w.now
}

// lastStable is the first offset of an open transaction, else the log's end.
func (w *pipelineWorld) lastStable(p int) int64 {
	i := slices.IndexFunc(w.logs[p], func(e entry) bool { return e.in != nil && !e.in.done })
	if i < 0 {
		return int64(len(w.logs[p]))
	}
	return int64(i)
}

func (e entry) readable() bool { return e.record != 0 && (e.in == nil || e.in.done && e.in.commits) }

func (w *pipelineWorld) send(c history.ClientID, p int, in *plannedTransaction) history.Seen {
	w.sends[c]++
	r := history.NewRecordID(c, w.sends[c])
	offset := int64(len(w.logs[p]))
	call := w.tick()
	w.produces = append(w.produces, history.Produce{Record: r, Partition: history.PartitionID(p), Key: 1, Call: call, Return: w.tick(), Attempts: 1, Offset: offset})
	w.logs[p] = append(w.logs[p], entry{r, in})
	if in != nil {
		if in.FirstSend == 0 {
			in.FirstSend = r.Send()
		}
		in.LastSend = r.Send()
		if !slices.Contains(in.wrote, p) {
			in.wrote = append(in.wrote, p)
		}
	}
	return history.Seen{Offset: offset, Record: r}
}

func (w *pipelineWorld) begin(c history.ClientID) *plannedTransaction {
	w.numbers[c]++
	in := &plannedTransaction{Transaction: history.Transaction{Client: c, Number: w.numbers[c], Begin: w.tick(), End: history.Infinity,
		Return: history.Infinity, Outcome: history.Indeterminate}}
	w.txns = append(w.txns, in)
	return in
}

// end ends a transaction: 0 to 2 commit, 3 abort, 4 a commit of unknown outcome, 5 the producer dies.
func (w *pipelineWorld) end(in *plannedTransaction, how int) {
	if how < 5 {
		in.Commit, in.End = how != 3, w.tick()
	}
	if how < 4 {
		in.Outcome, in.Return = history.OK, w.tick()
	}
	in.done, in.commits = true, how < 3 || how == 4 && w.random.IntN(2) == 0
	for _, p := range in.wrote {
		w.logs[p] = append(w.logs[p], entry{in: in})
	}
}

// rebalance deals the partitions out anew.
func (w *pipelineWorld) rebalance() {
	w.generation++
	for p := range w.owner {
		if w.random.IntN(2) == 0 || w.generation == 1 {
			w.former[p] = w.owner[p]
			w.owner[p] = firstMember + history.ClientID(w.random.IntN(2))
		}
		w.owned = append(w.owned, history.Ownership{Client: w.owner[p], Partition: history.PartitionID(p), Generation: w.generation, At: w.tick()})
	}
}

// input is what an owner gets to process: readable records from an offset on.
func (w *pipelineWorld) input(p int, from int64) (batch []history.Seen, next int64) {
	for next = from; next < w.lastStable(p) && len(batch) < 4; next++ {
		if e := w.logs[p][next]; e.readable() {
			batch = append(batch, history.Seen{Offset: next, Record: e.record})
		}
	}
	return batch, next
}

// process is one transaction of a partition's owner; false if there is nothing to do.
func (w *pipelineWorld) process(p, how int) bool {
	batch, next := w.input(p, w.committed[p])
	if len(batch) == 0 {
		return false
	}
	in := w.transact(w.owner[p], p, batch)
	w.commit(w.owner[p], p, next, w.generation, in, true)
	w.end(in, how)
	if !in.commits {
		return true
	}
	before := w.committed[p]
	w.committed[p] = next
	if w.plant == plantRepeatedInput && !w.planted {
		w.planted = true
		again := w.transact(w.owner[p], p, batch[:1])
		w.end(again, 0)
	}
	if w.plant == plantZombie && !w.planted && w.former[p] != 0 && w.former[p] != w.owner[p] {
		w.planted = true
		w.committed[p] = before
		w.zombie(p, true)
		w.committed[p] = next
	}
	return true
}

// transact produces outputs in a new transaction.
func (w *pipelineWorld) transact(c history.ClientID, p int, batch []history.Seen) *plannedTransaction {
	in := w.begin(c)
	call := w.tick()
	for i, r := range batch {
		if w.plant == plantSkippedInput && !w.planted && i > 0 && c == w.owner[p] {
			w.planted = true // whether its transaction commits is seen to below
			w.plant = plantSkippedInput
			in.Error = 1
			continue
		}
		output := w.send(c, 2+w.random.IntN(2), in)
		w.derived = append(w.derived, history.Derived{Record: output.Record, Partition: history.PartitionID(p), Offset: r.Offset})
	}
	w.processes = append(w.processes, history.Process{Client: c, Partition: history.PartitionID(p), Call: call, Return: w.tick(), Records: batch})
	return in
}

func (w *pipelineWorld) commit(c history.ClientID, p int, next int64, generation int32, in *plannedTransaction, accepted bool) {
	op := history.Commit{Client: c, Partition: history.PartitionID(p), Generation: generation, Call: w.tick(), Return: history.Infinity,
		Outcome: history.Indeterminate, Offset: next, Transaction: in.Number}
	if accepted {
		op.Outcome, op.Return = history.OK, w.tick()
	}
	w.commits = append(w.commits, op)
}

// zombie lets the former owner work on: it is fenced, or it should be.
func (w *pipelineWorld) zombie(p int, succeeds bool) {
	c := w.former[p]
	if c == 0 || c == w.owner[p] {
		return
	}
	batch, next := w.input(p, w.committed[p])
	if len(batch) == 0 {
		return
	}
	generation := int32(0)
	for _, op := range w.owned {
		if op.Client == c && int(op.Partition) == p {
			generation = op.Generation
		}
	}
	in := w.transact(c, p, batch)
	w.commit(c, p, next, generation, in, succeeds)
	if succeeds {
		w.end(in, 0)
	} else {
		w.end(in, 3)
	}
}

// observe is a fetch of committed records.
func (w *pipelineWorld) observe(p int) {
	end := w.lastStable(p)
	if end == w.position[p] {
		return
	}
	call := w.tick()
	w.reads = append(w.reads, w.fetch(observerClient, p, w.position[p], end, call, w.tick()))
	if w.random.IntN(3) > 0 {
		w.position[p] = end
	} else { // it reads the same again, as after a restart
		w.seeks[len(w.reads)-1] = history.Move{Client: observerClient, Partition: history.PartitionID(p), At: w.now, From: end, To: w.position[p], Reason: history.Seek}
	}
}

func (w *pipelineWorld) fetch(c history.ClientID, p int, from, next int64, call, ret history.Time) history.Read {
	op := history.Read{Client: c, Partition: history.PartitionID(p), Call: call, Return: ret, From: from, Next: next,
		HighWatermark: int64(len(w.logs[p])), Committed: true}
	for o := from; o < next; o++ {
		if w.logs[p][o].readable() {
			op.Records = append(op.Records, history.Seen{Offset: o, Record: w.logs[p][o].record})
		}
	}
	return op
}

func (w *pipelineWorld) look(p int) {
	w.stables = append(w.stables, history.Stable{Partition: history.PartitionID(p), At: w.tick(), LastStableOffset: w.lastStable(p),
		HighWatermark: int64(len(w.logs[p]))})
}

// find lists the places of the output logs (or all) that fit.
func (w *pipelineWorld) find(from int, fits func(e entry) bool) (places [][2]int) {
	for p := from; p < len(w.logs); p++ {
		for o, e := range w.logs[p] {
			if e.record != 0 && fits(e) {
				places = append(places, [2]int{p, o})
			}
		}
	}
	return places
}

// breakIt plants what is planted in a history that is over.
func (w *pipelineWorld) breakIt() {
	pick := func(fits func(e entry) bool) (p, o int) {
		places := w.find(2, fits)
		w.planted = len(places) > 0
		if !w.planted {
			return 0, 0
		}
		at := places[w.random.IntN(len(places))]
		return at[0], at[1]
	}
	told := func(e entry) bool { return e.in != nil && e.in.commits && e.in.Outcome == history.OK }
	one := func(p, o int, ret history.Time) {
		if w.planted {
			w.reads = append(w.reads, history.Read{Client: observerClient, Partition: history.PartitionID(p), Call: ret - 1, Return: ret, From: int64(o),
				Next: int64(o + 1), Committed: true, Records: []history.Seen{{Offset: int64(o), Record: w.logs[p][o].record}}})
		}
	}
	switch w.plant {
	case plantAbortedRead:
		p, o := pick(func(e entry) bool { return e.in != nil && !e.in.commits })
		one(p, o, w.now)
	case plantIntermediateRead:
		if p, o := pick(told); w.planted {
			one(p, o, w.logs[p][o].in.End-1)
		}
	case plantTornTransaction:
		if p, o := pick(told); w.planted {
			w.logs[p][o].in = &plannedTransaction{done: true}
		}
	case plantLateCommit:
		if p, o := pick(func(e entry) bool {
			return e.in != nil && !e.in.commits && (!e.in.Commit || e.in.End == history.Infinity)
		}); w.planted {
			w.logs[p][o].in = nil
		}
	case plantLostOutput:
		if p, o := pick(told); w.planted {
			w.logs[p][o] = entry{in: w.logs[p][o].in}
		}
	case plantRegress:
		w.planted = true
		w.now += 10
		w.stables = append(w.stables, history.Stable{At: w.now, LastStableOffset: 5, HighWatermark: 1000},
			history.Stable{At: w.now + 1, LastStableOffset: 4, HighWatermark: 1000})
	case plantSkippedInput:
		w.planted = slices.ContainsFunc(w.txns, func(in *plannedTransaction) bool { return in.Error == 1 && in.commits })
	}
}

func (w *pipelineWorld) history() *history.History {
	h := history.New()
	for id, name := range []string{"web", "book", "enrich-0", "enrich-1", "observer", "final"} {
		h.Client(history.ClientID(id), name, 1)
	}
	for p := range w.logs {
		h.Partition(history.PartitionID(p), []string{"orders", "invoices"}[p/2], int32(p%2))
	}
	h.Group(0, "enrich")
	for i, op := range w.reads {
		h.Read(op)
		if seek, found := w.seeks[i]; found {
			h.Move(seek)
		}
	}
	for _, in := range w.txns {
		op := in.Transaction
		op.Error = 0
		h.Transaction(op)
	}
	for _, op := range w.processes {
		h.Process(op)
	}
	for _, op := range w.commits {
		h.Commit(op)
	}
	for _, op := range w.derived {
		h.Derived(op)
	}
	for _, op := range w.owned {
		h.Ownership(op)
	}
	for _, op := range w.produces {
		h.Produce(op)
	}
	for _, op := range w.stables {
		h.Stable(op)
	}
	end := w.now + 10
	for p, log := range w.logs {
		for _, committed := range []bool{false, true} {
			op := w.fetch(finalClient, p, 0, int64(len(log)), end, end+1)
			op.Final, op.Committed = true, committed
			if !committed {
				op.Records = nil
				for o, e := range log {
					if e.record != 0 {
						op.Records = append(op.Records, history.Seen{Offset: int64(o), Record: e.record})
					}
				}
			}
			h.Read(op)
			h.Cover(history.Cover{Partition: op.Partition, Call: end, Return: end + 1, End: int64(len(log)), Complete: true, Committed: committed})
		}
		if p < 2 {
			h.GroupEnd(history.GroupEnd{Partition: history.PartitionID(p), At: end, Known: true, Offset: w.committed[p]})
		}
	}
	return h
}

// randomClaims are all claims, with the path of a random pipeline.
func randomClaims() []Claim {
	claims := pipelineClaims()
	for i := range claims {
		claims[i].Path.Via = []string{"enrich-0", "enrich-1"}
	}
	return claims
}

// judgedBy gives the results of the claims about a pipeline, by guarantee.
func judgedBy(t *testing.T, h *history.History) map[Guarantee]Result {
	panel, err := NewPanel(randomClaims())
	require.NoError(t, err)
	h.Replay(panel)
	results := map[Guarantee]Result{}
	for _, r := range panel.Results() {
		results[r.Guarantee] = r
	}
	return results
}

func found(r Result, names ...Anomaly) int64 {
	total := int64(0)
	for _, a := range r.Anomalies {
		if len(names) == 0 || slices.Contains(names, a.Name) {
			total += a.Count
		}
	}
	return total
}

// A correct pipeline, with aborts, unknown commits, deaths and fenced zombies, is
// accepted by every guarantee that it keeps.
func TestRandomPipelinesAreAccepted(t *testing.T) {
	decided := map[Guarantee]int{}
	for seed := range *pipelineHistories {
		w := newPipelineWorld(rand.New(rand.NewPCG(uint64(seed), 1)), nothingPlanted)
		for g, r := range judgedBy(t, w.history()) {
			if g == AtMostOnce || g == Recovers || g == KeyOrder {
				continue // what was aborted is processed again; there are no borders here
			}
			require.NotEqual(t, Violated, r.Verdict, "seed %d: %s: %s", seed, g, r.Reason)
			if r.Verdict == Holds && r.Exercised {
				decided[g]++
			}
		}
	}
	for _, g := range []Guarantee{ExactlyOnce, NoAbortedReads, AtomicTransactions, GroupExclusive, NoSkips, NoLoss, LinearizableLog, AtLeastOnce, CommitSafety} {
		require.Greater(t, decided[g], *pipelineHistories*7/10, g)
	}
}

// Every anomaly that is planted is found under its name, by the guarantees that
// are about it.
func TestPlantedAnomaliesAreFound(t *testing.T) {
	type by struct {
		guarantee Guarantee
		anomalies []Anomaly
	}
	expected := map[plant][]by{
		plantAbortedRead:      {{NoAbortedReads, []Anomaly{AbortedRead}}},
		plantIntermediateRead: {{NoAbortedReads, []Anomaly{IntermediateRead}}, {AtomicTransactions, []Anomaly{IntermediateRead}}},
		plantTornTransaction:  {{AtomicTransactions, []Anomaly{TornTransaction}}},
		plantLateCommit:       {{AtomicTransactions, []Anomaly{TornTransaction}}},
		plantSkippedInput:     {{ExactlyOnce, []Anomaly{Unseen}}},
		plantRepeatedInput:    {{ExactlyOnce, []Anomaly{Duplicate}}},
		plantZombie:           {{ExactlyOnce, []Anomaly{ZombieCommit}}, {GroupExclusive, []Anomaly{ZombieCommit}}},
		plantLostOutput:       {{AtomicTransactions, []Anomaly{LostWrite, TornTransaction}}, {NoLoss, []Anomaly{LostWrite}}},
		plantRegress:          {{AtomicTransactions, []Anomaly{NonMonotonicStable}}},
	}
	for kind := plant(1); kind < plants; kind++ {
		planted := 0
		for seed := range *pipelineHistories / 5 {
			w := newPipelineWorld(rand.New(rand.NewPCG(uint64(seed), 2)), kind)
			if !w.planted {
				continue
			}
			planted++
			results := judgedBy(t, w.history())
			for _, e := range expected[kind] {
				require.Positive(t, found(results[e.guarantee], e.anomalies...), "plant %d, seed %d: %s: %s", kind, seed, e.guarantee, results[e.guarantee].Reason)
			}
		}
		require.Greater(t, planted, *pipelineHistories/20, "plant %d", kind)
	}
}

// shake breaks a history in random places, so that nobody knows what is wrong with it.
func (w *pipelineWorld) shake() {
	for range w.random.IntN(6) {
		p := w.random.IntN(4)
		switch w.random.IntN(9) {
		case 0: // another fate at one offset
			if len(w.logs[p]) > 0 {
				w.logs[p][w.random.IntN(len(w.logs[p]))].in = &plannedTransaction{done: true, commits: w.random.IntN(2) == 0}
			}
		case 1: // something is gone
			if len(w.logs[p]) > 0 {
				w.logs[p][w.random.IntN(len(w.logs[p]))].record = 0
			}
		case 2: // something is there twice
			if len(w.logs[p]) > 0 {
				w.logs[p] = append(w.logs[p], w.logs[p][w.random.IntN(len(w.logs[p]))])
			}
		case 3: // another source
			if len(w.derived) > 0 {
				w.derived[w.random.IntN(len(w.derived))].Offset += int64(w.random.IntN(3)) * 1
			}
		case 4: // another end
			in := w.txns[w.random.IntN(max(1, len(w.txns)))%len(w.txns)]
			in.Outcome, in.Commit = history.Outcome(w.random.IntN(3)), w.random.IntN(2) == 0
		case 5: // later than it was
			in := w.txns[w.random.IntN(len(w.txns))]
			if in.End != history.Infinity {
				in.End += history.Time(w.random.IntN(40))
				in.Return = history.Infinity
				in.Outcome = history.Indeterminate
			}
		case 6:
			if len(w.commits) > 0 {
				op := &w.commits[w.random.IntN(len(w.commits))]
				op.Generation += int32(w.random.IntN(3) - 1)
				op.Client = firstMember + history.ClientID(w.random.IntN(2))
			}
		case 7:
			w.committed[p%2] = max(0, w.committed[p%2]-int64(w.random.IntN(3)))
		case 8: // taken over in the same generation
			if len(w.owned) > 0 {
				op := w.owned[w.random.IntN(len(w.owned))]
				op.Client = firstMember + firstMember + 1 - op.Client
				op.At = history.Time(w.random.IntN(int(w.tick())))
				w.owned = append(w.owned, op)
				sortBy(w.owned, func(op history.Ownership) int64 { return int64(op.At) })
			}
		}
	}
}

// naive judges a random pipeline by the definitions, in quadratic time.
type naive struct{ *pipelineWorld }

func (n naive) of(r history.RecordID) *plannedTransaction {
	for _, in := range n.txns {
		if r.Client() == in.Client && in.FirstSend > 0 && in.FirstSend <= r.Send() && r.Send() <= in.LastSend {
			return in
		}
	}
	return nil
}

// inLogs says whether the final logs have a record, and whether readers of
// committed ones get it.
func (n naive) inLogs(r history.RecordID) (there, readable bool) {
	for _, log := range n.logs {
		for _, e := range log {
			there = there || e.record == r
			readable = readable || e.record == r && e.readable()
		}
	}
	return there, readable
}

func (n naive) fate(in *plannedTransaction) fate {
	if !in.Commit || in.End == history.Infinity || in.Outcome == history.Failed {
		return aborted
	}
	if in.Outcome == history.OK {
		return committed
	}
	answer := undecided
	for _, s := range n.produces {
		if n.of(s.Record) != in {
			continue
		}
		there, readable := n.inLogs(s.Record)
		if readable {
			return committed
		}
		if there {
			answer = aborted
		}
	}
	return answer
}

// readings counts what readers were handed of aborted transactions and of open ones.
func (n naive) readings() (fromAborted, fromOpen int64) {
	seen := map[[3]int64]bool{}
	for i, op := range n.reads {
		for _, r := range op.Records {
			in := n.of(r.Record)
			if in == nil {
				continue
			}
			key := [3]int64{int64(i), int64(op.Partition), r.Offset}
			if n.fate(in) == aborted {
				fromAborted++
			} else if op.Return < in.End && !seen[key] {
				fromOpen++
			}
		}
	}
	return fromAborted, fromOpen
}

// tornOrLost counts transactions that did not take effect as a whole.
func (n naive) tornOrLost() (count int64) {
	for _, in := range n.txns {
		for _, s := range n.produces {
			if n.of(s.Record) != in {
				continue
			}
			_, readable := n.inLogs(s.Record)
			if f := n.fate(in); f == aborted && readable || f == committed && !readable {
				count++
				break
			}
		}
	}
	return count
}

// effects counts inputs without an effect, and with more than one.
func (n naive) effects() (none, more int64, unknown bool) {
	type where struct {
		partition history.PartitionID
		offset    int64
		record    history.RecordID
	}
	seen := map[where]bool{}
	for p := 2; p < 4; p++ {
		for o, e := range n.logs[p] {
			if e.readable() {
				seen[where{history.PartitionID(p), int64(o), e.record}] = true
			}
		}
	}
	for _, op := range n.reads {
		for _, r := range op.Records {
			seen[where{op.Partition, r.Offset, r.Record}] = true
		}
	}
	for p := range 2 {
		for o, e := range n.logs[p] {
			if e.record == 0 || int64(o) >= n.committed[p] {
				continue
			}
			if in := n.of(e.record); in != nil && n.fate(in) != committed {
				continue
			}
			count, maybe := 0, false
			for _, d := range n.derived {
				if int(d.Partition) != p || d.Offset != int64(o) {
					continue
				}
				for at := range seen {
					if at.record == d.Record {
						count++
					}
				}
				in := n.of(d.Record)
				maybe = maybe || in != nil && n.fate(in) == undecided
			}
			switch {
			case count == 0 && maybe:
				unknown = true
			case count == 0:
				none++
			case count > 1:
				more++
			}
		}
	}
	return none, more, unknown
}

// zombies counts commits and outputs that took effect after another had come to
// own their partition.
func (n naive) zombies() (count int64) {
	for _, op := range n.commits {
		if !n.accepted(op) {
			continue
		}
		own, known := n.ownedLast(op.Client, op.Partition, op.Call)
		if !known {
			own.At = history.Infinity
			for _, first := range n.commits {
				if first.Client == op.Client && first.Partition == op.Partition && first.Generation == op.Generation && n.accepted(first) {
					own.At = min(own.At, first.Return)
				}
			}
		}
		if n.replaced(op.Client, op.Partition, op.Generation, own.At, op.Call) {
			count++
		}
	}
	for _, d := range n.derived {
		if in := n.of(d.Record); in == nil || n.fate(in) != committed {
			continue
		}
		i := slices.IndexFunc(n.produces, func(s history.Produce) bool { return s.Record == d.Record })
		call, client := n.produces[i].Call, d.Record.Client()
		if own, known := n.ownedLast(client, d.Partition, call); known && n.replaced(client, d.Partition, own.Generation, own.At, call) {
			count++
		}
	}
	return count
}

// replaced says whether another had taken the place of a partition's owner since
// a time: it owned it in a later generation, or its commit was accepted in the same one.
func (n naive) replaced(client history.ClientID, partition history.PartitionID, generation int32, since, by history.Time) bool {
	return slices.ContainsFunc(n.owned, func(o history.Ownership) bool {
		return o.Client != client && o.Partition == partition && o.At < by && o.Generation > generation
	}) || slices.ContainsFunc(n.commits, func(o history.Commit) bool {
		return o.Client != client && o.Partition == partition && o.Generation == generation && n.accepted(o) && o.Call > since && o.Return < by
	})
}

// accepted says whether an offset was committed, in a transaction.
func (n naive) accepted(op history.Commit) bool {
	i := slices.IndexFunc(n.txns, func(in *plannedTransaction) bool { return in.Client == op.Client && in.Number == op.Transaction })
	return op.Generation >= 0 && op.Outcome == history.OK && i >= 0 && n.fate(n.txns[i]) == committed
}

// ownedLast is when and in which generation a client had last come to own a partition.
func (n naive) ownedLast(client history.ClientID, partition history.PartitionID, by history.Time) (own history.Ownership, known bool) {
	for _, o := range n.owned {
		if o.Client == client && o.Partition == partition && o.At <= by {
			own, known = o, true
		}
	}
	return own, known
}

// On histories broken at random the checkers count what the definitions count.
func TestPipelinesAgreeWithNaiveModels(t *testing.T) {
	exercised := map[string]int{}
	for seed := range *pipelineHistories {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		w := newPipelineWorld(random, plant(random.IntN(int(plants))))
		w.shake()
		results, n := judgedBy(t, w.history()), naive{w}
		note := func(what string, count int64) int64 {
			if count > 0 {
				exercised[what]++
			}
			return count
		}
		fromAborted, fromOpen := n.readings()
		require.Equal(t, note("aborted", fromAborted), found(results[NoAbortedReads], AbortedRead), "seed %d", seed)
		require.Equal(t, note("open", fromOpen), found(results[NoAbortedReads], IntermediateRead), "seed %d", seed)
		require.Equal(t, note("torn", n.tornOrLost()), found(results[AtomicTransactions], TornTransaction, LostWrite), "seed %d", seed)
		none, more, unknown := n.effects()
		r := results[ExactlyOnce]
		require.Equal(t, note("none", none), found(r, Unseen, LostWrite, TornTransaction), "seed %d", seed)
		require.Equal(t, note("more", more), found(r, Duplicate, ZombieCommit), "seed %d", seed)
		require.True(t, !unknown || r.Undecided > 0, "seed %d", seed)
		require.Equal(t, note("zombies", n.zombies()), found(results[GroupExclusive]), "seed %d", seed)
	}
	t.Log(exercised)
	for _, what := range []string{"aborted", "open", "torn", "none", "more", "zombies"} {
		require.Greater(t, exercised[what], *pipelineHistories/40, what)
	}
}

// The strongly connected components are those of the definition: there is a way
// from each of their members to each other.
func TestCirclesAgreeWithReachability(t *testing.T) {
	circular := 0
	for seed := range 2_000 {
		random := rand.New(rand.NewPCG(uint64(seed), 4))
		n := 1 + random.IntN(9)
		g := &flow{nodes: make([]*transaction, n), first: make([]int32, n+1)}
		var reach [9][9]bool
		for range random.IntN(2 * n) {
			if from, to := random.IntN(n), random.IntN(n); from != to {
				g.edges = append(g.edges, flowEdge{from: int32(from), to: int32(to)})
				reach[from][to] = true
			}
		}
		sortBy(g.edges, func(e flowEdge) int64 { return int64(e.from) })
		for _, e := range g.edges {
			g.first[e.from+1]++
		}
		for i := range n {
			g.first[i+1] += g.first[i]
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		var want [][]int32
		for i := range n {
			component := []int32{int32(i)}
			for j := range n {
				if j != i && reach[i][j] && reach[j][i] {
					component = append(component, int32(j))
				}
			}
			if len(component) > 1 && slices.Min(component) == int32(i) {
				want = append(want, component)
			}
		}
		got := g.circles()
		require.Equal(t, want, got, "seed %d", seed)
		for _, component := range got {
			circular++
			way := g.shortest(component)
			require.GreaterOrEqual(t, len(way), 2)
			for i, e := range way {
				require.Equal(t, e.to, way[(i+1)%len(way)].from)
				require.Contains(t, component, e.from)
			}
		}
	}
	require.Greater(t, circular, 300)
}
