package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"assay/scenarios/result"
)

// JSON writes result.json: indented, maps sorted by key, nothing null but a
// missing witness, so that equal results are equal bytes.
func JSON(r result.Result) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(filled(r)); err != nil {
		panic(fmt.Sprintf("reports: a result of numbers and texts does not encode: %v", err))
	}
	return out.Bytes()
}

// ParseJSON reads what JSON wrote. Fields that it does not know are skipped;
// another version is an error.
func ParseJSON(data []byte) (result.Result, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var r result.Result
	if err := decoder.Decode(&r); err != nil {
		return result.Result{}, fmt.Errorf("no result.json: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return result.Result{}, errors.New("no result.json: something follows the result")
	}
	if r.Version != result.Version {
		return result.Result{}, fmt.Errorf("result.json has version %d, and only version %d can be read", r.Version, result.Version)
	}
	return r, nil
}

// filled copies a result with empty lists and maps in place of nil ones.
func filled(r result.Result) result.Result {
	r.Variants = filledList(r.Variants)
	for i := range r.Variants {
		v := &r.Variants[i]
		v.Seeds, v.Claims = filledList(v.Seeds), filledList(v.Claims)
		v.Unmet, v.Crossed, v.Invariants = filledList(v.Unmet), filledList(v.Crossed), filledList(v.Invariants)
		v.Exercise, v.Points = filledMap(v.Exercise), filledMap(v.Points)
		v.Metrics, v.Digests = filledMap(v.Metrics), filledMap(v.Digests)
		for j := range v.Claims {
			c := &v.Claims[j]
			c.Anomalies = filledMap(c.Anomalies)
			if c.Witness != nil {
				w := *c.Witness
				w.Operations, w.Offsets, w.Faults = filledList(w.Operations), filledList(w.Offsets), filledList(w.Faults)
				c.Witness = &w
			}
		}
	}
	return r
}

// filledList copies a list, and makes an empty one of none.
func filledList[T any](items []T) []T { return append([]T{}, items...) }

// filledMap makes an empty map of none.
func filledMap[M ~map[string]V, V any](m M) M {
	if m == nil {
		return M{}
	}
	return m
}
