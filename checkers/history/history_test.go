package history

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// calls writes down what a sink was handed, records and batches copied.
type calls struct{ list []any }

func (c *calls) Client(id ClientID, name string, incarnation int) {
	c.list = append(c.list, []any{id, name, incarnation})
}
func (c *calls) Partition(id PartitionID, topic string, partition int32) {
	c.list = append(c.list, []any{id, topic, partition})
}
func (c *calls) Produce(op Produce) { c.list = append(c.list, op) }
func (c *calls) Read(op Read) {
	op.Records = append([]Seen{}, op.Records...)
	c.list = append(c.list, op)
}
func (c *calls) Move(op Move) { c.list = append(c.list, op) }
func (c *calls) Group(id GroupID, name string) {
	c.list = append(c.list, []any{id, name})
}
func (c *calls) Process(op Process) {
	op.Records = append([]Seen{}, op.Records...)
	c.list = append(c.list, op)
}
func (c *calls) Commit(op Commit)           { c.list = append(c.list, op) }
func (c *calls) Transaction(op Transaction) { c.list = append(c.list, op) }
func (c *calls) Derived(op Derived)         { c.list = append(c.list, op) }
func (c *calls) Ownership(op Ownership)     { c.list = append(c.list, op) }
func (c *calls) Stable(op Stable)           { c.list = append(c.list, op) }
func (c *calls) GroupEnd(op GroupEnd)       { c.list = append(c.list, op) }
func (c *calls) ListOffsets(op ListOffsets) { c.list = append(c.list, op) }
func (c *calls) Cover(op Cover)             { c.list = append(c.list, op) }
func (c *calls) Replica(op Replica) {
	op.Batches = append([]Batch{}, op.Batches...)
	c.list = append(c.list, op)
}
func (c *calls) Fault(op Fault) {
	op.Targets = append([]string{}, op.Targets...)
	c.list = append(c.list, op)
}
func (c *calls) Border(op Border)         { c.list = append(c.list, op) }
func (c *calls) Leaderless(op Leaderless) { c.list = append(c.list, op) }

// record makes n random operations of every kind.
func record(sink Sink, random *rand.Rand, n int) {
	for i := range 3 {
		sink.Client(ClientID(i), []string{"web-0", "a \"quoted\"\nname", "größer"}[i], 1+i)
		sink.Partition(PartitionID(i), "orders", int32(i))
		sink.Group(GroupID(i), []string{"billing", "", "grüße"}[i])
	}
	time := func() Time { return Time(random.Int64N(60_000_000_000)) }
	span := func() (Time, Time) {
		call := time()
		if random.IntN(5) == 0 {
			return call, Infinity
		}
		return call, call + Time(random.Int64N(1_000_000_000))
	}
	offset := func() int64 { return random.Int64N(1_000_000) - 1 }
	id := func() uint32 { return uint32(random.IntN(3)) }
	name := func() RecordID { return NewRecordID(ClientID(id()), 1+uint32(random.IntN(1_000_000))) }
	for range n {
		call, ret := span()
		switch random.IntN(16) {
		case 0:
			sink.Produce(Produce{name(), PartitionID(id()), random.Uint64() >> random.IntN(64), call, ret,
				Outcome(random.IntN(3)), uint8(random.IntN(256)), int16(random.IntN(200) - 2), offset()})
		case 1:
			op := Read{Client: ClientID(id()), Partition: PartitionID(id()), Call: call, Return: ret, From: 1 + offset(),
				HighWatermark: offset(), Final: random.IntN(2) == 0, Committed: random.IntN(2) == 0, Records: []Seen{}}
			op.Next = op.From
			for range random.IntN(5) {
				op.Records = append(op.Records, Seen{op.Next + int64(random.IntN(2)), name() * RecordID(random.IntN(2))})
				op.Next += 2
			}
			sink.Read(op)
		case 2:
			sink.Move(Move{ClientID(id()), PartitionID(id()), call, offset(), offset(), MoveReason(random.IntN(5))})
		case 3:
			sink.ListOffsets(ListOffsets{ClientID(id()), PartitionID(id()), call, ret, offset()})
		case 4:
			sink.Cover(Cover{PartitionID(id()), call, ret, offset(), offset(), random.IntN(2) == 0, "no leader\x00", random.IntN(2) == 0})
		case 5:
			op := Replica{At: call, Broker: "broker-1", Partition: PartitionID(id()), LeaderEpoch: int32(id()), Leader: true,
				Whole: random.IntN(2) == 0, LogStart: 1 + offset(), HighWatermark: offset(), Batches: []Batch{}}
			base := op.LogStart
			for range random.IntN(4) {
				b := Batch{base, base + int64(id()), int32(id()), random.Uint64()}
				op.Batches, base = append(op.Batches, b), b.Last+1
			}
			sink.Replica(op)
		case 6:
			sink.Fault(Fault{int(id()), "kill", []string{"broker-1", "web-0"}, "disk: tear", call, ret})
		case 7:
			sink.Border(Border{Phase(random.IntN(len(Phases))), call})
		case 8:
			sink.Leaderless(Leaderless{PartitionID(id()), call, "ISR [2] is down"})
		case 9:
			op := Process{Client: ClientID(id()), Group: GroupID(id()), Partition: PartitionID(id()), Call: call, Return: call + Time(id())}
			at := 1 + offset()
			for range 1 + random.IntN(4) {
				op.Records = append(op.Records, Seen{at, name() * RecordID(random.IntN(2))})
				at += int64(random.IntN(3)) // offsets may come again, and with gaps
			}
			sink.Process(op)
		case 10:
			sink.Commit(Commit{ClientID(id()), GroupID(id()), PartitionID(id()), int32(id()) - 1, call, ret,
				Outcome(random.IntN(3)), int16(random.IntN(200) - 2), 1 + offset(), id() * 1000})
		case 11:
			sink.GroupEnd(GroupEnd{GroupID(id()), PartitionID(id()), call, random.IntN(2) == 0, offset()})
		case 12:
			op := Transaction{Client: ClientID(id()), Number: 1 + id(), FirstSend: 1 + id()*1000, Begin: call, End: call + Time(id()),
				Return: ret, Commit: random.IntN(2) == 0, Outcome: Outcome(random.IntN(3)), Error: int16(random.IntN(200) - 2)}
			op.LastSend = op.FirstSend + id()
			if random.IntN(3) == 0 {
				op.FirstSend, op.LastSend = 0, 0
			}
			if ret == Infinity && random.IntN(2) == 0 {
				op.End = Infinity
			} else if ret != Infinity {
				op.Return += 2
			}
			sink.Transaction(op)
		case 13:
			sink.Derived(Derived{name(), PartitionID(id()), 1 + offset(), GroupID(id())})
		case 14:
			sink.Ownership(Ownership{ClientID(id()), GroupID(id()), PartitionID(id()), int32(id()) - 1, call, OwnershipKind(random.IntN(3))})
		case 15:
			sink.Stable(Stable{PartitionID(id()), call, offset(), offset()})
		}
	}
}

