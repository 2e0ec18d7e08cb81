package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Payload is one value to send, with the key that its field gives it.
type Payload struct {
	Value, Key []byte
}

// Values is where a producer's values come from. It is immutable: instances
// share it.
type Values struct {
	lines   []Payload
	shuffle bool
	size    int
}

// SizedValues are values of so many bytes without meaning.
func SizedValues(size int) *Values { return &Values{size: size} }

// ErrPayload says that a payload file cannot be used.
var ErrPayload = errors.New("payload")

// FileValues are the lines of a file's content (without empty ones), in order
// or shuffled. With a keyField the lines are JSON objects and the field's
// value is the record's key: a string's text, else the value as it is written.
// Errors wrap ErrPayload and name the line.
func FileValues(content []byte, shuffle bool, keyField string) (*Values, error) {
	v := &Values{shuffle: shuffle}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		payload := Payload{Value: line}
		if keyField != "" {
			key, err := fieldOf(line, keyField)
			if err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", ErrPayload, number, err)
			}
			payload.Key = key
		}
		v.lines = append(v.lines, payload)
	}
	if len(v.lines) == 0 {
		return nil, fmt.Errorf("%w: the file has no lines", ErrPayload)
	}
	return v, nil
}

func fieldOf(line []byte, field string) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	raw, ok := object[field]
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil, fmt.Errorf("no field %q", field)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text), nil
	}
	return raw, nil
}

// valueMaker gives one instance its values.
type valueMaker struct {
	values *Values
	order  []int // of the lines, when shuffled
	at     int
	step   int
	sized  []byte
}

// newValueMaker deals the lines out: of count instances the index-th takes
// every count-th line. Shuffled, each has an order of its own.
func newValueMaker(values *Values, index, count int, random *rand.Rand) *valueMaker {
	m := &valueMaker{values: values, at: index, step: max(count, 1)}
	switch {
	case values.lines == nil:
		m.sized = make([]byte, values.size)
		for i := range m.sized {
			m.sized[i] = "0123456789abcdef"[random.IntN(16)]
		}
	case values.shuffle:
		m.order, m.at, m.step = random.Perm(len(values.lines)), 0, 1
	}
	return m
}

func (m *valueMaker) next() Payload {
	if m.sized != nil || m.values.lines == nil {
		return Payload{Value: m.sized}
	}
	line := m.at % len(m.values.lines)
	m.at += m.step
	if m.order != nil {
		line = m.order[line]
	}
	return m.values.lines[line]
}
