package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// dataFile is what is known of a payload file, read once for all variants.
type dataFile struct {
	lines [][]byte
	err   error
}

// MaxDataSize bounds payload files, in bytes: every simulated world holds one in memory.
const MaxDataSize = 64 << 20

func (l *loader) dataFile(file string) dataFile {
	if known, read := l.data[file]; read {
		return known
	}
	text, err := l.readData(file)
	read := dataFile{lines: SplitLines(text), err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		read.err = errors.New("there is no such file")
	case err == nil && len(text) > MaxDataSize:
		read.err = fmt.Errorf("the file has %d bytes, more than %d", len(text), MaxDataSize)
	case err == nil && len(read.lines) == 0:
		read.err = errors.New("the file is empty")
	}
	l.data[file] = read
	return read
}

// SplitLines returns the lines of a payload file that are not empty, without their ends.
func SplitLines(text []byte) [][]byte {
	var lines [][]byte
	for line := range bytes.Lines(text) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

// checkDataFile reads the payload now, so that a run cannot fail for it later.
func (c *checker) checkDataFile(pointer string, p Producer) {
	if c.loader.source.Data == nil {
		return
	}
	where := pointer + "/value/file"
	file := c.loader.dataFile(p.Value.File)
	if file.err != nil {
		c.atValue(where, "", "cannot read %s: %v", p.Value.File, file.err)
		return
	}
	if p.Keys.Distribution != KeysField || p.Keys.Field == "" {
		return
	}
	for i, line := range file.lines {
		if _, err := FieldOf(line, p.Keys.Field); err != nil {
			c.atValue(pointer+"/keys/field", "", "line %d of %s: %v", i+1, p.Value.File, err)
			return
		}
	}
}

// FieldOf returns a field of a JSON object as a key: a text without its quotes, anything else as it is written.
func FieldOf(line []byte, field string) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	value, found := object[field]
	if !found {
		return nil, fmt.Errorf("the object has no field %q", field)
	}
	var text string
	if json.Unmarshal(value, &text) == nil && len(value) > 0 && value[0] == '"' {
		return []byte(text), nil
	}
	return value, nil
}
