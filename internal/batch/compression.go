package batch

import (
	"fmt"

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

// decompress returns the records section of a batch. Codecs other than none
// are not read yet; a broker stores such batches as they are and never comes
// here.
func decompress(codec Codec, section []byte) ([]byte, error) {
	if codec == None {
		return section, nil
	}
	return nil, fmt.Errorf("record batch: compression %v cannot be read: %w", codec, kerr.UnsupportedCompressionType)
}
