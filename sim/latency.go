package sim

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// Lognormal is a distribution of durations told by its median and its 99th
// percentile. With P99 not above P50 it is the constant P50.
type Lognormal struct {
	P50, P99 time.Duration
}

// quantiles is a distribution as 1024 quantiles of equal probability, in
// nanoseconds, and a last one to interpolate towards. Its tail ends at the
// quantile 0.9995.
type quantiles [1025]int64

// table computes the quantiles in integers: P50 * (P99/P50)^(z/z99).
func (d Lognormal) table() *quantiles {
	table := new(quantiles)
	spread := int64(0) // log2(P99/P50), times 2^32
	if d.P50 > 0 && d.P99 > d.P50 {
		spread = log2(uint64(d.P99)) - log2(uint64(d.P50))
	}
	for i, z := range halfNormal {
		exponent := spread * int64(z) / normalP99
		table[512+i] = timesPowerOfTwo(d.P50, exponent)
		table[511-i] = timesPowerOfTwo(d.P50, -exponent)
	}
	table[1024] = table[1023]
	return table
}

func (d Lognormal) median() time.Duration { return d.P50 }

// draw makes one value of random bits: ten choose the quantile, sixteen a point between
// it and the next.
func (q *quantiles) draw(bits uint64) int64 {
	i := bits >> 54
	low := q[i]
	return low + (q[i+1]-low)*int64(bits&0xffff)>>16
}

// NewLognormal returns a function that draws from a distribution: for harnesses
// and workloads.
func NewLognormal(d Lognormal) func(chance *rand.Rand) time.Duration {
	table := d.table()
	return func(chance *rand.Rand) time.Duration { return time.Duration(table.draw(chance.Uint64())) }
}

// log2 returns the binary logarithm of x times 2^32, bit by bit from repeated
// squaring.
func log2(x uint64) int64 {
	whole := bits.Len64(x) - 1
	mantissa := x << (63 - whole) // in [1,2), times 2^63
	result := int64(whole)
	for range 32 {
		high, low := bits.Mul64(mantissa, mantissa)
		result <<= 1
		if high>>63 == 1 {
			result |= 1
			mantissa = high
		} else {
			mantissa = high<<1 | low>>63
		}
	}
	return result
}

// timesPowerOfTwo returns base * 2^(exponent/2^32), bounded by an hour, far
// above any latency that makes sense.
func timesPowerOfTwo(base time.Duration, exponent int64) int64 {
	mantissa := uint64(1) << 62
	fraction := uint32(exponent)
	for i, root := range rootsOfTwo {
		if fraction>>(31-i)&1 == 1 {
			high, low := bits.Mul64(mantissa, root)
			mantissa = high<<2 | low>>62
		}
	}
	high, low := bits.Mul64(uint64(base), mantissa)
	value := high<<2 | low>>62
	if whole := exponent >> 32; whole < 0 {
		value >>= uint(-whole)
	} else if whole > 20 {
		value = uint64(time.Hour)
	} else {
		value <<= uint(whole)
	}
	return int64(min(value, uint64(time.Hour)))
}
