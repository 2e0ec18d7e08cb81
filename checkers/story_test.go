package checkers

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"assay/checkers/history"

	"github.com/stretchr/testify/require"
)

// story is a small history written for people, and what checkers must say of it.
// testdata/stories.txt explains the language.
type story struct {
	name    string
	history *history.History
	expect  []expectation
}

type expectation struct {
	claim     Claim
	verdict   string // "holds", "violated", "inconclusive" or "nothing" (holds, nothing exercised)
	anomalies string // "lost write 1, duplicate 2"
}

// teller turns lines into a history.
type teller struct {
	t          testing.TB
	line       string
	story      *story
	clients    map[string]history.ClientID
	partitions map[string]history.PartitionID
	groups     map[string]history.GroupID
}

func readStories(t testing.TB, path string) []*story {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var stories []*story
	var tell *teller
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "story" {
			tell = &teller{t: t, story: &story{name: strings.Join(fields[1:], " "), history: history.New()},
				clients: map[string]history.ClientID{}, partitions: map[string]history.PartitionID{}, groups: map[string]history.GroupID{}}
			stories = append(stories, tell.story)
			tell.partition("p0")
			continue
		}
		tell.line = fmt.Sprintf("%s:%d: %s", path, i+1, line)
		tell.tell(fields)
	}
	return stories
}

func (t *teller) tell(f []string) {
	h := t.story.history
	switch f[0] {
	case "send":
		t.send(f[1:])
	case "read", "final", "readc", "finalc":
		t.read(f)
	case "txn":
		t.transaction(f[1:])
	case "derived": // derived a1 g 0 [p1]
		op := history.Derived{Record: t.record(f[1]), Group: t.group(f[2]), Offset: t.number(f[3])}
		for _, more := range f[4:] {
			op.Partition = t.partition(more)
		}
		h.Derived(op)
	case "owned", "revoked", "lost": // owned c g 5 2 [p1]
		kind := map[string]history.OwnershipKind{"owned": history.Owned, "revoked": history.Revoked, "lost": history.Lost}[f[0]]
		op := history.Ownership{Client: t.client(f[1]), Group: t.group(f[2]), At: t.time(f[3]), Generation: int32(t.number(f[4])), Kind: kind}
		for _, more := range f[5:] {
			op.Partition = t.partition(more)
		}
		h.Ownership(op)
	case "stable": // stable 30 3 4 [p1]
		op := history.Stable{At: t.time(f[1]), LastStableOffset: t.number(f[2]), HighWatermark: t.number(f[3])}
		for _, more := range f[4:] {
			op.Partition = t.partition(more)
		}
		h.Stable(op)
	case "empty", "emptyc": // empty r 5-6 0 end 3
		call, ret := t.span(f[2])
		h.Read(history.Read{Client: t.client(f[1]), Call: call, Return: ret, From: t.number(f[3]), Next: t.number(f[3]),
			HighWatermark: t.number(f[5]), Committed: f[0] == "emptyc"})
	case "length": // length r 5-6 3
		call, ret := t.span(f[2])
		h.ListOffsets(history.ListOffsets{Client: t.client(f[1]), Call: call, Return: ret, End: t.number(f[3])})
	case "move": // move r 7 reset 0 3 [p1]
		reasons := map[string]history.MoveReason{"assigned": history.Assigned, "seek": history.Seek, "reset": history.Reset, "truncated": history.Truncated, "committed": history.Committed}
		reason, ok := reasons[f[3]]
		require.True(t.t, ok, t.line)
		op := history.Move{Client: t.client(f[1]), At: t.time(f[2]), From: t.number(f[4]), To: t.number(f[5]), Reason: reason}
		if len(f) > 6 {
			op.Partition = t.partition(f[6])
		}
		h.Move(op)
	case "cover", "coverc": // cover 0-3 [p1] [incomplete REASON]
		t.cover(f)
	case "process": // process c g 5-6 0: a1 a2, or 5-6 p1 0: a1
		op := t.records(f[3:], history.Read{Client: t.client(f[1])})
		h.Process(history.Process{Client: op.Client, Group: t.group(f[2]), Partition: op.Partition, Call: op.Call, Return: op.Return, Records: op.Records})
	case "commit": // commit c g 5-6 3 [failed | unknown] [p1]
		t.commit(f[1:])
	case "ended": // ended g 85 3 [p1]; "unknown" for the offset if nobody told, "none" if nothing is committed
		t.ended(f[1:])
	case "replica": // replica b1 10 leader,whole epoch 1 hw 4: 0-1/aa 2-3/bb
		t.replica(f)
	case "fault": // fault 1 kill broker-1 3-5
		start, end := t.span(f[4])
		h.Fault(history.Fault{ID: int(t.number(f[1])), Kind: f[2], Targets: []string{f[3]}, Start: start, End: end})
	case "faults-end":
		h.Border(history.Border{Phase: history.FaultsEnd, At: t.time(f[1])})
	case "drain-ends":
		h.Border(history.Border{Phase: history.DrainEnds, At: t.time(f[1])})
	case "leaderless": // leaderless 20 REASON
		h.Leaderless(history.Leaderless{At: t.time(f[1]), Reason: strings.Join(f[2:], " ")})
	case "expect":
		t.expect(f[1:])
	default:
		require.Fail(t.t, "unknown word", t.line)
	}
}

