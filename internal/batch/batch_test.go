package batch

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"assay/internal/kafka"
)

type testRecord struct {
	Timestamp  int64
	Key, Value []byte
	Headers    []RecordHeader
}

func build(records []testRecord) []byte {
	var b Builder
	for _, r := range records {
		b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
	}
	return b.Finish()
}

func readAll(t require.TestingT, whole []byte) (records []testRecord) {
	require.NoError(t, ForEachRecord(whole, func(r Record) error {
		out := testRecord{Timestamp: r.Timestamp, Key: r.Key, Value: r.Value}
		for name, value := range r.Headers() {
			out.Headers = append(out.Headers, RecordHeader{string(name), value})
		}
		records = append(records, out)
		return nil
	}))
	return records
}

func drawRecords(t *rapid.T) []testRecord {
	bytesOrNull := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 200))
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) testRecord {
		r := testRecord{Timestamp: rapid.Int64Range(0, 1<<45).Draw(t, "timestamp"),
			Key: bytesOrNull.Draw(t, "key"), Value: bytesOrNull.Draw(t, "value")}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			r.Headers = append(r.Headers, RecordHeader{rapid.String().Draw(t, "name"), bytesOrNull.Draw(t, "header")})
		}
		return r
	}), 1, 20).Draw(t, "records")
}

// TestBuilderAgainstKmsg compares with the codec that clients use.
func TestBuilderAgainstKmsg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		whole := build(records)
		h, err := Validate(whole)
		require.NoError(t, err)
		require.NoError(t, h.CheckFromClient())
		require.NoError(t, CheckRecords(whole))
		require.Equal(t, records, readAll(t, whole))

		var oracle kmsg.RecordBatch
		require.NoError(t, oracle.ReadFrom(whole))
		require.Equal(t, oracle.FirstOffset, int64(h.BaseOffset))
		require.Equal(t, oracle.Length, h.Length)
		require.Equal(t, oracle.PartitionLeaderEpoch, int32(h.LeaderEpoch))
		require.Equal(t, oracle.Magic, h.Magic)
		require.Equal(t, uint32(oracle.CRC), h.CRC)
		require.Equal(t, oracle.Attributes, int16(h.Attributes))
		require.Equal(t, oracle.LastOffsetDelta, h.LastOffsetDelta)
		require.Equal(t, oracle.FirstTimestamp, h.BaseTimestamp)
		require.Equal(t, oracle.MaxTimestamp, h.MaxTimestamp)
		require.Equal(t, oracle.ProducerID, int64(h.ProducerID))
		require.Equal(t, oracle.ProducerEpoch, int16(h.ProducerEpoch))
		require.Equal(t, oracle.FirstSequence, int32(h.BaseSequence))
		require.Equal(t, oracle.NumRecords, h.Count)
		require.Equal(t, oracle.AppendTo(nil), whole)

		in := oracle.Records
		for i, r := range records {
			var record kmsg.Record
			_, width := binary.Varint(in)
			size, _ := binary.Varint(in)
			require.NoError(t, record.ReadFrom(in[:width+int(size)]))
			in = in[width+int(size):]
			require.Equal(t, int32(i), record.OffsetDelta)
			require.Equal(t, r.Timestamp, h.BaseTimestamp+record.TimestampDelta64)
			require.Equal(t, string(r.Value), string(record.Value))
			require.Equal(t, len(r.Headers), len(record.Headers))
		}
		require.Empty(t, in)
	})
}

func TestHasRoomForIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Builder
		for i, r := range drawRecords(t) {
			before := b.Size()
			limit := before + rapid.IntRange(0, 400).Draw(t, "room")
			fits := b.HasRoomFor(limit, r.Timestamp, r.Key, r.Value, r.Headers)
			b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
			require.Equal(t, i == 0 || b.Size() <= limit, fits)
			require.GreaterOrEqual(t, SizeUpperBound(r.Key, r.Value, r.Headers)-HeaderSize, b.Size()-before)
			require.Equal(t, len(b.Finish()), b.Size())
		}
	})
}

