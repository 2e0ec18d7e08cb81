package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// SeedsVersion of seeds.ndjson.zst. docs/formats.md describes it.
const SeedsVersion = 1

// SeedsHeader is the first line of seeds.ndjson.zst.
type SeedsHeader struct {
	Version  int      `json:"assay_seeds"`
	Scenario string   `json:"scenario"`
	Variants []string `json:"variants"`        // those that were asked for, in the scenario's order
	Shard    string   `json:"shard,omitempty"` // "2/3" if only a share of the seeds was asked for
}

// SeedsFile gathers summaries, in the order in which they are joined, as
// seeds.ndjson.zst: the header, then a line for each run. Equal summaries give
// equal bytes.
type SeedsFile struct {
	content bytes.Buffer
	z       *zstd.Encoder
	lines   *json.Encoder
}

// NewSeedsFile starts a file.
func NewSeedsFile(header SeedsHeader) *SeedsFile {
	f := &SeedsFile{}
	z, err := zstd.NewWriter(&f.content, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		panic(err) // the options are right
	}
	f.z, f.lines = z, json.NewEncoder(z)
	f.lines.SetEscapeHTML(false)
	header.Version = SeedsVersion
	f.write(header)
	return f
}

// Add appends one run.
func (f *SeedsFile) Add(s Summary) { f.write(s) }

func (f *SeedsFile) write(line any) {
	if err := f.lines.Encode(line); err != nil {
		panic(fmt.Sprintf("campaign: a summary of numbers and texts does not encode: %v", err))
	}
}

// Bytes ends the file and returns it.
func (f *SeedsFile) Bytes() []byte {
	if err := f.z.Close(); err != nil {
		panic(err) // a buffer takes everything
	}
	return f.content.Bytes()
}

// ReadSeeds reads a seeds.ndjson.zst. Fields that it does not know are skipped;
// another version is an error.
func ReadSeeds(file []byte) (SeedsHeader, []Summary, error) {
	fail := func(err error) (SeedsHeader, []Summary, error) {
		return SeedsHeader{}, nil, fmt.Errorf("no seeds.ndjson.zst: %w", err)
	}
	z, err := zstd.NewReader(bytes.NewReader(file), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return fail(err)
	}
	defer z.Close()
	lines := json.NewDecoder(z)
	var header SeedsHeader
	if err := lines.Decode(&header); err != nil {
		return fail(err)
	}
	if header.Version != SeedsVersion {
		return SeedsHeader{}, nil, fmt.Errorf("seeds.ndjson.zst has version %d, and only version %d can be read", header.Version, SeedsVersion)
	}
	var all []Summary
	for {
		var s Summary
		switch err := lines.Decode(&s); {
		case errors.Is(err, io.EOF):
			return header, all, nil
		case err != nil:
			return fail(fmt.Errorf("run %d: %w", len(all)+1, err))
		}
		all = append(all, s)
	}
}