// send a1 1-2 ok@0 [x2] [p1]
func (t *teller) send(f []string) {
	op := history.Produce{Record: t.record(f[0]), Attempts: 1, Offset: history.NoOffset}
	op.Call, op.Return = t.span(f[1])
	if code, found := strings.CutPrefix(f[2], "failed="); found {
		op.Outcome, op.Error = history.Failed, int16(t.number(code))
		f[2] = ""
	}
	switch outcome, offset, _ := strings.Cut(f[2], "@"); outcome {
	case "":
	case "ok":
		if offset != "?" {
			op.Offset = t.number(offset)
		}
	case "failed":
		op.Outcome, op.Error = history.Failed, 10
	case "unknown":
		op.Outcome = history.Indeterminate
		require.Equal(t.t, history.Infinity, op.Return, t.line)
	default:
		require.Fail(t.t, "unknown outcome", t.line)
	}
	for _, more := range f[3:] {
		if key, found := strings.CutPrefix(more, "key="); found {
			op.Key = uint64(t.number(key))
		} else if attempts, found := strings.CutPrefix(more, "x"); found {
			op.Attempts = uint8(t.number(attempts))
		} else {
			op.Partition = t.partition(more)
		}
	}
	t.story.history.Produce(op)
}

// read r 5-6 0: a1 a2 - a3; final 10-11 0: a1 (the covering reader). "-" is an offset without a record.
func (t *teller) read(f []string) {
	op := history.Read{HighWatermark: history.NoOffset, Committed: strings.HasSuffix(f[0], "c")}
	name := "observer"
	if strings.HasPrefix(f[0], "final") {
		op.Final = true
		f = f[1:]
	} else {
		name = f[1]
		f = f[2:]
	}
	op.Client = t.client(name)
	t.story.history.Read(t.records(f, op))
}

// records adds the times, the partition and the records: 5-6 [p1] 0: a1 - a2, or
// 3=a1 for an offset out of order.
func (t *teller) records(f []string, op history.Read) history.Read {
	op.Call, op.Return = t.span(f[0])
	if f[1][0] == 'p' || f[1][0] == 'o' {
		op.Partition = t.partition(f[1])
		f = f[1:]
	}
	op.From = t.number(strings.TrimSuffix(f[1], ":"))
	op.Next = op.From
	for _, r := range f[2:] {
		if offset, name, placed := strings.Cut(r, "="); placed {
			op.Next, r = t.number(offset), name
		}
		if r != "-" {
			op.Records = append(op.Records, history.Seen{Offset: op.Next, Record: t.record(r)})
		}
		op.Next++
	}
	return op
}

func (t *teller) commit(f []string) {
	op := history.Commit{Client: t.client(f[0]), Group: t.group(f[1]), Generation: -1, Offset: t.number(f[3])}
	op.Call, op.Return = t.span(f[2])
	for _, more := range f[4:] {
		switch more {
		case "failed":
			op.Outcome, op.Error = history.Failed, 16
		case "unknown":
			op.Outcome = history.Indeterminate
			require.Equal(t.t, history.Infinity, op.Return, t.line)
		default:
			if generation, found := strings.CutPrefix(more, "gen="); found {
				op.Generation = int32(t.number(generation))
			} else if transaction, found := strings.CutPrefix(more, "txn="); found {
				op.Transaction = uint32(t.number(transaction))
			} else {
				op.Partition = t.partition(more)
			}
		}
	}
	t.story.history.Commit(op)
}

// txn a 1 2-3 4-5-6 commit: a's transaction 1 with its sends 2 and 3 (none: no
// sends) began at 4; commit or abort was asked for at 5, and 6 is the answer.
// "4-5-" was never answered, and of "4--" the end was not even asked for.
func (t *teller) transaction(f []string) {
	op := history.Transaction{Client: t.client(f[0]), Number: uint32(t.number(f[1])), End: history.Infinity, Return: history.Infinity,
		Outcome: history.Indeterminate}
	if first, last, found := strings.Cut(f[2], "-"); found {
		op.FirstSend, op.LastSend = uint32(t.number(first)), uint32(t.number(last))
	}
	times := strings.Split(f[3], "-")
	require.Len(t.t, times, 3, t.line)
	op.Begin = t.time(times[0])
	if times[1] != "" {
		op.End = t.time(times[1])
	}
	if times[2] != "" {
		op.Return, op.Outcome = t.time(times[2]), history.OK
	}
	for _, more := range f[4:] {
		switch more {
		case "commit":
			op.Commit = true
		case "abort":
		case "failed":
			op.Outcome, op.Error = history.Failed, 90
		default:
			require.Fail(t.t, "unknown word", t.line)
		}
	}
	t.story.history.Transaction(op)
}