func TestValidateRefuses(t *testing.T) {
	good := func() []byte { return build([]testRecord{{Timestamp: 7, Value: []byte("v")}, {Timestamp: 9}}) }
	cases := []struct {
		name   string
		spoil  func([]byte) []byte
		answer error
	}{
		{"empty", func(b []byte) []byte { return nil }, kerr.CorruptMessage},
		{"cut header", func(b []byte) []byte { return b[:60] }, kerr.CorruptMessage},
		{"cut records", func(b []byte) []byte { return b[:len(b)-1] }, kerr.CorruptMessage},
		{"one byte more", func(b []byte) []byte { return append(b, 0) }, kerr.CorruptMessage},
		{"old format", func(b []byte) []byte { b[magicAt] = 1; return b }, kerr.CorruptMessage},
		{"negative length", func(b []byte) []byte { b[lengthAt] = 0x80; return b }, kerr.CorruptMessage},
		{"length below header", func(b []byte) []byte { copy(b[lengthAt:], []byte{0, 0, 0, 48}); return b }, kerr.CorruptMessage},
		{"flipped bit", func(b []byte) []byte { b[len(b)-1] ^= 4; return b }, kerr.CorruptMessage},
		{"flipped attribute", func(b []byte) []byte { b[attributesAt+1] ^= 8; return b }, kerr.CorruptMessage},
		{"zeros", func(b []byte) []byte { clear(b); return b }, kerr.CorruptMessage},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Validate(c.spoil(good()))
			require.ErrorIs(t, err, c.answer)
		})
	}
	_, err := Validate(good())
	require.NoError(t, err)
}

func TestCheckFromClientRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Header){
		"base offset":               func(h *Header) { h.BaseOffset = 1 },
		"count above offsets":       func(h *Header) { h.Count++ },
		"no records":                func(h *Header) { h.Count, h.LastOffsetDelta = 0, -1 },
		"producer without sequence": func(h *Header) { h.ProducerID, h.ProducerEpoch = 4, 0 },
		"marker":                    func(h *Header) { h.Attributes |= control },
		"unknown codec":             func(h *Header) { h.Attributes |= 7 },
	} {
		h, err := ReadHeader(build([]testRecord{{Value: []byte("v")}}))
		require.NoError(t, err)
		require.NoError(t, h.CheckFromClient())
		spoil(&h)
		require.ErrorIs(t, h.CheckFromClient(), kerr.InvalidRecord, name)
	}
}

func TestBrokerSetsOffsetAndEpochOutsideTheCRC(t *testing.T) {
	whole := build([]testRecord{{Value: []byte("a")}, {Value: []byte("b")}})
	SetBaseOffsetAndEpoch(whole, 1<<40, 12)
	h, err := Validate(whole)
	require.NoError(t, err)
	require.Equal(t, kafka.Offset(1<<40), h.BaseOffset)
	require.Equal(t, kafka.Offset(1<<40+2), h.NextOffset())
	require.Equal(t, kafka.LeaderEpoch(12), h.LeaderEpoch)
}

func TestLogAppendTimeAndProducerKeepTheBatchValid(t *testing.T) {
	whole := build([]testRecord{{Timestamp: 5, Value: []byte("a")}, {Timestamp: 6}})
	SetProducer(whole, 77, 3, 1<<31-1)
	SetLogAppendTime(whole, 1000)
	h, err := Validate(whole)
	require.NoError(t, err)
	require.True(t, h.IsLogAppendTime())
	require.Equal(t, kafka.Sequence(0), h.LastSequence(), "sequences wrap")
	for _, r := range readAll(t, whole) {
		require.Equal(t, int64(1000), r.Timestamp)
	}
}

func TestIterateStopsAtTheCut(t *testing.T) {
	one := build([]testRecord{{Value: []byte("one")}})
	two := build([]testRecord{{Value: []byte("two")}, {}})
	SetBaseOffsetAndEpoch(two, 1, 0)
	all := append(append([]byte{}, one...), two...)
	for cut := range len(all) + 1 {
		n := 0
		for range Iterate(all[:cut]) {
			n++
		}
		want := 0
		if cut >= len(one) {
			want++
		}
		if cut == len(all) {
			want++
		}
		require.Equal(t, want, n, "cut at %d", cut)
	}
	require.Equal(t, int64(3), RecordCount(all))
	require.Equal(t, kafka.Offset(3), EndOffset(all))
}

func TestHeaderLookup(t *testing.T) {
	whole := build([]testRecord{{Headers: []RecordHeader{{"a", []byte("1")}, {"b", nil}, {"a", []byte("2")}}}})
	require.NoError(t, ForEachRecord(whole, func(r Record) error {
		value, ok := r.Header("a")
		require.True(t, ok)
		require.Equal(t, "2", string(value), "the last one counts")
		value, ok = r.Header("b")
		require.True(t, ok)
		require.Nil(t, value)
		_, ok = r.Header("c")
		require.False(t, ok)
		require.Equal(t, 3, r.HeaderCount())
		return nil
	}))
}

