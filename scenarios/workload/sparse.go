package workload

import (
	"fmt"
	"time"
)

// Sparse is a histogram as it is stored: what is zero is left out. It holds all
// that the histogram held.
type Sparse struct {
	Min int64 `json:"min"` // nanoseconds, as Max and Sum
	Max int64 `json:"max"`
	Sum int64 `json:"sum"`
	// Buckets are the largest duration of each bucket that is not empty, in rising
	// order, and its count.
	Buckets [][2]int64 `json:"buckets"`
}

// Sparse returns the histogram as it is stored; nil if it is empty.
func (h *Histogram) Sparse() *Sparse {
	if h.count == 0 {
		return nil
	}
	s := &Sparse{Min: int64(h.min), Max: int64(h.max), Sum: int64(h.sum)}
	h.Buckets(func(upTo time.Duration, count uint64) {
		s.Buckets = append(s.Buckets, [2]int64{int64(upTo), int64(count)})
	})
	return s
}

// Histogram returns what was stored. A bound that is none of a bucket's, or a
// count below 1, is an error: it was not written by this version.
func (s *Sparse) Histogram() (Histogram, error) {
	var h Histogram
	if s == nil {
		return h, nil
	}
	h.min, h.max, h.sum = time.Duration(s.Min), time.Duration(s.Max), uint64(s.Sum)
	for _, b := range s.Buckets {
		bucket := bucketOf(time.Duration(b[0]))
		if b[0] < 0 || b[1] < 1 || upperBound(bucket) != time.Duration(b[0]) {
			return Histogram{}, fmt.Errorf("no bucket of a histogram ends at %d ns with %d in it", b[0], b[1])
		}
		h.counts[bucket] += uint64(b[1])
		h.count += uint64(b[1])
	}
	return h, nil
}
