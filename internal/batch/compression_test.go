package batch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

var codecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

func buildBy(codec Codec, records []testRecord) []byte {
	var b Builder
	b.Compress(codec, new(Compressor), Uncompressed)
	for _, r := range records {
		b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
	}
	return b.Finish()
}

func TestCodecNames(t *testing.T) {
	for _, codec := range codecs {
		named, ok := CodecNamed(codec.String())
		require.True(t, ok)
		require.Equal(t, codec, named)
	}
	_, ok := CodecNamed("producer")
	require.False(t, ok)
	require.Equal(t, "codec 6", Codec(6).String())
}

func TestCompressedBatchesReadTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		var compressor Compressor
		var decompressor Decompressor
		plain := build(records)
		for range 1 + rapid.IntRange(0, 1).Draw(t, "with a state that was used before") {
			for _, codec := range codecs {
				var b Builder
				b.Compress(codec, &compressor, Uncompressed)
				for _, r := range records {
					b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
				}
				whole := b.Finish()
				h, err := Validate(whole)
				require.NoError(t, err)
				require.NoError(t, h.CheckFromClient())
				require.Equal(t, codec, h.Compression())
				require.Equal(t, records, readAll(t, whole))
				section, err := decompressor.records(&h, whole[HeaderSize:])
				require.NoError(t, err)
				require.Equal(t, plain[HeaderSize:], section, "%v", codec)
				require.Equal(t, whole, buildBy(codec, records), "the same bytes every time")
			}
		}
	})
}

// contents are texts of many kinds and sizes.
func contents() (all [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	words := strings.Fields("order paid shipped returned customer 17 42 4711 EUR {} , : null true")
	var text []byte
	for len(text) < 200_000 {
		text = append(text, words[random.IntN(len(words))]...)
	}
	for _, n := range []int{0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 68, 100, 1000, xerialBlock - 1, xerialBlock, xerialBlock + 1, 65535, 65536, 65537, 200_000} {
		all = append(all, noise[:n], text[:n], bytes.Repeat([]byte{7}, n), bytes.Repeat([]byte("abc"), n/3))
	}
	return all
}

func TestSnappyAgainstAnotherImplementation(t *testing.T) {
	var table snappyTable
	for _, content := range contents() {
		for len(content) > 1<<16 {
			content = content[:1<<16]
		}
		block := appendSnappy(nil, content, &table)
		theirs, err := s2.Decode(nil, block)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, theirs), "%d bytes", len(content))

		ours, err := decodeSnappy(s2.EncodeSnappyBest(nil, content))
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, ours), "%d bytes", len(content))
	}
	long := []byte(strings.Repeat("a log of many equal lines\n", 2000))
	require.Less(t, len(appendXerial(nil, long, &table)), len(long)/10)
}

// kgo reads what we write, and we read what kgo writes; it has the framings that
// its own producer uses (bare snappy blocks) and reads all.
func TestCompressionAgainstAnotherClient(t *testing.T) {
	theirs := map[Codec]kgo.CompressionCodec{
		Gzip: kgo.GzipCompression(), Snappy: kgo.SnappyCompression(), LZ4: kgo.Lz4Compression(), Zstd: kgo.ZstdCompression(),
	}
	var compressor Compressor
	var decompressor Decompressor
	for _, codec := range codecs[1:] {
		compress, err := kgo.DefaultCompressor(theirs[codec])
		require.NoError(t, err)
		decompress := kgo.DefaultDecompressor()
		for _, content := range contents() {
			if len(content) == 0 {
				continue // no batch is empty, and kgo wants a block
			}
			read, err := decompress.Decompress(compressor.Append(nil, codec, content), kgo.CompressionCodecType(codec))
			require.NoError(t, err, "%v", codec)
			require.True(t, bytes.Equal(content, read), "%v of %d bytes", codec, len(content))

			written, used := compress.Compress(new(bytes.Buffer), content)
			require.Equal(t, kgo.CompressionCodecType(codec), used)
			read, err = decompressor.decompress(codec, written)
			require.NoError(t, err, "%v", codec)
			require.True(t, bytes.Equal(content, read), "%v of %d bytes", codec, len(content))
		}
	}
}