func TestAllocations(t *testing.T) {
	headers := []RecordHeader{{"assay-id", []byte("12345678")}}
	value := make([]byte, 100)
	var b Builder
	buffer := make([]byte, 0, 1<<15)
	whole := []byte(nil)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b.Reset(buffer)
		for i := range 100 {
			b.Append(int64(i), nil, value, headers)
		}
		whole = b.Finish()
	}))
	n := 0
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		_ = ForEachRecord(whole, func(r Record) error {
			if id, ok := r.Header("assay-id"); ok {
				n += len(id)
			}
			return nil
		})
	}), 1.0)
	require.Positive(t, n)
	list := make([]Record, 0, 100)
	require.Zero(t, testing.AllocsPerRun(100, func() { list, _ = AppendRecords(list[:0], whole) }))
	require.Len(t, list, 100)
}

func FuzzReadBatch(f *testing.F) {
	f.Add(build([]testRecord{{Timestamp: 1, Key: []byte("k"), Value: []byte("v"), Headers: []RecordHeader{{"h", nil}}}}))
	f.Add(build([]testRecord{{}, {Timestamp: -5}, {Value: make([]byte, 300)}}))
	f.Add([]byte{})
	for codec := Gzip; codec <= Zstd; codec++ {
		f.Add(buildBy(codec, []testRecord{{Value: make([]byte, 300)}, {Key: []byte("k")}}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = Validate(b)
		for h, whole := range Iterate(b) {
			require.Equal(t, h.Size(), len(whole))
			_ = CheckCRC(whole)
			_ = CheckRecords(whole)
			// What can be read can be written again and reads the same.
			var out Builder
			err := ForEachRecord(whole, func(r Record) error {
				var headers []RecordHeader
				for name, value := range r.Headers() {
					headers = append(headers, RecordHeader{string(name), value})
				}
				out.Append(r.Timestamp, r.Key, r.Value, headers)
				return nil
			})
			// A list of the records is what a visit of each gives.
			first := Record{Offset: -1}
			list, listed := AppendRecords([]Record{first}, whole)
			require.Equal(t, err, listed)
			require.Equal(t, first, list[0])
			if err != nil {
				require.Len(t, list, 1)
				continue
			}
			i := 0
			require.NoError(t, ForEachRecord(whole, func(r Record) error { i++; require.Equal(t, r, list[i]); return nil }))
			require.Len(t, list, i+1)
			if out.Count() > 0 && h.Count > 0 {
				require.Equal(t, fmt.Sprint(readAll(t, whole)), fmt.Sprint(readAll(t, out.Finish())))
			}
		}
	})
}

var sink int64

func BenchmarkReadHeader(b *testing.B) {
	whole := build([]testRecord{{Value: []byte("v")}})
	for b.Loop() {
		h, _ := ReadHeader(whole)
		sink += int64(h.Count)
	}
}

func BenchmarkReadHeaderByKmsg(b *testing.B) {
	whole := build([]testRecord{{Value: []byte("v")}})
	var batch kmsg.RecordBatch
	for b.Loop() {
		if err := batch.ReadFrom(whole); err != nil {
			b.Fatal(err)
		}
		sink += int64(batch.NumRecords)
	}
}

func BenchmarkValidate16KiB(b *testing.B) {
	whole := build([]testRecord{{Value: make([]byte, 16<<10)}})
	b.SetBytes(int64(len(whole)))
	for b.Loop() {
		if _, err := Validate(whole); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild100(b *testing.B) {
	value := make([]byte, 100)
	headers := []RecordHeader{{"assay-id", []byte("12345678")}}
	var builder Builder
	buffer := make([]byte, 0, 1<<15)
	b.ReportAllocs()
	for b.Loop() {
		builder.Reset(buffer)
		for i := range 100 {
			builder.Append(int64(i), nil, value, headers)
		}
		sink += int64(len(builder.Finish()))
	}
}

func BenchmarkForEachRecord100(b *testing.B) {
	records := make([]testRecord, 100)
	for i := range records {
		records[i] = testRecord{Value: make([]byte, 100), Headers: []RecordHeader{{"assay-id", []byte("12345678")}}}
	}
	whole := build(records)
	b.ReportAllocs()
	for b.Loop() {
		_ = ForEachRecord(whole, func(r Record) error {
			id, _ := r.Header("assay-id")
			sink += int64(len(id))
			return nil
		})
	}
}
