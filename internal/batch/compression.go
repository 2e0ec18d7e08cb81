package batch

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kerr"
)

// Codec is a batch's compression, as its attributes number it.
type Codec int8

// Kafka's codecs.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var codecNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// String returns the codec's name as compression.type has it.
func (c Codec) String() string {
	if int(c) < len(codecNames) && c >= 0 {
		return codecNames[c]
	}
	return fmt.Sprintf("codec %d", int8(c))
}

// CodecNamed is the codec that compression.type names; false for what is none
// ("producer", which is a topic's).
func CodecNamed(name string) (Codec, bool) {
	at := slices.Index(codecNames[:], name)
	return Codec(at), at >= 0
}

// MaxDecompressed bounds what one batch may decompress to, in bytes: a bomb of
// a few kilobytes must not fill the memory. Kafka itself sets no bound; its
// batches have a megabyte at most unless the brokers are told otherwise.
const MaxDecompressed = 64 << 20

// Compressor compresses the records of batches, each codec at its default
// level, as Kafka's Java client frames them. The zero value is ready. It keeps
// its codecs' state and is for one user at a time; the same input gives the
// same output on every machine.
type Compressor struct {
	gzip *gzip.Writer
	lz4  *lz4.Writer
	zstd *zstd.Encoder
	hash snappyTable
}

// Append appends the compressed form of a batch's records to dst.
func (c *Compressor) Append(dst []byte, codec Codec, records []byte) []byte {
	switch codec {
	case None:
		return append(dst, records...)
	case Gzip:
		if c.gzip == nil {
			c.gzip = gzip.NewWriter(nil)
		}
		out := bytes.NewBuffer(dst)
		c.gzip.Reset(out)
		mustWrite(c.gzip, records)
		return out.Bytes()
	case Snappy:
		return appendXerial(dst, records, &c.hash)
	case LZ4:
		if c.lz4 == nil {
			c.lz4 = newLZ4Writer()
		}
		out := bytes.NewBuffer(dst)
		c.lz4.Reset(out)
		mustWrite(c.lz4, records)
		return out.Bytes()
	case Zstd:
		if c.zstd == nil {
			c.zstd = newZstdEncoder()
		}
		return c.zstd.EncodeAll(records, dst)
	}
	panic(fmt.Sprintf("batch: compress by %v", codec))
}

// newLZ4Writer has the options of Kafka's Lz4BlockOutputStream: independent
// blocks of 64 KiB, no checksums of content.
func newLZ4Writer() *lz4.Writer {
	w := lz4.NewWriter(nil)
	err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1))
	if err != nil {
		panic(err)
	}
	return w
}

func newZstdEncoder() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err)
	}
	return e
}

// mustWrite compresses into memory, which cannot fail.
func mustWrite(w io.WriteCloser, records []byte) {
	if _, err := w.Write(records); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
}

// Decompressor reads the records of batches, compressed or not. The zero value
// is ready. It keeps its codecs' state and is for one user at a time.
type Decompressor struct {
	gzip *gzip.Reader
	lz4  *lz4.Reader
	zstd *zstd.Decoder
}

// records returns the records section of a batch: the section itself where it
// is not compressed, else new memory. CORRUPT_MESSAGE for what is malformed or
// larger than MaxDecompressed, UNSUPPORTED_COMPRESSION_TYPE for an unknown codec.
func (d *Decompressor) records(h *Header, section []byte) ([]byte, error) {
	codec := h.Compression()
	if codec == None {
		return section, nil
	}
	if codec > Zstd {
		return nil, fmt.Errorf("record batch at offset %d: %v is not known: %w", h.BaseOffset, codec, kerr.UnsupportedCompressionType)
	}
	records, err := d.decompress(codec, section)
	if err != nil {
		return nil, fmt.Errorf("record batch at offset %d: %v: %v: %w", h.BaseOffset, codec, err, kerr.CorruptMessage)
	}
	return records, nil
}

var errTooLarge = fmt.Errorf("decompresses to more than %d MiB", MaxDecompressed>>20)

func (d *Decompressor) decompress(codec Codec, section []byte) ([]byte, error) {
	switch codec {
	case Gzip:
		in := bytes.NewReader(section)
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(in); err != nil {
			return nil, err
		}
		return readBounded(d.gzip, len(section))
	case Snappy:
		return decodeSnappy(section)
	case LZ4:
		if d.lz4 == nil {
			d.lz4 = lz4.NewReader(nil)
		}
		d.lz4.Reset(bytes.NewReader(section))
		return readBounded(d.lz4, len(section))
	default:
		if d.zstd == nil {
			d.zstd = newZstdDecoder()
		}
		records, err := d.zstd.DecodeAll(section, nil)
		if err == zstd.ErrDecoderSizeExceeded || err == zstd.ErrWindowSizeExceeded {
			err = errTooLarge
		}
		return records, err
	}
}

func newZstdDecoder() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxDecompressed))
	if err != nil {
		panic(err)
	}
	return d
}

// readBounded reads all there is, up to MaxDecompressed. It starts with room
// for thrice the input.
func readBounded(in io.Reader, size int) ([]byte, error) {
	out := make([]byte, 0, min(3*size+512, MaxDecompressed))
	for {
		n, err := in.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		switch {
		case len(out) > MaxDecompressed:
			return nil, errTooLarge
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		case len(out) == cap(out):
			out = slices.Grow(out, min(len(out), MaxDecompressed+1-len(out)))
		}
	}
}