func (t *teller) ended(f []string) {
	op := history.GroupEnd{Group: t.group(f[0]), At: t.time(f[1]), Known: f[2] != "unknown", Offset: history.NoOffset}
	if op.Known && f[2] != "none" {
		op.Offset = t.number(f[2])
	}
	for _, more := range f[3:] {
		op.Partition = t.partition(more)
	}
	t.story.history.GroupEnd(op)
}

func (t *teller) group(name string) history.GroupID {
	id, known := t.groups[name]
	if !known {
		id = history.GroupID(len(t.groups))
		t.groups[name] = id
		t.story.history.Group(id, name)
	}
	return id
}

func (t *teller) cover(f []string) {
	start, end, _ := strings.Cut(f[1], "-")
	op := history.Cover{Call: t.time("90"), Return: t.time("99"), LogStart: t.number(start), End: t.number(end), Complete: true,
		Committed: f[0] == "coverc"}
	for i, more := range f[2:] {
		if more == "incomplete" {
			op.Complete, op.IncompleteReason = false, strings.Join(f[i+3:], " ")
			break
		}
		op.Partition = t.partition(more)
	}
	t.story.history.Cover(op)
}

func (t *teller) replica(f []string) {
	op := history.Replica{Broker: f[1], At: t.time(f[2]), Leader: strings.Contains(f[3], "leader"), Whole: strings.Contains(f[3], "whole"),
		LeaderEpoch: int32(t.number(f[5])), HighWatermark: t.number(strings.TrimSuffix(f[7], ":"))}
	for i, text := range f[8:] {
		offsets, content, _ := strings.Cut(text, "/")
		base, last, _ := strings.Cut(offsets, "-")
		sum, err := strconv.ParseUint(content, 16, 64)
		require.NoError(t.t, err, t.line)
		op.Batches = append(op.Batches, history.Batch{Base: t.number(base), Last: t.number(last), Hash: sum})
		if i == 0 {
			op.LogStart = t.number(base)
		}
	}
	t.story.history.Replica(op)
}

// expect no-loss violated: lost write 1
func (t *teller) expect(f []string) {
	e := expectation{claim: Claim{Guarantee: Guarantee(f[0])}, verdict: strings.TrimSuffix(f[1], ":"), anomalies: strings.Join(f[2:], " ")}
	name, reader, _ := strings.Cut(f[0], "@")
	if e.claim.Guarantee = Guarantee(name); name == "exactly-once" {
		e.claim.Path = Path{From: "orders", To: "invoices", Observer: []string{"r"}}
		if reader != "" {
			e.claim.Path.Observer = []string{reader}
		}
	} else if reader != "" {
		e.claim.Scope.Readers = []string{reader}
	}
	if e.claim.Guarantee == "recovers+readers" {
		e.claim = Claim{Guarantee: Recovers, ReadersDrain: true}
	}
	if quiet, found := strings.CutPrefix(f[0], "recovers-quiet-"); found {
		e.claim = Claim{Guarantee: Recovers, Quiet: t.time(quiet)}
	}
	if within, found := strings.CutPrefix(f[0], "recovers+"); found && within != "readers" {
		e.claim = Claim{Guarantee: Recovers, Within: t.time(within)}
	}
	t.story.expect = append(t.story.expect, e)
}

func (t *teller) client(name string) history.ClientID {
	id, known := t.clients[name]
	if !known {
		id = history.ClientID(len(t.clients))
		t.clients[name] = id
		plain, number, again := strings.Cut(name, ".")
		incarnation := 1
		if again {
			incarnation = int(t.number(number))
		}
		t.story.history.Client(id, plain, incarnation)
	}
	return id
}

func (t *teller) partition(name string) history.PartitionID {
	id, known := t.partitions[name]
	if !known {
		topic := map[byte]string{'p': "orders", 'o': "invoices"}[name[0]]
		number, err := strconv.Atoi(name[1:])
		require.NoError(t.t, err, t.line)
		require.NotEmpty(t.t, topic, t.line)
		id = history.PartitionID(len(t.partitions))
		t.partitions[name] = id
		t.story.history.Partition(id, topic, int32(number))
	}
	return id
}

// record reads "a17": send 17 of producer a. "?" is a record without identity.
func (t *teller) record(name string) history.RecordID {
	if name == "?" {
		return 0
	}
	return history.NewRecordID(t.client(name[:1]), uint32(t.number(name[1:])))
}

func (t *teller) number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t.t, err, t.line)
	return n
}

// time reads milliseconds.
func (t *teller) time(text string) history.Time { return history.Time(t.number(text)) * 1_000_000 }

// span reads "1-2", or "1-" for an operation that never returned.
func (t *teller) span(text string) (call, ret history.Time) {
	first, last, _ := strings.Cut(text, "-")
	if last == "" {
		return t.time(first), history.Infinity
	}
	return t.time(first), t.time(last)
}
