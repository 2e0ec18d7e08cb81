// Package chance draws from distributions in integers only: functions like
// math.Log differ between CPUs, and a run must not.
package chance

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// Exponential draws from the exponential distribution of a mean, by von
// Neumann's method of 1951: comparisons of uniform draws only, so that it is
// exact.
func Exponential(mean time.Duration, random *rand.Rand) time.Duration {
	for whole := uint64(0); ; whole++ {
		first := random.Uint64()
		run, last := 1, first
		for {
			u := random.Uint64()
			if u >= last {
				break
			}
			run, last = run+1, u
		}
		// A falling run of odd length accepts the fraction, an even one adds
		// one to the whole part.
		if run%2 == 1 {
			fraction, _ := bits.Mul64(uint64(mean), first)
			return time.Duration(whole*uint64(mean) + fraction)
		}
	}
}