// What a run writes must not depend on the version of a library or on the
// machine without somebody noticing.
func TestCompressedBytesAreKnown(t *testing.T) {
	const golden = "testdata/compressed.txt"
	var got strings.Builder
	var compressor Compressor
	for _, codec := range codecs {
		for i, content := range contents() {
			out := compressor.Append(nil, codec, content)
			fmt.Fprintf(&got, "%v %d: %d to %d, %08x\n", codec, i, len(content), len(out), crc32.ChecksumIEEE(out))
		}
	}
	if os.Getenv("UPDATE_COMPRESSED") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

func TestBombsAreDefused(t *testing.T) {
	zeros := make([]byte, 1<<20)
	var packed, lz, frames bytes.Buffer
	gz := gzip.NewWriter(&packed)
	lw := lz4.NewWriter(&lz)
	zw, err := zstd.NewWriter(&frames)
	require.NoError(t, err)
	for range MaxDecompressed>>20 + 1 {
		for _, w := range []interface{ Write([]byte) (int, error) }{gz, lw, zw} {
			_, err := w.Write(zeros)
			require.NoError(t, err)
		}
	}
	require.NoError(t, gz.Close())
	require.NoError(t, lw.Close())
	require.NoError(t, zw.Close())
	snappy := binary.AppendUvarint(nil, MaxDecompressed+1)
	var table snappyTable
	xerial := appendXerial(nil, nil, &table)
	for range MaxDecompressed/xerialBlock + 1 {
		block := appendSnappy(nil, zeros[:xerialBlock], &table)
		xerial = binary.BigEndian.AppendUint32(xerial, uint32(len(block)))
		xerial = append(xerial, block...)
	}
	for _, bomb := range []struct {
		name    string
		codec   Codec
		section []byte
	}{
		{"gzip", Gzip, packed.Bytes()}, {"lz4", LZ4, lz.Bytes()}, {"zstd", Zstd, frames.Bytes()},
		{"snappy", Snappy, snappy}, {"xerial", Snappy, xerial},
	} {
		h := Header{Attributes: Attributes(bomb.codec)}
		_, err := new(Decompressor).records(&h, bomb.section)
		require.ErrorIs(t, err, kerr.CorruptMessage, bomb.name)
		require.ErrorContains(t, err, "more than 64 MiB", bomb.name)
	}
}

func TestASnappyLengthThatCannotBeTakesNoMemory(t *testing.T) {
	in := binary.AppendUvarint(nil, MaxDecompressed)
	require.Less(t, testing.AllocsPerRun(10, func() { _, _ = decodeSnappy(in) }), 1.0)
	_, err := decodeSnappy(in)
	require.ErrorIs(t, err, errSnappy)
}

func TestCorruptSectionsAreRefused(t *testing.T) {
	records := []testRecord{{Value: bytes.Repeat([]byte("value "), 100)}}
	for _, codec := range codecs[1:] {
		whole := buildBy(codec, records)
		for cut := HeaderSize; cut < len(whole); cut++ {
			short := bytes.Clone(whole[:cut])
			binary.BigEndian.PutUint32(short[lengthAt:], uint32(cut-Overhead))
			err := ForEachRecord(short, func(Record) error { return nil })
			require.ErrorIs(t, err, kerr.CorruptMessage, "%v cut at %d", codec, cut)
			if codec == Gzip { // the others may be whole before their end, but too short
				require.ErrorContains(t, err, codec.String())
			}
		}
	}
	unknown := build(records)
	unknown[attributesAt+1] |= 7
	require.ErrorIs(t, ForEachRecord(unknown, func(Record) error { return nil }), kerr.UnsupportedCompressionType)
}

func TestRatio(t *testing.T) {
	r := Uncompressed
	require.Equal(t, Ratio(995_000), r.After(200_000), "down in small steps")
	require.Equal(t, Ratio(999_000), r.After(999_000), "not below what was seen")
	require.Equal(t, Ratio(900_000), Ratio(300_000).After(900_000), "up at once")
	require.Equal(t, Ratio(350_000), Ratio(300_000).After(310_000), "and by a step at least")
	require.Equal(t, Ratio(300_000), Ratio(300_000).After(300_000))
	require.Equal(t, 1000, CountUncompressed.estimate(1000))
	require.Equal(t, 525, Ratio(500_000).estimate(1000), "with a margin of a twentieth")
}

func TestACompressedBatchTakesMoreRecords(t *testing.T) {
	value := bytes.Repeat([]byte("value "), 20)
	fill := func(ratio Ratio) (int, int) {
		var b Builder
		b.Compress(Gzip, new(Compressor), ratio)
		for b.HasRoomFor(16384, 1, nil, value, nil) {
			b.Append(1, nil, value, nil)
		}
		return b.Count(), len(b.Finish())
	}
	before, _ := fill(Uncompressed)
	after, size := fill(Uncompressed / 10)
	require.Greater(t, after, 8*before)
	require.Less(t, size, 16384)
}

func FuzzDecompress(f *testing.F) {
	var compressor Compressor
	for _, codec := range codecs {
		f.Add(int8(codec), compressor.Append(nil, codec, []byte(strings.Repeat("seed ", 50))))
	}
	f.Add(int8(Snappy), appendSnappy(nil, []byte("aaaaaaaaaaaaaaaaaaaaaaaabcdefgh"), new(snappyTable)))
	f.Fuzz(func(t *testing.T, codec int8, section []byte) {
		h := Header{Attributes: Attributes(codec) & compressionMask}
		records, err := new(Decompressor).records(&h, section)
		if err != nil {
			require.Nil(t, records)
			return
		}
		require.LessOrEqual(t, len(records), max(MaxDecompressed, len(section)))
		if codec := h.Compression(); codec != None {
			again := Header{Attributes: Attributes(codec)}
			same, err := new(Decompressor).records(&again, new(Compressor).Append(nil, codec, records))
			require.NoError(t, err)
			require.True(t, bytes.Equal(records, same))
		}
	})
}

func BenchmarkCompress16KiB(b *testing.B) {
	content := contents()[4*14+1][:16<<10]
	for _, codec := range codecs[1:] {
		b.Run(codec.String(), func(b *testing.B) {
			var c Compressor
			var out []byte
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				out = c.Append(out[:0], codec, content)
			}
			b.ReportMetric(float64(len(out))/float64(len(content)), "ratio")
		})
	}
}

func BenchmarkDecompress16KiB(b *testing.B) {
	content := contents()[4*14+1][:16<<10]
	for _, codec := range codecs[1:] {
		b.Run(codec.String(), func(b *testing.B) {
			h := Header{Attributes: Attributes(codec)}
			section := new(Compressor).Append(nil, codec, content)
			var d Decompressor
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				out, _ := d.records(&h, section)
				sink += int64(len(out))
			}
		})
	}
}