func TestHistoryReplaysWhatItWasGiven(t *testing.T) {
	given, kept := &calls{}, New()
	record(Tee{given, kept}, rand.New(rand.NewPCG(1, 1)), 50_000)
	require.Greater(t, len(kept.chunks), 2, "the test must cross chunks")
	require.Equal(t, 50_000, kept.Operations())
	replayed := &calls{}
	kept.Replay(replayed)
	// Tables come first in a replay.
	require.ElementsMatch(t, given.list[:9], replayed.list[:9])
	require.Equal(t, given.list[9:], replayed.list[9:])
}

func TestSaveAndLoadRoundTrip(t *testing.T) {
	kept := New()
	record(kept, rand.New(rand.NewPCG(2, 2)), 5_000)
	for name, write := range map[string]func(*History, io.Writer) error{"zstd": (*History).Save, "plain": (*History).WriteNDJSON} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			require.NoError(t, write(kept, &first))
			require.NoError(t, write(kept, &second))
			require.Equal(t, first.Bytes(), second.Bytes(), "the same history must give the same bytes")
			loaded, err := Load(&first)
			require.NoError(t, err)
			want, got := &calls{}, &calls{}
			kept.Replay(want)
			loaded.Replay(got)
			require.Equal(t, want.list, got.list)
		})
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	const head = "{\"assay_history\":3}\n" + `{"op":"client","id":0,"name":"web-0","incarnation":1}` + "\n" +
		`{"op":"partition","id":0,"topic":"orders","number":0}` + "\n"
	const group = head + `{"op":"group","id":0,"name":"billing"}` + "\n"
	for _, c := range []struct{ text, want string }{
		{"", "empty file"},
		{"hello\n", "line 1: not a line of a history"},
		{"{}\n", "line 1: no version"},
		{`{"assay_history":4}`, "line 1: version 4 of the format, this program reads versions 1 to 3"},
		{`{"assay_history":0}`, "line 1: version 0 of the format, this program reads versions 1 to 3"},
		{"{\"assay_history\":1}\n" + `{"op":"group","id":0}`, `line 2: op "group" came with version 2 of the format, but the first line says version 1`},
		{"{\"assay_history\":2}\n" + `{"op":"stable"}`, `line 2: op "stable" came with version 3 of the format, but the first line says version 2`},
		{"{\"assay_history\":2}\n" + `{"op":"read","committed":true}`, `fields "committed" and "transaction" came with version 3`},
		{head + "\n", "line 4: empty line"},
		{head + `{"op":"produce"`, "line 4: the line ends in the middle"},
		{head + `{"op":"prodcue"}`, `line 4: unknown op "prodcue"`},
		{head + `{"op":"border","phase":"tea"}`, `line 4: unknown phase "tea", one of [warmup-ends`},
		{head + `{"op":"border","phase":"run-ends","colour":1}`, `unknown field "colour"`},
		{head + `{"op":"border","phase":"run-ends","at":"soon"}`, `field "at" cannot be a string`},
		{head + `{"op":"border","phase":"run-ends","at":-1}`, "time -1 is outside the run"},
		{head + `{"op":"cover","call":5,"return":4}`, "returns at 4, before its call at 5"},
		{head + `{"op":"cover","partition":9}`, "partition 9 is not in the table"},
		{head + `{"op":"list_offsets","client":9}`, "client 9 is not in the table"},
		{head + `{"op":"client","id":0}`, "id 0 is in the table already"},
		{head + `{"op":"client","id":99999999}`, "id 99999999 is out of range"},
		{head + `{"op":"produce","record":[0,0],"outcome":"ok"}`, "a send's number starts at 1"},
		{head + `{"op":"produce","record":[0],"outcome":"ok"}`, "a record is [client, send]"},
		{head + `{"op":"produce","record":[0,1],"outcome":"good"}`, `unknown outcome "good", one of [ok failed indeterminate]`},
		{head + `{"op":"produce","record":[0,1],"outcome":"ok","offset":-2}`, "offset -2 is out of range"},
		{head + `{"op":"read","records":[[0,5,1]]}`, "the record at offset 0 is by client 5"},
		{head + `{"op":"read","records":[[0,0]]}`, "records are [[offset, client, send], ...]"},
		{head + `{"op":"replica","batches":[[3,2,0,"a"]]}`, "batches are [[base, last"},
		{head + `{"op":"border","phase":"run-ends"} 1`, "more than one value on the line"},
		{group + `{"op":"group","id":0}`, "line 5: id 0 is in the table already"},
		{group + `{"op":"group","id":-1}`, "id -1 is out of range"},
		{head + `{"op":"process","records":[[0,0,1]],"return":1}`, "group 0 is not in the table"},
		{head + `{"op":"commit"}`, "group 0 is not in the table"},
		{head + `{"op":"group_end"}`, "group 0 is not in the table"},
		{group + `{"op":"process","client":9}`, "client 9 is not in the table"},
		{group + `{"op":"process","partition":9}`, "partition 9 is not in the table"},
		{group + `{"op":"process","records":[[0,0,1]]}`, "a process has a return"},
		{group + `{"op":"process","return":1}`, "a process has at least one record"},
		{group + `{"op":"process","call":2,"return":1}`, "returns at 1, before its call at 2"},
		{group + `{"op":"process","return":1,"records":[[0,5,1]]}`, "the record at offset 0 is by client 5"},
		{group + `{"op":"process","return":1,"records":[[-1,0,1]]}`, "offset -1 is out of range"},
		{group + `{"op":"commit","client":9}`, "client 9 is not in the table"},
		{group + `{"op":"commit","outcome":"ok"}`, "a commit has an offset"},
		{group + `{"op":"commit","offset":3}`, `unknown outcome ""`},
		{group + `{"op":"commit","offset":3,"outcome":"ok","generation":9999999999}`, `field "generation" cannot be a number`},
		{group + `{"op":"group_end","partition":9}`, "partition 9 is not in the table"},
		{group + `{"op":"group_end","offset":-2}`, "offset -2 is out of range"},
		{group + `{"op":"transaction","client":9,"transaction":1,"outcome":"ok"}`, "client 9 is not in the table"},
		{group + `{"op":"transaction","outcome":"ok"}`, "a transaction's number starts at 1"},
		{group + `{"op":"transaction","transaction":1}`, `unknown outcome ""`},
		{group + `{"op":"transaction","transaction":1,"outcome":"ok","last_send":1}`, "sends 0 to 1 are no range"},
		{group + `{"op":"transaction","transaction":1,"outcome":"ok","first_send":3,"last_send":2}`, "sends 3 to 2 are no range"},
		{group + `{"op":"transaction","transaction":1,"outcome":"ok","call":3,"asked":2}`, "its end is asked for at 2, before its begin at 3"},
		{group + `{"op":"transaction","transaction":1,"outcome":"ok","call":3,"asked":5,"return":4}`, "returns at 4, before its end is asked for"},
		{group + `{"op":"transaction","transaction":1,"outcome":"ok","call":3,"return":4}`, "returns at 4, before its end is asked for"},
		{group + `{"op":"derived","record":[0,0],"offset":1}`, "a send's number starts at 1"},
		{group + `{"op":"derived","record":[7,1],"offset":1}`, "client 7 is not in the table"},
		{group + `{"op":"derived","record":[0,1]}`, "a derived record has its source's offset"},
		{head + `{"op":"derived","record":[0,1],"offset":1}`, "group 0 is not in the table"},
		{group + `{"op":"ownership","kind":"had"}`, `unknown kind "had", one of [owned revoked lost]`},
		{group + `{"op":"ownership","partition":7}`, "partition 7 is not in the table"},
		{group + `{"op":"stable","last_stable":-2}`, "offset -2 is out of range"},
		{"\x28\xb5\x2f\xfdgarbage", "after line 0"},
	} {
		_, err := Load(strings.NewReader(c.text))
		require.ErrorContains(t, err, c.want, "%q", c.text)
	}
}

