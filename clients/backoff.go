package clients

import (
	"math/rand/v2"
	"time"
)

// Backoff is Kafka's exponential wait between attempts (KIP-580): it doubles
// from Initial to Max and is jittered by a fifth either way, Max included.
type Backoff struct {
	Initial, Max time.Duration
}

// Wait returns the wait after so many failures in a row (from 1).
func (b Backoff) Wait(failures int, random *rand.Rand) time.Duration {
	wait := min(b.Initial, b.Max)
	for range min(failures-1, 62) {
		if wait >= b.Max {
			break
		}
		wait = min(2*wait, b.Max)
	}
	return jitter(wait, random)
}

// jitter draws from 0.8 to 1.2 times d.
func jitter(d time.Duration, random *rand.Rand) time.Duration {
	if spread := int64(d) / 5; spread > 0 {
		d += time.Duration(random.Int64N(2*spread+1) - spread)
	}
	return d
}
