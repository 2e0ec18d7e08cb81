package workload

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"sort"
)

// Zipf draws ranks from 0 to n-1 with weight 1/(rank+1)^theta, for any theta
// from 0 up, below 1 too (which math/rand's Zipf cannot). The weights are
// computed in integers: powers in floating point differ between CPUs.
type Zipf struct {
	cumulative []uint64
}

// NewZipf makes the table, 8 bytes a key. It is immutable: instances share it.
func NewZipf(n int, theta float64) *Zipf {
	exponent := uint64(math.Round(theta * (1 << 20))) // 20 fractional bits
	z := &Zipf{cumulative: make([]uint64, n)}
	sum := uint64(0)
	for rank := range n {
		// theta * log2(rank+1), with 32 fractional bits.
		high, low := bits.Mul64(log2(uint64(rank+1)), exponent)
		sum += exp2Negative(high<<44 | low>>20)
		z.cumulative[rank] = sum
	}
	return z
}

// Draw returns a rank; 0 is the most frequent.
func (z *Zipf) Draw(random *rand.Rand) int {
	total := z.cumulative[len(z.cumulative)-1]
	at := random.Uint64N(total)
	return sort.Search(len(z.cumulative), func(i int) bool { return at < z.cumulative[i] })
}

// log2 is the binary logarithm of v > 0 with 32 fractional bits, by repeated
// squaring of the mantissa.
func log2(v uint64) uint64 {
	whole := bits.Len64(v) - 1
	mantissa := v << (63 - whole) // in [1, 2), one bit before the point
	result := uint64(whole) << 32
	for bit := 31; bit >= 0; bit-- {
		high, low := bits.Mul64(mantissa, mantissa) // two bits before the point
		if high>>63 == 1 {
			mantissa = high
			result |= 1 << bit
		} else {
			mantissa = high<<1 | low>>63
		}
	}
	return result
}

// one is 1 in exp2Negative's results: large against the rounding, small enough
// that the sum over 2^24 keys fits.
const one = uint64(1) << 38

// exp2Negative is 2^-x of an x with 32 fractional bits, at least 1: a key that
// exists can be drawn.
func exp2Negative(x uint64) uint64 {
	whole := x >> 32
	if whole >= 38 {
		return 1
	}
	result := one << 24 // more digits while multiplying
	for i := range 32 {
		if x>>(31-i)&1 == 1 {
			result, _ = bits.Mul64(result, rootsOfHalf[i])
		}
	}
	return max(result>>24>>whole, 1)
}

// rootsOfHalf holds 2^(-1/2), 2^(-1/4), 2^(-1/8) and so on, as fractions of 2^64.
var rootsOfHalf = func() (roots [32]uint64) {
	square := uint64(1) << 63 // one half
	for i := range roots {
		roots[i] = squareRoot(square)
		square = roots[i]
	}
	return roots
}()

// squareRoot of a fraction of 2^64: the largest r with r*r <= v*2^64.
func squareRoot(v uint64) uint64 {
	root := uint64(0)
	for bit := 63; bit >= 0; bit-- {
		try := root | 1<<bit
		if high, low := bits.Mul64(try, try); high < v || high == v && low == 0 {
			root = try
		}
	}
	return root
}