// TestProducesAreReadQuickly: the quick reader takes what is written, and its
// answer is the JSON reader's.
func TestProducesAreReadQuickly(t *testing.T) {
	kept := New()
	record(kept, rand.New(rand.NewPCG(5, 5)), 5_000)
	var file bytes.Buffer
	require.NoError(t, kept.WriteNDJSON(&file))
	produces := 0
	for text := range bytes.Lines(file.Bytes()) {
		text = bytes.TrimSuffix(text, []byte("\n"))
		var quick, slow line
		quick.empty()
		taken := quick.readProduce(text)
		require.Equal(t, bytes.HasPrefix(text, []byte(`{"op":"produce"`)), taken, "%s", text)
		if taken {
			produces++
			slow.empty()
			require.NoError(t, json.Unmarshal(text, &slow))
			require.Equal(t, slow, quick, "%s", text)
			// With any byte missing it is no such line, or another one.
			for i := range text {
				less := slices.Delete(bytes.Clone(text), i, i+1)
				quick.empty()
				if quick.readProduce(less) {
					slow.empty()
					require.NoError(t, json.Unmarshal(less, &slow), "%s", less)
					require.Equal(t, slow, quick, "%s", less)
				}
			}
		}
	}
	require.Greater(t, produces, 300)
}

// A file of the first version is read as before.
func TestLoadReadsVersionOne(t *testing.T) {
	const first = "{\"assay_history\":1}\n" + `{"op":"client","id":0,"name":"web-0","incarnation":1}` + "\n" +
		`{"op":"partition","id":0,"topic":"orders","number":0}` + "\n" +
		`{"op":"produce","record":[0,1],"partition":0,"call":1,"return":3,"outcome":"ok","attempts":1,"error":0,"offset":0}` + "\n"
	h, err := Load(strings.NewReader(first))
	require.NoError(t, err)
	require.Equal(t, 1, h.Operations())
	var written bytes.Buffer
	require.NoError(t, h.WriteNDJSON(&written))
	require.Equal(t, strings.Replace(first, ":1}", ":3}", 1), written.String())
}

