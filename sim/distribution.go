package sim

import (
	"math/bits"
	"time"
)

// Distribution is a distribution of durations that the world draws from:
// Constant, Uniform, Lognormal or Exponential. Equal ones share a table. Every
// draw takes the same time and the same number of random bits, whatever the
// distribution.
type Distribution interface {
	// table computes the quantiles, in integers.
	table() *quantiles
	median() time.Duration
}

// Constant is always the same duration.
type Constant time.Duration

func (c Constant) table() *quantiles {
	table := new(quantiles)
	for i := range table {
		table[i] = int64(c)
	}
	return table
}

func (c Constant) median() time.Duration { return time.Duration(c) }

// Uniform is each duration from Min to Max alike. With Max not above Min it is
// the constant Min.
type Uniform struct{ Min, Max time.Duration }

func (u Uniform) table() *quantiles {
	table, spread := new(quantiles), max(0, int64(u.Max-u.Min))
	for i := range table {
		table[i] = int64(u.Min) + spread/1024*int64(i) + spread%1024*int64(i)/1024
	}
	return table
}

func (u Uniform) median() time.Duration { return u.Min + max(0, u.Max-u.Min)/2 }

// Exponential is the distribution of waiting times without a memory. Its tail
// ends at nine times the mean (the quantile 0.9999).
type Exponential struct{ Mean time.Duration }

// logOf2 is the natural logarithm of two, times 2^32.
const logOf2 = 2_977_044_472

// table computes the quantiles -Mean * ln(1 - i/1024). The last 1024th of the
// mass is spread evenly over two means, so that it keeps its own mean.
func (e Exponential) table() *quantiles {
	table := new(quantiles)
	for i := range uint64(1024) {
		halvings := uint64(10<<32 - log2(1024-i)) // -log2(1 - i/1024), times 2^32
		logarithm := timesFraction(halvings, logOf2)
		table[i] = int64(timesFraction(uint64(e.Mean), logarithm))
	}
	table[1024] = table[1023] + 2*int64(e.Mean)
	return table
}

func (e Exponential) median() time.Duration {
	return time.Duration(timesFraction(uint64(e.Mean), logOf2))
}

// timesFraction returns x times a fraction that is told times 2^32.
func timesFraction(x, fraction uint64) uint64 {
	high, low := bits.Mul64(x, fraction)
	return high<<32 | low>>32
}
