package workload

import (
	"math/bits"
	"time"
)

// Histogram counts durations in log-linear buckets: 32 to each power of two,
// so that a value is known to about 3 %. It takes 9 KiB and is a plain value:
// histograms add up by Add and compare by ==. The zero value is ready.
type Histogram struct {
	counts   [histogramBuckets]uint64
	count    uint64
	sum      uint64
	min, max time.Duration
}

const (
	subBucketBits    = 5
	lowestOctave     = 10 // below 1.024 us everything is one bucket
	highestOctave    = 42 // from 73 min on too
	histogramBuckets = (highestOctave-lowestOctave)<<subBucketBits + 2
)

// Record counts one duration; negative ones count as zero.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	if h.count == 0 || d < h.min {
		h.min = d
	}
	h.max = max(h.max, d)
	h.count++
	h.sum += uint64(d)
	h.counts[bucketOf(d)]++
}

func bucketOf(d time.Duration) int {
	octave := bits.Len64(uint64(d)) - 1
	switch {
	case octave < lowestOctave:
		return 0
	case octave >= highestOctave:
		return histogramBuckets - 1
	}
	sub := int(uint64(d)>>(octave-subBucketBits)) & (1<<subBucketBits - 1)
	return 1 + (octave-lowestOctave)<<subBucketBits + sub
}

// upperBound is the largest duration of a bucket.
func upperBound(bucket int) time.Duration {
	if bucket == 0 {
		return 1<<lowestOctave - 1
	}
	octave := lowestOctave + (bucket-1)>>subBucketBits
	sub := (bucket-1)&(1<<subBucketBits-1) + 1
	return time.Duration(1)<<octave + time.Duration(sub)<<(octave-subBucketBits) - 1
}

// Count is the number of recorded durations.
func (h *Histogram) Count() uint64 { return h.count }

// Min is the smallest recorded duration, 0 without any.
func (h *Histogram) Min() time.Duration { return h.min }

// Max is the largest recorded duration, 0 without any.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the exact mean, 0 without any.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(h.sum / h.count)
}

// Quantile is the smallest bound that at least perMille of a thousand recorded
// durations do not exceed (500 is the median), 0 without any.
func (h *Histogram) Quantile(perMille uint64) time.Duration {
	rank := (h.count*perMille + 999) / 1000
	if h.count == 0 {
		return 0
	}
	passed := uint64(0)
	for i, n := range h.counts {
		passed += n
		if n > 0 && passed >= max(rank, 1) && i < histogramBuckets-1 {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}

// Add counts everything that other has counted.
func (h *Histogram) Add(other *Histogram) {
	if other.count == 0 {
		return
	}
	if h.count == 0 || other.min < h.min {
		h.min = other.min
	}
	h.max = max(h.max, other.max)
	h.count += other.count
	h.sum += other.sum
	for i, n := range other.counts {
		h.counts[i] += n
	}
}

// Buckets calls visit for each bucket that is not empty, with the largest
// duration in it, in rising order.
func (h *Histogram) Buckets(visit func(upTo time.Duration, count uint64)) {
	for i, n := range h.counts {
		if n > 0 {
			visit(upperBound(i), n)
		}
	}
}
