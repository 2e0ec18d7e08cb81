// Package crosscheck judges small histories by search, with porcupine, where
// package checkers uses a sweep. It validates the sweep on small histories, and
// draws the neighbourhood of a witness.
//
// Search takes time and memory that explode with concurrency, so that it is for
// some thirty operations, never for a whole run.
package crosscheck

import (
	"fmt"
	"slices"
	"strings"

	"assay/checkers/history"

	"github.com/anishathalye/porcupine"
)

// call is what an operation asks of the log.
type call struct {
	kind    callKind
	name    string // as a person reads it
	record  history.RecordID
	records []history.Seen // read
}

type callKind uint8

const (
	appends  callKind = iota // at the offset of the answer, or anywhere without one
	reads                    // these records were there
	measures                 // the log ended exactly at the offset of the answer
	reaches                  // the log ended at the offset of the answer or above
)

// logModel is one append-only log from a base offset on. Offsets in fillers hold
// what no client sent (markers) and come by themselves.
func logModel(base int64, fillers map[int64]bool, names func(history.RecordID) string) porcupine.Model {
	settle := func(log []history.RecordID) []history.RecordID {
		for fillers[base+int64(len(log))] {
			log = append(log, 0)
		}
		return log
	}
	return porcupine.Model{
		Init: func() any { return settle(nil) },
		Step: func(state, input, output any) (bool, any) {
			log, c, offset := state.([]history.RecordID), input.(call), output.(int64)
			end := base + int64(len(log))
			switch c.kind {
			case appends:
				grown := append(slices.Clone(log), c.record)
				return offset == history.NoOffset || offset == end, settle(grown)
			case measures:
				return offset == end, log
			case reaches:
				return offset <= end, log
			}
			for _, seen := range c.records {
				if seen.Offset < base || seen.Offset >= end || log[seen.Offset-base] != seen.Record {
					return false, log
				}
			}
			return true, log
		},
		Equal: func(a, b any) bool { return slices.Equal(a.([]history.RecordID), b.([]history.RecordID)) },
		DescribeOperation: func(input, output any) string {
			return input.(call).name
		},
		DescribeState: func(state any) string {
			var b strings.Builder
			fmt.Fprintf(&b, "from %d:", base)
			for _, r := range state.([]history.RecordID) {
				b.WriteString(" " + names(r))
			}
			return b.String()
		},
	}
}