func TestLoadNoticesACutFile(t *testing.T) {
	kept := New()
	record(kept, rand.New(rand.NewPCG(3, 3)), 2_000)
	var saved bytes.Buffer
	require.NoError(t, kept.Save(&saved))
	_, err := Load(bytes.NewReader(saved.Bytes()[:saved.Len()/2]))
	require.ErrorContains(t, err, "after line")
}

func FuzzLoad(f *testing.F) {
	kept := New()
	record(kept, rand.New(rand.NewPCG(4, 4)), 40)
	var plain, packed bytes.Buffer
	require.NoError(f, kept.WriteNDJSON(&plain))
	require.NoError(f, kept.Save(&packed))
	f.Add(plain.Bytes())
	f.Add(packed.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := Load(bytes.NewReader(text))
		if err != nil {
			return
		}
		var first, second bytes.Buffer
		require.NoError(t, h.WriteNDJSON(&first))
		again, err := Load(bytes.NewReader(first.Bytes()))
		require.NoError(t, err)
		require.NoError(t, again.WriteNDJSON(&second))
		require.Equal(t, first.String(), second.String())
	})
}

func BenchmarkRecord(b *testing.B) {
	b.ReportAllocs()
	h := New()
	for i := range b.N {
		at := Time(i) * 500_000
		h.Produce(Produce{Record: NewRecordID(ClientID(i%4), uint32(i/4+1)), Partition: PartitionID(i % 6), Key: uint64(i) * 0x9E3779B97F4A7C15,
			Call: at, Return: at + 3_000_000, Attempts: 1, Offset: int64(i / 6)})
	}
	b.ReportMetric(float64(h.Bytes())/float64(b.N), "B/op-kept")
}
